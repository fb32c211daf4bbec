from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract import type_map
from tests.contract.differential import COLUMNS, MOSTLY, Differ, cases, expectation, tables
from tests.contract.test_column_map import CONDITIONS

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)

NAMES = sorted(
    {*type_map._OF_NUMPY, *type_map._TEXTS, *type_map._MOMENTS, *type_map._WITH_NULLS, *type_map._NONE}
)


@st.composite
def typed(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(type_map.COMPILED)))
    likely = ["int", "int64", "Int64Dtype", "float", "str", "bool", "BooleanDtype", "datetime64[ns]", "int16"]
    name = st.one_of(st.sampled_from(likely), st.sampled_from(NAMES))
    arguments: dict[str, Any] = {"type_": draw(name)}
    if kind.endswith("list"):
        arguments = {"type_list": draw(st.lists(name, max_size=4))}
    return expectation(
        kind,
        column=draw(st.sampled_from([*COLUMNS, "missing"])),
        mostly=draw(MOSTLY),
        row_condition=draw(CONDITIONS),
        **arguments,
    )


@cases(3000)
@given(table=tables(), suite=st.lists(typed(), min_size=1, max_size=6))
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite)
