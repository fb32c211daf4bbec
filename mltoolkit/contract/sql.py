"""Values of a suite as SQL, and what cannot be said in it."""

import math
from typing import Any


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
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return f"{value!r}::DOUBLE"
        case str() if "\0" not in value:
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
    """Return the aggregate that counts the rows that meet a condition."""
    return f"count({what})" + ("" if condition is None else f" FILTER ({where(condition).strip()})")
