"""Values of a column against those of a suite, in SQL, as pandas compares them."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from mltoolkit.contract.sources import Column, Kind
from mltoolkit.contract.sql import NotCompiledError, literal

OPERATORS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
"""Comparisons as Python writes them, in SQL."""

MOMENTS = frozenset({Kind.DATE, Kind.TIMESTAMP})
NUMBERS = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN})

_EXACT = 2**53
_GREATEST = 2**63 - 1
_FEW = 4
_GREATEST_FLOAT32 = 3.4e38
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?")

NANOSECONDS = range(1678, 2262)
"""Years whose every moment pandas has in nanoseconds."""


def compared(column: Column, operator: str, value: Any) -> str:
    """Return the comparison of a column of numbers or texts with a value of its kind.

    An integer is compared with a float as floats, as numpy does it: 2^53 + 1 equals 2.0^53. Numbers of
    four bytes are compared with a float as it is in four bytes.

    Args:
        column: Of numbers, booleans or texts.
        operator: One of Python's.
        value: A number, a boolean or a text.

    Returns:
        SQL that is null where the column is.

    Raises:
        NotCompiledError: The two are not of one kind, or the value is too large.
    """
    sign = OPERATORS[operator]
    if column.kind is Kind.TEXT and isinstance(value, str):
        return f"{column.sql} {sign} {literal(value)}"
    if column.kind not in NUMBERS or isinstance(value, str):
        raise NotCompiledError
    number = int(value) if isinstance(value, bool) else value
    if column.kind is Kind.BOOLEAN:
        return f"{column.sql}::TINYINT {sign} {_number(number)}"
    if column.kind is Kind.INTEGER:
        return f"{column.sql}{'::DOUBLE' if isinstance(number, float) else ''} {sign} {_number(number)}"
    if column.type == "FLOAT":
        if abs(_float(number)) > _GREATEST_FLOAT32:
            raise NotCompiledError
        return f"{column.sql} {sign} ({_number(_float(number))})::FLOAT"
    return f"{column.sql} {sign} {_number(_float(number))}"


def before_or_after(column: Column, operator: str, moment: dt.datetime) -> str:
    """Return the comparison of a column of dates or timestamps with a moment.

    Dates are those of midnight; they are compared as dates, since some have no timestamp.

    Args:
        column: Of dates or timestamps.
        operator: One of Python's, but not ``!=``.
        moment: Without a zone.

    Returns:
        SQL that is null, or false, where the column is null.

    Raises:
        NotCompiledError: The column's timestamps do not reach that far.
    """
    sign = OPERATORS[operator]
    if column.kind is Kind.TIMESTAMP:
        if column.type == "TIMESTAMP_NS" and moment.year not in NANOSECONDS:
            raise NotCompiledError
        return f"{column.sql} {sign} TIMESTAMP '{moment.isoformat(' ')}'"
    day = f"{column.sql} {{}} DATE '{moment.date().isoformat()}'"
    if moment.time() == dt.time():
        return day.format(sign)
    if sign == "=":
        return f"{day.format(sign)} AND false"
    return day.format("<=" if sign in {"<", "<="} else ">")


def moment(text: Any) -> dt.datetime:
    """Return the moment that a text names, where all libraries read it alike: ISO 8601 without a zone.

    Raises:
        NotCompiledError: It is not of that form.
    """
    if not isinstance(text, str) or not _ISO.fullmatch(text):
        raise NotCompiledError
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise NotCompiledError from error


def member(column: Column, values: Sequence[Any]) -> str:
    """Return whether a value is one of several, as ``isin`` of pandas has it.

    Numbers and booleans are equal where Python calls them so (``1 == 1.0 == True``); a text is never a
    number, and never a date.

    Args:
        column: Of any kind but ``OTHER``.
        values: Of JSON.

    Returns:
        SQL that is false, not null, where the column is null.

    Raises:
        NotCompiledError: One of the values is neither text, nor number, nor boolean, nor null; or numbers
            are so large that pandas rounds them.
    """
    if not all(value is None or isinstance(value, bool | int | float | str) for value in values):
        raise NotCompiledError
    integers = [value for value in values if isinstance(value, int)]
    if any(abs(value) > _GREATEST for value in integers):
        raise NotCompiledError
    # A list of integers and floats becomes one of floats on its way.
    if any(isinstance(value, float) for value in values) and any(abs(value) > _EXACT for value in integers):
        raise NotCompiledError
    if column.kind is Kind.OTHER:
        raise NotCompiledError
    found = list(dict.fromkeys(item for value in values if (item := _item(column, value)) is not None))
    if not found:
        return "false"
    several = ", ".join(found)
    # A list is gone through for each value, a subquery is a hash table.
    among = several if len(found) <= _FEW else f"SELECT unnest([{several}])"
    return f"coalesce({column.sql} IN ({among}), false)"


def _item(column: Column, value: Any) -> str | None:
    """Return the literal that equals a value; ``None`` where no value of the column does."""
    match value:
        case None:
            return None
        case str():
            return literal(value) if column.kind is Kind.TEXT else None
        case bool() | int() | float():
            return _numeric_item(column, value)
    raise NotCompiledError


def _numeric_item(column: Column, value: float) -> str | None:
    match column.kind:
        case Kind.INTEGER:
            return str(int(value)) if abs(_finite(value)) <= _GREATEST and value == int(value) else None
        case Kind.BOOLEAN:
            return literal(bool(value)) if value in {0, 1} else None
        case Kind.FLOAT:
            return _number(float(_finite(value))) if float(value) == value else None
        case _:
            return None


def _finite(value: float) -> float:
    literal(value)
    return value


def _number(value: float) -> str:
    if isinstance(value, int) and abs(value) >= 2 * (_GREATEST + 1):
        raise NotCompiledError
    return literal(value)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise NotCompiledError from error
