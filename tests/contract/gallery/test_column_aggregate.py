import datetime as dt
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract import scan, sources, suites
from mltoolkit.contract.gallery import column_aggregate, compiler
from mltoolkit.errors import Location
from tests.contract.differential import COLUMNS, Differ, cases, expectation, raised, tables

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)

SHARE = st.sampled_from([None, 0, 0.25, 0.5, 2 / 3, 0.9, 1, 1.0])
COUNT = st.sampled_from([None, 0, 1, 2, 3, 5, 8])
LOW = st.sampled_from([None, None, -1e300, -5, -1.5, 0, 0, 0.5, 1, 2, 2**53, -(2**53) - 1])
HIGH = st.sampled_from([None, None, 0, 1, 2, 3.5, 7, 12, 30, 2**53, 2**53 + 1, 2**63, 1e300])
MOMENT = st.sampled_from(
    [
        None,
        "1900-01-01T00:00:00",
        "1970-01-01 00:00",
        "2024-02-29T12:30:00",
        "2024-02-29 12:30:00.000001",
        "2024-03-01T00:00:00",
    ]
)
CONDITION = st.sampled_from([None, None, None, "small > 2", "other < 5", 'words == "a"'])
STRICT = st.sampled_from([None, None, True, False])
TYPES = list(column_aggregate.COMPILED)
MIN, MAX, SUM, MEAN, STDEV, UNIQUE, UNIQUE_SHARE, FILLED_SHARE = TYPES
DAY = dt.datetime(2024, 2, 29)  # noqa: DTZ001 - columns hold moments without a zone
NUMBERS = ["small", "short", "wild", "tame", "flag", "other", "big"]


@st.composite
def aggregates(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(TYPES))
    column = draw(st.sampled_from([*NUMBERS, *COLUMNS, "missing"]))
    low: st.SearchStrategy[Any] = LOW
    high: st.SearchStrategy[Any] = HIGH
    if kind in {MIN, MAX} and column in {"day", "time"}:
        low = high = MOMENT
    elif kind in {MIN, MAX} and column in {"text", "words", "void"}:
        low = high = st.none()
    elif kind == UNIQUE:
        low = high = COUNT
    elif kind in {UNIQUE_SHARE, FILLED_SHARE}:
        low = high = SHARE
    condition = draw(CONDITION)
    return expectation(
        kind,
        column=column,
        min_value=draw(low),
        max_value=draw(high),
        strict_min=draw(STRICT),
        strict_max=draw(STRICT),
        row_condition=condition,
        condition_parser="pandas" if condition else None,
    )


def is_listed(each: dict[str, Any]) -> bool:
    """Great Expectations wraps sums of integers around, and adds them as floats for means: see below."""
    return each["kwargs"]["column"] == "big" and each["type"] in {SUM, MEAN}


@cases(4000)
@given(
    table=tables(), suite=st.lists(aggregates().filter(lambda e: not is_listed(e)), min_size=1, max_size=6)
)
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite)


def test_each_type_is_compared(differ: Differ) -> None:
    before = differ.compared.copy()
    differ(pa.table({"a": [1, 2, 4]}), [expectation(kind, column="a", min_value=1) for kind in TYPES])
    assert dict(differ.compared - before) == dict.fromkeys(TYPES, 1)


@pytest.mark.parametrize(
    "values",
    [
        [math.inf],
        [math.inf, 1.0],
        [-math.inf, 1.0],
        [math.inf, -math.inf],
        [1e300, 1.5],
        [1e300, 1e300],
        [1.7e308, 1.7e308],
        [5e-324, 5e-324],
        [0.1, 0.1, 0.1],
        [-0.0, 0.0],
        [math.nan, None],
        [1.5],
    ],
)
def test_odd_floats(differ: Differ, values: list[float | None]) -> None:
    table = pa.table({"a": pa.array(values, pa.float64())})
    differ(
        table,
        [expectation(kind, column="a", **bounds) for kind in TYPES[:5] for bounds in ({}, {"min_value": 0})],
    )


