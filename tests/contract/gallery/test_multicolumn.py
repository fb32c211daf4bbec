from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.differential import COLUMNS, MOSTLY, Differ, Held, cases, expectation, tables

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)

COMPOUND = "expect_compound_columns_to_be_unique"
WITHIN = "expect_select_column_values_to_be_unique_within_record"
EQUAL = "expect_multicolumn_values_to_be_equal"
SUM = "expect_multicolumn_sum_to_equal"

IGNORED = st.sampled_from([None, "all_values_are_missing", "any_value_is_missing", "never"])
CONDITIONS = st.sampled_from([None, None, "other > 2", "small == 3", 'text == "a"', "tame <= 1.0"])
NUMBERS = ["small", "short", "other", "big", "wild", "tame"]
ALIKE = [[*NUMBERS, "flag"], ["small", "short", "other"], ["text", "words", "void"], ["day", "time"]]


def ambiguous(each: dict[str, Any], failed: str) -> bool:
    """A null of integers or booleans, of which Great Expectations cannot say whether it is as expected."""
    return each["type"] in {EQUAL, SUM} and "boolean value of NA is ambiguous" in failed


@st.composite
def expectations(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from([COMPOUND, WITHIN, EQUAL, SUM]))
    if kind == SUM:
        names = draw(st.sampled_from([NUMBERS, ["small", "short", "other"], ["tame", "small"]]))
    else:
        names = draw(st.sampled_from([*ALIKE, ALIKE[0], [*COLUMNS, "missing"]]))
    condition = draw(CONDITIONS)
    return expectation(
        kind,
        column_list=draw(
            st.lists(st.sampled_from(names), min_size=2, max_size=min(4, len(names)), unique=True)
        ),
        sum_total=draw(st.sampled_from([0, 1, 2.5, 4, 6, 7.0])) if kind == SUM else None,
        mostly=draw(MOSTLY),
        ignore_row_if=draw(IGNORED),
        row_condition=condition,
        condition_parser="pandas" if condition else None,
    )


@cases(3000)
@given(table=tables(), suite=st.lists(expectations(), min_size=1, max_size=8))
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite, listed=ambiguous)


def test_each_type_was_compared(differ: Differ) -> None:
    assert all(differ.compared[kind] for kind in (COMPOUND, WITHIN, EQUAL, SUM))


def asked(kind: str, *names: str, **arguments: Any) -> dict[str, Any]:
    return expectation(kind, column_list=list(names), **arguments)


WHOLE = pa.table({"a": pa.array([1, 2, None, None]), "b": pa.array([1, 0, 4, None])})
FLOATS = WHOLE.cast(pa.schema({"a": pa.float64(), "b": pa.float64()}))


@pytest.mark.parametrize("ignored", [None, "never"])
@pytest.mark.parametrize(("kind", "arguments"), [(EQUAL, {}), (SUM, {"sum_total": 2})])
def test_a_null_among_integers_counts_as_among_floats(
    held: Held, differ: Differ, kind: str, arguments: dict[str, Any], ignored: str | None
) -> None:
    """Great Expectations raises: whether NA is as expected is ambiguous to it."""
    each = asked(kind, "a", "b", ignore_row_if=ignored, **arguments)
    raised = differ.told(WHOLE, each)["exception_info"]
    floats = differ.told(FLOATS, each)["result"]

    (answer,) = held(WHOLE, [each])

    assert "boolean value of NA is ambiguous" in str(raised)
    assert answer is not None
    counts = ("unexpected_count", "missing_count", "unexpected_percent")
    assert {name: answer.result[name] for name in counts} == {name: floats[name] for name in counts}


def test_the_first_rows_that_are_there_twice(held: Held, differ: Differ) -> None:
    """In the order of the file, over several of the parts in which it is read."""
    rows = 300_000
    column = list(range(rows))
    column[5] = column[rows - 1]
    column[140_000:140_030] = [7] * 30
    table = pa.table({"a": column, "b": ["x"] * rows})
    each = asked(COMPOUND, "a", "b")
    differ(table, [each])

    (answer,) = held(table, [each])

    assert answer is not None
    assert answer.result["unexpected_count"] == 33
    assert [row["a"] for row in answer.result["partial_unexpected_list"]] == [rows - 1, *[7] * 19]


def test_zeros_of_either_sign_are_equal(differ: Differ, held: Held) -> None:
    table = pa.table({"a": [0.0, -0.0], "b": [1, 1], "c": [-0.0, 0.0]})
    suite = [asked(COMPOUND, "a", "b"), asked(WITHIN, "a", "c"), asked(EQUAL, "a", "c")]
    differ(table, suite)

    assert [each is not None and each.result["unexpected_count"] for each in held(table, suite)] == [2, 2, 0]


def test_floats_are_added_from_left_to_right(differ: Differ) -> None:
    names = [f"c{at}" for at in range(7)]
    table = pa.table(
        {name: [value] for name, value in zip(names, [1e16, 1.0, -1e16, 0.1, 0.2, 0.3, 1.0], strict=True)}
    )

    differ(table, [asked(SUM, *names, sum_total=total) for total in (1.6, 2.6, 1.5999999999999999)])
    differ(table, [asked(SUM, "c3", "c4", sum_total=0.3), asked(SUM, "c3", "c4", sum_total=0.1 + 0.2)])


def test_a_sum_of_more_than_64_bits_is_left_alone(differ: Differ, held: Held) -> None:
    table = pa.table({"a": [2**63 - 1], "b": [1], "c": [2]})
    suite = [asked(SUM, "a", "b", sum_total=0), asked(SUM, "b", "c", sum_total=3)]
    differ(table, suite)

    wrapped, small = held(table, suite)

    assert wrapped is None
    assert small is not None


TABLE = pa.table(
    {"a": [1, 2], "b": ["x", None], "c": [1.5, None], "d": [[1], [2]], "e": [True, None], "f": [1, 2]}
)


@pytest.mark.parametrize(
    "each",
    [
        asked(COMPOUND, "a"),
        asked(COMPOUND),
        asked(COMPOUND, "a", "a"),
        asked(COMPOUND, "a", "d"),
        asked(COMPOUND, "a", "b", ignore_row_if="neither"),
        asked(COMPOUND, "a", "b", mostly=-0.1),
        expectation(COMPOUND, column_list="ab"),
        expectation(COMPOUND, column_list=["a", 1]),
        expectation(COMPOUND),
        asked(WITHIN, "a", "b"),
        asked(WITHIN, "a", "e"),
        asked(EQUAL, "a", "b"),
        asked(SUM, "a", "f"),
        asked(SUM, "a", "f", sum_total="3"),
        asked(SUM, "a", "f", sum_total=True),
        asked(SUM, "a", "f", sum_total=10**400),
        asked(SUM, "a", "b", sum_total=1),
        asked(SUM, "a", "e", sum_total=1),
        {"type": COMPOUND, "kwargs": {"column_list": ["a", "b"], "ignore_row_if": None}},
        asked("expect_multicolumn_values_to_be_unique", "a", "b"),
    ],
)
def test_left_to_great_expectations(held: Held, each: dict[str, Any]) -> None:
    assert held(TABLE, [each]) == [None]


def test_a_missing_column_is_an_exception(held: Held, differ: Differ) -> None:
    suite = [
        asked(kind, "a", "nowhere", sum_total=1 if kind == SUM else None) for kind in (COMPOUND, EQUAL, SUM)
    ]
    differ(TABLE, suite)

    assert all(each is not None and "nowhere" in str(each.exception) for each in held(TABLE, suite))
