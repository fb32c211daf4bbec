"""Expectations about the values of each row in a list of columns, compiled."""

import math
from collections.abc import Callable
from itertools import combinations
from typing import Any

from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.gallery.column_map import mostly
from mltoolkit.contract.gallery.pairs import missing
from mltoolkit.contract.gallery.row_map import (
    ANY,
    checked,
    chosen,
    comparable,
    each,
    left,
    one_kind,
    rows,
)
from mltoolkit.contract.looks import Look
from mltoolkit.contract.results import SHOWN, Result
from mltoolkit.contract.scan import Question
from mltoolkit.contract.sources import DATA, Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, both, where
from mltoolkit.contract.suites import Expectation

_WORDS = ("all_values_are_missing", "any_value_is_missing", "never")

_MOST_COLUMNS = 20
_IN_ORDER = 8
"""From so many floats on, numpy does not add them from left to right."""


def unique_together(expectation: Expectation, table: Table) -> Question:
    """``expect_compound_columns_to_be_unique``: rows whose values are all equal are not; null equals null."""
    columns = _columns(expectation, table)
    if isinstance(columns, Question):
        return columns
    kept = left(expectation, columns, _WORDS)
    looked = where(both(conditions.rows(expectation, table), kept))
    # Zeros of either sign are equal, and make one group.
    keys = [f"{c.sql} + 0.0::DOUBLE" if c.kind is Kind.FLOAT else c.sql for c in columns]
    groups = f"FROM {DATA}{looked} GROUP BY {', '.join(keys)}"
    count = f"(SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n {groups}) WHERE n > 1)"

    def look(values: tuple[str, ...], count: int, finish: Callable[[list[tuple[Any, ...]]], Result]) -> Look:
        del count
        # The first rows are among those of the groups that begin first.
        names = [f"k{at}" for at in range(len(keys))]
        made = ", ".join(f"{key} AS {name}" for key, name in zip(keys, names, strict=True))
        shown = ", ".join(f"{value} AS v{at}" for at, value in enumerate(values))
        same = " AND ".join(f"numbered.{name} IS NOT DISTINCT FROM groups.{name}" for name in names)
        return Look(
            f"WITH numbered AS (SELECT {made}, {shown}, row_number() OVER () AS place FROM {DATA}{looked}), "
            f"groups AS (SELECT {', '.join(names)}, min(place) AS place FROM numbered GROUP BY ALL "
            f"HAVING count(*) > 1 ORDER BY min(place) LIMIT {SHOWN}) "
            f"SELECT {', '.join(f'v{at}' for at in range(len(values)))} FROM numbered SEMI JOIN groups ON {same} "
            f"ORDER BY place LIMIT {SHOWN}",
            finish,
        )

    return rows(expectation, table, columns, kept, unexpected=count, look=look, named=True)


def unique_in_row(expectation: Expectation, table: Table) -> Question:
    """``expect_select_column_values_to_be_unique_within_record``: two nulls are one value."""
    columns = _columns(expectation, table)
    if isinstance(columns, Question):
        return columns
    kinds = {column.kind for column in columns}
    # Beside booleans, nulls of different kinds are different values.
    if not one_kind(columns) or (Kind.BOOLEAN in kinds and len(kinds) > 1) or _rounded(columns):
        raise NotCompiledError
    floats = "::DOUBLE" if Kind.FLOAT in kinds else ""
    expected = " AND ".join(
        "({} IS DISTINCT FROM {})".format(*((a.sql + floats, b.sql + floats) if floats else comparable(a, b)))
        for a, b in combinations(columns, 2)
    )
    return _asked(expectation, table, columns, expected)


def equal(expectation: Expectation, table: Table) -> Question:
    """``expect_multicolumn_values_to_be_equal``: null equals null, and nothing else."""
    columns = _columns(expectation, table)
    if isinstance(columns, Question):
        return columns
    if not one_kind(columns):
        raise NotCompiledError
    # Each with the first one: floats between two integers may equal both, though those differ.
    pairs = (comparable(columns[0], column) for column in columns[1:])
    expected = " AND ".join(f"({a} IS NOT DISTINCT FROM {b})" for a, b in pairs)
    return _asked(expectation, table, columns, expected)


def total(expectation: Expectation, table: Table) -> Question:
    """``expect_multicolumn_sum_to_equal``: exactly, floats added from left to right; with a null there is none.

    Integers whose sum exceeds 64 bits are Great Expectations' own.
    """
    wanted = expectation.kwargs.get("sum_total")
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        raise NotCompiledError
    try:
        wanted = float(wanted)
    except OverflowError as error:
        raise NotCompiledError from error
    columns = _columns(expectation, table)
    if isinstance(columns, Question):
        return columns
    kinds = {column.kind for column in columns}
    narrow = any(column.type in {"FLOAT", "UBIGINT"} for column in columns)
    if not kinds <= {Kind.INTEGER, Kind.FLOAT} or narrow or not math.isfinite(wanted):
        raise NotCompiledError
    if Kind.FLOAT in kinds and len(columns) >= _IN_ORDER:
        raise NotCompiledError
    cast = "DOUBLE" if Kind.FLOAT in kinds else "BIGINT"
    added = " + ".join(f"{column.sql}::{cast}" for column in columns)
    return _asked(expectation, table, columns, f"coalesce(({added})::DOUBLE = {wanted!r}::DOUBLE, false)")


def _rounded(columns: tuple[Column, ...]) -> bool:
    """Return whether pandas makes floats of integers of eight bytes with and without a sign."""
    return any(column.type == "UBIGINT" for column in columns) and len({c.type for c in columns}) > 1


def _columns(expectation: Expectation, table: Table) -> tuple[Column, ...] | Question:
    """Return the columns, or the answer that one of them does not exist."""
    checked(expectation)
    mostly(expectation)
    left(expectation, (), _WORDS)
    conditions.rows(expectation, table)
    names = expectation.kwargs.get("column_list")
    if not isinstance(names, list) or not 2 <= len(names) <= _MOST_COLUMNS:  # noqa: PLR2004 - one is no list
        raise NotCompiledError
    found = chosen(table, names)
    return missing(found) if isinstance(found, str) else found


def _asked(expectation: Expectation, table: Table, columns: tuple[Column, ...], expected: str) -> Question:
    return each(expectation, table, columns, expected, left(expectation, columns, _WORDS), named=True)


_LIST = ANY | {"column_list"}

COMPILED = {
    "expect_compound_columns_to_be_unique": (unique_together, _LIST),
    "expect_select_column_values_to_be_unique_within_record": (unique_in_row, _LIST),
    "expect_multicolumn_values_to_be_equal": (equal, _LIST),
    "expect_multicolumn_sum_to_equal": (total, _LIST | {"sum_total"}),
}
"""For each type: what compiles it, and the arguments that it knows."""