def test_a_sum_of_integers_is_exact_where_great_expectations_wraps_around(differ: Differ) -> None:
    table = pa.table({"a": [2**63 - 1, 2**53 + 1]})
    each = expectation(SUM, column="a", min_value=0)
    told = differ.told(table, each)
    assert (told["success"], told["result"]) == (False, {"observed_value": -(2**63) + 2**53})
    found = differ.scanned(table, each)
    assert found is not None
    assert (found.success, found.result) == (True, {"observed_value": 2**63 + 2**53})


def test_large_sums_that_fit_are_equal(differ: Differ) -> None:
    table = pa.table(
        {
            "a": [2**53 + 1, 2**53 + 1, -3],
            "b": pa.array([2**64 - 2, None, 1], pa.uint64()),
            "c": pa.array([2**31 - 1] * 3, pa.int32()),
        }
    )
    differ(table, [expectation(kind, column=name, min_value=2**53) for kind in TYPES[:5] for name in "abc"])


def test_a_mean_of_integers_is_exact_where_great_expectations_adds_floats(differ: Differ) -> None:
    table = pa.table({"a": [2**63 - 1, -(2**63), 1]})
    each = expectation(MEAN, column="a", max_value=0.1)
    assert differ.told(table, each)["result"] == {"observed_value": pytest.approx(1 / 3)}
    found = differ.scanned(table, each)
    assert found is not None
    assert (found.success, found.result) == (True, {"observed_value": 0.0})


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us")])
def test_a_date_is_a_bound_where_great_expectations_raises(differ: Differ, kind: pa.DataType) -> None:
    table = pa.table({"a": pa.array([DAY, DAY + dt.timedelta(days=1)], kind)})
    for bounds, met in (
        ({"max_value": "2024-03-01"}, True),
        ({"max_value": "2024-03-01", "strict_max": True}, False),
        ({"max_value": "2024-02-29"}, False),
        ({"min_value": "2024-03-01"}, True),
    ):
        each = expectation(MAX, column="a", **bounds)
        assert "Cannot compare Timestamp with datetime.date" in str(
            raised(differ.told(table, each)["exception_info"])
        )
        found = differ.scanned(table, each)
        assert found is not None
        assert (found.success, found.result) == (met, {"observed_value": "2024-03-01T00:00:00"})


def test_nanoseconds_and_seconds(differ: Differ) -> None:
    moment = 1_709_164_800_000_000_000
    table = pa.table(
        {
            "a": pa.array([moment + 1, moment], pa.timestamp("ns")),
            "b": pa.array([moment + 1_000, moment], pa.timestamp("ns")),
            "c": pa.array([1_709_164_800, 0], pa.timestamp("s")),
            "d": pa.array([-1, None], pa.timestamp("ns")),
        }
    )
    bounds: list[dict[str, Any]] = [
        {},
        {"max_value": "2024-02-29T00:00:00"},
        {"min_value": "2024-02-29T00:00:00"},
    ]
    differ(
        table,
        [expectation(kind, column=name, **each) for kind in (MIN, MAX) for name in "abcd" for each in bounds],
    )


def test_dates_that_no_timestamp_reaches(differ: Differ) -> None:
    table = pa.table({"a": pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31)], pa.date32())})
    differ(table, [expectation(kind, column="a", max_value="9000-01-01T00:00:00") for kind in (MIN, MAX)])


def test_numbers_of_four_bytes(differ: Differ) -> None:
    table = pa.table({"a": pa.array([0.1, 0.7, None], pa.float32())})
    for kind in (MIN, MAX):
        for bounds in ({"min_value": 0.1}, {"max_value": 0.1}, {"min_value": 0.7, "strict_min": True}):
            each = expectation(kind, column="a", **bounds)
            found = differ.scanned(table, each)
            assert found is not None
            assert found.success == differ.told(table, each)["success"]
    differ(table, [expectation(kind, column="a", min_value=0.7) for kind in (UNIQUE_SHARE, FILLED_SHARE)])
    for kind in (SUM, MEAN, STDEV):
        assert differ.scanned(table, expectation(kind, column="a", min_value=0)) is None
    assert differ.scanned(table, expectation(MIN, column="a", min_value=1e300)) is None


