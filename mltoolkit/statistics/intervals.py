"""From influence values, groups and a level to an interval; no random numbers."""

import math

import msgspec
import numpy as np

from mltoolkit.statistics.answers import Codes, Floats
from mltoolkit.statistics.planning import FEWEST_GROUPS
from mltoolkit.statistics.quantiles import t_quantile, t_tails

_TILT = 0.3
"""From this skewness of the estimate on, few rows decide, and they do not tell what rarer ones would do: of
lognormal errors, whose squares have 0.4 in 2,000 rows, 90 % of intervals hold the truth instead of 95 %."""

_USUAL = (1e-60, 1e60)
_BLOCK = 1 << 15

_TOO_LARGE = "the numbers are not finite, or too large"
_LOPSIDED = "{few} carry most of the error, so the interval may miss the truth more often than it says"


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A two-sided interval, in the metric's unit. Nothing is rounded yet.

    Attributes:
        low: The lower end; None where there is no interval.
        high: The upper end; None where there is no interval.
        p: The two-sided p-value of "the true value is the threshold".
        spread: The variance of one row's contribution, groups included: n times the squared standard error.
        degrees: Degrees of freedom of the t distribution that was used; None where it was another.
        groups: How many groups there are; None where each row stands for itself.
        reason: Why there is no interval, or a warning about this one.
    """

    low: float | None = None
    high: float | None = None
    p: float | None = None
    spread: float | None = None
    degrees: float | None = None
    groups: int | None = None
    reason: str | None = None


class _Error(msgspec.Struct, frozen=True, kw_only=True):
    """How far chance moves an estimate.

    Attributes:
        variance: Of the estimate.
        degrees: Degrees of freedom of its t distribution.
        skewness: Of the estimate: above 0 where few large contributions stand against many small ones.
        reason: A warning about it.
    """

    variance: float
    degrees: float
    skewness: float
    reason: str | None


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How far chance moves an estimate, by every method that its interval must agree with.

    Attributes:
        errors: One for each method: row by row, and by groups where there are any; none where it cannot be told.
        unit: What the errors are measured in, in the metric's unit.
        n: Rows.
        groups: How many groups there are; None where each row stands for itself.
        reason: Why it cannot be told.
    """

    errors: tuple[_Error, ...] = ()
    unit: float = 1.0
    n: int = 0
    groups: int | None = None
    reason: str | None = None


def interval(
    value: float,
    rows: Floats,
    *,
    confidence: float,
    threshold: float,
    groups: Codes | None = None,
    weights: Floats | None = None,
    rare: int | None = None,
) -> Interval:
    """Return the interval of an estimate.

    Without groups: the variance of the mean of n influence values and Student's t. With groups: the CR2
    variance of group sums with Satterthwaite degrees of freedom (Bell and McCaffrey 2002; Pustejovsky and
    Tipton 2017), and never narrower than without. Where rows or groups are skewed, the end on that side is
    further out, as Student's alone would miss there too often (Johnson 1978).

    Args:
        value: The estimate: a metric, or a difference of two.
        rows: (n,) influence values, which sum to zero; of a difference, the difference of the values.
        confidence: Of the two-sided interval, between 0 and 1.
        threshold: The value that ``p`` is about.
        groups: (n,) codes from 0; codes that no row has are no groups.
        weights: (n,) what each row weighs, at least 0, where not all weigh the same; of a difference, the mean
            of both.
        rare: How many rows the metric rests on, where that is fewer than n: t has at most ``rare - 1`` degrees.

    Returns:
        An interval without ends, and the reason, where chance cannot be told from so few rows or groups, or
        the numbers are not finite.
    """
    return around(
        value,
        spread(rows, groups=groups, weights=weights, rare=rare),
        confidence=confidence,
        threshold=threshold,
    )


