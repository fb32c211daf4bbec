"""Expectations about the type of a column, compiled: what pandas calls the type that the file gives it."""

from collections.abc import Callable
from typing import Any

from mltoolkit.contract.frames import PLAIN
from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.gallery.column_map import ANY, mostly
from mltoolkit.contract.results import Result, observed
from mltoolkit.contract.scan import Question
from mltoolkit.contract.sources import Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, counted
from mltoolkit.contract.suites import Expectation

_OF_NUMPY = {
    **{name: name for name in PLAIN.values() if name != "str"},
    "int": "int64",
    "int_": "int64",
    "long": "int64",
    "i8": "int64",
    "float": "float64",
    "double": "float64",
    "f8": "float64",
    "bool_": "bool",
}
_TEXTS = frozenset({"str", "string_types"})
_MOMENTS = {"datetime64[ns]": "ns", "M8[ns]": "ns", "datetime64[us]": "us", "M8[us]": "us"}
_WITH_NULLS = {
    **{
        f"{start}Int{bits}Dtype": f"{start.lower()}int{bits}"
        for start in ("", "U")
        for bits in (8, 16, 32, 64)
    },
    "BooleanDtype": "bool",
}
"""Types of pandas that a column of integers or booleans has where one of them is null, by their classes."""

_NONE = frozenset(
    {
        *("string", "object", "O", "object_", "boolean", "Float32", "Float64", "StringDtype", "Timestamp"),
        *("date", "datetime", "STRING", "INTEGER", "VARCHAR", "TEXT", "BOOLEAN", "DATE", "TIMESTAMP", "None"),
        *("bytes", "unicode", "integer", "number", "category", "DatetimeTZDtype", "datetime64"),
        *(f"{start}{bits}" for start in ("Int", "UInt") for bits in (8, 16, 32, 64)),
    }
)
"""Names that no column here has for its type, as Great Expectations compares them on pandas."""

_FIRST, _LAST = "1677-09-21 00:12:43.145225", "2262-04-11 23:47:16.854775"
"""What timestamps of nanoseconds reach; a column that goes beyond them has microseconds."""


def of_type(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_be_of_type``: the type of NumPy, nulls or not. It knows no conditions."""
    _checked(expectation, table)
    name, own = expectation.kwargs.get("type_"), _own(column)
    if not isinstance(name, str):
        raise NotCompiledError
    if name in _MOMENTS or name == "datetime64":
        success = own == "datetime64"
    elif name in _TEXTS:
        success = own == "str"
    elif name in _OF_NUMPY:
        success = own == _OF_NUMPY[name]
    elif name in _NONE or name in _WITH_NULLS:
        success = False
    else:
        raise NotCompiledError
    return _asked(column, own, (), lambda _: success)


def in_type_list(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_be_in_type_list``: the type of pandas, which tells of nulls, or of reach."""
    _checked(expectation, table)
    names, own = expectation.kwargs.get("type_list"), _own(column)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise NotCompiledError
    if not all(name in {*_TEXTS, *_OF_NUMPY, *_MOMENTS, *_NONE, *_WITH_NULLS} for name in names):
        raise NotCompiledError
    if column.kind in {Kind.INTEGER, Kind.BOOLEAN}:
        plain = own in {_OF_NUMPY.get(name) for name in names}
        nullable = own in {_WITH_NULLS.get(name) for name in names}
        null = counted(f"{column.sql} IS NULL")
        return _asked(column, own, (null,), lambda values: nullable if values[0] else plain)
    if own == "datetime64":
        units = {_MOMENTS.get(name) for name in names}
        far = counted(_beyond(column))
        return _asked(column, own, (far,), lambda values: ("us" if values[0] else "ns") in units)
    success = own in {_OF_NUMPY.get(name) for name in names}
    return _asked(column, own, (), lambda _: success)


def _checked(expectation: Expectation, table: Table) -> None:
    """Leave to Great Expectations what it may fail on, although it changes nothing about a type."""
    mostly(expectation)
    if conditions.rows(expectation, table) is not None:
        # Of no row at all it says nothing, and what a type has to do with rows is its own affair.
        raise NotCompiledError


def _asked(
    column: Column, own: str, asks: tuple[str, ...], met: Callable[[tuple[Any, ...]], bool]
) -> Question:
    def answer(values: tuple[Any, ...]) -> Result:
        rows, *others = values
        return observed(own, success=met(tuple(others)), considered=rows)

    return Question((counted(None, column.sql), *asks), answer)


def _own(column: Column) -> str:
    """Return the name of the NumPy type that a column has in pandas."""
    if column.kind in {Kind.DATE, Kind.TIMESTAMP}:
        return "datetime64"
    if column.type not in PLAIN:
        raise NotCompiledError
    return PLAIN[column.type]


def _beyond(column: Column) -> str:
    if column.type == "TIMESTAMP_NS":
        return "false"
    if column.kind is Kind.DATE:
        return f"{column.sql} <= DATE '{_FIRST[:10]}' OR {column.sql} > DATE '{_LAST[:10]}'"
    return f"{column.sql} < TIMESTAMP '{_FIRST}' OR {column.sql} > TIMESTAMP '{_LAST}'"


COMPILED = {
    "expect_column_values_to_be_of_type": (of_type, ANY | {"type_"}),
    "expect_column_values_to_be_in_type_list": (in_type_list, ANY | {"type_list"}),
}
"""For each type: what compiles it, and the arguments that it knows."""