def test_a_number_of_four_bytes_is_told_as_it_is_where_great_expectations_rounds_it(differ: Differ) -> None:
    table = pa.table({"a": pa.array([0.7], pa.float32())})
    each = expectation(MAX, column="a")
    assert differ.told(table, each)["result"] == {"observed_value": 0.7000000476837158}
    found = differ.scanned(table, each)
    assert found is not None
    assert found.result == {"observed_value": 0.699999988079071}


def test_a_bound_copied_from_a_result_is_met(differ: Differ) -> None:
    table = pa.table({"a": [0.1, 0.2, 0.3, 0.1, 0.7, 1 / 3]})
    for kind in (SUM, MEAN, STDEV):
        value = differ.told(table, expectation(kind, column="a"))["result"]["observed_value"]
        for bounds, met in (
            ({"min_value": value, "max_value": value}, True),
            ({"min_value": value, "strict_min": True}, False),
        ):
            found = differ.scanned(table, expectation(kind, column="a", **bounds))
            assert found is not None
            assert found.success is met


def test_an_aggregate_over_nothing_says_so(differ: Differ) -> None:
    table = pa.table({"a": pa.array([None, None], pa.float64())})
    for kind in TYPES[:-1]:
        found = differ.scanned(table, expectation(kind, column="a"))
        assert found is not None
        assert found.considered == 0, kind
    found = differ.scanned(table.slice(0, 0), expectation(FILLED_SHARE, column="a"))
    assert found is not None
    assert found.considered == 0


def test_threads_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    values = np.random.default_rng(4).lognormal(sigma=4, size=200_000)
    pq.write_table(pa.table({"a": pa.array(values), "b": pa.array(-values)}), path, row_group_size=5_000)
    results = []
    with sources.opened(path) as table:
        for threads in (1, 2, 4, 4, 4):
            table.connection.execute(f"SET threads = {threads}")
            questions = [
                compiler.compiled(
                    suites.expectation(
                        expectation(kind, column=name), at=0, where=Location(path="suite.json", line=1)
                    ),
                    table,
                )
                for kind in (SUM, MEAN, STDEV)
                for name in "ab"
            ]
            results.append(scan.run(table, [each for each in questions if each is not None]))
    assert len(results[0]) == 6
    assert all(each == results[0] for each in results)


@pytest.mark.parametrize(
    ("kind", "column", "kwargs"),
    [
        (MIN, "a", {"min_value": True}),
        (MIN, "a", {"min_value": "1"}),
        (MIN, "a", {"min_value": {"$PARAMETER": "x"}}),
        (MIN, "a", {"min_value": [1]}),
        (MIN, "a", {"min_value": 1, "strict_min": 1}),
        (MIN, "a", {"min_value": 1, "strict_min": "true"}),
        (MIN, "a", {"min_value": 1, "mostly": 1}),
        (MIN, "a", {"min_value": 10**400}),
        (MIN, "text", {"min_value": "a"}),
        (MAX, "text", {"max_value": 1}),
        (MAX, "day", {"max_value": 1}),
        (MAX, "day", {"max_value": "2024-02-29T12:30:00Z"}),
        (MAX, "day", {"max_value": "29 February 2024"}),
        (MAX, "day", {"max_value": "2023-02-29"}),
        (MAX, "decimal", {"max_value": 1}),
        (MEAN, "day", {}),
        (SUM, "text", {}),
        (STDEV, "decimal", {}),
        (UNIQUE, "a", {"min_value": 1.5}),
        (UNIQUE, "list", {"min_value": 1}),
        (UNIQUE_SHARE, "a", {"min_value": "0.5"}),
    ],
)
def test_is_left_to_great_expectations(
    differ: Differ, kind: str, column: str, kwargs: dict[str, Any]
) -> None:
    table = pa.table(
        {
            "a": [1, 2],
            "text": ["a", "b"],
            "day": [dt.date(2024, 2, 29)] * 2,
            "decimal": pa.array([1, 2], pa.decimal128(9, 2)),
            "list": [[1], [2]],
        }
    )
    assert differ.scanned(table, expectation(kind, column=column, **kwargs)) is None
