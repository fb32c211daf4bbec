"""The one door to Great Expectations: what the scan cannot answer, and Data Docs.

It never enters our own process: importing it takes seconds, and a regular expression or a damaged
library must not take a check with it.
"""

import html
import importlib.util
import json
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import mltoolkit
from mltoolkit import errors, proc
from mltoolkit.contract.gallery import trust
from mltoolkit.contract.gx_process import SHARE
from mltoolkit.contract.results import Result, raised
from mltoolkit.contract.suites import Expectation, Suite
from mltoolkit.errors import InputError, Location, MltoolkitError, OutsideError, meant

GALLERY = (
    "expect_column_distinct_values_to_be_in_set",
    "expect_column_distinct_values_to_contain_set",
    "expect_column_distinct_values_to_equal_set",
    "expect_column_kl_divergence_to_be_less_than",
    "expect_column_max_to_be_between",
    "expect_column_mean_to_be_between",
    "expect_column_median_to_be_between",
    "expect_column_min_to_be_between",
    "expect_column_most_common_value_to_be_in_set",
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_pair_values_to_be_equal",
    "expect_column_pair_values_to_be_in_set",
    "expect_column_proportion_of_non_null_values_to_be_between",
    "expect_column_proportion_of_unique_values_to_be_between",
    "expect_column_quantile_values_to_be_between",
    "expect_column_stdev_to_be_between",
    "expect_column_sum_to_be_between",
    "expect_column_to_exist",
    "expect_column_type_to_be",
    "expect_column_unique_value_count_to_be_between",
    "expect_column_value_lengths_to_be_between",
    "expect_column_value_lengths_to_equal",
    "expect_column_value_z_scores_to_be_less_than",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_dateutil_parseable",
    "expect_column_values_to_be_decreasing",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_in_type_list",
    "expect_column_values_to_be_increasing",
    "expect_column_values_to_be_json_parseable",
    "expect_column_values_to_be_null",
    "expect_column_values_to_be_of_type",
    "expect_column_values_to_be_unique",
    "expect_column_values_to_match_json_schema",
    "expect_column_values_to_match_like_pattern",
    "expect_column_values_to_match_like_pattern_list",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_match_regex_list",
    "expect_column_values_to_match_strftime_format",
    "expect_column_values_to_not_be_in_set",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_not_be_outliers",
    "expect_column_values_to_not_match_like_pattern",
    "expect_column_values_to_not_match_like_pattern_list",
    "expect_column_values_to_not_match_regex",
    "expect_column_values_to_not_match_regex_list",
    "expect_compound_columns_to_be_unique",
    "expect_multicolumn_sum_to_equal",
    "expect_multicolumn_values_to_be_equal",
    "expect_query_results_to_match_comparison",
    "expect_select_column_values_to_be_unique_within_record",
    "expect_table_column_count_to_be_between",
    "expect_table_column_count_to_equal",
    "expect_table_columns_to_match_ordered_list",
    "expect_table_columns_to_match_set",
    "expect_table_row_count_to_be_between",
    "expect_table_row_count_to_equal",
    "expect_table_row_count_to_equal_other_table",
    "unexpected_rows_expectation",
)
"""Every expectation that Great Expectations brings along; a test compares it with the installed one."""

_STARTING = 300.0
"""Seconds until the first expectation begins: importing Great Expectations, and reading the columns."""

_MARGIN = 60.0
"""Seconds beyond what the process allows itself; only one that the kernel holds fast needs them."""

_DOCS = 600.0
"""Seconds that Data Docs may take."""

_SITE = frozenset({"index.html", "expectations", "validations", "static"})
"""All that a site of Data Docs consists of; a folder with anything else in it is not replaced."""


def refuse_unknown(suite: Suite) -> None:
    """Refuse a suite that names an expectation that Great Expectations does not have.

    Raises:
        InputError: There is one; the error names its line.
    """
    for each in suite.expectations:
        if each.type not in GALLERY:
            near = meant(each.type, list(GALLERY))
            raise InputError(
                f"unknown expectation `{each.type}`",
                where=Location(path=suite.path, line=each.line),
                hint=near if near.startswith("did") else "Great Expectations' gallery has no such name",
            )


