import datetime as dt
import math
import random
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract.gallery import quantiles
from tests.contract.differential import COLUMNS, Differ, cases, expectation, tables

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)

LOW = st.sampled_from([None, None, -1e300, -5, -5, -1.5, 0, 1, 2.0001, 2**53])
HIGH = st.sampled_from([None, None, 0, 0.5, 1, 2, 3.4999, 7, 12, 12, 2**53, 2**63, 1e300])
QUANTILE = st.sampled_from([0, 0.0, 0.1, 0.25, 1 / 3, 0.5, 0.6, 0.75, 0.9, 1, 1.0])
METHOD = st.sampled_from([None, False, "nearest", "lower", "higher", "linear", "midpoint"])
BETWEEN = ("linear", "midpoint")
CONDITION = st.sampled_from([None, None, None, "small > 2", "other < 5", 'words == "a"'])
TYPES = list(quantiles.COMPILED)
NUMBERS = ["small", "short", "wild", "tame", "flag", "other", "big"]


@st.composite
def places(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(TYPES))
    column = draw(st.sampled_from([*NUMBERS, *NUMBERS, *COLUMNS, "missing"]))
    condition = draw(CONDITION)
    rows = {"row_condition": condition, "condition_parser": "pandas" if condition else None}
    if kind == TYPES[0]:
        return expectation(
            kind,
            column=column,
            min_value=draw(LOW),
            max_value=draw(HIGH),
            strict_min=draw(st.sampled_from([None, True, False])),
            strict_max=draw(st.sampled_from([None, True, False])),
            **rows,
        )
    wanted = draw(st.lists(QUANTILE, min_size=1, max_size=4))
    pairs = [
        sorted((draw(LOW), draw(HIGH)), key=lambda bound: -1e301 if bound is None else bound) for _ in wanted
    ]
    return expectation(
        kind,
        column=column,
        quantile_ranges={"quantiles": wanted, "value_ranges": pairs},
        # numpy subtracts integers that are 2^63 apart in 64 bits: see below.
        allow_relative_error=draw(
            METHOD if column != "big" else METHOD.filter(lambda told: told not in BETWEEN)
        ),
        **rows,
    )


@cases(3000)
@given(table=tables(), suite=st.lists(places(), min_size=1, max_size=6))
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite)


MEDIAN, QUANTILES = TYPES


def ranges(*quantiles: float, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    return {"quantiles": list(quantiles), "value_ranges": [[low, high] for _ in quantiles]}


def test_each_type_is_compared(differ: Differ) -> None:
    before = differ.compared.copy()
    differ(
        pa.table({"a": [1, 2, 4]}),
        [
            expectation(MEDIAN, column="a", min_value=2),
            expectation(QUANTILES, column="a", quantile_ranges=ranges(0.3, low=2)),
        ],
    )
    assert dict(differ.compared - before) == dict.fromkeys(TYPES, 1)


@pytest.mark.parametrize(
    "values",
    [
        [math.inf, -math.inf],
        [-math.inf, -math.inf],
        [math.inf, math.inf, 1.0],
        [1.0, 2.0, math.inf],
        [-math.inf, 0.0, 0.5, math.inf],
        [1.7e308, 1.7e308],
        [math.nan, None],
        [0.1, 0.2, 0.3, 0.4, 0.7],
    ],
)
def test_odd_floats(differ: Differ, values: list[float | None]) -> None:
    table = pa.table({"a": pa.array(values, pa.float64())})
    methods = ("nearest", "lower", "higher", *BETWEEN)
    wanted = ranges(0, 0.25, 0.5, 0.75, 1, low=0.1)
    differ(
        table,
        [expectation(MEDIAN, column="a", max_value=1)]
        + [
            expectation(QUANTILES, column="a", quantile_ranges=wanted, allow_relative_error=method)
            for method in methods
        ],
    )


def test_a_bound_is_met_by_what_is_close_to_it(differ: Differ) -> None:
    differ(
        pa.table({"a": [10.0]}),
        [
            expectation(QUANTILES, column="a", quantile_ranges=ranges(0.5, low=low, high=high))
            for low, high in ((10.0009, None), (10.002, None), (None, 9.9991), (None, 9.998), (10.0009, 20))
        ],
    )


def test_far_integers_are_subtracted_where_great_expectations_wraps_around(differ: Differ) -> None:
    table = pa.table({"a": [-(2**63), 2**63 - 1]})
    each = expectation(QUANTILES, column="a", quantile_ranges=ranges(0.25), allow_relative_error="linear")
    assert differ.told(table, each)["result"]["observed_value"]["values"] == [-(2**63)]
    found = differ.scanned(table, each)
    assert found is not None
    assert found.result["observed_value"]["values"] == [-(2.0**62)]


def test_numbers_of_four_bytes(differ: Differ) -> None:
    table = pa.table({"a": pa.array([0.1, 0.5, 0.7, None], pa.float32())})
    differ(
        table,
        [
            expectation(
                QUANTILES, column="a", quantile_ranges=ranges(0, 0.4, 1, low=0.5), allow_relative_error=method
            )
            for method in ("nearest", "lower", "higher")
        ],
    )
    for method in BETWEEN:
        each = expectation(QUANTILES, column="a", quantile_ranges=ranges(0.4), allow_relative_error=method)
        assert differ.scanned(table, each) is None
    assert differ.scanned(table, expectation(MEDIAN, column="a")) is None


def test_nothing_to_order_is_no_evidence(differ: Differ) -> None:
    for values in (pa.nulls(1, pa.float64()), pa.nulls(0, pa.int64()), pa.nulls(0, pa.bool_())):
        table = pa.table({"a": values})
        suite = [
            expectation(MEDIAN, column="a"),
            expectation(QUANTILES, column="a", quantile_ranges=ranges(0.5)),
        ]
        differ(table, suite)
        for each in suite:
            found = differ.scanned(table, each)
            assert found is not None
            assert (found.success, found.considered) == (False, 0)


@given(count=st.integers(1, 400), seed=st.integers(0, 9), data=st.data())
@cases(2000)
def test_places_are_those_of_the_sorted_values(count: int, seed: int, data: st.DataObject) -> None:
    values = random.Random(seed).choices(range(count), k=count)  # noqa: S311 - values to sort
    places = sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=5)))
    expected = sorted(values)
    with duckdb.connect() as connection:
        connection.register("data", pa.table({"c0": values}))
        for held in (count, 0):
            query = quantiles.places_query("c0", "c0 >= 0", count, places, held=held)
            assert connection.execute(query).fetchall() == [([expected[place] for place in places],)]


