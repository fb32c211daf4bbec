"""Expectations about each value of a column, compiled."""

from typing import Any

from mltoolkit.contract import conditions
from mltoolkit.contract.results import SHOWN, Result, mapped, plain
from mltoolkit.contract.scan import Look, Question
from mltoolkit.contract.sources import DATA, Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, both, counted, literal, where
from mltoolkit.contract.suites import Expectation


def not_null(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_not_be_null``."""
    return each(expectation, table, column, f"{column.sql} IS NOT NULL", nulls=True)


def null(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_be_null``."""
    return each(expectation, table, column, f"{column.sql} IS NULL", nulls=True)


def in_set(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_be_in_set``, for values of the column's own kind."""
    values = expectation.kwargs.get("value_set")
    if not isinstance(values, list) or not values or column.kind is not Kind.TEXT:
        raise NotCompiledError
    if not all(isinstance(value, str) for value in values):
        raise NotCompiledError
    return each(expectation, table, column, f"{column.sql} IN ({', '.join(map(literal, values))})")


def each(
    expectation: Expectation, table: Table, column: Column, expected: str, *, nulls: bool = False
) -> Question:
    """Return the question whether every value is as expected.

    Args:
        expectation: With ``mostly`` and a row condition.
        table: The data.
        column: Whose values.
        expected: A condition in SQL that is never null for a value that is looked at.
        nulls: Whether nulls are looked at too; Great Expectations leaves them out otherwise.
    """
    among = conditions.rows(expectation, table)
    looked = among if nulls else both(among, f"{column.sql} IS NOT NULL")
    bad = both(looked, f"NOT ({expected})")
    mostly = _mostly(expectation)

    def answer(values: tuple[Any, ...]) -> Result | Look:
        elements, nonnull, unexpected = values

        def finish(rows: list[tuple[Any, ...]]) -> Result:
            result = mapped(
                elements=elements,
                nonnull=None if nulls else nonnull,
                unexpected=unexpected,
                values=[_NULLS.get(column.kind) if row[0] is None else plain(row[0]) for row in rows],
                mostly=mostly,
            )
            if column.kind is Kind.FLOAT:
                _count_each_null(result)
            return result

        if not unexpected:
            return finish([])
        return Look(f"SELECT {column.sql} FROM {DATA}{where(bad)} LIMIT {SHOWN}", finish)

    return Question((counted(among), counted(among, column.sql), counted(bad)), answer)


def _count_each_null(result: Result) -> None:
    """Count nulls of floats as Great Expectations does, for which no NaN equals another."""
    counts = result.result["partial_unexpected_counts"]
    for entry in [each for each in counts if each["value"] is None]:
        counts.extend({"value": None, "count": 1} for _ in range(entry["count"]))
        counts.remove(entry)


def _mostly(expectation: Expectation) -> float:
    mostly = expectation.kwargs.get("mostly", 1)
    if isinstance(mostly, bool) or not isinstance(mostly, int | float) or not 0 <= mostly <= 1:
        raise NotCompiledError
    return float(mostly)


_NULLS = {Kind.DATE: "NaT", Kind.TIMESTAMP: "NaT"}
"""Nulls in Great Expectations' JSON, where they are not null there."""

_ANY = frozenset({"column", "mostly", "row_condition", "condition_parser"})

COMPILED = {
    "expect_column_values_to_not_be_null": (not_null, _ANY),
    "expect_column_values_to_be_null": (null, _ANY),
    "expect_column_values_to_be_in_set": (in_set, _ANY | {"value_set"}),
}
"""For each type: what compiles it, and the arguments that it knows."""
