"""Score intervals of shares of rows and of pairs, which keep their width where none is wrong or none differs."""

import math
from collections.abc import Callable, Sequence

from mltoolkit.statistics.intervals import Interval
from mltoolkit.statistics.quantiles import normal_quantile, normal_tails

_HALVINGS = 64
"""Steps that take a bracket of length 2 below the last digit of a float."""

_FARTHEST = 38.0
"""Standard errors beyond which the normal distribution's tails are 0."""

_NOTHING = 1e-100
"""A difference that is none: its square is no number any more."""


def tango(gained: int, lost: int, n: int, *, confidence: float, threshold: float) -> Interval:
    """Return Tango's score interval of a difference of two shares of the same rows.

    The ends are where the score statistic ``(b - c - n d) / sqrt(n (2 q + d (1 - d)))`` is the normal quantile,
    with ``q`` the most likely share of lost rows if the true difference is ``d`` (Tango 1998, Statistics in
    Medicine 17, 891-908, equations 24 to 26). Without a difference in n rows they are ``z^2 / (n + z^2)``
    apart from 0.

    Args:
        gained: Rows that only the challenger has right.
        lost: Rows that only the other has right.
        n: Rows that both answered.
        confidence: Of the two-sided interval, between 0 and 1.
        threshold: The difference that ``p`` is about: of the score test.

    Returns:
        The interval of ``(gained - lost) / n``. Its spread is the share of rows that differ: the variance of
        one row's contribution if the two are in truth equal. Without rows there are no ends.
    """
    if n < 1:
        return Interval(reason="there are no rows")

    def score(difference: float) -> float:
        return _paired_score(gained, lost, n, difference)

    z = normal_quantile(0.5 + confidence / 2)
    value = (gained - lost) / n
    return Interval(
        low=_crossing(score, z, -1.0, value),
        high=_crossing(score, -z, value, 1.0),
        p=normal_tails(score(threshold)) if -1 <= threshold <= 1 else 0.0,
        spread=(gained + lost) / n,
    )


def wilson(hits: int, n: int, *, confidence: float, threshold: float) -> Interval:
    """Return Wilson's score interval of a share of rows (Wilson 1927).

    Args:
        hits: Rows that count.
        n: Rows that could.
        confidence: Of the two-sided interval, between 0 and 1.
        threshold: The share that ``p`` is about: of the score test.

    Returns:
        The interval of ``hits / n``; without rows it has no ends.
    """
    if n < 1:
        return Interval(reason="there are no rows")
    share = hits / n
    low, high = _wilson_ends(hits, n, normal_quantile(0.5 + confidence / 2))
    return Interval(low=low, high=high, p=_share_tails(share, n, threshold), spread=share * (1 - share))


def newcombe(
    ours: tuple[int, int],
    theirs: tuple[int, int],
    *,
    correlation: float,
    confidence: float,
    threshold: float,
) -> Interval:
    """Return Newcombe's interval of a difference of two shares, of different rows or of rows partly the same.

    Each end is as far from the difference as the ends of both Wilson intervals are from their shares,
    ``sqrt(a^2 - 2 r a b + b^2)``: a share without a fault is not certain (Newcombe 1998, Statistics in Medicine
    17, 873-890, method 10 for r = 0, and 2635-2650, method 8, for correlated shares; Zou and Donner 2008).

    Args:
        ours: Rows that count, and rows that could: at least one.
        theirs: The same of the other.
        correlation: Of the two estimates, r: between -1 and 1.
        confidence: Of the two-sided interval, between 0 and 1.
        threshold: The difference that ``p`` is about: of the interval that ends there.
    """
    (hits, n), (hits_too, n_too) = ours, theirs
    share, share_too = hits / n, hits_too / n_too

    def ends(z: float) -> tuple[float, float]:
        low, high = _wilson_ends(hits, n, z)
        low_too, high_too = _wilson_ends(hits_too, n_too, z)
        below = _side(share - low, high_too - share_too, correlation)
        above = _side(high - share, share_too - low_too, correlation)
        return share - share_too - below, share - share_too + above

    return _by_ends(ends, share - share_too, confidence, threshold)


