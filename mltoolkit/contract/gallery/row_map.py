"""Expectations about several values of each row, compiled: what those about pairs and lists share."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.gallery.column_map import mostly
from mltoolkit.contract.looks import First, Look
from mltoolkit.contract.results import SHOWN, Result, mapped
from mltoolkit.contract.scan import Question
from mltoolkit.contract.sources import Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, both, counted
from mltoolkit.contract.suites import Expectation

NUMBERS = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN})
MOMENTS = frozenset({Kind.DATE, Kind.TIMESTAMP})

ANY = frozenset({"mostly", "row_condition", "condition_parser", "ignore_row_if"})
"""Arguments that all of these expectations have."""

_OPTIONAL = frozenset({"row_condition", "condition_parser"})
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - the moments of data have no zone


def checked(expectation: Expectation, *, optional: Collection[str] = ()) -> None:
    """Refuse what Great Expectations refuses of any expectation: a null where a value must be.

    Args:
        expectation: What is asked.
        optional: Arguments that may be null, beside those of a row condition.

    Raises:
        NotCompiledError: An argument is null.
    """
    nulls = {name for name, value in expectation.kwargs.items() if value is None}
    if not nulls <= _OPTIONAL | set(optional):
        raise NotCompiledError


def chosen(table: Table, names: Sequence[Any]) -> tuple[Column, ...] | str:
    """Return the columns of these names, or the first name that none has.

    Raises:
        NotCompiledError: A name is no text or empty, is asked for twice, or two columns have it.
    """
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise NotCompiledError
    columns = []
    for name in names:
        found = [column for column in table.columns if column.name == name]
        if not found:
            return str(name)
        if len(found) > 1 or found[0].kind is Kind.OTHER:
            raise NotCompiledError
        columns.append(found[0])
    return tuple(columns)


def one_kind(columns: Sequence[Column]) -> bool:
    """Return whether values of these columns compare: all numbers and booleans, all texts, or all moments."""
    kinds = {column.kind for column in columns}
    return kinds <= NUMBERS or kinds <= MOMENTS or kinds == {Kind.TEXT}


def comparable(column: Column, other: Column) -> tuple[str, str]:
    """Return two columns of one kind as SQL that compares as pandas does: integers with floats as floats."""
    if Kind.FLOAT in {column.kind, other.kind}:
        cast = "::DOUBLE"
    elif column.type != other.type and "TIMESTAMP_NS" in {column.type, other.type}:
        cast = "::TIMESTAMP_NS"
    elif column.kind is not other.kind and Kind.BOOLEAN in {column.kind, other.kind}:
        cast = "::BIGINT"
    else:
        cast = ""
    return column.sql + cast, other.sql + cast


def left(expectation: Expectation, columns: Sequence[Column], words: tuple[str, str, str]) -> str | None:
    """Return the condition on rows that ``ignore_row_if`` leaves, as SQL; ``None`` where it leaves all.

    Args:
        expectation: What is asked.
        columns: Whose nulls it is about.
        words: What it says where all of them, any of them, or none must be null; the first is the default.

    Raises:
        NotCompiledError: It says something else.
    """
    said = expectation.kwargs.get("ignore_row_if", words[0])
    if said not in words:
        raise NotCompiledError
    if said == words[2]:
        return None
    word = " OR " if said == words[0] else " AND "
    return word.join(f"{column.sql} IS NOT NULL" for column in columns)


def each(
    expectation: Expectation,
    table: Table,
    columns: Sequence[Column],
    expected: str,
    kept: str | None,
    *,
    named: bool,
) -> Question:
    """Return the question whether every row is as expected.

    Args:
        expectation: With ``mostly`` and a row condition.
        table: The data.
        columns: Whose values a result shows.
        expected: A condition in SQL that is never null for a row that is looked at.
        kept: Which rows are looked at, as `left` has it.
        named: Whether a row is shown with the names of its columns.
    """
    looked = both(conditions.rows(expectation, table), kept)
    bad = both(looked, f"NOT ({expected})")

    def first(
        values: tuple[str, ...], count: int, finish: Callable[[list[tuple[Any, ...]]], Result]
    ) -> First:
        return First(values, bad or "true", count, finish)

    return rows(expectation, table, columns, kept, unexpected=counted(bad), look=first, named=named)


def rows(
    expectation: Expectation,
    table: Table,
    columns: Sequence[Column],
    kept: str | None,
    *,
    unexpected: str,
    look: Callable[[tuple[str, ...], int, Callable[[list[tuple[Any, ...]]], Result]], Look | First],
    named: bool,
) -> Question:
    """Return the question how many rows are not as expected, however that is counted.

    Args:
        expectation: With ``mostly`` and a row condition.
        table: The data.
        columns: Whose values a result shows.
        kept: Which rows are looked at, as `left` has it.
        unexpected: Counts rows that are not as expected, in SQL.
        look: Makes the second look of the columns as SQL, the count, and what finishes the result.
        named: Whether a row is shown with the names of its columns.
    """
    among = conditions.rows(expectation, table)
    least = mostly(expectation)
    asks = [counted(among), counted(both(among, kept)), unexpected, *filter(None, map(_strange, columns))]

    def answer(values: tuple[Any, ...]) -> Result | Look | First:
        elements, looked, bad, *strange = values
        bad = int(bad)

        def finish(found: list[tuple[Any, ...]]) -> Result:
            # A result of Great Expectations has no tallies where its values have no order.
            shown = [_row(columns, row, named=named) for row in found]
            made = mapped(elements=elements, nonnull=looked, unexpected=bad, values=[], mostly=least)
            made.result["partial_unexpected_list"] = shown
            tallies = _tallies([_key(columns, row, named=named) for row in found], shown)
            if tallies is None:
                del made.result["partial_unexpected_counts"]
            else:
                made.result["partial_unexpected_counts"] = tallies
            return made

        if not bad:
            return finish([])
        if any(strange):
            raise NotCompiledError  # The frame has no nanoseconds then, and moments are shown differently.
        return look(tuple(map(_wanted, columns)), bad, finish)

    return Question(tuple(asks), answer)


def _strange(column: Column) -> str | None:
    """Return the aggregate that counts moments of a column which have no nanoseconds since 1970."""
    if column.kind not in MOMENTS or column.type == "TIMESTAMP_NS":
        return None
    return counted(f"{column.sql} NOT BETWEEN DATE '1677-09-22' AND DATE '2262-04-11'")


def _wanted(column: Column) -> str:
    return f"epoch_ns({column.sql}::TIMESTAMP_NS)" if column.kind in MOMENTS else column.sql


def _row(columns: Sequence[Column], row: tuple[Any, ...], *, named: bool) -> Any:
    """Return the values of a row as Great Expectations' JSON has them: an object, or a list of two."""
    values = [_value(column, value, named=named) for column, value in zip(columns, row, strict=True)]
    return {column.name: value for column, value in zip(columns, values, strict=True)} if named else values


