"""How many rows a comparison needs. Plain arithmetic, so that rules may use it without numpy."""

import math
from collections.abc import Sequence

import msgspec

POWER = 0.8
"""The chance to be settled that numbers of rows are planned for."""

_MOST = 1e15
"""More rows than anybody has."""


def minimum_rows(margin: float, *, confidence: float) -> int:
    """Return the rows under which even two models that never differ cannot be told to be within a margin.

    With no disagreement among n rows, Tango's interval ends at ``z^2 / (n + z^2)`` (Tango 1998), which is
    under the margin from ``z^2 (1 - margin) / margin`` on.

    Args:
        margin: Between 0 and 1, in the unit of a metric with bounds.
        confidence: Of the two-sided interval.
    """
    z = _z(0.5 + confidence / 2)
    return math.ceil(min(z * z * (1 - margin) / margin, _MOST))


def rows_needed(spread: float, effect: float, *, confidence: float, power: float = POWER) -> int:
    """Return the rows that tell an effect from nothing, ``(z + z_power)^2 spread / effect^2``.

    Args:
        spread: The variance of one row's contribution, groups included.
        effect: The distance to be shown, in the metric's unit.
        confidence: Of the two-sided interval.
        power: The chance that the interval clears the effect if the truth is as planned.
    """
    far = (_z(0.5 + confidence / 2) + _z(power)) * math.sqrt(spread) / effect
    return math.ceil(min(far * far, _MOST))


def rows_needed_for_shares(differ: float, margin: float, *, confidence: float, power: float = POWER) -> int:
    """Return the rows that tell two equal shares of right rows from a loss of a margin, by Tango's interval.

    ``((z sqrt(v) + z_power sqrt(d)) / m)^2``, where ``v`` is the variance that the score test sees at the
    margin: more than the disagreement ``d``, and most where that is small (Nam 1997, Biometrics 53, 1422-1430).
    Never under ``minimum_rows``.

    Args:
        differ: The share of rows that only one of the two has right, between 0 and 1.
        margin: Between 0 and 1.
        confidence: Of the two-sided interval.
        power: The chance that the interval clears the margin if the two are in truth equal.
    """
    seen, true = math.sqrt(_variance_at(margin, differ)), math.sqrt(differ)
    far = (_z(0.5 + confidence / 2) * seen + _z(power) * true) / margin
    return max(math.ceil(min(far * far, _MOST)), minimum_rows(margin, confidence=confidence))


def groups_needed(rows: int, n: int, groups: int) -> int:
    """Return the groups that hold so many rows, at as many rows a group as now.

    Args:
        rows: Rows needed.
        n: Rows now.
        groups: Groups now.
    """
    return math.ceil(rows * groups / n)


def smallest_effect(spread: float, n: int, *, confidence: float, power: float = POWER) -> float:
    """Return the smallest effect that n rows tell from chance, in the metric's unit.

    Args:
        spread: The variance of one row's contribution, groups included.
        n: Rows.
        confidence: Of the two-sided interval.
        power: The chance to tell it.
    """
    return (_z(0.5 + confidence / 2) + _z(power)) * math.sqrt(spread / n)


def power(spread: float, n: int, effect: float, *, confidence: float, differ: float | None = None) -> float:
    """Return the chance that the interval of n rows clears an effect if the truth is 0.

    Args:
        spread: The variance of one row's contribution, groups included.
        n: Rows.
        effect: The distance to be shown, in the metric's unit, above 0: the margin.
        confidence: Of the two-sided interval.
        differ: Of a difference of shares: how many rows only one of the two has right. The interval is then at
            least Tango's.
    """
    from statistics import NormalDist

    z = _z(0.5 + confidence / 2)
    chances = [1.0]
    if spread > 0:
        chances.append(NormalDist().cdf(effect / math.sqrt(spread / n) - z))
    if differ is not None and effect < 1:
        if n < minimum_rows(effect, confidence=confidence):
            return 0.0
        if differ > 0:
            off = effect * math.sqrt(n) - z * math.sqrt(_variance_at(effect, differ))
            chances.append(NormalDist().cdf(off / math.sqrt(differ)))
    return min(chances)


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many evaluation rows settle a comparison.

    Attributes:
        margin: The loss that is still called no loss, or the effect to be shown, in the metric's unit.
        power: The chance to be settled if the two models are in truth equal.
        rows: Rows in total.
        groups: Groups in total, at today's rows a group; None where rows come alone.
        now: The chance to be settled with the rows that there are.
    """

    margin: float
    power: float
    rows: int
    groups: int | None
    now: float


def sizes(
    spread: float,
    n: int,
    groups: int | None,
    *,
    margins: Sequence[float],
    powers: Sequence[float] = (POWER, 0.9),
    confidence: float,
    differ: float | None = None,
    fewest: int = 0,
) -> tuple[Size, ...]:
    """Return how many rows and groups settle a comparison, for every margin and power.

    Args:
        spread: The variance of one row's contribution, groups included, as measured on n rows.
        n: Rows now.
        groups: Groups now; None where rows come alone.
        margins: In the metric's unit, each above 0.
        powers: Chances to be settled, between 0 and 1.
        confidence: Of the two-sided interval, after the price of a look.
        differ: The share of rows that only one of the two has right, for accuracy and recall.
        fewest: Rows that are needed in any case, as ``minimum_rows`` of a metric with bounds.
    """
    found = []
    for margin in margins:
        now = power(spread, n, margin, confidence=confidence, differ=differ) if n >= fewest else 0.0
        for each in powers:
            rows = max(fewest, rows_needed(spread, margin, confidence=confidence, power=each))
            if differ is not None and margin < 1:
                rows = max(rows, rows_needed_for_shares(differ, margin, confidence=confidence, power=each))
            of = None if groups is None else groups_needed(rows, n, groups)
            found.append(Size(margin=margin, power=each, rows=rows, groups=of, now=now))
    return tuple(found)


def noise_floor(
    metric: str,
    spread: float,
    n: int,
    groups: int | None,
    *,
    confidence: float,
    group: str = "group",
    differ: float | None = None,
) -> str:
    """Return in words which differences these rows cannot tell from chance: those within the interval's reach.

    Args:
        metric: As rules write it.
        spread: The variance of one row's contribution, groups included.
        n: Rows.
        groups: Groups; None where rows come alone.
        confidence: Of the two-sided interval.
        group: What a group is called: ``day``.
        differ: The share of rows that only one of the two has right, for accuracy and recall.
    """
    reach = _z(0.5 + confidence / 2) * math.sqrt(spread / n)
    if differ == 0:
        # Tango's interval has a width where no row differs.
        z = _z(0.5 + confidence / 2)
        reach = z * z / (n + z * z)
    often = "" if differ is None else f"with {100 * differ:.2g} % disagreement "
    where = "" if groups is None else f" in {groups:,} {group}{'' if groups == 1 else 's'}"
    told = (
        f"{often}on {n:,} rows{where}, a difference in {metric} under {reach:.2g} cannot be told from chance"
    )
    return told[0].upper() + told[1:]


def _variance_at(margin: float, differ: float) -> float:
    """Return n times the variance that Tango's statistic sees at a loss of the margin, if the two are equal.

    In the limit of many rows: of ``proportions.tango`` with ``gained = lost = n differ / 2``.
    """
    b = -differ - 2 * margin
    lost = (math.sqrt(max(b * b - 4 * differ * margin * (1 + margin), 0.0)) - b) / 4
    return 2 * lost - margin * (1 + margin)


def _z(share: float) -> float:
    # The normal quantile of the standard library, which takes 10 ms to import and the gate often does not need.
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)
