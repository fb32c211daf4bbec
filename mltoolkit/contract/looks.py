"""Second looks at the rows: what was not as expected, as far as a result shows it."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from mltoolkit.contract.queries import DataError, fetched
from mltoolkit.contract.results import SHOWN, Result
from mltoolkit.contract.sources import DATA, Table
from mltoolkit.contract.sql import NotCompiledError

_SOME = "looked_at"
"""The table that some rows of the data are copied to, in their order."""

_ALONE = 3
"""So few looks are not worth a copy."""

_BEGINNING = 50_000
_VALUES = 5_000_000
"""Rows, and at most values, of the beginning of the data that is looked at first."""

_FEW = 1_000
_TOGETHER = 200
"""Rows that meet a condition which goes together with others, and how many of those go together."""

_COLUMN = re.compile(r"\bc[0-9]+\b")


class Look(NamedTuple):
    """A second look at the rows, which only some answers need: the values that were not as expected.

    Attributes:
        sql: A query over ``data``.
        finish: Makes the result of the rows it returns. It may raise ``NotCompiledError`` where these show
            that Great Expectations must answer.
    """

    sql: str
    finish: Callable[[list[tuple[Any, ...]]], Result]


class First(NamedTuple):
    """A second look at the first rows that meet a condition, in their order: at most ``SHOWN``.

    Attributes:
        columns: SQL expressions of the columns: what is wanted of each row.
        condition: Which rows, in SQL.
        total: How many rows meet it.
        finish: Makes the result of the rows.
    """

    columns: tuple[str, ...]
    condition: str
    total: int
    finish: Callable[[list[tuple[Any, ...]]], Result]

    def query(self, source: str) -> str:
        """Return the query that finds the rows in a table of the same columns."""
        return f"SELECT {', '.join(self.columns)} FROM {source} WHERE {self.condition} LIMIT {SHOWN}"


def finished(table: Table, answers: Sequence[Result | Look | First | None]) -> list[Result | None]:
    """Take all second looks that answers ask for, and finish them.

    Args:
        table: The data.
        answers: Results, and what they still need; ``None`` stays.

    Returns:
        One result for each answer, ``None`` also where a look failed on the values.

    Raises:
        InputError: The file is damaged.
        OutsideError: Memory or disk do not suffice.
    """
    first = _firsts(table, {at: each for at, each in enumerate(answers) if isinstance(each, First)})
    results: list[Result | None] = []
    for at, answer in enumerate(answers):
        if isinstance(answer, Look):
            rows = _rows(table, answer.sql)
        elif isinstance(answer, First):
            rows = first[at] if at in first else _rows(table, answer.query(DATA))
        else:
            results.append(answer)
            continue
        results.append(None if rows is None else _finished(answer, rows))
    return results


def _finished(answer: Look | First, rows: list[tuple[Any, ...]]) -> Result | None:
    try:
        return answer.finish(rows)
    except NotCompiledError:
        return None


def _firsts(table: Table, asked: dict[int, First]) -> dict[int, list[tuple[Any, ...]]]:
    """Return the rows of the looks that could be taken together."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    if len(asked) <= _ALONE:
        return found
    names = _names(table, asked.values())
    rows = min(_BEGINNING, _VALUES // max(len(names), 1))
    _take(table, f"SELECT {', '.join(names)} FROM {DATA} LIMIT {rows}", asked, found)
    # A few rows somewhere in the data, for each of which all of it would be read.
    rare = [at for at, each in asked.items() if at not in found and each.total <= _FEW]
    for start in range(0, len(rare), _TOGETHER):
        part = {at: asked[at] for at in rare[start : start + _TOGETHER]}
        if len(part) <= _ALONE:
            break
        names = _names(table, part.values())
        condition = " OR ".join(f"({each.condition})" for each in part.values())
        _take(table, f"SELECT {', '.join(names)} FROM {DATA} WHERE {condition}", part, found)
    return found


def _take(table: Table, some: str, asked: dict[int, First], found: dict[int, list[tuple[Any, ...]]]) -> None:
    """Copy some rows, and keep those that a look would find first in all of them as well."""
    try:
        fetched(table, f"CREATE OR REPLACE TEMP TABLE {_SOME} AS {some}")
        for at, each in asked.items():
            rows = fetched(table, each.query(_SOME))
            if len(rows) >= min(SHOWN, each.total):
                found[at] = rows
    except DataError:
        return  # Each for itself then, so that one does not spoil the others.
    finally:
        table.connection.execute(f"DROP TABLE IF EXISTS {_SOME}")


def _names(table: Table, asked: Iterable[First]) -> list[str]:
    """Return the columns that looks may read. A text of a condition that resembles a name costs a column."""
    texts = {
        name for each in asked for text in (*each.columns, each.condition) for name in _COLUMN.findall(text)
    }
    return [column.sql for column in table.columns if column.sql in texts]


def _rows(table: Table, sql: str) -> list[tuple[Any, ...]] | None:
    try:
        return fetched(table, sql)
    except DataError:
        return None
