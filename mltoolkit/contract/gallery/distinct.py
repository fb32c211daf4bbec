"""Expectations about the different values of a column, compiled; null is none of them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.gallery.column_aggregate import as_json, shown
from mltoolkit.contract.gallery.comparisons import MOMENTS, moment
from mltoolkit.contract.results import SHOWN, Result, observed, plain
from mltoolkit.contract.scan import Look, Question
from mltoolkit.contract.sources import DATA, Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, both, counted, literal, where
from mltoolkit.contract.suites import Expectation

_INTEGERS = range(-(2**63), 2**64)
_NANOSECONDS = range(1678, 2262)
"""Years whose every moment fits a timestamp of nanoseconds."""


class Expected(NamedTuple):
    """The values of a set, as a column's values are compared with them.

    Attributes:
        values: Different ones, in the order of the suite: as Python compares them, ``1 == 1.0 == True``.
        literals: Of each its SQL; ``None`` where no value of the column can equal it.
    """

    values: tuple[Any, ...]
    literals: tuple[str | None, ...]

    def condition(self, column: Column) -> str:
        """Return whether a value of the column is one of them, as SQL."""
        known = [each for each in self.literals if each is not None]
        return f"{column.sql} IN ({', '.join(known)})" if known else "false"

    def found(self, column: Column, among: str | None) -> str:
        """Return how many of them are in the column, as a scalar subquery."""
        known = [f"({each})" for each in self.literals if each is not None]
        if not known:
            return "0"
        values = f"(VALUES {', '.join(known)}) AS known(v)"
        return f"(SELECT count(*) FROM {values} WHERE v IN (SELECT {column.sql} FROM {DATA}{where(among)}))"


def in_set(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_distinct_values_to_be_in_set``."""
    return _compared(expectation, table, column, unexpected=True, missing=False)


