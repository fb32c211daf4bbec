from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.contract import gx, scan, sources, suites
from mltoolkit.contract.gallery import compiler
from mltoolkit.contract.sources import Table
from mltoolkit.errors import Location


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"], "n": [[1], [2]]}), tmp_path / "data.parquet")
    with sources.opened(tmp_path / "data.parquet") as opened:
        yield opened


def ask(table: Table, kind: str, **kwargs: Any) -> scan.Question | None:
    source = {"type": kind, "kwargs": kwargs, "severity": "critical"}
    return compiler.compiled(suites.expectation(source, at=0, where=Location(path="s", line=1)), table)


def test_everything_that_is_compiled_is_in_the_gallery() -> None:
    assert set(compiler.COMPILED) <= set(gx.GALLERY)


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_values_to_not_be_null", {"column": "a"}),
        ("expect_column_values_to_be_between", {"column": "a", "min_value": 0, "row_condition": None}),
        ("expect_table_row_count_to_equal", {"value": 2}),
    ],
)
def test_what_is_known_is_answered_by_the_scan(table: Table, kind: str, kwargs: dict[str, Any]) -> None:
    question = ask(table, kind, **kwargs)

    assert question is not None
    (answer,) = scan.run(table, [question])
    assert answer is not None
    assert answer.success


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_values_to_not_be_null", {"column": "a", "an_option": 1}),
        ("expect_column_values_to_not_be_null", {"column": "a", "mostly": "most"}),
        ("expect_column_values_to_be_between", {"column": "a", "min_value": {"$PARAMETER": "low"}}),
        ("expect_column_values_to_match_regex", {"column": "b", "regex": "(?=x)x"}),
        ("expect_column_values_to_match_regex", {"column": "b", "regex": "("}),
        ("expect_column_values_to_be_in_set", {"column": "n", "value_set": [[1]]}),
        ("expect_column_kl_divergence_to_be_less_than", {"column": "b"}),
        ("expect_something_of_our_own", {"column": "a"}),
    ],
)
def test_what_is_not_known_is_left_to_great_expectations(
    table: Table, kind: str, kwargs: dict[str, Any]
) -> None:
    assert ask(table, kind, **kwargs) is None


def test_a_column_that_is_not_there_cannot_be_evaluated(table: Table) -> None:
    question = ask(table, "expect_column_values_to_not_be_null", column="zz")

    assert question is not None
    (answer,) = scan.run(table, [question])
    assert answer is not None
    assert (answer.success, answer.exception) == (False, 'The column "zz" in BatchData does not exist.')
