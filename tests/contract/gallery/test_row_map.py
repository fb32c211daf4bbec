import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.contract import sources, suites
from mltoolkit.contract.gallery import row_map
from mltoolkit.contract.sources import Column, Kind
from mltoolkit.contract.sql import NotCompiledError
from mltoolkit.errors import Location
from tests.contract.differential import Differ, Held, expectation

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)

WORDS = ("all", "any", "none")
A = Column(name="a", sql="c0", kind=Kind.INTEGER, type="BIGINT")
B = Column(name="b", sql="c1", kind=Kind.FLOAT, type="DOUBLE")


def asked(**arguments: Any) -> suites.Expectation:
    return suites.expectation(
        {"type": "expect_something", "kwargs": arguments}, at=0, where=Location(path="suite.json", line=1)
    )


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ({}, "c0 IS NOT NULL OR c1 IS NOT NULL"),
        ({"ignore_row_if": "all"}, "c0 IS NOT NULL OR c1 IS NOT NULL"),
        ({"ignore_row_if": "any"}, "c0 IS NOT NULL AND c1 IS NOT NULL"),
        ({"ignore_row_if": "none"}, None),
    ],
)
def test_rows_that_are_left(arguments: dict[str, Any], kept: str | None) -> None:
    assert row_map.left(asked(**arguments), [A, B], WORDS) == kept


def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(NotCompiledError):
        row_map.left(asked(ignore_row_if="never"), [A, B], WORDS)
    with pytest.raises(NotCompiledError):
        row_map.checked(asked(mostly=None))
    row_map.checked(asked(row_condition=None, value=None), optional=["value"])


def test_columns_by_name(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"a": [1], "b": ["x"], "c": [[1]]}), path)
    with sources.opened(path) as table:
        assert [column.sql for column in row_map.chosen(table, ["b", "a"]) if isinstance(column, Column)] == [
            "c1",
            "c0",
        ]
        assert row_map.chosen(table, ["a", "nowhere", "neither"]) == "nowhere"
        for names in (["a", "a"], ["a", 1], ["a", ""], ["a", "c"], ["a", None]):
            with pytest.raises(NotCompiledError):
                row_map.chosen(table, names)


def test_integers_compare_with_floats_as_floats() -> None:
    assert row_map.comparable(A, B) == ("c0::DOUBLE", "c1::DOUBLE")
    assert row_map.comparable(A, A) == ("c0", "c0")


def test_tallies_are_those_of_pandas(held: Held, differ: Differ) -> None:
    """Nulls of floats are all different, those of texts are one, and what has no order is not tallied."""
    table = pa.table(
        {
            "a": pa.array([math.nan, None, 1.0, 1.0]),
            "b": pa.array(["x", "x", None, None]),
            "c": pa.array(["x", "x", "y", "y"]),
        }
    )
    pairs = [
        expectation("expect_column_pair_values_to_be_in_set", column_A=a, column_B=b, value_pairs_set=[])
        for a, b in (("a", "c"), ("c", "a"), ("b", "c"), ("a", "b"))
    ]
    differ(table, pairs)

    answers = [
        answer.result.get("partial_unexpected_counts") for answer in held(table, pairs) if answer is not None
    ]

    assert answers[0] == [
        {"value": [1.0, "y"], "count": 2},
        {"value": [None, "x"], "count": 1},
        {"value": [None, "x"], "count": 1},
    ]
    assert answers[2] is None
    assert answers[3] == [
        {"value": [1.0, None], "count": 2},
        {"value": [None, "x"], "count": 1},
        {"value": [None, "x"], "count": 1},
    ]
