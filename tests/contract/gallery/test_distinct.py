import datetime as dt
import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract.gallery import distinct
from tests.contract.differential import (
    COLUMNS,
    FLOATS,
    INTEGERS,
    SMALL,
    TEXTS,
    Differ,
    cases,
    expectation,
    tables,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)

FINITE = FLOATS.filter(lambda value: abs(value) < 1e301)
MIXED = st.one_of(SMALL, INTEGERS, FINITE, TEXTS, st.booleans(), st.sampled_from([2.0, 0.5, 2.0**53, 2**64]))
MOMENT = st.sampled_from(
    [
        "1900-01-01",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "2024-02-29",
        "2024-02-29 12:30",
        "2024-02-29T12:30:00",
        "2024-02-29T12:30:00.000001",
        "2024-03-01",
        "1600-01-01",
    ]
)
OF = {
    "text": TEXTS,
    "words": TEXTS,
    "small": SMALL,
    "short": SMALL,
    "other": SMALL,
    "big": INTEGERS,
    "wild": FINITE,
    "tame": FINITE,
    "flag": st.booleans(),
    "day": MOMENT,
    "time": MOMENT,
}
CONDITION = st.sampled_from([None, None, None, "small > 2", "other < 5", 'words == "a"'])
TYPES = list(distinct.COMPILED)
IN_SET, CONTAIN_SET, EQUAL_SET, MOST_COMMON = TYPES


@st.composite
def tables_and_sets(draw: st.DrawFn) -> tuple[pa.Table, list[dict[str, Any]]]:
    table = draw(tables())
    return table, [draw(sets(table)) for _ in range(draw(st.integers(1, 6)))]


@st.composite
def sets(draw: st.DrawFn, table: pa.Table) -> dict[str, Any]:
    kind = draw(st.sampled_from(TYPES))
    column = draw(st.sampled_from([*COLUMNS, "missing"]))
    values = OF.get(column, MIXED)
    if column not in {"day", "time"} and draw(st.integers(0, 3)) == 0:
        values = MIXED
    # As often as not, those that the column holds, or some of them: a set drawn blindly never equals them.
    known: list[Any] = []
    if column != "missing" and draw(st.booleans()):
        known = told(table.column(column).to_pylist())
    if known and draw(st.integers(0, 2)) == 0:
        known = known[: draw(st.integers(1, len(known)))]
    more = draw(st.lists(values, min_size=not known, max_size=draw(st.sampled_from([2, 5, 30]))))
    alone, condition = draw(st.booleans()), draw(CONDITION)
    return expectation(
        kind,
        column=column,
        value_set=known if known and alone else known + more,
        ties_okay=draw(st.sampled_from([None, True, False])) if kind == MOST_COMMON else None,
        row_condition=condition,
        condition_parser="pandas" if condition else None,
    )


def told(values: list[Any]) -> list[Any]:
    """Return values as a suite can hold them."""
    return [
        value.isoformat() if isinstance(value, dt.date) else value
        for value in values
        if value is not None and not (isinstance(value, float) and not math.isfinite(value))
    ]


@cases(3000)
@given(case=tables_and_sets())
def test_equal_to_great_expectations(differ: Differ, case: tuple[pa.Table, list[dict[str, Any]]]) -> None:
    differ(*case)


def test_each_type_is_compared(differ: Differ) -> None:
    before = differ.compared.copy()
    differ(
        pa.table({"a": ["x", "x", "y"]}), [expectation(kind, column="a", value_set=["x"]) for kind in TYPES]
    )
    assert dict(differ.compared - before) == dict.fromkeys(TYPES, 1)


def test_the_first_twenty_of_many_values_are_shown(differ: Differ) -> None:
    table = pa.table({"a": [f"{number:03}" for number in range(100, 0, -1)], "b": list(range(100, 0, -1))})
    suite = [
        expectation(kind, column=column, value_set=known)
        for kind in (IN_SET, EQUAL_SET)
        for column, known in (("a", ["001", "x"]), ("b", [3, 1000]))
    ]
    differ(table, suite)
    found = differ.scanned(table, suite[0])
    assert found is not None
    assert found.result["partial_unexpected_list"] == [f"{number:03}" for number in range(2, 22)]


def test_the_first_twenty_of_many_missing_values_are_shown(differ: Differ) -> None:
    each = expectation(CONTAIN_SET, column="a", value_set=list(range(50)))
    found = differ.scanned(pa.table({"a": [3]}), each)
    told = differ.told(pa.table({"a": [3]}), each)
    assert found is not None
    assert found.result["missing_count"] == told["result"]["missing_count"] == 49
    assert found.result["partial_missing_list"] == [0, 1, 2, *range(4, 21)]
    assert len(told["result"]["partial_missing_list"]) == 20


