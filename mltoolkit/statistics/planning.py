"""How many rows a comparison needs. Plain arithmetic, so that rules may use it without numpy."""

import math
from collections.abc import Sequence

import msgspec

POWER = 0.8
"""The chance to be settled that numbers of rows are planned for."""

PRACTICAL = 10**9
"""More rows than anybody has: beyond them no number is told."""

FEWEST_GROUPS = 10
"""Under so many groups their spread cannot be told."""

_MOST = 1e15


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


def rows_needed(
    spread: float, effect: float, *, confidence: float, power: float = POWER, excess: float = 0.0
) -> int:
    """Return the rows that tell an effect from nothing, ``(z + z_power)^2 spread / effect^2``.

    With an excess ``x`` of the interval, the root n of ``(z + z_power) sqrt(spread / n) + x / n = effect``: what
    Student's t adds to an interval falls faster than ``1 / n``.

    Args:
        spread: The variance of one row's contribution, groups included.
        effect: The distance to be shown, in the metric's unit.
        confidence: Of the two-sided interval.
        power: The chance that the interval clears the effect if the truth is as planned.
        excess: n times what the interval of n rows is longer on one side than ``z sqrt(spread / n)``.
    """
    wide = (_z(0.5 + confidence / 2) + _z(power)) * math.sqrt(spread)
    far = (wide + math.sqrt(wide * wide + 4 * excess * effect)) / 2 / effect
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
    """Return the groups that hold so many rows, at as many rows a group as now, and never too few to tell.

    Args:
        rows: Rows needed.
        n: Rows now.
        groups: Groups now.
    """
    return max(math.ceil(rows * groups / n), FEWEST_GROUPS)


def smallest_effect(spread: float, n: int, *, confidence: float, power: float = POWER) -> float:
    """Return the smallest effect that n rows tell from chance, in the metric's unit.

    Args:
        spread: The variance of one row's contribution, groups included.
        n: Rows.
        confidence: Of the two-sided interval.
        power: The chance to tell it.
    """
    return (_z(0.5 + confidence / 2) + _z(power)) * math.sqrt(spread / n)


