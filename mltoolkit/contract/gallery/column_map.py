"""Expectations about each value of a column, compiled: nulls, sets, ranges, and what all of them share."""

from collections.abc import Sequence
from typing import Any

from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.gallery.column_aggregate import as_json, shown
from mltoolkit.contract.gallery.comparisons import (
    MOMENTS,
    NANOSECONDS,
    NUMBERS,
    before_or_after,
    member,
    moment,
)
from mltoolkit.contract.results import SHOWN, Result, mapped
from mltoolkit.contract.scan import First, Look, Question
from mltoolkit.contract.sources import DATA, Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, both, counted, literal, where
from mltoolkit.contract.suites import Expectation

ANY = frozenset({"column", "mostly", "row_condition", "condition_parser"})
"""Arguments of all expectations about each value of a column."""

_NULLS = {Kind.DATE: "NaT", Kind.TIMESTAMP: "NaT"}
"""Nulls in Great Expectations' JSON, where they are not null there."""

_EXACT = 2**53
"""Integers beyond it are compared with a bound as floats or exactly, as pandas has the column."""


def not_null(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_not_be_null``."""
    return each(expectation, table, column, f"{column.sql} IS NOT NULL", nulls=True)


def null(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_be_null``."""
    return each(expectation, table, column, f"{column.sql} IS NULL", nulls=True)


def unique(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_be_unique``: a value that is there twice is unexpected twice."""
    if column.kind is Kind.OTHER:
        raise NotCompiledError
    among = conditions.rows(expectation, table)
    looked = both(among, f"{column.sql} IS NOT NULL")
    share = mostly(expectation)

    def answer(values: tuple[Any, ...]) -> Result | Look:
        elements, nonnull, different = values

        def finish(rows: list[tuple[Any, ...]]) -> Result:
            return mapped(
                elements=elements,
                nonnull=nonnull,
                unexpected=int(rows[0][1]) if rows else 0,
                values=[as_json(column, row[0]) for row in rows],
                mostly=share,
            )

        if nonnull == different:
            return finish([])
        return Look(
            f"WITH repeated AS MATERIALIZED (SELECT {column.sql} AS v, count(*) AS n FROM {DATA}{where(looked)} "
            f"GROUP BY {column.sql} HAVING count(*) > 1) "
            f"SELECT {shown(column, column.sql)}, (SELECT sum(n) FROM repeated) FROM {DATA} "
            f"WHERE {both(looked, f'{column.sql} IN (SELECT v FROM repeated)')} LIMIT {SHOWN}",
            finish,
        )

    asks = (counted(among), counted(among, column.sql), counted(among, f"DISTINCT {column.sql}"))
    return Question(asks, answer)


def in_set(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_be_in_set``. No date is in a set of JSON: pandas takes no text for one."""
    return each(expectation, table, column, member(column, _value_set(expectation)))


def not_in_set(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_not_be_in_set``. Here a text is the date it names."""
    values = _value_set(expectation)
    if column.kind in MOMENTS and values:
        moments = [moment(value) for value in values]
        if not all(each.year in NANOSECONDS for each in moments):
            raise NotCompiledError
        found = " OR ".join(f"({before_or_after(column, '==', each)})" for each in moments)
    else:
        found = member(column, values)
    return each(expectation, table, column, f"NOT ({found})")


def between(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_be_between``, of numbers with numbers, of dates with texts of ISO 8601.

    A bound that is a date alone means its midnight; Great Expectations fails on it.
    """
    held: list[str] = []
    bounds: list[Any] = []
    for name, strict, sign in (("min_value", "strict_min", ">"), ("max_value", "strict_max", "<")):
        value = expectation.kwargs.get(name)
        operator = sign if switch(expectation, strict) else f"{sign}="
        if value is None:
            continue
        if column.kind in MOMENTS:
            bounds.append(moment(value))
            held.append(before_or_after(column, operator, bounds[-1]))
        else:
            bounds.append(number(expectation, name))
            held.append(_against(column, operator, bounds[-1]))
    if not bounds or (len(bounds) > 1 and bounds[0] > bounds[1]):
        raise NotCompiledError
    return each(expectation, table, column, " AND ".join(held))


def each(
    expectation: Expectation,
    table: Table,
    column: Column,
    expected: str,
    *,
    nulls: bool = False,
    unsure: Sequence[str] = (),
) -> Question:
    """Return the question whether every value is as expected.

    Args:
        expectation: With ``mostly`` and a row condition.
        table: The data.
        column: Whose values.
        expected: A condition in SQL that is never null for a value that is looked at.
        nulls: Whether nulls are looked at too; Great Expectations leaves them out otherwise.
        unsure: Conditions in SQL: where one of them holds for a value that is looked at, Great Expectations
            must answer.

    Raises:
        NotCompiledError: ``mostly`` or the row condition is not known.
    """
    among = conditions.rows(expectation, table)
    looked = among if nulls else both(among, f"{column.sql} IS NOT NULL")
    bad = both(looked, f"NOT ({expected})")
    assert bad is not None  # noqa: S101 - for the type checker: a conjunction of something
    share = mostly(expectation)

    def answer(values: tuple[Any, ...]) -> Result | First:
        elements, nonnull, unexpected, *doubts = values
        if any(doubts) or (unexpected and column.kind is Kind.OTHER):
            raise NotCompiledError

        def finish(rows: list[tuple[Any, ...]]) -> Result:
            result = mapped(
                elements=elements,
                nonnull=None if nulls else nonnull,
                unexpected=unexpected,
                values=[
                    _NULLS.get(column.kind) if row[0] is None else as_json(column, row[0]) for row in rows
                ],
                mostly=share,
            )
            if column.kind is Kind.FLOAT:
                _count_each_null(result)
            return result

        return First((shown(column, column.sql),), bad, unexpected, finish) if unexpected else finish([])

    doubts = [counted(both(looked, doubt)) for doubt in unsure]
    return Question((counted(among), counted(among, column.sql), counted(bad), *doubts), answer)


def mostly(expectation: Expectation) -> float:
    """Return the share that must be as expected, from 0 to 1.

    Raises:
        NotCompiledError: It is not a number of that range.
    """
    share = expectation.kwargs.get("mostly", 1)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise NotCompiledError
    return float(share)


def switch(expectation: Expectation, name: str, *, default: bool = False) -> bool:
    """Return an argument that is true or false.

    Raises:
        NotCompiledError: It is neither.
    """
    value = expectation.kwargs.get(name, default)
    if not isinstance(value, bool):
        raise NotCompiledError
    return value


def number(expectation: Expectation, name: str) -> float:
    """Return an argument that is a number, as a float: Great Expectations makes one of every number.

    Raises:
        NotCompiledError: It is none, or none that a float can hold.
    """
    value = expectation.kwargs.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotCompiledError
    try:
        literal(float(value))
    except OverflowError as error:
        raise NotCompiledError from error
    return float(value)


def _against(column: Column, operator: str, bound: float) -> str:
    if column.kind not in NUMBERS:
        raise NotCompiledError
    if column.kind is Kind.FLOAT:
        return f"{column.sql} {operator} {literal(bound)}"
    if abs(bound) >= _EXACT:
        raise NotCompiledError
    value = f"{column.sql}::TINYINT" if column.kind is Kind.BOOLEAN else column.sql
    return f"{value} {operator} {literal(int(bound) if bound.is_integer() else bound)}"


def _value_set(expectation: Expectation) -> list[Any]:
    values = expectation.kwargs.get("value_set")
    if not isinstance(values, list):
        raise NotCompiledError
    return values


def _count_each_null(result: Result) -> None:
    """Count nulls of floats as Great Expectations does, for which no NaN equals another."""
    counts = result.result["partial_unexpected_counts"]
    for entry in [each for each in counts if each["value"] is None]:
        counts.extend({"value": None, "count": 1} for _ in range(entry["count"]))
        counts.remove(entry)


COMPILED = {
    "expect_column_values_to_not_be_null": (not_null, ANY),
    "expect_column_values_to_be_null": (null, ANY),
    "expect_column_values_to_be_unique": (unique, ANY),
    "expect_column_values_to_be_in_set": (in_set, ANY | {"value_set"}),
    "expect_column_values_to_not_be_in_set": (not_in_set, ANY | {"value_set"}),
    "expect_column_values_to_be_between": (
        between,
        ANY | {"min_value", "max_value", "strict_min", "strict_max"},
    ),
}
"""For each type: what compiles it, and the arguments that it knows."""
