"""Values that lie far outside the quartiles of their column, compiled."""

import math
from typing import Any

from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.gallery.quantiles import HELD, interpolated, places_query
from mltoolkit.contract.results import SHOWN, Result, mapped, plain, raised
from mltoolkit.contract.scan import Look, Question
from mltoolkit.contract.sources import DATA, Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, both, counted, literal, where
from mltoolkit.contract.suites import Expectation

_QUARTILES = (0.25, 0.75)
_DEFAULT = 1.5


def not_outliers(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_not_be_outliers`` by the distance of the quartiles (``iqr``).

    By the standard deviation (``std``) it is not compiled: whether a value lies exactly at the edge would
    hang on the last bits of a mean. Without finite quartiles no value is an outlier.
    """
    kwargs = expectation.kwargs
    if kwargs.get("method", "iqr") != "iqr" or column.type == "FLOAT":
        raise NotCompiledError
    if column.kind not in {Kind.INTEGER, Kind.FLOAT}:
        raise NotCompiledError
    multiplier = _number(kwargs.get("multiplier", _DEFAULT), most=math.inf)
    mostly = _number(kwargs.get("mostly", 1), most=1)
    among = conditions.rows(expectation, table)
    values = both(among, f"{column.sql} IS NOT NULL")

    def answer(numbers: tuple[Any, ...]) -> Result | Look:
        elements, count, rows, filled = numbers
        if not count and rows != filled and column.kind is Kind.INTEGER:
            # Great Expectations cannot read the null that pandas has beside integers.
            return raised("there is no value to take a quartile of")

        def finish(rows: list[tuple[Any, ...]]) -> Result:
            ((unexpected, shown),) = rows
            return mapped(
                elements=elements,
                nonnull=count,
                unexpected=unexpected,
                values=[plain(value) for value in shown or []],
                mostly=mostly,
            )

        if not count:
            return finish([(0, [])])
        return Look(_query(column, values, count, multiplier), finish)

    whole = (counted(None), counted(None, column.sql))
    return Question((counted(among), counted(among, column.sql), *whole), answer)


def _query(column: Column, values: str | None, count: int, multiplier: float) -> str:
    """Return the query for the number of outliers, and the first of them in the order of the rows."""
    wanted, quartiles = interpolated(count, _QUARTILES)
    places = places_query(column.sql, values, count, wanted, held=HELD)
    reach = literal(float(multiplier))
    fences = (
        f"SELECT first - {reach} * (third - first) AS low, third + {reach} * (third - first) AS high FROM "
        f"(SELECT {quartiles[0]} AS first, {quartiles[1]} AS third FROM ({places}) AS p(v)) "
        "WHERE isfinite(first) AND isfinite(third)"
    )
    number = f"{column.sql}::DOUBLE"
    # Without fences these are null, and nothing lies outside.
    outside = f"NOT ({number} >= (SELECT low FROM fences) AND {number} <= (SELECT high FROM fences))"
    several = f"SELECT {column.sql} AS v FROM {DATA}{where(both(values, outside))} LIMIT {SHOWN}"
    return (
        f"WITH fences AS MATERIALIZED ({fences}) SELECT {counted(outside)}, (SELECT list(v) FROM ({several})) "
        f"FROM {DATA}{where(values)}"
    )


def _number(value: Any, *, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise NotCompiledError
    return float(value)


COMPILED = {
    "expect_column_values_to_not_be_outliers": (
        not_outliers,
        frozenset({"column", "method", "multiplier", "mostly", "row_condition", "condition_parser"}),
    ),
}
"""For each type: what compiles it, and the arguments that it knows."""
