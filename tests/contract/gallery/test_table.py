from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.differential import COLUMNS, Differ, Held, cases, expectation, tables

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)

NAMES = [*COLUMNS]
CONDITIONS = st.sampled_from([None, None, "other > 2", "small == 3", 'text == "a"', "tame <= 1.0"])
BOUNDS = st.sampled_from(["min_value", "max_value", "both"])
FEW = st.integers(0, 6)
AROUND = st.one_of(st.integers(10, 14), st.sampled_from([11.5, 12.0]))
LISTS = st.one_of(
    st.just(NAMES),
    st.permutations(NAMES),
    st.just([*NAMES, "missing"]),
    st.lists(st.sampled_from([*NAMES, "missing", ""]), max_size=14),
)


def conditioned(draw: st.DrawFn) -> dict[str, Any]:
    condition = draw(CONDITIONS)
    return {"row_condition": condition, "condition_parser": "pandas" if condition else None}


@st.composite
def expectations(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    match kind:
        case "expect_table_row_count_to_be_between":
            bounds = draw(BOUNDS)
            strict = st.sampled_from([None, True, False])
            least = draw(FEW)
            return expectation(
                kind,
                min_value=least if bounds != "max_value" else None,
                max_value=least + draw(FEW) if bounds != "min_value" else None,
                strict_min=draw(strict),
                strict_max=draw(strict),
                **conditioned(draw),
            )
        case "expect_table_row_count_to_equal":
            return expectation(kind, value=draw(st.integers(0, 4)), **conditioned(draw))
        case "expect_table_column_count_to_be_between":
            bounds = draw(BOUNDS)
            return expectation(
                kind,
                min_value=draw(AROUND) if bounds != "max_value" else None,
                max_value=draw(AROUND) if bounds != "min_value" else None,
            )
        case "expect_table_column_count_to_equal":
            return expectation(kind, value=draw(st.integers(11, 13)))
        case "expect_table_columns_to_match_ordered_list":
            return expectation(kind, column_list=draw(LISTS))
        case "expect_table_columns_to_match_set":
            return expectation(
                kind, column_set=draw(LISTS), exact_match=draw(st.sampled_from([None, True, False]))
            )
        case _:
            name = draw(st.sampled_from([*NAMES, "missing"]))
            # Not 0, of which Great Expectations says nothing: see below.
            right = NAMES.index(name) if name in NAMES else 5
            places = st.sampled_from([None, right, right - len(NAMES), 3, -1, 99, -99])
            return expectation(kind, column=name, column_index=draw(places.filter(lambda place: place != 0)))


KINDS = [
    "expect_table_row_count_to_be_between",
    "expect_table_row_count_to_equal",
    "expect_table_column_count_to_be_between",
    "expect_table_column_count_to_equal",
    "expect_table_columns_to_match_ordered_list",
    "expect_table_columns_to_match_set",
    "expect_column_to_exist",
]


@cases(3000)
@given(table=tables(), suite=st.lists(expectations(), min_size=1, max_size=8))
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite)


def test_each_type_was_compared(differ: Differ) -> None:
    assert all(differ.compared[kind] for kind in KINDS)


def existing(**arguments: Any) -> dict[str, Any]:
    return expectation("expect_column_to_exist", **arguments)


TABLE = pa.table({"a": [1, 2], "b": ["x", None]})


def test_place_0_is_a_place(held: Held, differ: Differ) -> None:
    """Great Expectations takes it for none, and finds the column wherever it is."""
    first, second = (existing(column=name, column_index=0) for name in ("a", "b"))

    assert [answer is not None and answer.success for answer in held(TABLE, [first, second])] == [True, False]
    assert differ.told(TABLE, second)["success"]


def test_details_name_each_place_that_differs(held: Held, differ: Differ) -> None:
    suite = [
        expectation("expect_table_columns_to_match_ordered_list", column_list=["b", "b", "c"]),
        expectation("expect_table_columns_to_match_set", column_set=["b", "c"]),
    ]
    differ(TABLE, suite)

    ordered, unordered = held(TABLE, suite)

    assert ordered is not None
    assert unordered is not None
    assert ordered.result["details"]["mismatched"] == [
        {"Expected Column Position": 0, "Expected": "b", "Found": "a"},
        {"Expected Column Position": 2, "Expected": "c", "Found": None},
    ]
    assert unordered.result["details"]["mismatched"] == {"unexpected": ["a"], "missing": ["c"]}


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("expect_table_row_count_to_be_between", {}),
        ("expect_table_row_count_to_be_between", {"min_value": 1.0}),
        ("expect_table_row_count_to_be_between", {"min_value": True}),
        ("expect_table_row_count_to_be_between", {"min_value": "2024-01-01"}),
        ("expect_table_row_count_to_be_between", {"min_value": 2, "max_value": 1}),
        ("expect_table_row_count_to_be_between", {"min_value": 2, "strict_min": 1}),
        ("expect_table_row_count_to_be_between", {"min_value": 2, "strict_min": None}),
        ("expect_table_row_count_to_be_between", {"min_value": {"$PARAMETER": "rows"}}),
        ("expect_table_row_count_to_be_between", {"min_value": 2, "result_format": "BASIC"}),
        ("expect_table_row_count_to_equal", {}),
        ("expect_table_row_count_to_equal", {"value": 2.0}),
        ("expect_table_row_count_to_equal", {"value": "2"}),
        ("expect_table_row_count_to_equal_other_table", {"other_table_name": "data"}),
        ("expect_table_column_count_to_be_between", {"min_value": "2"}),
        ("expect_table_column_count_to_be_between", {"min_value": 10**400}),
        ("expect_table_column_count_to_equal", {"value": None}),
        ("expect_table_columns_to_match_ordered_list", {}),
        ("expect_table_columns_to_match_ordered_list", {"column_list": None}),
        ("expect_table_columns_to_match_ordered_list", {"column_list": ["a", 1]}),
        ("expect_table_columns_to_match_ordered_list", {"column_list": "ab"}),
        ("expect_table_columns_to_match_set", {"column_set": ["a"], "exact_match": "no"}),
        ("expect_table_columns_to_match_set", {"column_set": ["a"], "exact_match": None}),
        ("expect_column_to_exist", {}),
        ("expect_column_to_exist", {"column": ""}),
        ("expect_column_to_exist", {"column": 1}),
        ("expect_column_to_exist", {"column": "a", "column_index": True}),
        ("expect_column_to_exist", {"column": "a", "column_index": "1"}),
    ],
)
def test_left_to_great_expectations(held: Held, kind: str, arguments: dict[str, Any]) -> None:
    assert held(TABLE, [{"type": kind, "kwargs": arguments}]) == [None]


def test_columns_of_one_name(held: Held) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])

    (counted,) = held(twice, [expectation("expect_table_column_count_to_equal", value=2)])

    assert counted is not None
    assert counted.success
