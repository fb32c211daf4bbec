"""Expectations about the whole table, compiled: how many rows and columns, and which."""

from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.gallery.row_map import checked
from mltoolkit.contract.results import Result
from mltoolkit.contract.scan import Question
from mltoolkit.contract.sources import Table
from mltoolkit.contract.sql import NotCompiledError, counted
from mltoolkit.contract.suites import Expectation


def row_count_between(expectation: Expectation, table: Table) -> Question:
    """``expect_table_row_count_to_be_between``: of the rows that meet the row condition."""
    checked(expectation, optional=["min_value", "max_value"])
    low, high = (_integer(expectation.kwargs.get(name)) for name in ("min_value", "max_value"))
    strict = [expectation.kwargs.get(name, False) for name in ("strict_min", "strict_max")]
    if (low is None and high is None) or not all(isinstance(each, bool) for each in strict):
        raise NotCompiledError
    if low is not None and high is not None and low > high:
        raise NotCompiledError
    return _rows(expectation, table, lambda count: _between(count, low, high, *strict))


def row_count(expectation: Expectation, table: Table) -> Question:
    """``expect_table_row_count_to_equal``: of the rows that meet the row condition."""
    checked(expectation)
    value = _integer(expectation.kwargs.get("value"))
    if value is None:
        raise NotCompiledError
    return _rows(expectation, table, lambda count: count == value)


def column_count_between(expectation: Expectation, table: Table) -> Question:
    """``expect_table_column_count_to_be_between``."""
    checked(expectation, optional=["min_value", "max_value"])
    low, high = (_number(expectation.kwargs.get(name)) for name in ("min_value", "max_value"))
    if low is None and high is None:
        raise NotCompiledError
    count = len(table.columns)
    return _known(_between(count, low, high), count)


def column_count(expectation: Expectation, table: Table) -> Question:
    """``expect_table_column_count_to_equal``."""
    checked(expectation)
    value = _integer(expectation.kwargs.get("value"))
    if value is None:
        raise NotCompiledError
    return _known(len(table.columns) == value, len(table.columns))


def ordered_list(expectation: Expectation, table: Table) -> Question:
    """``expect_table_columns_to_match_ordered_list``."""
    checked(expectation)
    wanted = _names(expectation.kwargs.get("column_list"))
    there = [column.name for column in table.columns]
    if wanted == there:
        return _known(True, there)
    mismatched = [
        {"Expected Column Position": at, "Expected": one, "Found": other}
        for at, (one, other) in enumerate(zip_longest(wanted, there))
        if one != other
    ]
    return _known(False, there, details={"mismatched": mismatched})


def matching_set(expectation: Expectation, table: Table) -> Question:
    """``expect_table_columns_to_match_set``: others may be there too where ``exact_match`` is false."""
    checked(expectation)
    wanted = set(_names(expectation.kwargs.get("column_set")))
    exact = expectation.kwargs.get("exact_match", True)
    if not isinstance(exact, bool):
        raise NotCompiledError
    there = {column.name for column in table.columns}
    if wanted == there:
        return _known(True, sorted(there))
    differing = {"unexpected": sorted(there - wanted), "missing": sorted(wanted - there)}
    mismatched = {word: names for word, names in differing.items() if names}
    met = not exact and wanted <= there
    return _known(met, sorted(there), details={"mismatched": mismatched})


def exists(expectation: Expectation, table: Table) -> Question:
    """``expect_column_to_exist``, at its place where one is given: from 0, or from the end where negative."""
    checked(expectation, optional=["column_index"])
    name, place = expectation.kwargs.get("column"), _integer(expectation.kwargs.get("column_index"))
    if not isinstance(name, str) or not name:
        raise NotCompiledError
    there = [column.name for column in table.columns]
    met = name in there if place is None else name in there[place : place + 1 or None]
    return Question((), lambda _: Result(success=met, result={}))


def _rows(expectation: Expectation, table: Table, meets: Callable[[int], bool]) -> Question:
    def answer(values: tuple[Any, ...]) -> Result:
        (count,) = values
        return Result(success=meets(count), result={"observed_value": int(count)})

    return Question((counted(conditions.rows(expectation, table)),), answer)


def _known(success: bool, value: Any, **details: Any) -> Question:  # noqa: FBT001 - the answer itself
    return Question((), lambda _: Result(success=success, result={"observed_value": value, **details}))


def _between(
    count: int,
    low: float | None,
    high: float | None,
    *strict: bool,
) -> bool:
    strict_low, strict_high = strict or (False, False)
    above = low is None or (count > low if strict_low else count >= low)
    return above and (high is None or (count < high if strict_high else count <= high))


def _integer(value: Any) -> int | None:
    """Return an argument that must be an integer: others are made one, or a date, by rules of pydantic."""
    if value is not None and type(value) is not int:
        raise NotCompiledError
    return value


def _number(value: Any) -> float | None:
    """Return an argument that Great Expectations reads as a float."""
    if value is None:
        return None
    if type(value) not in {int, float}:
        raise NotCompiledError
    try:
        return float(value)
    except OverflowError as error:
        raise NotCompiledError from error


def _names(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise NotCompiledError
    return value


_RANGE = frozenset({"min_value", "max_value"})
_CONDITION = frozenset({"row_condition", "condition_parser"})

COMPILED = {
    "expect_table_row_count_to_be_between": (
        row_count_between,
        _RANGE | _CONDITION | {"strict_min", "strict_max"},
    ),
    "expect_table_row_count_to_equal": (row_count, _CONDITION | {"value"}),
    "expect_table_column_count_to_be_between": (column_count_between, _RANGE),
    "expect_table_column_count_to_equal": (column_count, frozenset({"value"})),
    "expect_table_columns_to_match_ordered_list": (ordered_list, frozenset({"column_list"})),
    "expect_table_columns_to_match_set": (matching_set, frozenset({"column_set", "exact_match"})),
    "expect_column_to_exist": (exists, frozenset({"column", "column_index"})),
}
"""For each type: what compiles it, and the arguments that it knows."""