def validate(
    path: Path,
    suite: Suite,
    expectations: Sequence[Expectation],
    *,
    seconds: float,
    memory: str,
    types: Mapping[str, str] | None = None,
) -> list[Result]:
    """Let Great Expectations itself answer expectations of a suite, in a process of its own.

    The process reads the same file in the same way as the scan, and only the columns that it needs. Each
    expectation is evaluated by itself. ``seconds`` is for all of them: where others wait, one may take
    half of what is left, but a tenth of the whole at least. What does not end in its turn, or ends the process,
    could not be evaluated; the others go on in a new process. Starting a process is not counted, and at
    most eleven are started.

    Args:
        path: The data.
        suite: For errors, and for its parameters.
        expectations: What is asked, of that suite.
        seconds: For all expectations together, without starting.
        memory: What reading the file may hold before it spills to disk.
        types: Types of a CSV file's columns in DuckDB's words.

    Returns:
        One for each expectation, in their order.

    Raises:
        InputError: The suite names an expectation or an option that does not exist; the data cannot be read.
        OutsideError: Great Expectations is not installed, or cannot be started.
    """
    refuse_unknown(suite)
    refusals = {at: trust.refused(each) for at, each in enumerate(expectations)}
    results = {at: raised(reason) for at, reason in refusals.items() if reason is not None}
    waiting, left = [at for at in refusals if at not in results], seconds
    while waiting and left > 0:
        answers = _ask(
            {
                "do": "validate",
                "path": str(path.resolve()),
                "opening": {"memory": memory, **({"types": dict(types)} if types else {})},
                "expectations": [expectations[at].source for at in waiting],
                "parameters": suite.source.get("suite_parameters") or {},
                "left": left,
                "whole": seconds,
            },
            seconds=left,
        )
        if (refused := answers.line("refused")) is not None:
            raise _refusal(refused, suite, expectations[waiting[refused["refused"]]])
        ended = [line for line in answers.lines if "ended" in line]
        for line in ended:
            results[waiting[line["ended"]]] = Result(
                success=line["success"],
                result=line["result"],
                exception=line["exception"],
                considered=line["considered"],
            )
            left -= line["took"]
        begun = [line for line in answers.lines if "begins" in line]
        if len(begun) > len(ended):
            limit = begun[-1]["limit"]
            results[waiting[len(ended)]] = raised(answers.blame(limit))
            # What ended the process costs its turn: time that is bounded bounds the processes, too.
            left -= limit if answers.rang else seconds * SHARE
        elif not begun:
            results |= dict.fromkeys(waiting, raised(answers.blame(None)))
        waiting = [at for at in waiting if at not in results]
    late = raised(f"had no turn: the {seconds:g} s for Great Expectations were used up before it")
    return [results.get(at, late) for at in range(len(expectations))]


def remove_docs(out: Path) -> None:
    """Remove Data Docs that an earlier run built; they are of other data. A folder of anything else stays.

    Raises:
        InputError: They cannot be removed.
    """
    if out.is_symlink() or not out.is_dir() or not {each.name for each in out.iterdir()} <= set(_SITE):
        return
    try:
        shutil.rmtree(out)
    except OSError as error:
        raise InputError(f"cannot be removed: {error.strerror}", where=Location(path=str(out))) from error


def build_docs(folder: Path, out: Path) -> Path:
    """Build Great Expectations' Data Docs from validation results and suites on disk.

    Its pages would load scripts, styles and a picture from seven hosts, tell one of them about each view,
    and hold values of the data as they are, markup or not. Here they load nothing but what lies beside
    them, run no script, and show values as text. They read as plain pages, without the filters and charts
    that need those scripts.

    Args:
        folder: As ``store.write`` returned it.
        out: The folder for the site; an older site there is replaced.

    Returns:
        The page to open.

    Raises:
        InputError: ``out`` holds other files, or cannot be written.
        OutsideError: Great Expectations is not installed, or a page could not be built.
    """
    where = Location(path=str(out))
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError("is not a folder", where=where)
    if out.exists() and (others := sorted(each.name for each in out.iterdir() if each.name not in _SITE)):
        raise InputError(
            f"holds `{others[0]}`, which is not of Data Docs", where=where, hint="name a folder of their own"
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".docs-", dir=out.parent) as name:
            site, store = Path(name).resolve() / "site", Path(name).resolve() / "store"
            _copy(folder, store)
            answers = _ask({"do": "docs", "store": str(store), "out": str(site)}, seconds=_DOCS)
            wanted = [
                site / section / path.relative_to(folder / section).with_name(f"{path.stem}.html")
                for section in ("expectations", "validations")
                for path in sorted((folder / section).rglob("*.json"))
            ]
            missing = [page for page in (site / "index.html", *wanted) if not page.is_file()]
            if answers.code or missing:
                said = answers.said or f"no {missing[0].relative_to(site)}"
                raise OutsideError(f"Great Expectations could not build Data Docs: {said}")
            for page in site.rglob("*.html"):
                page.write_bytes(_alone(page.read_bytes()))
            for style in site.rglob("*.css"):
                style.write_bytes(_REMOTE_PICTURE.sub(b"none", style.read_bytes()))
            if out.exists():
                out.rename(Path(name) / "old")
            site.rename(out)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=where) from error
    return out / "index.html"


