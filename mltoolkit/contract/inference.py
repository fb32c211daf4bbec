"""Guesses at what good data is, from a reference profile: expectations with honest margins, to be read."""

import math
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from mltoolkit.checks import Severity
from mltoolkit.contract.frames import MOMENTS, PLAIN
from mltoolkit.profile import ColumnProfile, Numbers, Profile

Guess = dict[str, Any]
"""An expectation as a suite in Great Expectations' JSON format has it, with ``notes`` on where it is from."""

SURE = 1000
"""Rows from which on "never seen" is worth blocking for: what they never show is rarer than 0.3 %."""

ENOUGH = 50
"""Values below which nothing is guessed about how they are distributed."""

SEEN_OFTEN = 10
"""How often the rarest category of a set comes that is taken to be whole: one as frequent as that would
be missed once in e^10 times."""

_MOST = 50
_SHAPES = 20
_SIGMAS = 5.0
"""Two samples differ by more than five standard errors of one of them once in 2,000 times."""

_TAIL = 10.0
"""An exponential tail goes on for so many of its scales in one sample of 20,000."""

_USEFUL = 0.8
_LIFETIME = 10
_YEARS = (1900, 2100)
_TYPES = {**PLAIN, **MOMENTS}
"""What Great Expectations calls the types of the frame that it looks at."""


def guesses(profile: Profile) -> list[Guess]:
    """Return the expectations that a profile suggests: of the table, then column by column.

    What is structure (columns, types, keys, what is never null, sets and patterns that many rows show) is
    critical; what only describes how values are distributed is a warning. Nothing is guessed of the values
    of a column that has none, or fewer than ``ENOUGH``, nor of those of a private one.

    Args:
        profile: Of the data that is good.
    """
    found = [
        _guess(
            "expect_table_columns_to_match_set",
            {"column_set": [column.name for column in profile.columns], "exact_match": True},
            profile.rows,
            "these are the columns of the file; a new one is a decision.",
        )
    ]
    for column in profile.columns:
        if column.nulls < profile.rows:
            found += _Column(column, profile.rows).guesses()
    return found


def null_rate_limit(nulls: int, rows: int) -> float:
    """Return a share of nulls that data of the same kind will hardly exceed.

    None seen in n rows means a rate below 3/n with a confidence of 95 % (the rule of three). Otherwise it
    is twice the odds that were seen, for months differ, or what chance alone may do to few rows.

    Args:
        nulls: How many were seen.
        rows: Among how many values; at least one.
    """
    if not nulls:
        return min(1.0, 3 / rows)
    rate = nulls / rows
    return max(2 * rate / (1 + rate), _above(rate, rows))


def _guess(
    kind: str, kwargs: dict[str, Any], rows: int, why: str, severity: Severity = Severity.CRITICAL
) -> Guess:
    return {
        "type": kind,
        "kwargs": kwargs,
        "meta": {},
        "severity": str(severity),
        "notes": f"A guess from {rows:,} {'row' if rows == 1 else 'rows'}: {why}",
    }