def contain_set(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_distinct_values_to_contain_set``."""
    return _compared(expectation, table, column, unexpected=False, missing=True)


def equal_set(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_distinct_values_to_equal_set``."""
    return _compared(expectation, table, column, unexpected=True, missing=True)


def most_common(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_most_common_value_to_be_in_set``.

    Of many values that are equally common, the first 20 are reported: there may be as many as rows.
    """
    ties = expectation.kwargs.get("ties_okay")
    if not isinstance(ties, bool | None) or column.kind in MOMENTS:
        # Great Expectations compares texts of nanoseconds with those of the suite.
        raise NotCompiledError
    expected = _expected(expectation, column)
    among = conditions.rows(expectation, table)
    values = both(among, f"{column.sql} IS NOT NULL")
    groups = f"SELECT {column.sql}, count(*) AS n FROM {DATA}{where(values)} GROUP BY {column.sql}"
    made = (
        f"(SELECT {{'ties': count(*), 'met': {counted(expected.condition(column))}, "
        f"'first': min({column.sql}, {SHOWN})}} FROM ({groups}) GROUP BY n ORDER BY n DESC LIMIT 1)"
    )

    def answer(found: tuple[Any, ...]) -> Result:
        considered, modes = found
        if modes is None:
            return observed([], success=False, considered=considered)
        success = modes["met"] > 0 if ties else modes["ties"] == modes["met"] == 1
        return observed([plain(value) for value in modes["first"]], success=success, considered=considered)

    return Question((counted(among, column.sql), made), answer)


def _compared(
    expectation: Expectation, table: Table, column: Column, *, unexpected: bool, missing: bool
) -> Question:
    expected = _expected(expectation, column)
    among = conditions.rows(expectation, table)
    known = expected.condition(column)
    values = both(among, f"{column.sql} IS NOT NULL")
    other, found = both(values, f"NOT ({known})"), both(among, known)

    def answer(numbers: tuple[Any, ...]) -> Result | Look:
        considered, *counts = numbers
        extra = counts[0] if unexpected else 0
        # Great Expectations reads moments in a set only where there is one to compare them with.
        whole = expected.values if considered else _different(expectation.kwargs["value_set"])
        absent = len(whole) - counts[-1] if missing else 0

        def finish(rows: list[tuple[Any, ...]]) -> Result:
            there = {value for value, _ in rows if value is not None}
            result: dict[str, Any] = {}
            if unexpected:
                strange = sorted(value for _, value in rows if value is not None)
                result["unexpected_count"] = extra
                result["partial_unexpected_list"] = [as_json(column, value) for value in strange]
            if missing:
                lacking = [value for value in whole if value not in there] if absent else []
                result["missing_count"] = absent
                result["partial_missing_list"] = [plain(value) for value in lacking[:SHOWN]]
            return observed(None, success=not extra and not absent, considered=considered, **result)

        looks = []
        if absent and considered:
            value = f"{column.sql}::TIMESTAMP" if column.kind in MOMENTS else column.sql
            looks.append(f"SELECT DISTINCT {value}, NULL FROM {DATA}{where(found)}")
        if extra:
            several = f"SELECT DISTINCT {column.sql} FROM {DATA}{where(other)} ORDER BY 1 LIMIT {SHOWN}"
            looks.append(f"SELECT NULL, {shown(column, column.sql)} FROM ({several})")
        return Look(" UNION ALL ".join(looks), finish) if looks else finish([])

    # Each different value is compared once, which for texts costs a tenth of comparing all of them.
    groups = f"(SELECT {column.sql} FROM {DATA}{where(values)} GROUP BY {column.sql})"
    asks = [counted(among, column.sql)]
    if unexpected:
        asks.append(f"(SELECT {counted(f'NOT ({known})')} FROM {groups})")
    if missing:
        asks.append(expected.found(column, among))
    return Question(tuple(asks), answer)


def _expected(expectation: Expectation, column: Column) -> Expected:
    values = expectation.kwargs.get("value_set")
    if not isinstance(values, list) or not values or column.kind is Kind.OTHER:
        raise NotCompiledError
    if not all(isinstance(value, str | bool | int | float) for value in values):
        raise NotCompiledError
    different = _different([moment(value) for value in values] if column.kind in MOMENTS else values)
    return Expected(different, tuple(_literal(column, value) for value in different))


def _different(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))


def _literal(column: Column, value: Any) -> str | None:
    """Return a value as SQL of the column's own kind; ``None`` where none of its values can equal it."""
    match column.kind, value:
        case Kind.TEXT, str():
            return literal(value)
        case Kind.BOOLEAN, int() | float():
            return literal(bool(value)) if value in {0, 1} else None
        case Kind.INTEGER, int() | float():
            return literal(int(value)) if value == value // 1 and int(value) in _INTEGERS else None
        case Kind.FLOAT, int() | float():
            # Exactly, as Python compares them: 2^53 + 1 is no float.
            return literal(float(value)) if float(value) == value else None
        case Kind.DATE, dt.datetime():
            return f"DATE '{value.date().isoformat()}'" if value.time() == dt.time() else None
        case Kind.TIMESTAMP, dt.datetime() if column.type == "TIMESTAMP_NS":
            return f"TIMESTAMP_NS '{value.isoformat(' ')}'" if value.year in _NANOSECONDS else None
        case Kind.TIMESTAMP, dt.datetime():
            return f"TIMESTAMP '{value.isoformat(' ')}'"
        case _:
            return None


_SET = frozenset({"column", "value_set", "row_condition", "condition_parser"})

COMPILED = {
    "expect_column_distinct_values_to_be_in_set": (in_set, _SET),
    "expect_column_distinct_values_to_contain_set": (contain_set, _SET),
    "expect_column_distinct_values_to_equal_set": (equal_set, _SET),
    "expect_column_most_common_value_to_be_in_set": (most_common, _SET | {"ties_okay"}),
}
"""For each type: what compiles it, and the arguments that it knows."""
