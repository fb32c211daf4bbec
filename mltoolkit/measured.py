"""From a number and how far chance moves it to an estimate: which interval it has, and what is printed."""

import math
from collections.abc import Callable

import msgspec

from mltoolkit.metrics import METRICS
from mltoolkit.rules.numbers import Estimate
from mltoolkit.statistics import intervals, proportions
from mltoolkit.statistics.answers import rounded
from mltoolkit.statistics.intervals import Interval, Spread
from mltoolkit.statistics.quantiles import normal_quantile, normal_tails

_NOISE = 1e-24
"""A variance that is rounding, in metrics whose values are at most 2: every row contributes the same."""

ScoreInterval = Callable[[float, float], Interval]
"""From confidence and threshold to the score interval of a share of rows, or of a difference of two."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A number, and how far chance moves it.

    Attributes:
        value: In the metric's unit; of a gain positive for better.
        n: Rows behind it.
        spread: By influence values, row by row and by groups.
        score: Its score interval, where it is a share of rows or a difference of two.
        rests: How many rows it rests on, in a metric with bounds.
        ends: Between which it lies.
        remark: A warning about it.
    """

    value: float
    n: int
    spread: Spread
    score: ScoreInterval | None = None
    rests: int | None = None
    ends: tuple[float, float] = (-math.inf, math.inf)
    remark: str | None = None

    def estimate(self, *, confidence: float, threshold: float) -> Estimate:
        """Return what rules read: a score interval where there is one, and with groups never a narrower one.

        Args:
            confidence: Of the two-sided interval, between 0 and 1.
            threshold: The number that ``p`` is about.
        """
        interval = self._interval(confidence, threshold)
        low, high = interval.low, interval.high
        return Estimate(
            value=_printed(self.value),
            low=None if low is None else _printed(max(low, self.ends[0])),
            high=None if high is None else _printed(min(high, self.ends[1])),
            # Not to six digits: after many looks and comparisons it is all but 1, and must not become it.
            confidence=round(confidence, 12),
            n=self.n,
            groups=self.spread.groups,
            p=None if interval.p is None else _printed(interval.p),
            spread=None if interval.spread is None else _printed(interval.spread),
            reason=interval.reason or self.remark,
        )

    def _interval(self, confidence: float, threshold: float) -> Interval:
        if self.score is not None:
            score = self.score(confidence, threshold)
            if self.spread.groups is None:
                return score
            found = intervals.around(self.value, self.spread, confidence=confidence, threshold=threshold)
            return intervals.wider(found, score)
        found = intervals.around(self.value, self.spread, confidence=confidence, threshold=threshold)
        if self.rests is None or found.spread is None or found.spread > _NOISE:
            return found
        return _unseen(found, self.value, self.rests, confidence, threshold)


def share(hits: int, rests: int, n: int) -> ScoreInterval:
    """Return Wilson's interval of a share.

    Args:
        hits: Rows that count.
        rests: Rows that could.
        n: Rows in all, which the spread is about.
    """

    def wilson(confidence: float, threshold: float) -> Interval:
        return _per_row(proportions.wilson(hits, rests, confidence=confidence, threshold=threshold), rests, n)

    return wilson


def difference(gained: int, lost: int, rests: int, n: int) -> ScoreInterval:
    """Return Tango's interval of a difference of two shares of the same rows.

    Args:
        gained: Rows that only the challenger has right.
        lost: Rows that only the other has right.
        rests: Rows that both answered and that count.
        n: Rows in all, which the spread is about.
    """

    def tango(confidence: float, threshold: float) -> Interval:
        found = proportions.tango(gained, lost, rests, confidence=confidence, threshold=threshold)
        return _per_row(found, rests, n)

    return tango


def rests_on(metric: str, rare: int | None, n: int) -> int | None:
    """Return how many rows a metric with bounds rests on; None for one without.

    Args:
        metric: A name of the catalogue.
        rare: Rows of the class that it is about, where that is fewer than n.
        n: Rows in all.
    """
    if not METRICS[metric].bounded:
        return None
    return n if rare is None else rare


def _per_row(interval: Interval, rests: int, n: int) -> Interval:
    if interval.spread is None or rests == n:
        return interval
    return msgspec.structs.replace(interval, spread=interval.spread * n / rests)


def _unseen(found: Interval, value: float, rests: int, confidence: float, threshold: float) -> Interval:
    """Return the interval of a number that no row moves, in a metric with bounds.

    That nothing was seen in so many rows does not make it certain: the ends are ``z^2 / (rests + z^2)`` apart
    from the number, where Tango's are if no two answers differ (Tango 1998).
    """
    z = normal_quantile(0.5 + confidence / 2)
    reach = z * z / (rests + z * z)
    off = abs(threshold - value)
    p = normal_tails(math.sqrt(rests * off / (1 - off))) if off < 1 else 0.0
    return msgspec.structs.replace(found, low=value - reach, high=value + reach, p=p, spread=0.0)


def _printed(value: float) -> float:
    # Adding nothing makes 0 of what would be shown as -0.
    return rounded(value) + 0.0
