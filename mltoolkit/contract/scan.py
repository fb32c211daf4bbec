"""One scan answers every question: the aggregates of all expectations are one query over the file."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mltoolkit.contract.results import Result
from mltoolkit.contract.sources import DATA, Table


class Look(NamedTuple):
    """A second look at the rows, which only some answers need: the values that were not as expected.

    Attributes:
        sql: A query over ``data``.
        finish: Makes the result of the rows it returns.
    """

    sql: str
    finish: Callable[[list[tuple[Any, ...]]], Result]


class Question(NamedTuple):
    """What an expectation asks of the scan.

    Attributes:
        asks: SQL expressions, each an aggregate over ``data`` or a scalar subquery. Equal ones of several
            questions are computed once.
        answer: Makes the result of their values, or asks for a second look.
    """

    asks: tuple[str, ...]
    answer: Callable[[tuple[Any, ...]], Result | Look]


def run(table: Table, questions: Sequence[Question]) -> list[Result]:
    """Answer all questions, in their order.

    Args:
        table: The data.
        questions: What is asked of it.
    """
    asks = list(dict.fromkeys(ask for question in questions for ask in question.asks))
    values: dict[str, Any] = {}
    if asks:
        (row,) = table.connection.execute(f"SELECT {', '.join(asks)} FROM {DATA}").fetchall()
        values = dict(zip(asks, row, strict=True))
    return [
        _finish(table, question.answer(tuple(values[ask] for ask in question.asks))) for question in questions
    ]


def _finish(table: Table, answer: Result | Look) -> Result:
    if isinstance(answer, Look):
        return answer.finish(table.connection.execute(answer.sql).fetchall())
    return answer
