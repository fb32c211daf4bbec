from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.contract import scan, sources
from mltoolkit.contract.results import Result
from mltoolkit.contract.scan import First, Look, Question
from mltoolkit.contract.sources import Table
from mltoolkit.contract.sql import NotCompiledError
from mltoolkit.errors import InputError


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"number": [1, 2, 3], "text": ["1", "two", "3"]}), path)
    with sources.opened(path) as table:
        yield table


def asked(*asks: str) -> Question:
    return Question(asks, shown)


def shown(values: Any) -> Result:
    return Result(success=True, result={"values": values})


def seen(answers: list[Result | None]) -> list[Any]:
    return [None if answer is None else answer.result["values"] for answer in answers]


def test_answers_stand_in_the_order_of_the_questions(table: Table) -> None:
    questions = [
        asked("max(c0)", "min(c0)"),
        asked(),
        asked("count(*)", "(SELECT max(c1) FROM data)", "max(c0)"),
    ]

    assert seen(scan.run(table, questions)) == [(3, 1), (), (3, "two", 3)]


def test_what_is_asked_twice_is_computed_once(table: Table) -> None:
    assert scan.measured(table, ["max(c0)", "random()", "max(c0)"]).keys() == {"max(c0)", "random()"}


def test_queries_may_stand_in_expressions(table: Table) -> None:
    inside = [f"count_if(c0 IN (SELECT unnest([1, {at}])))" for at in range(1, 41)]
    alone = [f"(SELECT max(c0) + {at} FROM data)" for at in range(40)]

    assert scan.measured(table, alone) == {ask: 3 + at for at, ask in enumerate(alone)}
    assert list(scan.measured(table, [*inside, "count(*)", *alone]).values()) == [
        *(1 if at == 1 or at > 3 else 2 for at in range(1, 41)),
        3,
        *(3 + at for at in range(40)),
    ]


def test_nothing_is_asked_of_the_data_for_nothing(table: Table) -> None:
    table.connection.close()

    assert scan.measured(table, []) == {}


def test_one_that_cannot_be_computed_takes_no_other_with_it(table: Table) -> None:
    wrong = ["sum(c1::INTEGER)", "max(9223372036854775807 + c0)", "count_if(regexp_matches(c1, '('))"]
    right = [f"max(c0 + {at})" for at in range(40)]
    asks = [*right[:13], wrong[0], *right[13:20], wrong[1], *right[20:], wrong[2]]

    answers = scan.run(table, [asked(ask, "count(*)") for ask in asks])

    assert [ask for ask, answer in zip(asks, answers, strict=True) if answer is None] == wrong
    assert seen(answers)[:2] == [(3, 3), (4, 3)]


def test_values_may_show_that_great_expectations_must_answer(table: Table) -> None:
    def refuse(_: Any) -> Result:
        raise NotCompiledError

    assert seen(scan.run(table, [Question(("count(*)",), refuse), asked("count(*)")])) == [None, (3,)]


def test_second_looks_see_the_rows(table: Table) -> None:
    def first(values: tuple[Any, ...]) -> First:
        return First(("c1", "c0"), "c0 > 1", values[0], shown)

    questions = [
        Question(("count_if(c0 > 1)",), first),
        Question((), lambda _: Look("SELECT sum(c0) FROM data", shown)),
        Question((), lambda _: Look("SELECT c1::INTEGER FROM data", shown)),
    ]

    assert seen(scan.run(table, questions)) == [[("two", 2), ("3", 3)], [(6,)], None]


def test_very_many_expressions_are_several_queries_with_one_progress(table: Table) -> None:
    asks = [f"max(c0 + {at})" for at in range(20_001)]
    told: list[float] = []

    values = scan.measured(table, asks, progress=told.append)

    assert list(values) == asks
    assert list(values.values()) == [3 + at for at in range(20_001)]
    assert told == sorted(told)


def test_a_damaged_file_is_no_expectations_fault(table: Table) -> None:
    table.path.write_bytes(b"PAR1" * 100)

    with pytest.raises(InputError, match="cannot be read"):
        scan.measured(table, ["max(c0)", "max(c1)"])
