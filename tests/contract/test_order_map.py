from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract import order_map
from tests.contract.differential import COLUMNS, MOSTLY, Differ, cases, expectation, tables
from tests.contract.test_column_map import CONDITIONS

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)


@st.composite
def ordered(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(order_map.COMPILED)))
    arguments: dict[str, Any] = {"strictly": draw(st.sampled_from([None, True, False]))}
    if "z_scores" in kind:
        arguments = {
            "threshold": draw(st.sampled_from([0, 0.3, 0.7, 1, 1.5, -0.5, 2])),
            "double_sided": draw(st.booleans()),
        }
    return expectation(
        kind,
        column=draw(st.sampled_from([*COLUMNS, "missing"])),
        mostly=draw(MOSTLY),
        row_condition=draw(CONDITIONS),
        **arguments,
    )


@cases(3000)
@given(table=tables(), suite=st.lists(ordered(), min_size=1, max_size=6))
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite)
