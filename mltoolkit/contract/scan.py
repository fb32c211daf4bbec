"""One scan answers every question: the aggregates of all expectations are one query over the file.

What a violated expectation must show are second looks. Those for the first rows that meet a condition go
together: through the beginning of the data, then through the few rows that meet any of their conditions.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mltoolkit.contract import looks
from mltoolkit.contract.looks import First, Look
from mltoolkit.contract.queries import DataError, Progress, fetched
from mltoolkit.contract.results import Result
from mltoolkit.contract.sources import DATA, Table
from mltoolkit.contract.sql import NotCompiledError
from mltoolkit.errors import InputError, Location

__all__ = ["First", "Look", "Question", "answered", "measured", "run"]

_TOGETHER = 10_000
"""Expressions of one query: 20,000 columns are bound anew in each, more of them cost more than that."""

_NESTED = 16
"""Expressions with queries in them that go together: DuckDB drags all columns through each. 100 sets of 500
values took 80 s beside 300 other expressions, and 1.3 s of their own."""


class Question(NamedTuple):
    """What an expectation asks of the scan.

    Attributes:
        asks: SQL expressions, each an aggregate over ``data`` or a scalar subquery. Equal ones of several
            questions are computed once.
        answer: Makes the result of their values, or asks for a second look. It may raise ``NotCompiledError``
            where only the values show that Great Expectations must answer.
    """

    asks: tuple[str, ...]
    answer: Callable[[tuple[Any, ...]], Result | Look | First]


def run(
    table: Table, questions: Sequence[Question], *, progress: Progress | None = None
) -> list[Result | None]:
    """Answer all questions, in their order.

    Args:
        table: The data.
        questions: What is asked of it.
        progress: See ``measured``.

    Returns:
        The results; ``None`` where Great Expectations itself must answer.

    Raises:
        InputError: The file is damaged.
        OutsideError: Memory or disk do not suffice.
    """
    asks = [ask for each in questions for ask in each.asks]
    return answered(table, questions, measured(table, asks, progress=progress))


def measured(table: Table, asks: Iterable[str], *, progress: Progress | None = None) -> dict[str, Any]:
    """Compute aggregates over ``data`` in one query, or few where there are very many; equal ones once.

    Args:
        table: The data.
        asks: SQL expressions, as those of a question.
        progress: Is told the share that is done, from 0 to 1, several times a second once a second has gone.

    Returns:
        The value of each expression; those are missing that cannot be computed on this data, such as a sum
        that no number of the database holds.

    Raises:
        InputError: The file is damaged.
        OutsideError: Memory or disk do not suffice.
    """
    once = list(dict.fromkeys(asks))
    nested = [ask for ask in once if "SELECT" in ask]
    plain = [ask for ask in once if "SELECT" not in ask]
    parts = [*_split(plain, _TOGETHER), *_split(nested, _NESTED)]
    values: dict[str, Any] = {}
    for at, part in enumerate(parts):
        told = None if progress is None else _part(progress, at, len(parts))
        try:
            values |= _together(table, part, progress=told)
        except DataError:
            _refuse_damaged(table)
            values |= _apart(table, part)
    return {ask: values[ask] for ask in once if ask in values}


def answered(table: Table, questions: Sequence[Question], values: Mapping[str, Any]) -> list[Result | None]:
    """Answer questions, in their order, with what was measured for them.

    Args:
        table: The data, for second looks.
        questions: What was asked of it.
        values: Of what the questions ask, where it could be computed.

    Returns:
        The results; ``None`` where Great Expectations itself must answer.

    Raises:
        InputError: The file is damaged.
        OutsideError: Memory or disk do not suffice.
    """
    return looks.finished(table, [_answer(question, values) for question in questions])


def _answer(question: Question, values: Mapping[str, Any]) -> Result | Look | First | None:
    if not all(ask in values for ask in question.asks):
        return None
    try:
        return question.answer(tuple(values[ask] for ask in question.asks))
    except NotCompiledError:
        return None


def _together(table: Table, asks: Sequence[str], *, progress: Progress | None = None) -> dict[str, Any]:
    (row,) = fetched(table, _query(asks), progress=progress)
    return dict(zip(asks, row[1:], strict=True))


def _query(asks: Sequence[str]) -> str:
    """Return one query for aggregates; those of different values have a part of their own in it.

    Beside others they cost twice: DuckDB carries what the others need along to where it tells values apart.
    """
    names = {ask: f"a{at}" for at, ask in enumerate(asks)}
    apart = [ask for ask in asks if ask.startswith("count(DISTINCT ")]
    # With an aggregate there is one row, whatever else is asked.
    others = ["count(*) AS a", *(f"{ask} AS {names[ask]}" for ask in asks if ask not in apart)]
    parts = [", ".join(others), *(f"{ask} AS {names[ask]}" for ask in apart)]
    tables = ", ".join(f"(SELECT {part} FROM {DATA}) AS t{at}" for at, part in enumerate(parts))
    return f"SELECT a, {', '.join(names.values())} FROM {tables}"


def _apart(table: Table, asks: Sequence[str]) -> dict[str, Any]:
    """Find by halves what cannot be computed, and compute all else."""
    if len(asks) == 1:
        return {}
    values: dict[str, Any] = {}
    for half in (asks[: len(asks) // 2], asks[len(asks) // 2 :]):
        try:
            values |= _together(table, half)
        except DataError:
            values |= _apart(table, half)
    return values


def _refuse_damaged(table: Table) -> None:
    """Refuse a file of which nothing can be computed: no expectation is to blame for that."""
    try:
        fetched(table, f"SELECT * FROM {DATA} LIMIT 1")
    except DataError as error:
        raise InputError(f"cannot be read: {error}", where=Location(path=str(table.path))) from error


def _split(asks: Sequence[str], size: int) -> list[Sequence[str]]:
    return [asks[start : start + size] for start in range(0, len(asks), size)]


def _part(progress: Progress, at: int, of: int) -> Progress:
    return lambda share: progress((at + share) / of)