def spread(
    rows: Floats, *, groups: Codes | None = None, weights: Floats | None = None, rare: int | None = None
) -> Spread:
    """Return how far chance moves an estimate, from which intervals at any confidence follow.

    Args:
        rows: (n,) influence values, as in ``interval``.
        groups: (n,) codes from 0.
        weights: (n,) what each row weighs.
        rare: How many rows the metric rests on.
    """
    count = _filled(groups)
    rests = rows.size if rare is None else min(rare, rows.size)
    if (why := _too_few(rests)) is not None:
        return Spread(groups=count, reason=why)
    peak = max(float(np.max(rows)), -float(np.min(rows)))
    if not math.isfinite(peak):
        return Spread(groups=count, reason=_TOO_LARGE)
    # Numbers of any size may be cubed once the largest is 1; a copy of those of a usual size is saved.
    unit = 1.0 if peak == 0 or _USUAL[0] < peak < _USUAL[1] else peak
    scaled = rows if unit == 1 else rows / unit
    errors = [_of_rows(scaled, rests)]
    if groups is not None:
        found = _of_groups(scaled, groups, weights, rests)
        if isinstance(found, str):
            return Spread(groups=count, reason=found)
        errors.append(found)
    return Spread(errors=tuple(errors), unit=unit, n=rows.size, groups=count)


def around(value: float, spread: Spread, *, confidence: float, threshold: float) -> Interval:
    """Return the interval of an estimate, and never a narrower one than any of its errors gives.

    Args:
        value: The estimate.
        spread: How far chance moves it.
        confidence: Of the two-sided interval, between 0 and 1.
        threshold: The value that ``p`` is about.
    """
    if not spread.errors:
        return Interval(groups=spread.groups, reason=spread.reason)
    if not (math.isfinite(value) and math.isfinite(threshold)):
        return Interval(groups=spread.groups, reason=_TOO_LARGE)
    each = [
        _around(value, error, unit=spread.unit, n=spread.n, confidence=confidence, threshold=threshold)
        for error in spread.errors
    ]
    widest = msgspec.structs.replace(wider(*each), reason=spread.errors[-1].reason, groups=spread.groups)
    if widest.spread is None or not math.isfinite(widest.spread):
        return Interval(groups=spread.groups, reason="the numbers are too large")
    return widest


def wider(*intervals: Interval) -> Interval:
    """Return the interval that several methods for the same number agree on: the union, and the greater p.

    Args:
        intervals: Of one estimate at one confidence; where one of them has no ends, neither has the union.
    """
    for each in intervals:
        if each.low is None:
            return each
    widest = max(intervals, key=lambda each: (each.high or 0.0) - (each.low or 0.0))
    return Interval(
        low=min(each.low for each in intervals if each.low is not None),
        high=max(each.high for each in intervals if each.high is not None),
        p=max((each.p for each in intervals if each.p is not None), default=None),
        spread=max((each.spread for each in intervals if each.spread is not None), default=None),
        degrees=widest.degrees,
        groups=next((each.groups for each in intervals if each.groups is not None), None),
        reason=next((each.reason for each in intervals if each.reason is not None), None),
    )


def _around(
    value: float, error: _Error, *, unit: float, n: int, confidence: float, threshold: float
) -> Interval:
    """Return Student's interval, with its end on the side of the skewness further out.

    There the truth is ``t + skewness (2 t^2 + 1) / 6`` standard errors away as often as it is ``t`` away for a
    normal estimate (Johnson 1978; Hall 1992). The other end, which might be nearer, stays where it is.
    """
    wrong = unit * math.sqrt(error.variance)
    t = t_quantile(0.5 + confidence / 2, error.degrees)
    far = t + abs(error.skewness) * (2 * t * t + 1) / 6
    below, above = (far, t) if error.skewness < 0 else (t, far)
    off = threshold - value
    p = t_tails(_straight(off / wrong, error.skewness), error.degrees) if wrong else float(off == 0)
    return Interval(
        low=value - below * wrong,
        high=value + above * wrong,
        p=p,
        spread=n * wrong * wrong,
        degrees=error.degrees,
    )


def _straight(off: float, skewness: float) -> float:
    """Return the t that an end stands for which is so many standard errors out."""
    bend = abs(skewness) / 6
    if off * skewness <= 0 or bend == 0 or math.isinf(off):
        return off
    out = abs(off) - bend
    # The root of ``2 bend t^2 + t = out`` in the form that loses no digits; within the bend there is none.
    return 2 * out / (1 + math.sqrt(1 + 8 * bend * out)) if out > 0 else 0.0


