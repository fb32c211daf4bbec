"""Values of a suite as SQL, and what cannot be said in it."""

import math
from typing import Any

_HUGE = 2**127
"""Beyond it DuckDB's integers are BIGNUM, of which 2.0.0 says that 0 equals 10^300."""

_SURROGATES = frozenset(map(chr, range(0xD800, 0xE000)))
"""Halves of characters: JSON can name them, a query cannot."""


class NotCompiledError(Exception):
    """Great Expectations itself must answer this one: we do not know it, or an option of it, or its types."""


def literal(value: Any) -> str:
    """Return a JSON value as a literal.

    Raises:
        NotCompiledError: It is neither a string, nor a number, nor a boolean.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int() if abs(value) < _HUGE:
            return str(value)
        case float() if math.isfinite(value):
            return f"{value!r}::DOUBLE"
        case str() if "\0" not in value and not _SURROGATES & set(value):
            return "'" + value.replace("'", "''") + "'"
        case _:
            raise NotCompiledError


def both(*conditions: str | None) -> str | None:
    """Return the conjunction of conditions; those that are ``None`` always hold."""
    held = [f"({condition})" for condition in conditions if condition is not None]
    return " AND ".join(held) or None


def where(condition: str | None) -> str:
    """Return the ``WHERE`` clause of a condition, if there is one."""
    return "" if condition is None else f" WHERE {condition}"


def counted(condition: str | None, what: str = "*") -> str:
    """Return the aggregate that counts the rows that meet a condition, or their values.

    Args:
        condition: ``None`` where all rows are meant.
        what: An expression, whose nulls do not count; with ``DISTINCT`` before it, each value counts once.
    """
    # Without FILTER: DuckDB copies for each of them what all others read, and 300 took 9 s instead of 0.3.
    # Of no row at all it makes null.
    if condition is None:
        return f"count({what})"
    if what == "*":
        return f"coalesce(count_if({condition}), 0)"
    if what.startswith("DISTINCT "):
        return f"count(DISTINCT CASE WHEN {condition} THEN {what.removeprefix('DISTINCT ')} END)"
    return f"coalesce(count_if(({condition}) AND ({what}) IS NOT NULL), 0)"


def filtered(aggregate: str, condition: str | None) -> str:
    """Return an aggregate over the rows that meet a condition.

    Args:
        aggregate: A call with one argument, whose nulls it leaves out.
        condition: ``None`` where all rows are meant.
    """
    if condition is None:
        return aggregate
    name, _, argument = aggregate.removesuffix(")").partition("(")
    return f"{name}(CASE WHEN {condition} THEN {argument} END)"
