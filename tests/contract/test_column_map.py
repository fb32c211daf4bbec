from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.differential import COLUMNS, MOSTLY, TEXTS, Differ, cases, expectation, tables

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)


@st.composite
def nulls_and_sets(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(
            [
                "expect_column_values_to_be_null",
                "expect_column_values_to_not_be_null",
                "expect_column_values_to_be_in_set",
            ]
        )
    )
    return expectation(
        kind,
        column=draw(st.sampled_from([*COLUMNS, "missing"])),
        mostly=draw(MOSTLY),
        value_set=draw(st.lists(TEXTS, min_size=1, max_size=4)) if kind.endswith("in_set") else None,
    )


@cases(3000)
@given(table=tables(), suite=st.lists(nulls_and_sets(), min_size=1, max_size=6))
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite)