def _of_rows(rows: Floats, rests: int) -> _Error:
    """Return the variance of the mean of rows that each stand for themselves."""
    n = rows.size
    squares, skewness = _moments(rows)
    return _Error(
        variance=squares / n / n * rests / (rests - 1),
        degrees=float(rests - 1),
        skewness=skewness,
        reason=_LOPSIDED.format(few="a few rows") if _lopsided(skewness, n) else None,
    )


def _of_groups(rows: Floats, groups: Codes, weights: Floats | None, rests: int) -> _Error | str:
    """Return the CR2 variance of the mean of rows that stand or fall together in groups.

    For an intercept, the estimated variance is the sum of ``S_g^2 / (1 - h_g)`` over the groups, where ``S_g``
    are their sums and the leverage ``h_g`` is a group's share of the weights: without bias if rows were
    independent. Under that working model the covariance of two sums is ``h_g ([g = k] - h_k)``, from which
    follow Satterthwaite's degrees ``1 / (sum h^2 + (sum a)^2 - sum a^2)`` with ``a_g = h_g^2 / (1 - h_g)``
    (Pustejovsky and Tipton 2017, section 2.3, for a model with an intercept alone).
    """
    held = np.bincount(groups, weights=weights).astype(np.float64)
    heavy = held > 0
    if (count := int(np.count_nonzero(heavy))) < FEWEST_GROUPS:
        what = "groups" if weights is None else "groups with rows that count"
        return f"there are {count} {what}, and at least {FEWEST_GROUPS} are needed to tell how they vary"
    total = float(held.sum())
    share, others = held / total, (total - held) / total
    if not float(others.min()) > 0:
        return "one group holds all that counts, so how groups vary cannot be told"
    sums = np.bincount(groups, weights=rows) / rows.size
    lever = share**2 / others
    degrees = 1 / float(np.sum(share**2) + np.sum(lever) ** 2 - np.sum(lever**2))
    _, skewness = _moments(sums)
    # The working model supposes that rows vary alike in all groups. The same formula with each group's own
    # variance, whose square a third of the fourth power estimates, has fewer degrees where they do not. It is
    # noisy, so that it counts only where it leaves less than half.
    own = _own_degrees(sums)
    uneven = _lopsided(skewness, count) or own < degrees / 2
    return _Error(
        variance=float(np.sum(sums**2 / others)),
        degrees=min(own if own < degrees / 2 else degrees, rests - 1.0),
        skewness=skewness,
        reason=_LOPSIDED.format(few="a few groups") if uneven else None,
    )


def _own_degrees(sums: Floats) -> float:
    """Return Satterthwaite's degrees by the groups' own variances: three where one group varies alone."""
    peak = float(np.max(np.abs(sums)))
    if peak == 0:
        return math.inf
    squares = (sums / peak) ** 2
    return 3 * float(np.sum(squares)) ** 2 / float(np.sum(squares**2))


def _moments(parts: Floats) -> tuple[float, float]:
    """Return the sum of squares of independent parts, and the skewness of their sum: between -1 and 1."""
    squares = cubes = 0.0
    # Block by block, so that what is squared stays in the processor's cache; by einsum, because a dot product
    # is shared out to threads, which wait for each other on a busy machine and add up in another order.
    for start in range(0, parts.size, _BLOCK):
        block = parts[start : start + _BLOCK]
        squares += float(np.einsum("i,i->", block, block))
        cubes += float(np.einsum("i,i,i->", block, block, block))
    size = squares**1.5
    return squares, cubes / size if size > 0 else 0.0


def _lopsided(skewness: float, count: int) -> bool:
    # That of so many normal parts is mostly within the second term.
    return bool(abs(skewness) > _TILT + 2 * math.sqrt(6) / count)


def _too_few(rests: int) -> str | None:
    if rests < 2:  # noqa: PLR2004 - one row has no spread
        return f"the number rests on {_rows(rests)}, and at least 2 are needed"
    return None


def _filled(groups: Codes | None) -> int | None:
    return None if groups is None else int(np.count_nonzero(np.bincount(groups)))


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
