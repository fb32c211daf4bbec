"""Expectations about one number, text or moment of a whole column, compiled.

Sums of floats differ in their last bits with the order that threads add them in. What is made of them is
rounded to 14 significant digits (a deviation to 12) before it is decided on and reported, and so are the
bounds it is held to: the same data gives the same result always, and a bound copied from a result is met.
"""

import datetime as dt
import math
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.gallery.comparisons import MOMENTS, NUMBERS, before_or_after, moment
from mltoolkit.contract.results import Result, observed, plain
from mltoolkit.contract.scan import Question
from mltoolkit.contract.sources import Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, counted, filtered
from mltoolkit.contract.suites import Expectation

_GREATEST = 1.7e308
_BILLION = 1_000_000_000
_THOUSAND = 1_000


class Bounds(NamedTuple):
    """What a value must be between.

    Attributes:
        low: The least value; ``None`` where there is none.
        high: The greatest value; ``None`` where there is none.
        strict_low: Whether the least value itself is too small.
        strict_high: Whether the greatest value itself is too great.
    """

    low: Any
    high: Any
    strict_low: bool
    strict_high: bool

    def each(self, change: Callable[[Any], Any]) -> "Bounds":
        """Return these bounds with both values changed, where they are there."""
        low, high = (None if bound is None else change(bound) for bound in (self.low, self.high))
        return self._replace(low=low, high=high)

    def hold(self, value: Any) -> bool:
        """Return whether a value lies between them."""
        above = self.low is None or (value > self.low if self.strict_low else value >= self.low)
        return above and (
            self.high is None or (value < self.high if self.strict_high else value <= self.high)
        )


def extreme(expectation: Expectation, table: Table, column: Column, which: str) -> Question:
    """``expect_column_min_to_be_between`` and ``expect_column_max_to_be_between``.

    Numbers and booleans are compared as floats, which is how Great Expectations does it. Texts are compiled
    without bounds alone: it has none for them. A date as a bound means its midnight.
    """
    among = conditions.rows(expectation, table)
    bounds = _bounds(expectation)
    count = counted(among, column.sql)
    if column.kind in MOMENTS:
        return _moment(column, filtered(f"{which}({column.sql})", among), count, bounds.each(moment))
    if column.kind is Kind.TEXT:
        if bounds.low is not None or bounds.high is not None:
            raise NotCompiledError
    elif column.kind in NUMBERS:
        bounds = bounds.each(_single if column.type == "FLOAT" else _float)
    else:
        raise NotCompiledError

    def answer(values: tuple[Any, ...]) -> Result:
        value, considered = values
        if value is None:
            return _nothing(considered)
        met = bounds.hold(value if isinstance(value, str) else float(value))
        return observed(value, success=met, considered=considered)

    return Question((filtered(f"{which}({column.sql})", among), count), answer)


