from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.contract import looks, sources
from mltoolkit.contract.looks import First, Look
from mltoolkit.contract.results import Result
from mltoolkit.contract.sources import Table

ROWS = 300_000


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    """Several parts of a file, in which threads read."""
    path = tmp_path_factory.mktemp("looks") / "data.parquet"
    numbers = range(ROWS)
    columns = {
        "place": numbers,
        "cycle": [at * 7919 % 1000 for at in numbers],
        "text": [f"t{at}" for at in numbers],
    }
    pq.write_table(pa.table(columns), path, row_group_size=50_000)
    with sources.opened(path) as table:
        yield table


def shown(rows: list[tuple[Any, ...]]) -> Result:
    return Result(success=True, result={"rows": rows})


def first(table: Table, condition: str, *columns: str) -> First:
    ((total,),) = table.connection.sql("FROM data").filter(condition).count("*").fetchall()
    return First(columns, condition, total, shown)


OFTEN = [f"c1 > {900 + at}" for at in range(5)]
LATE = [f"c0 >= {ROWS - 5_000 - at}" for at in range(5)]
RARE = [f"c2 = 't{at}'" for at in range(ROWS - 5, ROWS)]
SPREAD = [f"c0 % 30000 = {at}" for at in range(5)]
FIVE = [f"c1 = {at} AND c0 < 200000 AND c0 > 100000" for at in range(5)]


@pytest.mark.parametrize(
    "conditions", [OFTEN, LATE, RARE, SPREAD, FIVE, [*OFTEN, *LATE, *RARE, *SPREAD, *FIVE], RARE[:2]]
)
def test_looks_together_see_what_each_sees_alone(table: Table, conditions: list[str]) -> None:
    asked = [first(table, condition, "c0", "c2") for condition in conditions]

    answers = looks.finished(table, asked)

    alone = [table.connection.execute(each.query("data")).fetchall() for each in asked]
    assert [answer is not None and answer.result["rows"] for answer in answers] == alone


def test_no_copy_of_rows_stays(table: Table) -> None:
    looks.finished(table, [first(table, condition, "c0") for condition in [*OFTEN, *RARE]])

    names = table.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert not any("looked" in name for (name,) in names)


def test_one_look_that_fails_takes_no_other_with_it(table: Table) -> None:
    wrong = First(("c2::INTEGER",), "c0 < 3", 3, shown)
    right = [first(table, condition, "c0") for condition in OFTEN]

    answers = looks.finished(table, [wrong, *right, Look("SELECT c2::INTEGER FROM data", shown)])

    assert [answer is None for answer in answers] == [True, *[False] * len(right), True]


def test_results_and_what_is_left_stay_in_their_place(table: Table) -> None:
    done = Result(success=False, result={})

    assert looks.finished(table, [None, done, Look("SELECT 1", shown)]) == [
        None,
        done,
        Result(success=True, result={"rows": [(1,)]}),
    ]
