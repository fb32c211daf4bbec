import datetime as dt
import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.differential import COLUMNS, MOSTLY, Differ, Held, cases, expectation, tables

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
        own = COLUMNS[name][1].filter(lambda value: not isinstance(value, float) or math.isfinite(value))
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


def pair(kind: str = EQUAL, a: str = "a", b: str = "b", **arguments: Any) -> dict[str, Any]:
    return expectation(kind, column_A=a, column_B=b, **arguments)


WHOLE = pa.table({"a": pa.array([1, 2, None, None]), "b": pa.array([1, 3, 4, None])})
FLOATS = WHOLE.cast(pa.schema({"a": pa.float64(), "b": pa.float64()}))


@pytest.mark.parametrize("ignored", [None, "neither"])
@pytest.mark.parametrize("kind", [EQUAL, GREATER])
def test_a_null_among_integers_counts_as_among_floats(
    held: Held, differ: Differ, kind: str, ignored: str | None
) -> None:
    """Great Expectations raises: whether NA is as expected is ambiguous to it."""
    asked = pair(kind, ignore_row_if=ignored)
    raised = differ.told(WHOLE, asked)["exception_info"]
    floats = differ.told(FLOATS, asked)["result"]

    (answer,) = held(WHOLE, [asked])

    assert "boolean value of NA is ambiguous" in str(raised)
    assert answer is not None
    assert {
        name: answer.result[name] for name in ("unexpected_count", "missing_count", "unexpected_percent")
    } == {name: floats[name] for name in ("unexpected_count", "missing_count", "unexpected_percent")}


def test_what_both_lists_show(held: Held, differ: Differ) -> None:
    moments = [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, 0, 0, 0, 4)]  # noqa: DTZ001 - of data without zones
    table = pa.table(
        {
            "a": pa.array(moments, pa.timestamp("us")),
            "b": pa.array([dt.date(2024, 2, 1), None], pa.date32()),
            "c": [math.nan, math.inf],
            "d": pa.array([True, None]),
        }
    )
    suite = [pair(), pair(a="c", b="d", ignore_row_if="either_value_is_missing"), pair(a="c", b="d")]
    differ(table, suite, listed=ambiguous)

    (answer, *_) = held(table, suite)

    assert answer is not None
    assert answer.result["partial_unexpected_list"] == [
        ["2024-01-01T00:00:00.000000000", "2024-02-01T00:00:00.000000000"],
        ["2024-01-01T00:00:00.000004000", "NaT"],
    ]


def test_nanoseconds_are_compared_and_shown(held: Held, differ: Differ) -> None:
    nanoseconds = pa.array([1_700_000_000_000_000_001, 1_700_000_000_000_000_000, None], pa.timestamp("ns"))
    table = pa.table(
        {"a": nanoseconds, "b": nanoseconds.cast(pa.timestamp("us"), safe=False), "c": nanoseconds}
    )
    suite = [pair(), pair(GREATER), pair(a="a", b="c"), pair(GREATER, a="c", b="a")]
    differ(table, suite)

    (answer, *_) = held(table, suite)

    assert answer is not None
    assert answer.result["partial_unexpected_list"] == [
        ["2023-11-14T22:13:20.000000001", "2023-11-14T22:13:20.000000000"]
    ]


def test_moments_that_have_no_nanoseconds_are_left_where_they_are_shown(held: Held, differ: Differ) -> None:
    table = pa.table({"a": pa.array([dt.date(1, 1, 1)]), "b": pa.array([dt.date(9999, 1, 1)])})

    assert held(table, [pair()]) == [None]
    differ(table, [pair(a="b", b="a", kind=GREATER)])
    assert held(table, [pair(a="b", b="a", kind=GREATER)]) != [None]


@pytest.mark.parametrize("kind", [pa.float32(), pa.uint64(), pa.int8(), pa.bool_()])
@pytest.mark.parametrize("other", [pa.float32(), pa.float64(), pa.int64(), pa.uint64(), pa.bool_()])
def test_numbers_of_all_widths(differ: Differ, kind: pa.DataType, other: pa.DataType) -> None:
    table = pa.table({"a": pa.array([0, 1, 1, 0]).cast(kind), "b": pa.array([0, 1, 0, 1]).cast(other)})
    pairs = [[0, 0], [1, True], [0.1, 1]]

    differ(table, [pair(), pair(GREATER), pair(IN_SET, value_pairs_set=pairs)])


def test_floats_of_four_bytes_are_not_those_of_a_suite(held: Held, differ: Differ) -> None:
    table = pa.table({"a": pa.array([0.1, 0.5], pa.float32()), "b": pa.array([0.1, 0.5], pa.float64())})
    suite = [pair(IN_SET, value_pairs_set=[[0.1, 0.1], [0.5, 0.5]]), pair(), pair(GREATER, or_equal=True)]
    differ(table, suite)

    (answer, *_) = held(table, suite)

    assert answer is not None
    assert answer.result["unexpected_count"] == 1


@pytest.mark.parametrize("values", [[2**53 + 1, 2**53], [2**53, 2**53 + 1]])
def test_large_integers_beside_floats_are_floats(differ: Differ, values: list[int]) -> None:
    table = pa.table({"a": values, "b": pa.array([float(2**53)] * 2), "c": [2**53 + 1, 2**53 + 1]})

    differ(table, [pair(), pair(GREATER), pair(a="a", b="c"), pair(a="c", b="b", kind=GREATER)])


TABLE = pa.table({"a": [1, 2], "b": ["x", None], "c": [1.5, None], "d": [[1], [2]], "e": ["x", "y"]})


@pytest.mark.parametrize(
    "asked",
    [
        pair(a="a", b="b"),
        pair(a="a", b="d"),
        pair(a="a", b="a"),
        pair(a="a", b=""),
        pair(a="a", b="c", ignore_row_if="never"),
        pair(a="a", b="c", mostly=1.1),
        pair(a="a", b="c", mostly=True),
        pair(a="a", b="c", mostly="1"),
        pair(a="a", b="c", result_format="BASIC"),
        pair(a="a", b="c", row_condition="a ** 2 > 3", condition_parser="pandas"),
        pair(GREATER, a="a", b="c", or_equal=1),
        pair(IN_SET, a="a", b="c"),
        pair(IN_SET, a="a", b="c", value_pairs_set=["ab"]),
        pair(IN_SET, a="a", b="c", value_pairs_set=[[1]]),
        pair(IN_SET, a="a", b="c", value_pairs_set=[[[1], 2]]),
        pair(IN_SET, a="a", b="c", value_pairs_set=[[2**53, 2]]),
        pair(IN_SET, a="a", b="c", value_pairs_set={"$PARAMETER": "pairs"}),
        pair(
            IN_SET, a="a", b="c", value_pairs_set=[[1, 1.5]], row_condition="a > 1", condition_parser="pandas"
        ),
        {"type": EQUAL, "kwargs": {"column_A": "a", "column_B": "c", "mostly": None}},
        {"type": EQUAL, "kwargs": {"column_A": "a", "column_B": "c", "ignore_row_if": None}},
        {"type": EQUAL, "kwargs": {"column_A": "a"}},
    ],
)
def test_left_to_great_expectations(held: Held, asked: dict[str, Any]) -> None:
    assert held(TABLE, [asked]) == [None]


def test_a_missing_column_is_an_exception(held: Held, differ: Differ) -> None:
    differ(TABLE, [pair(b="nowhere")])

    (answer,) = held(TABLE, [pair(b="nowhere")])

    assert answer is not None
    assert answer.exception == 'Error: The column "nowhere" in BatchData does not exist.'