def least(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_min_to_be_between``."""
    return extreme(expectation, table, column, "min")


def greatest(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_max_to_be_between``."""
    return extreme(expectation, table, column, "max")


def total(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_sum_to_be_between``: sums of integers are exact; that of no value is 0."""
    bounds = _bounds(expectation).each(_float)
    return _summed(expectation, table, column, bounds, lambda whole, _: whole)


def mean(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_mean_to_be_between``: that of integers is made of their exact sum."""
    bounds = _bounds(expectation).each(_float)
    return _summed(expectation, table, column, bounds, lambda whole, count: whole / count if count else None)


def deviation(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_stdev_to_be_between``: of a sample, so that one value has none."""
    among = conditions.rows(expectation, table)
    bounds = _bounds(expectation).each(_float).each(_rough)
    number = _number(column)
    asks = (filtered(f"stddev_samp({number}::DOUBLE)", among), filtered(f"sum({number})", among))

    def answer(values: tuple[Any, ...]) -> Result:
        value, whole, considered = values
        if value is None or math.isnan(value):
            return _nothing(considered)
        if math.isinf(whole) and not math.isinf(value):
            # The sum of finite values is none, and pandas needs it for their mean.
            raise NotCompiledError
        value = _rough(value)
        return observed(value, success=bounds.hold(value), considered=considered)

    return Question((*asks, counted(among, column.sql)), answer)


def unique_count(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_unique_value_count_to_be_between``."""
    among = conditions.rows(expectation, table)
    bounds = _bounds(expectation)
    if any(not isinstance(bound, int | None) for bound in (bounds.low, bounds.high)):
        raise NotCompiledError

    def answer(values: tuple[Any, ...]) -> Result:
        distinct, considered = values
        return observed(distinct, success=bounds.hold(distinct), considered=considered)

    return Question((distinct_count(column, among), counted(among, column.sql)), answer)


def unique_share(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_proportion_of_unique_values_to_be_between``: of the values that are not null."""
    among = conditions.rows(expectation, table)
    return _share(expectation, distinct_count(column, among), counted(among, column.sql))


def filled_share(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_proportion_of_non_null_values_to_be_between``: it looks at nulls too."""
    among = conditions.rows(expectation, table)
    return _share(expectation, counted(among, column.sql), counted(among))


def _share(expectation: Expectation, part: str, whole: str) -> Question:
    bounds = number_bounds(expectation)

    def answer(values: tuple[Any, ...]) -> Result:
        some, considered = values
        share = some / considered if considered else 0
        return observed(share, success=bounds.hold(share), considered=considered)

    return Question((part, whole), answer)


def distinct_count(column: Column, among: str | None) -> str:
    """Return the aggregate that counts different values; null is none.

    Raises:
        NotCompiledError: The column's values are of a kind that pandas may not be able to compare.
    """
    if column.kind is Kind.OTHER:
        raise NotCompiledError
    return counted(among, f"DISTINCT {column.sql}")


def number_bounds(expectation: Expectation) -> Bounds:
    """Return the numbers that an expectation's value must be between.

    Raises:
        NotCompiledError: They are no numbers, or ``strict_min`` or ``strict_max`` is no boolean.
    """
    return _bounds(expectation).each(_float)


def shown(column: Column, value: str) -> str:
    """Return the SQL of a value as ``as_json`` expects it: nanoseconds do not survive as Python's datetime."""
    return f"epoch_ns({value})" if column.type == "TIMESTAMP_NS" else value


def as_json(column: Column, value: Any) -> Any:
    """Return a value of a column, as ``shown`` selects it, as Great Expectations' JSON has it."""
    if column.type != "TIMESTAMP_NS" or value is None:
        return plain(value)
    seconds, rest = divmod(value, _BILLION)
    text = (dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(seconds=seconds)).replace(tzinfo=None)
    if rest % _THOUSAND:
        return f"{text.isoformat()}.{rest:09d}"
    return text.isoformat() if not rest else f"{text.isoformat()}.{rest // _THOUSAND:06d}"


def _moment(column: Column, value: str, count: str, bounds: Bounds) -> Question:
    extremes = column._replace(sql=value)
    asks = [
        before_or_after(extremes, operator, bound)
        for operator, bound in (
            (">" if bounds.strict_low else ">=", bounds.low),
            ("<" if bounds.strict_high else "<=", bounds.high),
        )
        if bound is not None
    ]

    def answer(values: tuple[Any, ...]) -> Result:
        considered, extreme, *met = values
        # Great Expectations compares "not a time", which is the extreme of no value, as if it were one.
        text = "NaT" if extreme is None else as_json(column, extreme)
        return observed(text, success=all(each is True for each in met), considered=considered)

    return Question((count, shown(column, value), *asks), answer)


def _summed(
    expectation: Expectation,
    table: Table,
    column: Column,
    bounds: Bounds,
    of: Callable[[Any, int], Any],
) -> Question:
    among = conditions.rows(expectation, table)
    number = _number(column)
    count = counted(among, column.sql)
    # Kahan's sum differs least with the order, but makes NaN of infinities: the plain one tells them.
    exact = column.kind is not Kind.FLOAT
    asks = (filtered(f"sum({number})", among), *(() if exact else (filtered(f"fsum({number})", among),)))
    steady = bounds if exact else bounds.each(_steady)

    def answer(values: tuple[Any, ...]) -> Result:
        considered, plainly, *carefully = values
        whole = carefully[0] if carefully and plainly is not None and math.isfinite(plainly) else plainly
        value = of((0 if exact else 0.0) if whole is None else whole, considered)
        if value is None or math.isnan(value):
            return _nothing(considered)
        value = value if exact else _steady(value)
        return observed(value, success=steady.hold(float(value)), considered=considered)

    return Question((count, *asks), answer)


def _nothing(considered: int) -> Result:
    return observed(None, success=False, considered=considered)


def _number(column: Column) -> str:
    if column.kind not in NUMBERS or column.type == "FLOAT":
        # pandas adds numbers of four bytes in four bytes.
        raise NotCompiledError
    return f"{column.sql}::TINYINT" if column.kind is Kind.BOOLEAN else column.sql


def _bounds(expectation: Expectation) -> Bounds:
    kwargs = expectation.kwargs
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    strict_low, strict_high = kwargs.get("strict_min", False), kwargs.get("strict_max", False)
    for bound in (low, high):
        if isinstance(bound, bool) or not isinstance(bound, int | float | str | None):
            raise NotCompiledError
    if not isinstance(strict_low, bool) or not isinstance(strict_high, bool):
        raise NotCompiledError
    return Bounds(low, high, strict_low, strict_high)


def _float(bound: Any) -> float:
    if not isinstance(bound, int | float) or not -_GREATEST <= bound <= _GREATEST:
        raise NotCompiledError
    return float(bound)


def _single(bound: Any) -> float:
    """Return a bound as a number of four bytes, as numpy compares it with one."""
    try:
        (near,) = struct.unpack("<f", struct.pack("<f", _float(bound)))
    except OverflowError as error:
        raise NotCompiledError from error
    return float(near)


def _steady(value: float) -> float:
    """Return a sum without the digits that depend on who adds first: cents of a million millions are kept."""
    return float(f"{value:.14g}")


def _rough(value: float) -> float:
    """The same of a deviation, of which more digits depend on that."""
    return float(f"{value:.12g}")


_ANY = frozenset(
    {"column", "min_value", "max_value", "strict_min", "strict_max", "row_condition", "condition_parser"}
)

COMPILED = {
    "expect_column_min_to_be_between": (least, _ANY),
    "expect_column_max_to_be_between": (greatest, _ANY),
    "expect_column_sum_to_be_between": (total, _ANY),
    "expect_column_mean_to_be_between": (mean, _ANY),
    "expect_column_stdev_to_be_between": (deviation, _ANY),
    "expect_column_unique_value_count_to_be_between": (unique_count, _ANY),
    "expect_column_proportion_of_unique_values_to_be_between": (unique_share, _ANY),
    "expect_column_proportion_of_non_null_values_to_be_between": (filled_share, _ANY),
}
"""For each type: what compiles it, and the arguments that it knows."""
