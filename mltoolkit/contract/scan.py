"""One scan answers every question: the aggregates of all expectations are one query over the file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
    return answered(table, questions, measured(table, [ask for each in questions for ask in each.asks]))


def measured(table: Table, asks: Iterable[str]) -> dict[str, Any]:
    """Compute aggregates over ``data`` in one query, equal ones once.

    Args:
        table: The data.
        asks: SQL expressions, as those of a question.

    Returns:
        The value of each expression.
    """
    once = list(dict.fromkeys(asks))
    if not once:
        return {}
    (row,) = table.connection.execute(f"SELECT {', '.join(once)} FROM {DATA}").fetchall()
    return dict(zip(once, row, strict=True))


def answered(table: Table, questions: Sequence[Question], values: Mapping[str, Any]) -> list[Result]:
    """Answer questions, in their order, with what was measured for them.

    Args:
        table: The data, for second looks.
        questions: What was asked of it.
        values: Of all that the questions ask.
    """
    return [
        _finish(table, question.answer(tuple(values[ask] for ask in question.asks))) for question in questions
    ]


def _finish(table: Table, answer: Result | Look) -> Result:
    if isinstance(answer, Look):
        return answer.finish(table.connection.execute(answer.sql).fetchall())
    return answer
