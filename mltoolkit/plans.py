"""How many rows, days or customers would settle the comparisons that a verdict asks for. Text from values."""

import math
from typing import Literal

import msgspec

from mltoolkit.evidence import Finite, Value
from mltoolkit.gate import Verdict
from mltoolkit.metrics import Task
from mltoolkit.rules import comparing
from mltoolkit.rules.base import Finding, Rule
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.rules.relative import BetterThan, NoWorseThan
from mltoolkit.statistics import planning
from mltoolkit.statistics.planning import Size

Compares = NoWorseThan | BetterThan | BetterThanBaseline

_TIMES = (0.5, 1.0, 2.0, 4.0)
"""What is planned for: so many times the distance that the rule is about."""

_POWERS = (0.8, 0.9)

_POINT = 0.01
"""What is planned for where no distance is stated and nothing varies yet."""

_LEGEND = """\
power: the chance to be settled if the two are in truth equal (a margin), or so far apart (an effect)
*: what the rule itself is about; planned from how much rows vary, never from the difference seen"""


class Plan(Value, frozen=True, kw_only=True):
    """One comparison, and how many rows settle it.

    Attributes:
        rule: The question in words.
        metric: What is compared.
        over: With whom.
        what: What a distance is: a margin that is no loss, or an effect to be shown.
        distance: The rule's margin, or the effect that it states; None where it states none.
        confidence: Of the two-sided intervals, after the price of a look.
        disagreement: The share of rows that only one of the two has right, for accuracy.
        floor: The noise floor in words.
        sizes: Rows and groups by distance and power; empty where nothing can be planned.
        reason: Why nothing can be planned, or what the distances are.
    """

    rule: str
    metric: str
    over: str
    what: Literal["margin", "effect"]
    distance: Finite | None = None
    confidence: Finite | None = None
    disagreement: Finite | None = None
    floor: str | None = None
    sizes: tuple[Size, ...] = ()
    reason: str | None = None


def plan(
    rule: Compares, finding: Finding, *, disagreement: float | None, group: str, task: Task | None = None
) -> Plan:
    """Return how many rows settle a rule: from the spread seen so far, never from the difference seen.

    Args:
        rule: The rule.
        finding: Its finding on the rows that there are.
        disagreement: The share of rows that only one of the two has right.
        group: What a group is called.
        task: What is predicted.
    """
    over = rule.baseline if isinstance(rule, BetterThanBaseline) else rule.over
    margin = rule.margin if isinstance(rule, NoWorseThan) else None
    bare = Plan(
        rule=rule.question, metric=rule.metric, over=over, what="effect" if margin is None else "margin"
    )
    seen = finding.estimate
    if seen is None or seen.spread is None or seen.n is None or seen.confidence is None:
        why = finding.reason if seen is None or seen.reason is None else seen.reason
        return msgspec.structs.replace(bare, reason=why)
    shares = disagreement if rule.metric == "accuracy" else None
    distance, reason = _distance(rule)
    # How long its interval is, never where it lies.
    reach = max(
        (abs(end - (seen.value or 0.0)) for end in (seen.low, seen.high) if end is not None), default=0.0
    )
    tango = margin is not None and comparing.of_shares(rule.metric, seen)
    unit = distance
    if unit is None:
        least = planning.smallest_effect(seen.spread, seen.n, confidence=seen.confidence)
        unit = _round(max(least, reach)) or _POINT
    found: list[Size] = []
    for times in _TIMES:
        loss = None if margin is None else unit * times
        found += planning.sizes(
            seen.spread,
            seen.n,
            seen.groups,
            margins=[unit * times],
            powers=_POWERS,
            confidence=seen.confidence,
            differ=comparing.disagreement(seen) if tango else None,
            fewest=comparing.demanded(seen, rule.metric, loss, task),
            rests=seen.rests,
            # Tango's at the margin is in the formula of shares; the one seen is about where the difference lies.
            reach=0.0 if tango else reach,
        )
    return msgspec.structs.replace(
        bare,
        distance=distance,
        confidence=seen.confidence,
        disagreement=shares,
        floor=planning.noise_floor(
            rule.metric,
            seen.spread,
            seen.n,
            seen.groups,
            confidence=seen.confidence,
            group=group,
            differ=shares,
            reach=reach,
        ),
        sizes=tuple(found),
        reason=reason,
    )


def compares(rules: tuple[Rule, ...], verdict: Verdict) -> list[tuple[Compares, Finding]]:
    """Return the rules that compare, each with its finding.

    Args:
        rules: The rules that decided.
        verdict: What they found.
    """
    findings = {finding.rule: finding for finding in verdict.findings}
    return [(rule, findings[rule.question]) for rule in rules if isinstance(rule, Compares)]


def text(plans: tuple[Plan, ...]) -> str:
    """Return plans for a terminal: the noise floor, then a table of rows by distance and power."""
    if not plans:
        return "no rule compares the challenger with anybody, so there is nothing to plan"
    told = [_told(each) for each in plans]
    return "\n\n".join([*told, _LEGEND] if any(each.sizes for each in plans) else told)


def _told(each: Plan) -> str:
    sure = "" if each.confidence is None else f" ({100 * each.confidence:.4g} % intervals)"
    lines = [f"{each.rule}{sure}"]
    if each.floor is not None:
        lines.append(f"  {each.floor}.")
    if each.reason is not None:
        lines.append(f"  {each.reason}")
    if each.sizes:
        lines += [f"  {line}" for line in _table(each)]
    return "\n".join(lines)


def _table(each: Plan) -> list[str]:
    grouped = any(size.groups is not None for size in each.sizes)
    head = [each.what, "power now"]
    for power in _POWERS:
        head += [f"rows for {power:.0%}", *(["groups"] if grouped else [])]
    rows = [head]
    for at in range(0, len(each.sizes), len(_POWERS)):
        some = each.sizes[at : at + len(_POWERS)]
        mark = " *" if each.distance is not None and math.isclose(some[0].margin, each.distance) else ""
        cells = [f"{some[0].margin:g}{mark}", _chance(some[0].now)]
        for size in some:
            rows_ = "too many" if size.rows is None else f"{size.rows:,}"
            cells += [rows_, *(["" if size.groups is None else f"{size.groups:,}"] if grouped else [])]
        rows.append(cells)
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _chance(now: float) -> str:
    """Return a chance in per cent: nothing that rows are to show is certain."""
    return "> 99%" if now > 0.99 else f"{now:.0%}"  # noqa: PLR2004 - what it says


def _distance(rule: Compares) -> tuple[float | None, str | None]:
    """Return the distance that a rule is about, and what is to be said of it."""
    if isinstance(rule, NoWorseThan):
        return rule.margin, None
    if rule.effect is None:
        return None, "The rule states no `effect`, and no number of rows settles a tie; these are examples."
    return rule.effect - rule.by, None if not rule.by else f"Effects are beyond the {rule.by:g} asked for."


def _round(value: float) -> float:
    """Return a number to one digit."""
    return float(f"{value:.1g}")