def test_more_values_than_are_held_are_sorted_on_disk(tmp_path: Any) -> None:
    rows = 3_000_000
    with duckdb.connect(
        config={"memory_limit": "60MB", "temp_directory": str(tmp_path), "threads": 1}
    ) as connection:
        connection.execute("CREATE VIEW data AS SELECT (range * 7919) % 3000000 AS c0 FROM range(3000000)")
        query = quantiles.places_query("c0", None, rows, [0, rows // 2, rows - 1], held=1_000_000)
        assert connection.execute(query).fetchall() == [([0, rows // 2, rows - 1],)]


@pytest.mark.parametrize(
    ("kind", "column", "kwargs"),
    [
        (MEDIAN, "a", {"min_value": True}),
        (MEDIAN, "a", {"min_value": "1"}),
        (MEDIAN, "day", {}),
        (MEDIAN, "text", {}),
        (QUANTILES, "a", {}),
        (QUANTILES, "a", {"quantile_ranges": ranges()}),
        (QUANTILES, "a", {"quantile_ranges": {"quantiles": [0.5]}}),
        (QUANTILES, "a", {"quantile_ranges": {**ranges(0.5), "more": 1}}),
        (QUANTILES, "a", {"quantile_ranges": {"quantiles": [0.5, 0.6], "value_ranges": [[1, 2]]}}),
        (QUANTILES, "a", {"quantile_ranges": {"quantiles": [0.5], "value_ranges": [[1]]}}),
        (QUANTILES, "a", {"quantile_ranges": {"quantiles": [0.5], "value_ranges": [["1", 2]]}}),
        (QUANTILES, "a", {"quantile_ranges": ranges(0.5, low=2, high=1)}),
        (QUANTILES, "a", {"quantile_ranges": ranges(1.5)}),
        (QUANTILES, "a", {"quantile_ranges": ranges(True)}),
        (QUANTILES, "a", {"quantile_ranges": ranges(0.5), "allow_relative_error": True}),
        (QUANTILES, "a", {"quantile_ranges": ranges(0.5), "allow_relative_error": 0.1}),
        (QUANTILES, "a", {"quantile_ranges": ranges(0.5), "allow_relative_error": "median"}),
        (QUANTILES, "flag", {"quantile_ranges": ranges(0.5), "allow_relative_error": "linear"}),
        (QUANTILES, "day", {"quantile_ranges": ranges(0.5)}),
        (QUANTILES, "text", {"quantile_ranges": ranges(0.5)}),
    ],
)
def test_is_left_to_great_expectations(
    differ: Differ, kind: str, column: str, kwargs: dict[str, Any]
) -> None:
    table = pa.table(
        {"a": [1, 2], "flag": [True, False], "day": [dt.date(2024, 2, 29)] * 2, "text": ["a", "b"]}
    )
    assert differ.scanned(table, expectation(kind, column=column, **kwargs)) is None
