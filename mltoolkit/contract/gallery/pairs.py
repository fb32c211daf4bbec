"""Expectations about the two values of each row in a pair of columns, compiled."""

from collections import defaultdict
from typing import Any

from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.gallery.column_map import mostly
from mltoolkit.contract.gallery.row_map import (
    ANY,
    MOMENTS,
    checked,
    chosen,
    comparable,
    each,
    left,
    one_kind,
)
from mltoolkit.contract.results import raised
from mltoolkit.contract.scan import Question
from mltoolkit.contract.sources import Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, literal
from mltoolkit.contract.suites import Expectation

_WORDS = ("both_values_are_missing", "either_value_is_missing", "neither")

_MOST_PAIRS = 200
_EXACT = 2**53
_GREATEST = 2**64


def equal(expectation: Expectation, table: Table) -> Question:
    """``expect_column_pair_values_to_be_equal``: a null equals nothing."""
    return _compared(expectation, table, "=")


def greater(expectation: Expectation, table: Table) -> Question:
    """``expect_column_pair_values_a_to_be_greater_than_b``: a null is not greater, nor is anything than it."""
    or_equal = expectation.kwargs.get("or_equal")
    if not isinstance(or_equal, bool | None):
        raise NotCompiledError
    return _compared(expectation, table, ">=" if or_equal else ">")


def in_set(expectation: Expectation, table: Table) -> Question:
    """``expect_column_pair_values_to_be_in_set``: of pairs, in which a null is equal to null.

    Great Expectations counts here without the row condition, so with one it answers itself.
    """
    checked(expectation)
    pairs = expectation.kwargs.get("value_pairs_set")
    if not isinstance(pairs, list) or len(pairs) > _MOST_PAIRS:
        raise NotCompiledError
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):  # noqa: PLR2004 - a pair
        raise NotCompiledError
    if expectation.kwargs.get("row_condition") is not None:
        raise NotCompiledError
    columns = _columns(expectation, table)
    if isinstance(columns, Question):
        return columns
    a, b = columns
    found: dict[str, list[str]] = defaultdict(list)
    for one, other in pairs:
        first, second = _is(a, one, b), _is(b, other, a)
        if first is not None and second is not None:
            found[first].append(second)
    expected = " OR ".join(f"({first} AND ({' OR '.join(seconds)}))" for first, seconds in found.items())
    return _asked(expectation, table, columns, f"coalesce({expected}, false)" if expected else "false")


def _compared(expectation: Expectation, table: Table, sign: str) -> Question:
    checked(expectation, optional=["or_equal"])
    columns = _columns(expectation, table)
    if isinstance(columns, Question):
        return columns
    if not one_kind(columns):
        raise NotCompiledError
    a, b = comparable(*columns)
    return _asked(expectation, table, columns, f"coalesce({a} {sign} {b}, false)")


def _columns(expectation: Expectation, table: Table) -> tuple[Column, Column] | Question:
    """Return the pair, or the answer that a column of it does not exist."""
    mostly(expectation)
    left(expectation, (), _WORDS)
    conditions.rows(expectation, table)
    found = chosen(table, [expectation.kwargs.get("column_A"), expectation.kwargs.get("column_B")])
    if isinstance(found, str):
        return missing(found)
    a, b = found
    return a, b


def missing(name: str) -> Question:
    """Return the answer that a column does not exist."""
    return Question((), lambda _: raised(f'Error: The column "{name}" in BatchData does not exist.'))


def _asked(expectation: Expectation, table: Table, columns: tuple[Column, Column], expected: str) -> Question:
    kept = left(expectation, columns, _WORDS)
    return each(expectation, table, columns, expected, kept, named=False)


def _is(column: Column, value: Any, other: Column) -> str | None:
    """Return whether a value of a column is that of JSON, as SQL; ``None`` where none is.

    Numbers and booleans are equal where Python calls them so. Beside a column of floats, integers become
    floats on their way, but not always, so large ones are Great Expectations' own.
    """
    match value:
        case None:
            return f"{column.sql} IS NULL"
        case str():
            text = literal(value)
            return f"{column.sql} = {text}" if column.kind is Kind.TEXT else None
        case bool() | int() | float():
            literal(value)
            if column.kind is Kind.TEXT or column.kind in MOMENTS:
                return None
            return _is_number(column, value, other)
        case _:
            raise NotCompiledError


def _is_number(column: Column, value: float, other: Column) -> str | None:
    if column.kind is Kind.BOOLEAN:
        return f"{column.sql} = {literal(bool(value))}" if value in {0, 1} else None
    if column.kind is Kind.INTEGER:
        rounded = other.kind is Kind.FLOAT or "UBIGINT" in {column.type, other.type}
        if rounded and abs(value) >= _EXACT:
            raise NotCompiledError
        return f"{column.sql} = {int(value)}" if value == int(value) and abs(value) < _GREATEST else None
    try:
        same = float(value) == value
    except OverflowError:
        return None
    return f"{column.sql}::DOUBLE = {literal(float(value))}" if same else None


_PAIR = ANY | {"column_A", "column_B"}

COMPILED = {
    "expect_column_pair_values_to_be_equal": (equal, _PAIR),
    "expect_column_pair_values_a_to_be_greater_than_b": (greater, _PAIR | {"or_equal"}),
    "expect_column_pair_values_to_be_in_set": (in_set, _PAIR | {"value_pairs_set"}),
}
"""For each type: what compiles it, and the arguments that it knows."""
