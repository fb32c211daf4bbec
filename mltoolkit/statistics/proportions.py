"""Score intervals of shares of rows, which keep their width where no row is wrong or no two answers differ."""

import math
from collections.abc import Callable

from mltoolkit.statistics.intervals import Interval
from mltoolkit.statistics.quantiles import normal_quantile, normal_tails

_HALVINGS = 64
"""Steps that take a bracket of length 2 below the last digit of a float."""

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
    z = normal_quantile(0.5 + confidence / 2)
    share = hits / n
    weight = z * z / n
    middle = (share + weight / 2) / (1 + weight)
    reach = z * math.sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    return Interval(
        # Exactly 0 and 1, which rounding would miss.
        low=max(0.0, middle - reach) if hits else 0.0,
        high=min(1.0, middle + reach) if hits < n else 1.0,
        p=_share_tails(share, n, threshold),
        spread=share * (1 - share),
    )


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