def mean_share(shares: Sequence[tuple[int, int]], *, confidence: float, threshold: float) -> Interval:
    """Return the interval of a mean of shares of different rows, from the Wilson interval of each.

    Its ends are as far away as the square root of the sum of squares of the distances of theirs (Zou and
    Donner 2008, Statistics in Medicine 27, 1693-1702): a class of few rows without a fault is not certain.

    Args:
        shares: Of each, rows that count, and rows that could: at least one.
        confidence: Of the two-sided interval, between 0 and 1.
        threshold: The mean that ``p`` is about: of the interval that ends there.
    """
    values = [hits / n for hits, n in shares]
    value = sum(values) / len(values)

    def ends(z: float) -> tuple[float, float]:
        each = [_wilson_ends(hits, n, z) for hits, n in shares]
        below = math.hypot(*(one - low for one, (low, _) in zip(values, each, strict=True)))
        above = math.hypot(*(high - one for one, (_, high) in zip(values, each, strict=True)))
        return value - below / len(values), value + above / len(values)

    return _by_ends(ends, value, confidence, threshold)


def area(value: float, positives: int, others: int, *, confidence: float, threshold: float) -> Interval:
    """Return a score interval of an area under the ROC curve, which is not too short near 1.

    The ends are where ``|value - A|`` is z times the standard error that Hanley and McNeil (1982) give for the
    area ``A`` itself and not for the one that was seen, with both classes' sizes averaged in the terms for pairs
    of one class (Newcombe 2006, Statistics in Medicine 25, 559-573, method 5).

    Args:
        value: The area, between 0 and 1.
        positives: Rows of the positive class, at least one.
        others: Rows of the other, at least one.
        confidence: Of the two-sided interval, between 0 and 1.
        threshold: The area that ``p`` is about: of the score test.
    """
    pairs = (positives + others) / 2 - 1

    def score(true: float) -> float:
        terms = 1 + pairs * ((1 - true) / (2 - true) + true / (1 + true))
        off, wrong = value - true, math.sqrt(true * (1 - true) * terms / positives / others)
        return off / wrong if wrong else math.copysign(math.inf, off) if off else 0.0

    z = normal_quantile(0.5 + confidence / 2)
    return Interval(
        low=_crossing(score, z, 0.0, value),
        high=_crossing(score, -z, value, 1.0),
        p=normal_tails(score(threshold)) if 0 <= threshold <= 1 else 0.0,
    )


def _wilson_ends(hits: int, n: int, z: float) -> tuple[float, float]:
    share = hits / n
    weight = z * z / n
    middle = (share + weight / 2) / (1 + weight)
    reach = z * math.sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    # Exactly 0 and 1, which rounding would miss.
    return max(0.0, middle - reach) if hits else 0.0, min(1.0, middle + reach) if hits < n else 1.0


def _side(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(one * one - 2 * correlation * one * other + other * other, 0.0))


def _by_ends(
    ends: Callable[[float], tuple[float, float]], value: float, confidence: float, threshold: float
) -> Interval:
    """Return the interval of so many standard errors, and by bisection how many reach the threshold."""
    low, high = ends(normal_quantile(0.5 + confidence / 2))
    if threshold == value:
        return Interval(low=low, high=high, p=1.0)
    side, sign = (0, 1) if threshold < value else (1, -1)
    reached = _crossing(lambda z: sign * (ends(z)[side] - threshold), 0.0, 0.0, _FARTHEST)
    return Interval(low=low, high=high, p=normal_tails(reached))


def _share_tails(share: float, n: int, threshold: float) -> float:
    if share == threshold:
        return 1.0
    if not 0 < threshold < 1:
        return 0.0
    return normal_tails((share - threshold) / math.sqrt(threshold * (1 - threshold) / n))


def _paired_score(gained: int, lost: int, n: int, difference: float) -> float:
    """Return the score statistic: falls as the difference that is supposed grows, from -1 to 1."""
    if abs(difference) < _NOTHING:
        difference = 0.0
    off = gained - lost - n * difference
    b = (2 * n - gained + lost) * difference - gained - lost
    c = -lost * difference * (1 - difference)
    root = math.sqrt(max(b * b - 8 * n * c, 0.0))
    # The two forms of the root of a quadratic: each is exact where the other cancels.
    likely = (root - b) / (4 * n) if b <= 0 else -2 * c / (root + b)
    variance = n * (2 * likely + difference * (1 - difference))
    if variance <= 0:
        return math.copysign(math.inf, off) if off else 0.0
    return off / math.sqrt(variance)


def _crossing(score: Callable[[float], float], level: float, low: float, high: float) -> float:
    """Return where a falling score is the level, between two ends."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if score(middle) > level:
            low = middle
        else:
            high = middle
    return (low + high) / 2
