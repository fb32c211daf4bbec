"""Great Expectations at work, in a process of its own: what `gx` starts, and never imports.

    python -m mltoolkit.contract.gx_process < REQUEST.json > ANSWERS.jsonl

A request to ``validate`` names ``path``, ``opening`` (what ``sources.opened`` is told), ``expectations``
as they stand in a suite, ``parameters``, ``starting`` (seconds until the first of them begins), ``left`` and
``whole`` (seconds for all of them). Each expectation is answered by two lines, one when it begins and one when
it has ended, so that whoever reads them knows which one ended the process. One whose turn is over ends it by
the alarm of the operating system, which needs no help of an interpreter that is busy in a regular
expression, and rings also where whoever started us is gone.

A request for ``docs`` names ``store``, a folder as `store` writes it, and ``out``.
"""

import contextlib
import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mltoolkit.contract import frames, sources
from mltoolkit.errors import InputError, Location, MltoolkitError

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 4 * 2**20
"""Characters of one answer; of a longer one only numbers are kept."""

SHARE = 0.1
"""Of the whole time: what everybody's turn is at least, while time is left."""

_COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list")

_BESIDE_ARGUMENTS = frozenset(
    {
        *("id", "meta", "notes", "rendered_content", "description", "severity", "windows"),
        *("batch_id", "catch_exceptions", "result_format"),
    }
)
"""Fields of their classes that are no arguments of an expectation in a suite."""


def turn(*, left: float, whole: float, waiting: int) -> float:
    """Return how long an expectation may take: half of what is left, and all of it where none waits.

    So one that never ends leaves time for those after it, and a tenth of the whole is everybody's at
    least: the process is started anew a few times, not once for each of a hundred.

    Args:
        left: Seconds that are left for all.
        whole: Seconds that there were.
        waiting: How many wait for their turn after this one.
    """
    return left if not waiting else min(left, max(left / 2, whole * SHARE))


def needed(expectations: Iterable[dict[str, Any]], names: Iterable[str]) -> set[str] | None:
    """Return the columns that expectations are about; ``None`` where one of them is about all.

    Args:
        expectations: As they stand in a suite.
        names: The columns of the data.
    """
    wanted: set[str] = set()
    names = list(names)
    for each in expectations:
        kwargs = each.get("kwargs", {})
        own = [kwargs[argument] for argument in _COLUMN_ARGUMENTS if argument in kwargs]
        if not own or each["type"] == "expect_column_to_exist":  # which may ask for its place among all
            return None
        wanted.update(_texts(own))
        # A condition is a text in one of two languages, or a tree: whatever it may mention.
        texts = list(_texts(kwargs.get("row_condition")))
        wanted.update(name for name in names if any(name in text for text in texts))
    return wanted


def _twins(expectation: dict[str, Any], names: list[str]) -> str | None:
    """Return why Great Expectations would look at another column, if it would.

    It takes the first column whose name is equal but for case.
    """
    wanted = needed([expectation], names)
    for name in names if wanted is None else sorted(wanted):
        alike = [each for each in names if each.casefold() == name.casefold()]
        if len(alike) > 1:
            return f"Great Expectations does not tell {' from '.join(repr(each) for each in alike[:2])}"
    return None


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            for each in value.values():
                yield from _texts(each)


def raised(info: dict[str, Any]) -> str | None:
    """Return the first line of the exception that a result hides, if there was one.

    Args:
        info: ``exception_info``: of the expectation, or one for each metric that raised.
    """
    parts = (
        [info] if "raised_exception" in info else [part for part in info.values() if isinstance(part, dict)]
    )
    for part in parts:
        if part.get("raised_exception"):
            lines = str(part.get("exception_message") or "").splitlines()
            return next((line.strip() for line in lines if line.strip()), "it raised without a message")
    return None


def main() -> None:
    """Answer the request that standard input holds."""
    request = json.load(sys.stdin)
    # What Great Expectations prints must not stand between our lines.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, request["starting"])
    warnings.simplefilter("ignore")
    try:
        if request["do"] == "docs":
            _build_docs(request)
        else:
            _validate(request, answers)
    except MltoolkitError as error:
        kind, where = type(error).__name__, None if error.where is None else list(error.where)
        _say(answers, failed=error.what, kind=kind, where=where, hint=error.hint)


def _say(answers: IO[str], **line: Any) -> None:
    text = json.dumps(line, default=str)
    if len(text) > LONGEST:
        kept = {name: value for name, value in line["result"].items() if isinstance(value, int | float)}
        text = json.dumps({**line, "result": kept}, default=str)
    answers.write(text + "\n")
    answers.flush()