def test_of_many_most_common_values_the_first_twenty_are_shown_where_great_expectations_shows_all(
    differ: Differ,
) -> None:
    table = pa.table({"a": list(range(30, 0, -1))})
    for values, ties, met in (([30], True, True), ([31], True, False), ([30], False, False)):
        each = expectation(MOST_COMMON, column="a", value_set=values, ties_okay=ties)
        told, found = differ.told(table, each), differ.scanned(table, each)
        assert found is not None
        assert (told["success"], told["result"]) == (met, {"observed_value": list(range(1, 31))})
        assert (found.success, found.result) == (met, {"observed_value": list(range(1, 21))})


def test_numbers_are_compared_exactly(differ: Differ) -> None:
    table = pa.table(
        {
            "a": [2**53 + 1, 2**53, 1],
            "b": pa.array([2**64 - 1, None, 1], pa.uint64()),
            "c": [2.0**53, 0.1, -0.0],
            "d": pa.array([0.1, 0.5, None], pa.float32()),
            "e": pa.array([True, None, True]),
        }
    )
    values = [2**53, 2**53 + 1, 2.0**53, 2**64 - 1, 2**64, 1e300, 0.1, 0.5, 0, 1, True, "1", "0.5", "True"]
    suite = [
        expectation(kind, column=name, value_set=known)
        for kind in TYPES
        for name in "abce"
        for known in (values, values[:1], values[-4:])
    ]
    differ(table, suite)
    for kind in TYPES:
        each = expectation(kind, column="d", value_set=[0.1, 0.5])
        found = differ.scanned(table, each)
        assert found is not None
        assert found.success == differ.told(table, each)["success"]


def test_nanoseconds(differ: Differ) -> None:
    moment = 1_709_164_800_000_000_000
    table = pa.table({"a": pa.array([moment + 1, moment, moment + 1_000], pa.timestamp("ns"))})
    known = ["2024-02-29", "2024-02-29T00:00:00.000001", "1600-01-01"]
    differ(
        table, [expectation(kind, column="a", value_set=known) for kind in (IN_SET, CONTAIN_SET, EQUAL_SET)]
    )


def test_dates_that_no_timestamp_reaches(differ: Differ) -> None:
    table = pa.table({"a": pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31)], pa.date32())})
    known = ["9999-12-31", "2024-02-29T12:30:00"]
    differ(
        table, [expectation(kind, column="a", value_set=known) for kind in (IN_SET, CONTAIN_SET, EQUAL_SET)]
    )


def test_no_value_is_no_evidence(differ: Differ) -> None:
    table = pa.table({"a": pa.array([None, None], pa.string())})
    for kind in TYPES:
        found = differ.scanned(table, expectation(kind, column="a", value_set=["x"]))
        assert found is not None
        assert found.considered == 0, kind


@pytest.mark.parametrize(
    ("kind", "column", "kwargs"),
    [
        (IN_SET, "a", {}),
        (IN_SET, "a", {"value_set": []}),
        (IN_SET, "a", {"value_set": "a"}),
        (IN_SET, "a", {"value_set": {"$PARAMETER": "x"}}),
        (IN_SET, "a", {"value_set": [None, "a"]}),
        (IN_SET, "a", {"value_set": [["a"]]}),
        (IN_SET, "a", {"value_set": ["a"], "mostly": 1}),
        (CONTAIN_SET, "a", {"value_set": ["a\0"]}),
        (EQUAL_SET, "day", {"value_set": ["29 February 2024"]}),
        (EQUAL_SET, "day", {"value_set": ["2024-02-29", 1]}),
        (EQUAL_SET, "list", {"value_set": [1]}),
        (MOST_COMMON, "a", {"value_set": ["a"], "ties_okay": 1}),
        (MOST_COMMON, "day", {"value_set": ["2024-02-29"]}),
        (MOST_COMMON, "list", {"value_set": [1]}),
    ],
)
def test_is_left_to_great_expectations(
    differ: Differ, kind: str, column: str, kwargs: dict[str, Any]
) -> None:
    table = pa.table({"a": ["a", "b"], "day": [dt.date(2024, 2, 29)] * 2, "list": [[1], [2]]})
    assert differ.scanned(table, expectation(kind, column=column, **kwargs)) is None
