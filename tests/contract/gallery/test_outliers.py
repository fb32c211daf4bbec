from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract.gallery import outliers
from tests.contract.differential import COLUMNS, MOSTLY, Differ, cases, expectation, tables

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)

(TYPE,) = outliers.COMPILED
NUMBERS = ["small", "short", "wild", "tame", "other"]
CONDITION = st.sampled_from([None, None, None, "small > 2", "other < 5", 'words == "a"'])


@st.composite
def fences(draw: st.DrawFn) -> dict[str, Any]:
    condition = draw(CONDITION)
    return expectation(
        TYPE,
        # Not "big": numpy subtracts integers that are 2^63 apart in 64 bits.
        column=draw(
            st.sampled_from([*NUMBERS, *NUMBERS, *NUMBERS, *sorted(COLUMNS.keys() - {"big"}), "missing"])
        ),
        method=draw(st.sampled_from([None, None, "iqr", "iqr", "std"])),
        multiplier=draw(st.sampled_from([None, 0, 0, 0.1, 0.1, 0.5, 1, 1.5])),
        mostly=draw(MOSTLY),
        row_condition=condition,
        condition_parser="pandas" if condition else None,
    )


@cases(3000)
@given(table=tables(), suite=st.lists(fences(), min_size=1, max_size=6))
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite)


def test_the_type_is_compared(differ: Differ) -> None:
    before = differ.compared.copy()
    differ(pa.table({"a": [1, 2, 2, 3, 100]}), [expectation(TYPE, column="a")])
    assert dict(differ.compared - before) == {TYPE: 1}


def test_a_value_on_the_fence_is_inside(differ: Differ) -> None:
    table = pa.table(
        {"a": [0, 1, 2, 3, 4, 6, 7, -2, -3], "b": [0.1, 0.2, 0.3, 0.4, 0.7, 0.9, 1.0, -0.2, -0.5]}
    )
    differ(
        table, [expectation(TYPE, column=name, multiplier=each / 8) for name in "ab" for each in range(17)]
    )


def test_integers_beyond_floats(differ: Differ) -> None:
    table = pa.table({"a": [2**53, 2**53 + 1, 2**53 + 2, 2**53 + 3, 2**62]})
    differ(table, [expectation(TYPE, column="a", multiplier=each) for each in (0, 0.5, 1.5)])


def test_more_outliers_than_are_shown(differ: Differ) -> None:
    table = pa.table({"a": [*range(100, 130), *[0] * 200]})
    differ(table, [expectation(TYPE, column="a")])
    found = differ.scanned(table, expectation(TYPE, column="a"))
    assert found is not None
    assert found.result["unexpected_count"] == 30
    assert found.result["partial_unexpected_list"] == list(range(100, 120))


@pytest.mark.parametrize(
    ("column", "kwargs"),
    [
        ("a", {"method": "std"}),
        ("a", {"method": "mad"}),
        ("a", {"multiplier": -1}),
        ("a", {"multiplier": "1"}),
        ("a", {"multiplier": True}),
        ("a", {"mostly": 1.1}),
        ("a", {"mostly": True}),
        ("flag", {}),
        ("text", {}),
        ("single", {}),
    ],
)
def test_is_left_to_great_expectations(differ: Differ, column: str, kwargs: dict[str, Any]) -> None:
    table = pa.table(
        {"a": [1, 2], "flag": [True, False], "text": ["a", "b"], "single": pa.array([1, 2], pa.float32())}
    )
    assert differ.scanned(table, expectation(TYPE, column=column, **kwargs)) is None