class _Column:
    """What one column suggests."""

    def __init__(self, column: ColumnProfile, rows: int) -> None:
        self._column = column
        self._rows = rows
        self._count = rows - column.nulls
        self._certain = Severity.CRITICAL if self._count >= SURE else Severity.WARNING

    def guesses(self) -> list[Guess]:
        """Return them, structure first."""
        column = self._column
        found = [*self._type(), *self._nulls(), *self._key()]
        if self._count < ENOUGH:
            return found
        if column.kind == "boolean":
            return [*found, *self._share()]
        values = [] if _years(column) or _dated(column) else self._set()
        found += values
        whole = bool(values) and "mostly" not in values[0]["kwargs"]
        if column.lengths is not None and not whole:
            found += self._form()
        if column.numbers is not None and not values:
            found += self._range(column.numbers)
            found += self._mean(column.numbers)
        if column.span is not None:
            found += self._earliest(column.span.min, column.span.max)
        return found

    def _say(self, kind: str, why: str, severity: Severity = Severity.CRITICAL, **kwargs: Any) -> Guess:
        return _guess(kind, {"column": self._column.name, **kwargs}, self._rows, why, severity)

    def _type(self) -> Iterator[Guess]:
        if name := _TYPES.get(self._column.type):
            yield self._say(
                "expect_column_values_to_be_of_type", f"the file's type is {self._column.type}.", type_=name
            )

    def _nulls(self) -> Iterator[Guess]:
        nulls, kind = self._column.nulls, "expect_column_values_to_not_be_null"
        limit = null_rate_limit(nulls, self._rows)
        if not nulls and self._rows >= SURE:
            why = f"no null was seen, so that fewer than {_percent(limit)} are, with 95 % confidence."
            yield self._say(kind, why)
            return
        mostly = math.floor((1 - limit) * 1e4) / 1e4
        if mostly <= 0:  # of so few rows nothing can be told
            return
        if not nulls:
            why = (
                f"no null was seen, which in so few rows leaves room for {_percent(limit)} (95 % confidence)."
            )
        else:
            why = f"{nulls:,} nulls were seen ({_percent(nulls / self._rows)}); up to {_percent(1 - mostly)} pass."
        yield self._say(kind, why, Severity.WARNING, mostly=mostly)

    def _key(self) -> Iterator[Guess]:
        """Guess that values name rows: none comes twice, and not because there are so many to draw from."""
        column = self._column
        if not column.unique or column.nulls or self._count < ENOUGH:
            return
        if column.kind == "integer" and not column.private and not _counted(column.numbers, self._count):
            return
        yield self._say(
            "expect_column_values_to_be_unique", "no value came twice, so it seems a key.", self._certain
        )

    def _share(self) -> Iterator[Guess]:
        categories = self._column.categories
        if categories is None:
            return
        true = sum(each.count for each in categories.top if each.value is True)
        rate = true / self._count
        # Another sample differs too, hence twice the variance.
        chance = _SIGMAS * math.sqrt(2 * rate * (1 - rate) / self._count)
        low = min(rate / 2, rate - chance)
        high = max(2 * rate / (1 + rate), rate + chance, _above(rate, self._count))
        yield self._say(
            "expect_column_mean_to_be_between",
            f"{_percent(rate)} were true; half as many to twice the odds pass, or what chance may do.",
            Severity.WARNING,
            min_value=math.floor(max(low, 0) * 1000) / 1000,
            max_value=math.ceil(min(high, 1) * 1000) / 1000,
        )

    def _set(self) -> list[Guess]:
        categories, kind = self._column.categories, "expect_column_values_to_be_in_set"
        if categories is None or categories.other or not categories.top or len(categories.top) > _MOST:
            return []
        if self._column.unique or any(_cut(each.value) for each in categories.top):
            return []
        values = sorted(each.value for each in categories.top)
        rarest = categories.top[-1].count
        if rarest >= SEEN_OFTEN:
            why = f"these {len(values)} values were all, the rarest came {rarest:,} times."
            return [self._say(kind, why, self._certain, value_set=values)]
        # Good and Turing: what was not seen comes about as often as what was seen once.
        once = sum(each.count == 1 for each in categories.top)
        unseen = (once + 3 + _SIGMAS * math.sqrt(once + 1)) / self._count
        mostly = math.floor((1 - unseen) * 1e4) / 1e4
        if mostly < _USEFUL:
            return []
        why = (
            f"these {len(values)} values were all, but the rarest came {rarest} times and others may follow."
        )
        return [self._say(kind, why, Severity.WARNING, value_set=values, mostly=mostly)]

    def _form(self) -> Iterator[Guess]:
        column, lengths = self._column, self._column.lengths
        enough = (column.distinct or 0) >= _SHAPES or _dated(column)
        if column.pattern is not None and enough:
            yield self._say(
                "expect_column_values_to_match_regex",
                "every value is of this form.",
                self._certain,
                regex=column.pattern,
            )
        elif lengths is not None and enough:
            yield self._say(
                "expect_column_value_lengths_to_be_between",
                f"{lengths.min:,} to {lengths.max:,} characters were seen; twice as many pass"
                f"{', no empty text does' if lengths.min else ''}.",
                Severity.WARNING,
                min_value=min(lengths.min, 1),
                max_value=max(2 * lengths.max, 1),
            )

    def _range(self, numbers: Numbers) -> Iterator[Guess]:
        if numbers.min is None or numbers.max is None or numbers.finite < ENOUGH:
            return
        low, high, why = _bounds(self._column, numbers)
        if (self._column.unique and self._column.kind == "integer") or _years(self._column):
            high, why = None, f"from {_text(numbers.min)} on; numbers of rows and years go on."
        # An infinity in the data is beyond every bound.
        kwargs = {
            "min_value": None if numbers.negative_infinities else low,
            "max_value": None if numbers.positive_infinities else high,
        }
        kwargs = {name: value for name, value in kwargs.items() if value is not None}
        if kwargs:
            yield self._say("expect_column_values_to_be_between", why, Severity.WARNING, **kwargs)

    def _mean(self, numbers: Numbers) -> Iterator[Guess]:
        if not numbers.stdev or numbers.mean is None or self._column.kind == "decimal":
            return
        if numbers.min == numbers.max:  # whatever deviation is left is one of rounding
            return
        if numbers.negative_infinities or numbers.positive_infinities or numbers.finite < ENOUGH:
            return
        if (self._column.unique and self._column.kind == "integer") or _years(self._column):
            return
        chance = 2 * _SIGMAS * numbers.stdev / math.sqrt(numbers.finite)
        margin = max(numbers.stdev / 2, chance)
        low, high = _outward(numbers.mean - margin, numbers.mean + margin, margin)
        if numbers.min is not None and numbers.min >= 0:
            low = max(low, 0.0)
        yield self._say(
            "expect_column_mean_to_be_between",
            f"it was {numbers.mean:.4g}, with a standard deviation of {numbers.stdev:.4g}; half of that, or "
            "what chance may do to so few rows, is let through.",
            Severity.WARNING,
            min_value=low,
            max_value=high,
        )

    def _earliest(self, first: str, last: str) -> Iterator[Guess]:
        try:
            start, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
            early = start - max(end - start, timedelta(days=365))
        except (ValueError, OverflowError):
            return
        yield self._say(
            "expect_column_values_to_be_between",
            f"from {start.date()} to {end.date()}; as long before passes, and time goes on.",
            Severity.WARNING,
            min_value=early.replace(hour=0, minute=0, second=0, microsecond=0).isoformat(),
        )