def _validate(request: dict[str, Any], answers: IO[str]) -> None:
    import great_expectations as gx
    from great_expectations.validator.v1_validator import Validator

    expectations = []
    for at, each in enumerate(request["expectations"]):
        made, fault = _made(each)
        if fault is not None:
            _say(answers, refused=at, **fault)
            return
        expectations.append(made)

    frame = _frame(request)
    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("data").add_dataframe_asset("data")
    # One for all: a batch validates each expectation with a new one, which digests the whole frame anew.
    validator = Validator(
        batch_definition=asset.add_batch_definition_whole_dataframe("whole"),
        batch_parameters={"dataframe": frame},
        result_format="SUMMARY",
    )
    left = request["left"]
    for at, expectation in enumerate(expectations):
        limit = turn(left=left, whole=request["whole"], waiting=len(expectations) - at - 1)
        _say(answers, begins=at, limit=limit)
        began = time.monotonic()
        # Never 0, which would switch it off.
        signal.setitimer(signal.ITIMER_REAL, max(limit, 0.01))
        twins = _twins(request["expectations"][at], [str(name) for name in frame.columns])
        answer = (
            {"success": False, "result": {}, "exception": twins, "considered": None}
            if twins
            else _answer(validator, expectation, request["parameters"])
        )
        signal.setitimer(signal.ITIMER_REAL, 0)
        took = time.monotonic() - began
        left -= took
        _say(answers, ended=at, took=took, **answer)
        if left <= 0:
            return


def _frame(request: dict[str, Any]) -> "pd.DataFrame":
    import duckdb

    path = Path(request["path"])
    try:
        with sources.opened(path, **request["opening"]) as table:
            names = needed(request["expectations"], [column.name for column in table.columns])
            return frames.frame(table, names)
    except duckdb.Error as error:
        # Opening reads the beginning alone: damage further down shows now.
        raise InputError(
            f"cannot be read: {str(error).splitlines()[0]}", where=Location(path=str(path))
        ) from error


def _made(each: dict[str, Any]) -> tuple[Any, dict[str, Any] | None]:
    """Make an expectation, one by one: a suite built whole drops what it does not know.

    Returns:
        The expectation, or what is wrong with it.
    """
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    try:
        return ExpectationConfiguration(**each).to_domain_obj(), None
    except (GreatExpectationsError, TypeError, ValueError, KeyError, AttributeError) as error:
        faults: list[dict[str, Any]] = getattr(error, "errors", list)()
        if not faults:
            return None, {"what": (str(error).splitlines() or [type(error).__name__])[0]}
        # pydantic tells all: an option that does not exist says more than what its absence leads to.
        fault = next((fault for fault in faults if fault["type"] == "value_error.extra"), faults[0])
        option = ".".join(str(part) for part in fault["loc"] if part != "__root__")
        known: list[str] = []
        if fault["type"] == "value_error.extra":
            from great_expectations.expectations.registry import get_expectation_impl

            fields: dict[str, Any] = get_expectation_impl(each["type"]).__fields__
            known = [name for name in fields if name not in _BESIDE_ARGUMENTS]
        return None, {"what": fault["msg"], "option": option, "known": known}


def _answer(validator: Any, expectation: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what Great Expectations says of one expectation."""
    try:
        said = validator.validate_expectation(expectation, parameters).to_json_dict()
    except Exception as error:  # noqa: BLE001 - whatever it raises, it could not be evaluated
        lines = str(error).splitlines() or [type(error).__name__]
        return {"success": False, "result": {}, "exception": lines[0], "considered": None}
    result = said.get("result") or {}
    return {
        "success": bool(said["success"]),
        "result": result,
        "exception": raised(said.get("exception_info") or {}),
        "considered": _considered(validator, expectation, result),
    }


def _considered(validator: Any, expectation: Any, result: dict[str, Any]) -> int | None:
    """Return how many rows or values were looked at, where that can be told."""
    elements = result.get("element_count")
    if isinstance(elements, int):
        return elements - (result.get("missing_count") or 0)
    column = getattr(expectation, "column", None)
    if not isinstance(column, str) or "observed_value" not in result:
        return None
    # An aggregate does not say of how many values it is one: another expectation on the same rows does.
    from great_expectations import expectations

    gallery: Any = expectations  # which does not say what it exports
    condition = {name: getattr(expectation, name, None) for name in ("row_condition", "condition_parser")}
    with contextlib.suppress(Exception):
        known = {name: value for name, value in condition.items() if value is not None}
        asked = gallery.ExpectColumnValuesToNotBeNull(column=column, **known)
        counts = validator.validate_expectation(asked).to_json_dict()["result"]
        return int(counts["element_count"]) - int(counts["unexpected_count"])
    return None


def _build_docs(request: dict[str, Any]) -> None:
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig

    def stored(folder: str) -> dict[str, Any]:
        return {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": folder,
            "suppress_store_backend_id": True,
        }

    store = Path(request["store"])
    context: Any = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            config_version=4,
            stores={
                "expectations": {
                    "class_name": "ExpectationsStore",
                    "store_backend": stored(str(store / "expectations")),
                },
                "validations": {
                    "class_name": "ValidationResultsStore",
                    "store_backend": stored(str(store / "validations")),
                },
            },
            expectations_store_name="expectations",
            validation_results_store_name="validations",
            data_docs_sites={
                "docs": {
                    "class_name": "SiteBuilder",
                    "show_how_to_buttons": False,
                    "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                    "store_backend": {
                        "class_name": "TupleFilesystemStoreBackend",
                        "base_directory": request["out"],
                    },
                }
            },
        ),
    )
    context.build_data_docs(site_names=["docs"])


if __name__ == "__main__":
    main()
