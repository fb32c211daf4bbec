"""The compiled scan against Great Expectations itself, on pandas, over the same typed frame."""

import datetime as dt
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from mltoolkit.contract import frames, scan, sources, suites
from mltoolkit.contract.gallery import compiler
from mltoolkit.contract.results import Result
from mltoolkit.errors import Location

SCALE = float(os.environ.get("MLTOOLKIT_DIFFERENTIAL", "0.02"))
"""The share of the full number of cases; ``make differential`` sets it to 1."""

COUNTED = (
    "element_count",
    "unexpected_count",
    "unexpected_percent",
    "missing_count",
    "missing_percent",
    "unexpected_percent_total",
    "unexpected_percent_nonmissing",
)


def cases(full: int) -> settings:
    """Return how many cases a property is tried on: the same ones at every run unless all are."""
    return settings(
        max_examples=max(10, round(full * SCALE)),
        derandomize=SCALE < 1,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


INTEGERS = st.sampled_from([-1, 0, 1, 2, 3, 7, 100, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)])
SMALL = st.integers(-5, 12)
FLOATS = st.sampled_from([-1.5, -0.0, 0.0, 0.1, 0.5, 1.0, 2.0, 2.5, 1e300, math.nan, math.inf, -math.inf])
TAME = st.sampled_from([-1.5, 0.0, 0.25, 0.5, 1.0, 2.0, 2.5, 3.75, math.nan])
TEXTS = st.sampled_from(
    [
        "",
        " ",
        "a",
        "A",
        "b",
        "ab",
        "a\nb",
        "ä",
        "日本",
        "👩‍👩‍👧",
        "1",
        "1.5",
        "True",
        "2024-02-29",
        "é",
        "{}",
        "[1",
    ]
)
DATES = st.sampled_from([dt.date(1970, 1, 1), dt.date(2024, 2, 29), dt.date(2024, 3, 1), dt.date(1900, 1, 1)])
TIMES = st.sampled_from(
    [
        dt.datetime.fromisoformat(text)
        for text in ("1970-01-01", "2024-02-29T12:30", "2024-02-29T12:30:00.000001")
    ]
)
COLUMNS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "big": (pa.int64(), INTEGERS),
    "small": (pa.int64(), SMALL),
    "short": (pa.int16(), SMALL),
    "wild": (pa.float64(), FLOATS),
    "tame": (pa.float64(), TAME),
    "text": (pa.string(), TEXTS),
    "flag": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), DATES),
    "time": (pa.timestamp("us"), TIMES),
    "other": (pa.int64(), SMALL),
    "words": (pa.string(), TEXTS),
    "void": (pa.string(), st.none()),
}
"""One column for each kind of value, with few different values, so that they repeat and collide."""


@st.composite
def tables(draw: st.DrawFn, rows: int = 12) -> pa.Table:
    """Draw a table: no row, one, or several; columns with nulls, and without any."""
    count = draw(st.one_of(st.sampled_from([0, 1, 2]), st.integers(0, rows)))
    made = {}
    for name, (kind, values) in COLUMNS.items():
        drawn = st.one_of(values, st.none()) if draw(st.booleans()) else values
        made[name] = pa.array(draw(st.lists(drawn, min_size=count, max_size=count)), kind)
    return pa.table(made)


def expectation(kind: str, **kwargs: Any) -> dict[str, Any]:
    """Return an expectation as a suite holds it, without the arguments that are ``None``."""
    return {
        "type": kind,
        "kwargs": {name: value for name, value in kwargs.items() if value is not None},
        "meta": {},
        "severity": "critical",
    }


CONDITIONS = st.sampled_from(
    [
        None,
        None,
        None,
        {"type": "comparison", "column": {"name": "other"}, "operator": ">", "parameter": 2},
        {"type": "nullity", "column": {"name": "words"}, "is_null": False},
    ]
)
"""Row conditions, and none as often."""

MOSTLY = st.sampled_from([None, 1, 1.0, 0.9, 0.5, 0.0])


