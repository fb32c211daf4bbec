from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract import column_map
from tests.contract.differential import COLUMNS, MOSTLY, TEXTS, Differ, cases, expectation, tables

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)

COLUMN = st.sampled_from([*COLUMNS, "missing"])
NUMBERS = st.sampled_from([-5, -1, 0, 1, 2, 3, 7, 100, 0.0, 0.5, 1.0, 2.5, -1.5, 2**53 + 1, 2**63 - 1, 1e300])
MOMENTS = st.sampled_from(
    ["1970-01-01T00:00:00", "2024-02-29 00:00:00", "2024-02-29T12:30:00", "1600-01-01T01:00"]
)
DAYS = st.sampled_from(["1970-01-01", "2024-02-29", "2024-02-29T12:30:00", "1900-01-01", "1600-01-01"])
CONDITIONS = st.sampled_from(
    [
        None,
        None,
        None,
        {"type": "comparison", "column": {"name": "other"}, "operator": ">", "parameter": 2},
        {"type": "nullity", "column": {"name": "words"}, "is_null": False},
    ]
)
SET = {"expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set"}


@st.composite
def expected(draw: st.DrawFn) -> dict[str, Any]:
    kind, column = draw(st.sampled_from(sorted(column_map.COMPILED))), draw(COLUMN)
    arguments: dict[str, Any] = {}
    if kind in SET:
        own: st.SearchStrategy[Any] = NUMBERS if column not in {"text", "words"} else TEXTS
        if column in {"day", "time"}:
            own = DAYS
        mixed = st.one_of(NUMBERS, TEXTS, st.booleans(), st.none())
        arguments["value_set"] = draw(st.lists(own if draw(st.integers(0, 3)) else mixed, max_size=5))
    if kind == "expect_column_values_to_be_between":
        bounds: st.SearchStrategy[Any] = MOMENTS if column in {"day", "time"} else NUMBERS
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
