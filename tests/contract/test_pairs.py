import datetime as dt
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract import compiler, scan, sources, suites
from mltoolkit.contract.results import Result
from mltoolkit.errors import Location
from tests.contract.differential import COLUMNS, MOSTLY, Differ, cases, expectation, tables

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)

EQUAL = "expect_column_pair_values_to_be_equal"
GREATER = "expect_column_pair_values_a_to_be_greater_than_b"
IN_SET = "expect_column_pair_values_to_be_in_set"

IGNORED = st.sampled_from([None, "both_values_are_missing", "either_value_is_missing", "neither"])
CONDITIONS = st.sampled_from([None, None, "other > 2", "small == 3", 'text == "a"', "tame <= 1.0"])
ALIKE = [
    ["small", "short", "other", "big", "wild", "tame", "flag"],
    ["text", "words", "void"],
    ["day", "time"],
]


def ambiguous(each: dict[str, Any], failed: str) -> bool:
    """A null of integers or booleans, of which Great Expectations cannot say whether it is as expected."""
    return each["type"] in {EQUAL, GREATER} and "boolean value of NA is ambiguous" in failed


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from([EQUAL, GREATER]))
    names = draw(
        st.one_of(st.sampled_from([*ALIKE, ["small", "short", "other"]]), st.just([*COLUMNS, "missing"]))
    )
    condition = draw(CONDITIONS)
    return expectation(
        kind,
        column_A=draw(st.sampled_from(names)),
        column_B=draw(st.sampled_from(names)),
        mostly=draw(MOSTLY),
        ignore_row_if=draw(IGNORED),
        or_equal=draw(st.sampled_from([None, True, False])) if kind == GREATER else None,
        row_condition=condition,
        condition_parser="pandas" if condition else None,
    )


@st.composite
def memberships(draw: st.DrawFn) -> dict[str, Any]:
    a, b = draw(st.lists(st.sampled_from([*COLUMNS]), min_size=2, max_size=2, unique=True))

    def values(name: str) -> st.SearchStrategy[Any]:
        if name in {"day", "time"}:
            return st.sampled_from([None, "2024-02-29", "1970-01-01T00:00:00"])
        own = COLUMNS[name][1].filter(
            lambda value: value is None or value == value and value not in {math.inf, -math.inf}
        )
        return st.one_of(own, own, st.sampled_from([None, "a", 1, 1.0, True, 0.5, 2**53]))

    pairs = st.tuples(values(a), values(b)).map(list)
    return expectation(
        IN_SET,
        column_A=a,
        column_B=b,
        value_pairs_set=draw(st.lists(pairs, max_size=12)),
        mostly=draw(MOSTLY),
        ignore_row_if=draw(IGNORED),
    )


@cases(3000)
@given(table=tables(), suite=st.lists(st.one_of(comparisons(), memberships()), min_size=1, max_size=8))
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite, listed=ambiguous)


def test_each_type_was_compared(differ: Differ) -> None:
    assert all(differ.compared[kind] for kind in (EQUAL, GREATER, IN_SET))