class Differ:
    """Compares results, and counts what was compared so that a comparison of nothing is seen.

    Attributes:
        compared: How many results of each type were compared.
    """

    def __init__(self, folder: Path) -> None:
        import great_expectations as gx

        context: Any = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        asset = context.data_sources.add_pandas("data").add_dataframe_asset("data")
        self._batches = asset.add_batch_definition_whole_dataframe("whole")
        self._path = folder / "data.parquet"
        self.compared: Counter[str] = Counter()

    def __call__(
        self,
        table: pa.Table,
        expectations: Sequence[dict[str, Any]],
        *,
        listed: Callable[[dict[str, Any], str], bool] = lambda _, __: False,
    ) -> None:
        """Hold a table to expectations both ways.

        Args:
            table: The data.
            expectations: What is asked of it.
            listed: Tells of an expectation and Great Expectations' exception whether that is a fault of
                theirs, which the documentation lists.

        Raises:
            AssertionError: The two differ.
        """
        pq.write_table(table, self._path)
        with sources.opened(self._path) as opened:
            asked = []
            for at, each in enumerate(expectations):
                question = compiler.compiled(
                    suites.expectation(each, at=at, where=Location(path="suite.json", line=1)), opened
                )
                if question is not None:
                    asked.append((each, question))
            answers = scan.run(opened, [question for _, question in asked])
            batch = self._batches.get_batch(batch_parameters={"dataframe": frames.frame(opened)})
        for (each, _), answer in zip(asked, answers, strict=True):
            if answer is None:  # Only the values showed that Great Expectations must answer.
                continue
            told = self._ask(batch, each)
            failed = raised(told["exception_info"])
            if failed is not None and answer.exception is None and listed(each, failed):
                continue
            self.compared[each["type"]] += 1
            problems = list(differences(each, answer, told))
            assert not problems, "\n".join([str(each), str(table.to_pydict()), *problems])

    def scanned(self, table: pa.Table, each: dict[str, Any]) -> Result | None:
        """Return our result of one expectation; ``None`` where Great Expectations must answer."""
        pq.write_table(table, self._path)
        with sources.opened(self._path) as opened:
            question = compiler.compiled(
                suites.expectation(each, at=0, where=Location(path="suite.json", line=1)), opened
            )
            return None if question is None else scan.run(opened, [question])[0]

    def told(self, table: pa.Table, each: dict[str, Any]) -> dict[str, Any]:
        """Return Great Expectations' result of one expectation."""
        pq.write_table(table, self._path)
        with sources.opened(self._path) as opened:
            batch = self._batches.get_batch(batch_parameters={"dataframe": frames.frame(opened)})
        return self._ask(batch, each)

    def _ask(self, batch: Any, each: dict[str, Any]) -> dict[str, Any]:
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

        # What Great Expectations refuses as a configuration must not be compiled: this raises then.
        known = ExpectationConfiguration(**each).to_domain_obj()
        return dict(batch.validate(known, result_format="SUMMARY").to_json_dict())


class Held:
    """Holds a table to expectations with the scan alone."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "data.parquet"

    def __call__(self, table: pa.Table, expectations: Sequence[dict[str, Any]]) -> list[Result | None]:
        """Return the results, ``None`` for what is left to Great Expectations."""
        pq.write_table(table, self._path)
        where = Location(path="suite.json", line=1)
        with sources.opened(self._path) as opened:
            asked = [
                compiler.compiled(suites.expectation(each, at=at, where=where), opened)
                for at, each in enumerate(expectations)
            ]
            answers = iter(scan.run(opened, [question for question in asked if question is not None]))
            return [None if question is None else next(answers) for question in asked]


def differences(each: dict[str, Any], ours: Result, theirs: dict[str, Any]) -> Iterator[str]:
    """Yield what differs between a compiled result and that of Great Expectations."""
    failed = raised(theirs["exception_info"])
    if bool(failed) != (ours.exception is not None):
        yield f"exception: {ours.exception!r}, not {failed!r}"
    if failed:
        return
    result = theirs["result"]
    # Results travel as JSON: what does not survive that is a difference too. Infinities do, in Python's.
    mine = json.loads(json.dumps(ours.result))
    for name in COUNTED:
        if not close(mine.get(name), result.get(name)):
            yield f"{name}: {mine.get(name)!r}, not {result.get(name)!r}"
    for name in ("partial_unexpected_list", "partial_unexpected_counts", "partial_missing_list"):
        if not same(mine.get(name), result.get(name)):
            yield f"{name}: {mine.get(name)!r}, not {result.get(name)!r}"
    if not close(mine.get("observed_value"), result.get("observed_value")):
        yield f"observed_value: {mine.get('observed_value')!r}, not {result.get('observed_value')!r}"
    if not close(mine.get("details"), result.get("details")):
        yield f"details: {mine.get('details')!r}, not {result.get('details')!r}"
    if ours.success != theirs["success"] and not on_the_edge(each, result.get("observed_value")):
        yield f"success: {ours.success}, not {theirs['success']}"


def on_the_edge(each: dict[str, Any], observed: Any) -> bool:
    """Return whether an observed number is so near a bound that its last digits decide."""
    bounds = [each["kwargs"].get(name) for name in ("min_value", "max_value")]
    return isinstance(observed, float) and any(
        isinstance(bound, int | float) and bound != observed and close(bound, observed) for bound in bounds
    )


def raised(info: dict[str, Any]) -> str | None:
    """Return the exception in a result, which stands there flat or for each metric."""
    parts = [info] if "raised_exception" in info else list(info.values())
    return next((part["exception_message"] or "?" for part in parts if part["raised_exception"]), None)


def close(mine: Any, other: Any) -> bool:
    """Return whether two values of JSON are equal, floats to 1e-9 relative."""
    match mine, other:
        case bool(), _:
            return mine is other
        case _, bool():
            return False
        case ((int() | float()), (int() | float())):
            return mine == other or math.isclose(mine, other, rel_tol=1e-9, abs_tol=1e-12)
        case list(), list():
            return len(mine) == len(other) and all(map(close, mine, other))
        case dict(), dict():
            return mine.keys() == other.keys() and all(close(mine[key], other[key]) for key in mine)
        case _:
            return bool(mine == other)


def same(mine: Any, other: Any) -> bool:
    """Return whether two lists hold the same values in any order."""
    if not isinstance(mine, list) or not isinstance(other, list) or len(mine) != len(other):
        return mine is None and other is None
    left = list(other)
    for value in mine:
        at = next((at for at, each in enumerate(left) if close(value, each)), None)
        if at is None:
            return False
        del left[at]
    return True
