import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract.gallery import column_map
from tests.contract.differential import (
    COLUMNS,
    CONDITIONS,
    MOSTLY,
    TEXTS,
    Differ,
    Held,
    cases,
    expectation,
    raised,
    tables,
)
from tests.contract.kinds import KINDS, wide

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)

COLUMN = st.sampled_from([*COLUMNS, "missing"])
DATES = {"day", "time", "nanosecond", "second", "far", "far_day"}
NUMBERS = st.sampled_from([-5, -1, 0, 1, 2, 3, 7, 100, 0.0, 0.5, 1.0, 2.5, -1.5, 2**53 + 1, 2**63 - 1, 1e300])
MOMENTS = st.sampled_from(
    ["1970-01-01T00:00:00", "2024-02-29 00:00:00", "2024-02-29T12:30:00", "1600-01-01T01:00"]
)
DAYS = st.sampled_from(["1970-01-01", "2024-02-29", "2024-02-29T12:30:00", "1900-01-01", "1600-01-01"])
SET = {"expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set"}


@st.composite
def expected(draw: st.DrawFn, columns: st.SearchStrategy[str] = COLUMN) -> dict[str, Any]:
    kind, column = draw(st.sampled_from(sorted(column_map.COMPILED))), draw(columns)
    arguments: dict[str, Any] = {}
    if kind in SET:
        own: st.SearchStrategy[Any] = NUMBERS if column not in {"text", "words"} else TEXTS
        if column in DATES:
            own = DAYS
        mixed = st.one_of(NUMBERS, TEXTS, st.booleans(), st.none())
        arguments["value_set"] = draw(st.lists(own if draw(st.integers(0, 3)) else mixed, max_size=5))
    if kind == "expect_column_values_to_be_between":
        bounds: st.SearchStrategy[Any] = MOMENTS if column in DATES else NUMBERS
        arguments["min_value"], arguments["max_value"] = draw(bounds), draw(bounds)
        if isinstance(arguments["min_value"], int | float) and draw(st.booleans()):
            arguments["max_value"] = arguments["min_value"] + draw(st.sampled_from([0, 1, 3.5]))
        if draw(st.integers(0, 2)) == 0:
            del arguments[draw(st.sampled_from(["min_value", "max_value"]))]
        for name in ("strict_min", "strict_max"):
            arguments[name] = draw(st.sampled_from([None, True, False]))
    return expectation(kind, column=column, mostly=draw(MOSTLY), row_condition=draw(CONDITIONS), **arguments)


@cases(4000)
@given(table=tables(), suite=st.lists(expected(), min_size=1, max_size=6))
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite)


@cases(1500)
@given(table=wide(), suite=st.lists(expected(st.sampled_from(list(KINDS))), min_size=1, max_size=6))
def test_other_kinds_of_columns_are_equal_too(
    differ: Differ, table: pa.Table, suite: list[dict[str, Any]]
) -> None:
    differ(table, suite)


def test_each_type_is_compared(differ: Differ) -> None:
    table = pa.table({"a": [1, 2, 2]})
    arguments: dict[str, dict[str, Any]] = {
        **{kind: {"value_set": [1]} for kind in SET},
        "expect_column_values_to_be_between": {"min_value": 1},
    }
    before = differ.compared.copy()

    differ(table, [expectation(kind, column="a", **arguments.get(kind, {})) for kind in column_map.COMPILED])

    assert set(differ.compared - before) == set(column_map.COMPILED)


def asked(kind: str, **arguments: Any) -> dict[str, Any]:
    return expectation(f"expect_column_values_to_{kind}", column="a", **arguments)


def test_numbers_are_members_where_python_calls_them_equal(differ: Differ) -> None:
    for values in ([1, 0, None], [1.0, 0.5, None], [True, False, None], ["1", "True", None]):
        for wanted in (
            [1],
            [1.0],
            [True],
            ["1"],
            [1, "1"],
            [True, 0.5],
            [1, None],
            [],
            [0, -0.0],
            list(range(9)),
        ):
            differ(
                pa.table({"a": pa.array(values)}),
                [asked("be_in_set", value_set=wanted), asked("not_be_in_set", value_set=wanted)],
            )


def test_a_date_as_text_is_in_no_set_but_can_be_forbidden(differ: Differ) -> None:
    table = pa.table({"a": [dt.date(2024, 2, 29), dt.date(2024, 3, 1)]})
    wanted = ["2024-02-29"]
    before = differ.compared.total()

    differ(table, [asked("be_in_set", value_set=wanted), asked("not_be_in_set", value_set=wanted)])

    assert differ.compared.total() == before + 2