def _above(rate: float, rows: int) -> float:
    """Return Wilson's upper bound of a share, five standard errors up."""
    z = _SIGMAS
    middle = rate + z * z / (2 * rows)
    around = z * math.sqrt(rate * (1 - rate) / rows + z * z / (4 * rows * rows))
    return (middle + around) / (1 + z * z / rows)


def _bounds(column: ColumnProfile, numbers: Numbers) -> tuple[float, float | None, str]:
    """Return a range that data of the same kind will hardly leave, and why it is that wide."""
    least, greatest = float(numbers.min or 0), float(numbers.max or 0)
    spread = greatest - least
    if not math.isfinite(spread):
        return least, greatest, "as seen."
    edges = numbers.edges
    low_tail = _tail(edges[0] - least, numbers) if edges else 0.0
    high_tail = _tail(greatest - edges[-1], numbers) if edges else 0.0
    below, above = max(spread / 2, low_tail), max(spread / 2, high_tail)
    if not spread:
        below = above = abs(least) or 1.0
    low, high = _outward(least - below, greatest + above, min(below, above))
    seen = f"{_text(numbers.min or 0)} to {_text(numbers.max or 0)} were seen; "
    why = "half of that span, or ten times the scale of its tail, passes on either side"
    if least >= 0 and (column.kind != "float" or _stops(least, edges)):
        low, why = max(low, 0.0), f"{why}, but nothing negative"
    elif greatest <= 0 and (column.kind != "float" or _stops(-greatest, [-edge for edge in reversed(edges)])):
        high, why = min(high, 0.0), f"{why}, but nothing positive"
    for limit, name in ((1.0, "a share"), (100.0, "a percentage")):
        # Values that pile up at 1 or 100 and never pass it are not there by chance.
        if (
            least >= 0
            and greatest == limit
            and edges
            and high_tail <= spread / 2
            and column.kind != "integer"
        ):
            low, high, why = 0.0, limit, f"so it seems {name}"
    if column.kind == "integer":
        return math.floor(low), math.ceil(high), f"{seen}{why}."
    return low, high, f"{seen}{why}."


def _stops(least: float, edges: Sequence[float]) -> bool:
    """Return whether values stop at their least one, as prices do at zero, and do not thin out to it."""
    quarter = len(edges) // 4
    return not edges or edges[0] - least <= edges[quarter] - edges[0]


def _tail(length: float, numbers: Numbers) -> float:
    """Return how far beyond the last value a tail may go on, from how far it went beyond its last edge.

    In an exponential tail of m values the last is about ln(m) scales out.
    """
    beyond = max(numbers.finite / (len(numbers.edges) + 1), math.e)
    return _TAIL * length / math.log(beyond)


def _outward(low: float, high: float, margin: float) -> tuple[float, float]:
    """Return bounds rounded outward to as many digits as the margin deserves."""
    if not math.isfinite(margin) or margin <= 0:
        return low, high
    digits = -math.floor(math.log10(margin))
    step = 10.0**-digits
    return round(math.floor(low / step) * step, digits), round(math.ceil(high / step) * step, digits)


def _counted(numbers: Numbers | None, count: int) -> bool:
    """Return whether integers are dense enough, or spread enough, to be unique on purpose."""
    if numbers is None or numbers.min is None or numbers.max is None:
        return False
    span = float(numbers.max) - float(numbers.min) + 1
    return span <= _LIFETIME * count or span >= 100.0 * count * count


def _years(column: ColumnProfile) -> bool:
    numbers = column.numbers
    if column.kind != "integer" or numbers is None or numbers.min is None or numbers.max is None:
        return False
    return _YEARS[0] <= numbers.min <= numbers.max <= _YEARS[1]


def _dated(column: ColumnProfile) -> bool:
    """Return whether texts are dates, of which tomorrow has new ones."""
    return (
        column.pattern is not None
        and re.match(r"\^\[0-9\]\{4\}[-/.]?\[0-9\]\{2\}", column.pattern) is not None
    )


def _cut(value: object) -> bool:
    return isinstance(value, str) and "… sha256:" in value


def _percent(share: float) -> str:
    return f"{share * 100:.2g} %"


def _text(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"
