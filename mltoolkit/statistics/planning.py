"""How many rows a comparison needs. Plain arithmetic, so that rules may use it without numpy."""

import math

POWER = 0.8
"""The chance to be settled that numbers of rows are planned for."""


def minimum_rows(margin: float, *, confidence: float) -> int:
    """Return the rows under which even two models that never differ cannot be told to be within a margin.

    With no disagreement among n rows, Tango's interval ends at ``z^2 / (n + z^2)`` (Tango 1998), which is
    under the margin from ``z^2 (1 - margin) / margin`` on.

    Args:
        margin: Between 0 and 1, in the unit of a metric with bounds.
        confidence: Of the two-sided interval.
    """
    z = _z(0.5 + confidence / 2)
    return math.ceil(z * z * (1 - margin) / margin)


def rows_needed(spread: float, effect: float, *, confidence: float, power: float = POWER) -> int:
    """Return the rows that tell an effect from nothing, ``(z + z_power)^2 spread / effect^2``.

    Args:
        spread: The variance of one row's contribution, groups included.
        effect: The distance to be shown, in the metric's unit.
        confidence: Of the two-sided interval.
        power: The chance that the interval clears the effect if the truth is as planned.
    """
    z = _z(0.5 + confidence / 2) + _z(power)
    return math.ceil(min(z * z * spread / (effect * effect), 1e15))


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


def _z(share: float) -> float:
    # The normal quantile of the standard library, which takes 10 ms to import and the gate often does not need.
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)