def power(
    spread: float,
    n: int,
    effect: float,
    *,
    confidence: float,
    differ: float | None = None,
    groups: int | None = None,
    rests: int | None = None,
    reach: float = 0.0,
) -> float:
    """Return the chance that the interval of n rows clears an effect if the truth is 0.

    Args:
        spread: The variance of one row's contribution, groups included.
        n: Rows.
        effect: The distance to be shown, in the metric's unit, above 0: the margin.
        confidence: Of the two-sided interval.
        differ: Of a difference of shares: how many of the rows that it rests on only one of the two has right.
            The interval is then at least Tango's.
        groups: Groups; None where rows come alone.
        rests: The rows that it rests on; None for all.
        reach: How far the interval reaches to its farther end, where that is known.
    """
    from statistics import NormalDist

    z = _z(0.5 + confidence / 2)
    wrong = math.sqrt(spread / n)
    beyond = effect - max(_t(z, n, groups, rests) * wrong, reach)
    chances = [NormalDist().cdf(beyond / wrong) if wrong > 0 else float(beyond > 0)]
    if differ is not None and effect < 1:
        count = n if rests is None else rests
        if count < minimum_rows(effect, confidence=confidence):
            return 0.0
        if differ > 0:
            off = effect * math.sqrt(count) - z * math.sqrt(_variance_at(effect, differ))
            chances.append(NormalDist().cdf(off / math.sqrt(differ)))
    return min(chances)


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many evaluation rows settle a comparison.

    Attributes:
        margin: The loss that is still called no loss, or the effect to be shown, in the metric's unit.
        power: The chance to be settled if the two models are in truth equal.
        rows: Rows in total; None where no practical number is enough.
        groups: Groups in total, at today's rows a group; None where rows come alone.
        now: The chance to be settled with the rows that there are.
    """

    margin: float
    power: float
    rows: int | None
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
    rests: int | None = None,
    reach: float = 0.0,
) -> tuple[Size, ...]:
    """Return how many rows and groups settle a comparison, for every margin and power.

    Args:
        spread: The variance of one row's contribution, groups included, as measured on n rows.
        n: Rows now.
        groups: Groups now; None where rows come alone.
        margins: In the metric's unit, each above 0.
        powers: Chances to be settled, between 0 and 1.
        confidence: Of the two-sided interval, after the price of a look.
        differ: The share of the rows that it rests on that only one of the two has right, for accuracy and recall.
        fewest: Rows that it has to rest on in any case, as ``minimum_rows`` of a metric with bounds.
        rests: The rows that it rests on now; None for all. As large a share of more rows is supposed to count.
        reach: How far the interval reaches now to its farther end, where that is known: for ``now`` alone.
    """
    count = n if rests is None else max(rests, 1)
    z = _z(0.5 + confidence / 2)
    excess = (_t(z, n, groups, rests) - z) * math.sqrt(spread) * math.sqrt(n)
    answered = count >= fewest and (groups is None or groups >= FEWEST_GROUPS)
    found = []
    for margin in margins:
        now = (
            power(
                spread,
                n,
                margin,
                confidence=confidence,
                differ=differ,
                groups=groups,
                rests=rests,
                reach=reach,
            )
            if answered
            else 0.0
        )
        for each in powers:
            counting = fewest
            if differ is not None and margin < 1:
                shares = rows_needed_for_shares(differ, margin, confidence=confidence, power=each)
                counting = max(counting, shares)
            rows = max(
                math.ceil(counting * n / count),
                rows_needed(spread, margin, confidence=confidence, power=each, excess=excess),
            )
            of = None
            if groups is not None:
                of = groups_needed(rows, n, groups)
                rows = max(rows, math.ceil(FEWEST_GROUPS * n / groups))
            many = rows > PRACTICAL
            found.append(
                Size(
                    margin=margin,
                    power=each,
                    rows=None if many else rows,
                    groups=None if many else of,
                    now=now,
                )
            )
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
    reach: float = 0.0,
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
        reach: How far the interval reaches to its farther end, where that is known.
    """
    z = _z(0.5 + confidence / 2)
    reach = max(reach, z * math.sqrt(spread / n))
    if differ == 0:
        # Tango's interval has a width where no row differs.
        reach = max(reach, z * z / (n + z * z))
    often = "" if differ is None else f"with {100 * differ:.2g} % disagreement "
    where = "" if groups is None else f" in {groups:,} {group}{'' if groups == 1 else 's'}"
    what = f"a difference in {metric} under {reach:.2g} cannot be told from chance"
    if reach == 0:
        what = f"{metric} does not vary at all, so that nothing is known of chance"
    told = f"{often}on {n:,} row{'' if n == 1 else 's'}{where}, {what}"
    return told[0].upper() + told[1:]


def _variance_at(margin: float, differ: float) -> float:
    """Return n times the variance that Tango's statistic sees at a loss of the margin, if the two are equal.

    In the limit of many rows: of ``proportions.tango`` with ``gained = lost = n differ / 2``.
    """
    b = -differ - 2 * margin
    lost = (math.sqrt(max(b * b - 4 * differ * margin * (1 + margin), 0.0)) - b) / 4
    return 2 * lost - margin * (1 + margin)


def _t(z: float, n: int, groups: int | None, rests: int | None) -> float:
    """Return about the quantile of Student's t that stands for a normal one, where few groups or rows count.

    Cornish and Fisher's expansion to the second order: 2.258 for 2.262 at nine degrees.
    """
    count = min(n if groups is None else groups, n if rests is None else rests)
    if count == n:
        return z
    degrees = max(count - 1, 1)
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees * degrees)


def _z(share: float) -> float:
    # The normal quantile of the standard library, which takes 10 ms to import and the gate often does not need.
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)