def _value(column: Column, value: Any, *, named: bool) -> Any:
    if column.kind not in MOMENTS:
        return value
    if value is None:
        return "NaT"
    seconds, nanoseconds = divmod(value, 10**9)
    moment = (_EPOCH + dt.timedelta(seconds=seconds)).isoformat()
    if not named:  # numpy writes it then, otherwise pandas
        return f"{moment}.{nanoseconds:09}"
    if not nanoseconds:
        return moment
    return f"{moment}.{nanoseconds:09}" if nanoseconds % 1000 else f"{moment}.{nanoseconds // 1000:06}"


def _key(columns: Sequence[Column], row: tuple[Any, ...], *, named: bool) -> tuple[Any, ...]:
    """Return a row as something that is equal and less than others where it is so in pandas.

    A null of integers or booleans equals itself and has no order. One of texts does so too. One of floats
    never equals another, and is less than nothing; one of moments is less than nothing, and equals another
    where pandas makes the list, not numpy.
    """
    return tuple(
        _null(column.kind, named=named) if value is None else value
        for column, value in zip(columns, row, strict=True)
    )


def _null(kind: Kind, *, named: bool) -> Any:
    if kind is Kind.FLOAT or (kind in MOMENTS and not named):
        return float("nan")
    return math.nan if kind in MOMENTS or kind is Kind.TEXT else None


def _tallies(keys: list[tuple[Any, ...]], shown: list[Any]) -> list[dict[str, Any]] | None:
    """Return how often each row is there; ``None`` where rows have no order."""
    values = dict(zip(keys[::-1], shown[::-1], strict=True))
    common = Counter(keys).most_common(SHOWN)
    try:
        ordered = sorted(common, key=lambda pair: (-pair[1], pair[0]))
    except TypeError:
        return None
    return [
        {"value": list(value.values()) if isinstance(value := values[key], dict) else value, "count": count}
        for key, count in ordered
    ]
