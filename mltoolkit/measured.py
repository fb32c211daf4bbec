"""From a number and how far chance moves it to an estimate: which interval it has, and what is printed."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from mltoolkit.metrics import METRICS
from mltoolkit.rules.numbers import Estimate
from mltoolkit.statistics import intervals, proportions
from mltoolkit.statistics.answers import Answers, Codes, Floats, rounded
from mltoolkit.statistics.influence import Influence
from mltoolkit.statistics.intervals import Interval, Spread
from mltoolkit.statistics.quantiles import normal_quantile, normal_tails

_NOISE = 1e-24
"""A variance that is rounding, in metrics whose values are at most 2: every row contributes the same."""

_SAME = 1e-9
"""A difference of influence values that is rounding."""

_OF_CLASSES = frozenset({"roc-auc", "average-precision", "balanced-accuracy", "f1", "f1-macro"})
"""Metrics of several classes that rest on the smallest, and whose intervals are not those of a share."""

ScoreInterval = Callable[[float, float], Interval]
"""From confidence and threshold to the score interval of a share of rows, or of a difference of two."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A number, and how far chance moves it.

    Attributes:
        value: In the metric's unit; of a gain positive for better.
        n: Rows behind it.
        spread: By influence values, row by row and by groups.
        score: Its score interval, where it is a share of rows or a difference of two.
        least: Another interval of it, than which it is never narrower.
        rests: How many rows it rests on.
        reach: How far one row can move, in a metric with bounds; None without.
        unmoved: Rows of the smallest class in which none moved it, though others did; None where there is none.
        ends: Between which it lies.
        gain: Whether it is a difference of two models.
        remark: A warning about it.
    """

    value: float
    n: int
    spread: Spread
    score: ScoreInterval | None = None
    least: ScoreInterval | None = None
    rests: int
    reach: float | None = None
    unmoved: int | None = None
    ends: tuple[float, float] = (-math.inf, math.inf)
    gain: bool = False
    remark: str | None = None

    def estimate(self, *, confidence: float, threshold: float) -> Estimate:
        """Return what rules read: a score interval where there is one, and with groups never a narrower one.

        Args:
            confidence: Of the two-sided interval, between 0 and 1.
            threshold: The number that ``p`` is about.
        """
        interval = self._interval(confidence, threshold)
        low, high = interval.low, interval.high
        still = interval.spread is not None and interval.spread <= (0.0 if self.reach is None else _NOISE)
        return Estimate(
            value=_printed(self.value),
            low=None if low is None else _printed(max(low, self.ends[0])),
            high=None if high is None else _printed(min(high, self.ends[1])),
            # Not to six digits: after many looks and comparisons it is all but 1, and must not become it.
            confidence=round(confidence, 12),
            n=self.n,
            rests=self.rests if self.rests < self.n else None,
            groups=self.spread.groups,
            # Without bounds nothing says what rows that were not seen might do: no p-value can be told.
            p=None
            if interval.p is None or (still and self.reach is None and low == high)
            else _printed(interval.p),
            spread=None if interval.spread is None else _printed(interval.spread),
            reason=interval.reason
            or self.remark
            or (_none_differed(interval.groups) if still and self.gain else None),
        )

    def _interval(self, confidence: float, threshold: float) -> Interval:
        if self.score is not None:
            score = self.score(confidence, threshold)
            if self.spread.groups is None:
                return score
            found = intervals.around(self.value, self.spread, confidence=confidence, threshold=threshold)
            return intervals.wider(found, score)
        found = intervals.around(self.value, self.spread, confidence=confidence, threshold=threshold)
        if found.low is None:
            return found
        each = [found]
        if self.reach is not None:
            still = found.spread is not None and found.spread <= _NOISE
            rests = self.rests if still else self.unmoved
            if rests is not None:
                each.append(_unseen(self.value, rests, self.reach, confidence, threshold))
        if self.least is not None:
            each.append(self.least(confidence, threshold))
        return intervals.wider(*each)


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


def precisions(ours: Influence, theirs: Influence) -> ScoreInterval | None:
    """Return Newcombe's interval of a difference of two precisions, whose rows are partly the same.

    Args:
        ours: The challenger's.
        theirs: The other's.
    """
    if ours.rare is None or theirs.rare is None:
        return None
    said = [(round(each.value * each.rare), each.rare) for each in (ours, theirs) if each.rare is not None]
    squares = float(np.sum(ours.rows**2)) * float(np.sum(theirs.rows**2))
    # One without a fault does not vary: that it would vary with the other is not seen.
    both = float(np.sum(ours.rows * theirs.rows)) / math.sqrt(squares) if squares > 0 else 0.0

    def newcombe(confidence: float, threshold: float) -> Interval:
        return proportions.newcombe(
            said[0], said[1], correlation=both, confidence=confidence, threshold=threshold
        )

    return newcombe


def recalls(truth: npt.NDArray[Any], labels: Codes | None, k: int) -> ScoreInterval | None:
    """Return the interval of a balanced accuracy: of the mean of the recalls of k classes.

    Args:
        truth: (n,) codes from 0.
        labels: (n,) what the model says.
        k: How many classes there are.
    """
    if labels is None:
        return None
    hits, met = np.bincount(truth[labels == truth], minlength=k), np.bincount(truth, minlength=k)
    shares = [(hit, n) for hit, n in zip(hits.tolist(), met.tolist(), strict=True) if n]

    def mean(confidence: float, threshold: float) -> Interval:
        return proportions.mean_share(shares, confidence=confidence, threshold=threshold)

    return mean


def unmoved(
    metric: str, rows: Floats, truth: npt.NDArray[Any], said: Sequence[Answers | str] = ()
) -> int | None:
    """Return the rows of the smallest class in which none moves a number, in a metric that rests on classes.

    Where no row of a rare class differs, the others alone would tell how far chance moves the number.

    Args:
        metric: A name of the catalogue.
        rows: (n,) influence values.
        truth: (n,) codes from 0.
        said: Of a gain, what both say: where they say the same, no row moves it, whatever it contributes.
    """
    if metric not in _OF_CLASSES:
        return None
    told = [
        each.probabilities if METRICS[metric].probabilities else each.labels
        for each in said
        if isinstance(each, Answers)
    ]
    same: npt.NDArray[Any] = np.zeros(truth.size, dtype=bool)
    if len(told) > 1 and told[0] is not None and told[1] is not None:
        same = (told[0] == told[1]).reshape(truth.size, -1).all(axis=1)
    met = np.bincount(truth)
    for code in np.argsort(met, kind="stable"):
        inside = truth == code
        if met[code] and (same[inside].all() or np.ptp(rows[inside]) <= _SAME):
            return int(met[code])
    return None


def area(value: float, positives: int, others: int) -> ScoreInterval:
    """Return the score interval of an area under the ROC curve.

    Args:
        value: The area.
        positives: Rows of the positive class.
        others: Rows of the other.
    """

    def score(confidence: float, threshold: float) -> Interval:
        return proportions.area(value, positives, others, confidence=confidence, threshold=threshold)

    return score


def root(mse: float, spread: Spread) -> ScoreInterval:
    """Return the interval of an RMSE: the square roots of the ends of the MSE's.

    Args:
        mse: The mean squared error.
        spread: How far chance moves it.
    """

    def of_square(confidence: float, threshold: float) -> Interval:
        squared = threshold * abs(threshold)
        found = intervals.around(mse, spread, confidence=confidence, threshold=squared)
        if found.low is None or found.high is None:
            return found
        low, high = math.sqrt(max(found.low, 0.0)), math.sqrt(max(found.high, 0.0))
        return Interval(low=low, high=high, p=found.p, reason=found.reason)

    return of_square


def root_gain(gain: float, spread: Spread, total: float) -> ScoreInterval:
    """Return the interval of a gain in RMSE, by the gain in MSE: over the sum of both RMSEs they are the same.

    One gross error moves an RMSE by its square root, and the delta method takes that of one model for a gain:
    by the MSEs' difference neither model is better where their MSEs cannot tell.

    Args:
        gain: How much smaller the challenger's mean squared error is.
        spread: How far chance moves that.
        total: The sum of both root mean squared errors, above 0.
    """

    def by_squares(confidence: float, threshold: float) -> Interval:
        found = intervals.around(gain, spread, confidence=confidence, threshold=threshold * total)
        if found.low is None or found.high is None:
            return found
        return Interval(
            low=found.low / total,
            high=found.high / total,
            p=found.p,
            spread=None if found.spread is None else found.spread / total / total,
            reason=found.reason,
        )

    return by_squares


def _none_differed(groups: int | None) -> str | None:
    """Return by the rule of three what groups that were not seen might do (Hanley and Lippman-Hand 1983)."""
    if groups is None:
        return None
    return f"none of {groups:,} groups differed, and up to 1 in {groups // 3:,} others might"


def _unseen(value: float, rests: int, reach: float, confidence: float, threshold: float) -> Interval:
    """Return the interval of a number that none of so many rows moves, in a metric with bounds.

    That nothing was seen in so many rows does not make it certain: the ends are ``z^2 / (rests + z^2)`` apart
    from the number, where Tango's are if no two answers differ (Tango 1998), or so often as far as a row can move.
    """
    z = normal_quantile(0.5 + confidence / 2)
    far = reach * z * z / (rests + z * z)
    off = abs(threshold - value) / reach
    p = normal_tails(math.sqrt(rests * off / (1 - off))) if off < 1 else 0.0
    return Interval(low=value - far, high=value + far, p=p, spread=0.0)


def _per_row(interval: Interval, rests: int, n: int) -> Interval:
    if interval.spread is None or rests == n:
        return interval
    return msgspec.structs.replace(interval, spread=interval.spread * n / rests)


def _printed(value: float) -> float:
    # Adding nothing makes 0 of what would be shown as -0.
    return rounded(value) + 0.0
