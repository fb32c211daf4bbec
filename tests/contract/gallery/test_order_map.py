from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract.gallery import order_map
from tests.contract.differential import COLUMNS, CONDITIONS, MOSTLY, Differ, Held, cases, expectation, tables
from tests.contract.kinds import KINDS, wide

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)


COLUMN = st.sampled_from([*COLUMNS, "missing"])
INCREASING, DECREASING = (f"expect_column_values_to_be_{kind}" for kind in ("increasing", "decreasing"))
Z_SCORES = "expect_column_value_z_scores_to_be_less_than"


@st.composite
def ordered(draw: st.DrawFn, columns: st.SearchStrategy[str] = COLUMN) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(order_map.COMPILED)))
    arguments: dict[str, Any] = {"strictly": draw(st.sampled_from([None, True, False]))}
    if "z_scores" in kind:
        arguments = {
            "threshold": draw(st.sampled_from([0, 0.3, 0.7, 1, 1.5, -0.5, 2])),
            "double_sided": draw(st.booleans()),
        }
    return expectation(
        kind,
        column=draw(columns),
        mostly=draw(MOSTLY),
        row_condition=draw(CONDITIONS),
        **arguments,
    )


@cases(3000)
@given(table=tables(), suite=st.lists(ordered(), min_size=1, max_size=6))
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite)


@cases(1000)
@given(table=wide(), suite=st.lists(ordered(st.sampled_from(list(KINDS))), min_size=1, max_size=6))
def test_other_kinds_of_columns_are_equal_too(
    differ: Differ, table: pa.Table, suite: list[dict[str, Any]]
) -> None:
    differ(table, suite)


def test_each_type_is_compared(differ: Differ) -> None:
    before = differ.compared.copy()

    differ(
        pa.table({"a": [1, 2, 2, 9]}),
        [
            expectation(INCREASING, column="a", strictly=True),
            expectation(DECREASING, column="a"),
            expectation(Z_SCORES, column="a", threshold=1.3, double_sided=True),
        ],
    )

    assert set(differ.compared - before) == set(order_map.COMPILED)


def test_the_order_is_that_of_a_large_file(differ: Differ) -> None:
    rows = 400_000
    some = list(range(rows))
    some[250_000], some[130_000] = 5, rows
    table = pa.table({"a": pa.array([None if at % 7 == 0 else value for at, value in enumerate(some)])})

    differ(table, [expectation(kind, column="a", mostly=0.9) for kind in (INCREASING, DECREASING)])


def test_equal_infinities_are_in_order(differ: Differ) -> None:
    table = pa.table({"a": [float("inf"), float("inf"), 1.0, 1.0, float("-inf"), float("-inf"), None]})

    differ(
        table,
        [
            expectation(kind, column="a", strictly=strictly)
            for kind in (INCREASING, DECREASING)
            for strictly in (True, False)
        ],
    )


@pytest.mark.parametrize("values", [[-(2**63), 2**63 - 1], [True, False], ["a", "b"]])
def test_differences_that_pandas_does_not_have_are_left_to_great_expectations(
    held: Held, values: list[Any]
) -> None:
    assert held(pa.table({"a": pa.array(values)}), [expectation(INCREASING, column="a")]) == [None]


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3],  # 3 is one deviation from the mean: the last digit of a sum decides
        [0.1, 0.1, 0.1],  # whose mean is not 0.1
        [1e200, 1.0, 2.0],
        [1e9, 1e9 + 1e-3, 1e9],
    ],
)
def test_distances_that_rounding_decides_are_left_to_great_expectations(
    held: Held, values: list[float]
) -> None:
    each = expectation(Z_SCORES, column="a", threshold=1, double_sided=True)

    assert held(pa.table({"a": values}), [each]) == [None]


def test_an_infinity_leaves_no_distance(differ: Differ) -> None:
    for values in ([1.0, 2.0, float("inf")], [float("inf")], [3.0], [3.0, 3.0], [None, 1.0]):
        each = expectation(Z_SCORES, column="a", threshold=0.1, double_sided=True)
        before = differ.compared.total()
        differ(pa.table({"a": pa.array(values)}), [each])
        assert differ.compared.total() == before + 1


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (INCREASING, {"strictly": "yes"}),
        (Z_SCORES, {"threshold": 1}),
        (Z_SCORES, {"threshold": "1", "double_sided": True}),
        (Z_SCORES, {"double_sided": True}),
        (Z_SCORES, {"threshold": 1, "double_sided": 1}),
    ],
)
def test_what_great_expectations_itself_must_answer(held: Held, kind: str, arguments: dict[str, Any]) -> None:
    assert held(pa.table({"a": [1, 2]}), [expectation(kind, column="a", **arguments)]) == [None]


def test_narrow_integers_are_in_order_where_great_expectations_wraps_around(differ: Differ) -> None:
    table = pa.table({"a": pa.array([-100, 100, None], pa.int8())})
    each = expectation("expect_column_values_to_be_increasing", column="a")
    ours = differ.scanned(table, each)

    assert differ.told(table, each)["result"]["unexpected_count"] == 1
    assert ours is not None
    assert ours.result["unexpected_count"] == 0


def test_steps_that_no_integer_holds_are_left_to_great_expectations(differ: Differ) -> None:
    table = pa.table({"a": pa.array([-(2**62), 2**62, 0], pa.int64())})

    assert differ.scanned(table, expectation("expect_column_values_to_be_increasing", column="a")) is None
