"""Expectations about the places of values in their order: median and quantiles; compiled.

Which places are wanted depends on how many values there are, so they are looked up in a second query, one
column at a time: at most 20 million values are held (160 MB); more are sorted, which spills to disk.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.gallery.column_aggregate import number_bounds
from mltoolkit.contract.gallery.comparisons import NUMBERS
from mltoolkit.contract.results import Result, observed, raised
from mltoolkit.contract.scan import Look, Question
from mltoolkit.contract.sources import DATA, Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, both, counted, literal, where
from mltoolkit.contract.suites import Expectation

HELD = 20_000_000
"""How many values are held in memory to find some places in their order."""

_DISCRETE: dict[str, Callable[[float], float]] = {"nearest": round, "lower": math.floor, "higher": math.ceil}
_BETWEEN = ("linear", "midpoint")
_RELATIVE, _ABSOLUTE = 1e-4, 1e-8
_HALF = 0.5


def median(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_median_to_be_between``: of two values in the middle, their mean."""
    bounds = number_bounds(expectation)
    number = _number(column)
    if column.type == "FLOAT":
        raise NotCompiledError
    among = conditions.rows(expectation, table)

    def answer(values: tuple[Any, ...]) -> Result | Look:
        (count,) = values
        if not count:
            return observed(None, success=False, considered=0)
        places = [(count - 1) // 2, count // 2]

        def finish(found: dict[int, Any]) -> Result:
            value = (float(found[places[0]]) + float(found[places[1]])) / 2
            if math.isnan(value):
                return observed(None, success=False, considered=count)
            return observed(value, success=bounds.hold(value), considered=count)

        return places_in_order(number, both(among, f"{column.sql} IS NOT NULL"), count, places, finish)

    return Question((counted(among, column.sql),), answer)


def quantile_values(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_quantile_values_to_be_between``.

    ``allow_relative_error`` says what a quantile between two values is, in numpy's words; the nearest of
    them where it does not.
    """
    quantiles, ranges = _ranges(expectation.kwargs.get("quantile_ranges"))
    method = _method(expectation.kwargs.get("allow_relative_error", False), column)
    number = _number(column)
    among = conditions.rows(expectation, table)

    def result(values: list[Any], count: int) -> Result:
        met = [
            value is not None and _in_range(value, low, high)
            for value, (low, high) in zip(values, ranges, strict=True)
        ]
        return observed(
            {"quantiles": quantiles, "values": values},
            success=all(met),
            considered=count,
            details={"success_details": met},
        )

    def answer(values: tuple[Any, ...]) -> Result | Look:
        count, rows, filled = values
        if not count and rows != filled and column.kind is not Kind.FLOAT:
            # Great Expectations cannot compare the null that pandas has beside integers and booleans.
            return raised("there is no value to take a quantile of")
        if not count:
            return result([None] * len(quantiles), 0)
        wanted = [_places(count, quantile, method) for quantile in quantiles]

        def finish(found: dict[int, Any]) -> Result:
            made = [
                found[low] if method in _DISCRETE else _between(float(found[low]), float(found[high]), share)
                for low, high, share in wanted
            ]
            if column.kind is Kind.BOOLEAN:
                made = [bool(value) for value in made]
            return result([None if math.isnan(value) else value for value in made], count)

        places = [place for low, high, _ in wanted for place in (low, high)]
        return places_in_order(number, both(among, f"{column.sql} IS NOT NULL"), count, places, finish)

    return Question((counted(among, column.sql), counted(None), counted(None, column.sql)), answer)


def places_in_order(
    value: str,
    condition: str | None,
    count: int,
    places: Iterable[int],
    finish: Callable[[dict[int, Any]], Result],
) -> Look:
    """Return the look at values by their places in the order of all of them.

    Args:
        value: SQL of the values, not null under the condition.
        condition: Which rows have them.
        count: How many rows these are, at least one.
        places: From 0 to ``count - 1``.
        finish: Makes the result of the value at each place.
    """
    wanted = sorted(set(places))
    query = places_query(value, condition, count, wanted)
    return Look(query, lambda rows: finish(dict(zip(wanted, rows[0][0], strict=True))))


def places_query(
    value: str, condition: str | None, count: int, wanted: Sequence[int], *, held: int = HELD
) -> str:
    """Return the query for one list of the values at some places in the order of all of them.

    Args:
        value: SQL of the values, not null under the condition.
        condition: Which rows have them.
        count: How many rows these are, at least one.
        wanted: Places from 0 to ``count - 1``, each once, in their order.
        held: How many values may be held in memory; more are sorted.
    """
    if count > held:
        ranked = f"SELECT {value} AS v, row_number() OVER (ORDER BY {value}) AS r FROM {DATA}"
        numbers = ", ".join(str(place + 1) for place in wanted)
        return f"SELECT list(v ORDER BY r) FROM ({ranked}{where(condition)}) WHERE r IN ({numbers})"
    # DuckDB takes the value at ceil(share * count), counted from 1: half a step before a place's end.
    shares = ", ".join(repr((place + _HALF) / count) for place in wanted)
    return f"SELECT quantile_disc({value}, [{shares}]) FROM {DATA}{where(condition)}"


def interpolated(count: int, quantiles: Sequence[float]) -> tuple[list[int], list[str]]:
    """Return the places that quantiles lie between, and each as SQL over ``v``, the list of values there."""
    between = [_places(count, quantile, "linear") for quantile in quantiles]
    wanted = sorted({place for low, high, _ in between for place in (low, high)})
    made = []
    for low, high, share in between:
        first, second = (f"v[{wanted.index(place) + 1}]::DOUBLE" for place in (low, high))
        step = f"({second} - {first})"
        made.append(
            f"{second} - {step} * {literal(1 - share)}"
            if share >= _HALF
            else f"{first} + {step} * {literal(share)}"
        )
    return wanted, made


def _places(count: int, quantile: float, method: str) -> tuple[int, int, float]:
    """Return the two places that a quantile lies between, and how far from the first one, as numpy does."""
    place = (count - 1) * quantile
    if method in _DISCRETE:
        at = int(_DISCRETE[method](place))
        return at, at, 0.0
    if method == "midpoint":
        place = (math.floor(place) + math.ceil(place)) / 2
    low = min(math.floor(place), count - 1)
    return low, min(low + 1, count - 1), place - low


def _between(low: float, high: float, share: float) -> float:
    # In numpy's own steps, for they make NaN of infinities.
    return high - (high - low) * (1 - share) if share >= _HALF else low + (high - low) * share


def _in_range(value: Any, low: float, high: float) -> bool:
    return _close(value, low) or _close(value, high) or low <= value <= high


def _close(value: Any, bound: float) -> bool:
    """Return what ``isclose`` of numpy says."""
    near, to = float(value), float(bound)
    return near == to or (math.isfinite(to) and abs(near - to) <= _ABSOLUTE + _RELATIVE * abs(to))


def _number(column: Column) -> str:
    if column.kind not in NUMBERS:
        raise NotCompiledError
    return f"{column.sql}::TINYINT" if column.kind is Kind.BOOLEAN else column.sql


def _method(told: Any, column: Column) -> str:
    method = told or "nearest" if isinstance(told, bool | str) else None
    if method in _DISCRETE or (
        method in _BETWEEN and column.kind is not Kind.BOOLEAN and column.type != "FLOAT"
    ):
        return str(method)
    raise NotCompiledError


def _ranges(told: Any) -> tuple[list[float], list[tuple[float, float]]]:
    """Return the quantiles, and the bounds of each; infinite where there is none."""
    match told:
        case {"quantiles": list(quantiles), "value_ranges": list(pairs), **rest} if (
            quantiles and not rest and len(quantiles) == len(pairs)
        ):
            pass
        case _:
            raise NotCompiledError
    if not all(_is_number(quantile) and 0 <= quantile <= 1 for quantile in quantiles):
        raise NotCompiledError
    ranges = []
    for pair in pairs:
        match pair:
            case [low, high] if all(bound is None or _is_number(bound) for bound in pair):
                ranges.append((-math.inf if low is None else low, math.inf if high is None else high))
            case _:
                raise NotCompiledError
    if any(low > high for low, high in ranges):
        raise NotCompiledError
    return quantiles, ranges


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_ANY = frozenset({"column", "row_condition", "condition_parser"})

COMPILED = {
    "expect_column_median_to_be_between": (
        median,
        _ANY | {"min_value", "max_value", "strict_min", "strict_max"},
    ),
    "expect_column_quantile_values_to_be_between": (
        quantile_values,
        _ANY | {"quantile_ranges", "allow_relative_error"},
    ),
}
"""For each type: what compiles it, and the arguments that it knows."""