def test_zeros_are_one_value_and_infinities_are_values(differ: Differ) -> None:
    table = pa.table({"a": [0.0, -0.0, float("inf"), float("-inf"), float("nan"), None]})

    differ(
        table,
        [
            asked("be_unique"),
            asked("be_in_set", value_set=[0]),
            asked("be_between", min_value=0),
            asked("be_between", min_value=0, strict_min=True, max_value=1e308),
            asked("not_be_null"),
            asked("be_null"),
        ],
    )


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us")])
def test_a_date_is_a_bound_where_great_expectations_raises(differ: Differ, kind: pa.DataType) -> None:
    table = pa.table({"a": pa.array([dt.date(2024, 2, 29), dt.date(2024, 3, 1), None]).cast(kind)})
    for bounds, unexpected in (
        ({"min_value": "2024-03-01"}, 1),
        ({"max_value": "2024-03-01"}, 0),
        ({"max_value": "2024-03-01", "strict_max": True}, 1),
        ({"min_value": "2024-02-29", "strict_min": True, "max_value": "2024-02-29T12:00:00"}, 2),
    ):
        each = asked("be_between", **bounds)
        failed = raised(differ.told(table, each)["exception_info"])
        assert failed is not None
        assert "date" in failed
        found = differ.scanned(table, each)
        assert found is not None
        assert found.result["unexpected_count"] == unexpected


def test_nanoseconds_are_shown_and_told_apart(differ: Differ) -> None:
    moment = 1_709_164_800_000_000_000
    table = pa.table({"a": pa.array([moment + 1, moment, moment, moment + 1_000, None], pa.timestamp("ns"))})

    differ(
        table,
        [
            asked("be_unique"),
            asked("be_null"),
            asked("be_increasing", strictly=True),
            asked("be_between", min_value="2024-02-29T00:00:00", strict_min=True),
            asked("not_be_in_set", value_set=["2024-02-28T20:00:00"]),
        ],
    )


def test_the_first_unexpected_rows_are_shown_in_the_order_of_the_file(differ: Differ) -> None:
    rows = 300_000
    some = [(at * 7919) % 200_003 for at in range(rows)]
    table = pa.table({"a": some, "b": [str(value) for value in some]})
    numbers, texts = some[:50], [str(value) for value in some[:50]]
    suite = [
        asked("be_unique"),
        asked("be_in_set", value_set=numbers),
        asked("be_between", max_value=150_000),
        expectation("expect_column_values_to_be_unique", column="b"),
        expectation("expect_column_values_to_be_in_set", column="b", value_set=texts),
    ]
    before = differ.compared.total()

    differ(table, suite)

    assert differ.compared.total() == before + len(suite)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("not_be_null", {"mostly": "0.5"}),
        ("not_be_null", {"mostly": True}),
        ("not_be_null", {"mostly": 1.5}),
        ("not_be_null", {"surprise": 1}),
        ("be_in_set", {}),
        ("be_in_set", {"value_set": "1"}),
        ("be_in_set", {"value_set": {"$PARAMETER": "x"}}),
        ("be_in_set", {"value_set": [[1]]}),
        ("be_in_set", {"value_set": [2**70]}),
        ("be_in_set", {"value_set": [2**53 + 1, 0.5]}),
        ("be_between", {}),
        ("be_between", {"min_value": 2, "max_value": 1}),
        ("be_between", {"min_value": "1"}),
        ("be_between", {"min_value": True}),
        ("be_between", {"min_value": 2**60}),
        ("be_between", {"min_value": 1, "strict_min": "yes"}),
        ("be_between", {"min_value": 1, "strict_min": 1}),
        ("be_between", {"min_value": "2024-02-29"}),
    ],
)
def test_what_great_expectations_itself_must_answer(held: Held, kind: str, arguments: dict[str, Any]) -> None:
    assert held(pa.table({"a": [1, 2]}), [asked(kind, **arguments)]) == [None]


@pytest.mark.parametrize("name", ["strict_min", "mostly"])
def test_null_is_no_option(held: Held, name: str) -> None:
    each = asked("be_between", min_value=1)
    each["kwargs"][name] = None

    assert held(pa.table({"a": [1, 2]}), [each]) == [None]


@pytest.mark.parametrize(
    ("values", "kind", "arguments"),
    [
        ([dt.date(2024, 1, 1)], "be_between", {"min_value": 1}),
        ([dt.date(2024, 1, 1)], "be_between", {"min_value": "yesterday"}),
        ([dt.date(2024, 1, 1)], "not_be_in_set", {"value_set": ["January 2024"]}),
        ([dt.date(2024, 1, 1)], "not_be_in_set", {"value_set": [1]}),
        (["b"], "be_between", {"min_value": 1}),
        ([[1]], "be_unique", {}),
        ([[1]], "be_null", {}),
        ([[1]], "be_in_set", {"value_set": [1]}),
    ],
)
def test_kinds_that_do_not_fit_are_left_to_great_expectations(
    held: Held, values: list[Any], kind: str, arguments: dict[str, Any]
) -> None:
    assert held(pa.table({"a": pa.array(values)}), [asked(kind, **arguments)]) == [None]