class _Answers(NamedTuple):
    """What the process said, and how it ended.

    Attributes:
        lines: What it answered; a line that its end cut off is not among them.
        code: Its exit code; negative for a signal.
        said: What it raised at last.
    """

    lines: list[dict[str, Any]]
    code: int
    said: str

    @property
    def rang(self) -> bool:
        """Whether its time was up."""
        return self.code == -signal.SIGALRM

    def line(self, key: str) -> dict[str, Any] | None:
        """Return the line that has a key, if there is one."""
        return next((line for line in self.lines if key in line), None)

    def blame(self, limit: float | None) -> str:
        """Return why an expectation has no answer.

        Args:
            limit: The seconds of its turn; ``None`` where none had begun.
        """
        if self.rang:
            seconds = _STARTING if limit is None else limit
            return f"Great Expectations did not {'begin' if limit is None else 'end'} within {seconds:.3g} s"
        with_ = f"exit code {self.code}"
        if self.code < 0:
            with_ = signal.Signals(-self.code).name
        when = " before it began" if limit is None else ""
        memory = "; was there too little memory?" if self.code == -signal.SIGKILL else ""
        return f"Great Expectations' process ended with {with_}{when}{memory}"


def _ask(request: dict[str, Any], *, seconds: float) -> _Answers:
    """Start the process, and return what it said.

    Raises:
        MltoolkitError: What it raised on purpose.
        OutsideError: Great Expectations is not installed, or failed before it did anything.
    """
    if importlib.util.find_spec("great_expectations") is None:
        raise OutsideError("Great Expectations is not installed", hint="pip install 'mltoolkit[gx]'")
    # A folder of ours for what it leaves behind: a killed one removes nothing, and each of Great
    # Expectations' contexts makes a temporary folder that it never removes.
    with tempfile.TemporaryDirectory(prefix="mltoolkit-") as temporary:
        environment = {"PYTHONPATH": str(Path(mltoolkit.__file__).parent.parent), "TMPDIR": temporary}
        done = proc.run(
            # Without the folder it runs in on its path: a project's files are not modules to import.
            [sys.executable, "-P", "-m", "mltoolkit.contract.gx_process"],
            env=proc.clean_environment(environment),
            timeout=_STARTING + seconds + _MARGIN,
            data=json.dumps({"starting": _STARTING, **request}).encode(),
        )
    lines = [json.loads(line) for line in done.out.splitlines(keepends=True) if line.endswith(b"\n")]
    answers = _Answers(lines, done.code, _raised(done.tail()))
    if (failed := answers.line("failed")) is not None:
        kind: type[MltoolkitError] = getattr(errors, failed["kind"])
        where = failed["where"] and Location(*failed["where"])
        raise kind(failed["failed"], where=where, hint=failed["hint"])
    if done.code > 0 and not lines:
        raise OutsideError(f"Great Expectations failed: {answers.said}")
    return answers


def _raised(text: str) -> str:
    """Return the last line that names an error, or the last one."""
    lines = text.splitlines()
    return next((line for line in reversed(lines) if re.match(r"[\w.]+: ", line)), "".join(lines[-1:]))


def _refusal(refused: dict[str, Any], suite: Suite, expectation: Expectation) -> InputError:
    option, known = refused.get("option"), refused.get("known")
    what = "there is no such argument" if known else f"is refused by Great Expectations: {refused['what']}"
    return InputError(
        what,
        where=Location(path=suite.path, line=expectation.line, key=f"kwargs.{option}" if option else None),
        hint=meant(option or "", known) if known else None,
    )


_REMOTE = re.compile(rb"<(?:script|link|img)\b[^>]*?\b(?:src|href)\s*=\s*[\"']?https?:[^>]*>", re.IGNORECASE)
_REMOTE_PICTURE = re.compile(rb"url\(\s*[\"']?https?:[^)]*\)", re.IGNORECASE)
_POLICY = (
    # Nothing but styles, pictures and fonts that lie beside the page.
    b'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    b"form-action 'none'; base-uri 'none'; "
    b"style-src 'self' file: 'unsafe-inline'; img-src 'self' file: data:; font-src 'self' file:\">"
)


def _copy(folder: Path, store: Path) -> None:
    """Copy a store, with the values of its results made harmless: pages show them as they are."""
    for section in ("expectations", "validations"):
        for path in sorted((folder / section).rglob("*.json")):
            data = path.read_bytes()
            if section == "validations":
                whole = json.loads(data)
                for each in whole["results"]:
                    each["result"] = _harmless(each["result"])
                    each["exception_info"] = _harmless(each["exception_info"])
                data = json.dumps(whole).encode()
            copied = store / path.relative_to(folder)
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_bytes(data)


def _harmless(value: Any) -> Any:
    match value:
        case str():
            return html.escape(value, quote=False)
        case list():
            return [_harmless(each) for each in value]
        case dict():
            return {html.escape(name, quote=False): _harmless(each) for name, each in value.items()}
        case _:
            return value


def _alone(page: bytes) -> bytes:
    """Return a page that loads nothing from other hosts and runs no script."""
    plain = _REMOTE_PICTURE.sub(b"none", _REMOTE.sub(b"", page))
    return re.sub(rb"(<head[^>]*>)", rb"\1" + _POLICY, plain, count=1)
