"""Yes, no and cannot tell for a number beside a bound, and the words for it. Shared by the rules on numbers."""

from mltoolkit.metrics import FROM_FILE, METRICS
from mltoolkit.rules.base import Answer, Facts, Need
from mltoolkit.rules.numbers import ANCHOR, CHAMPION, Estimate
from mltoolkit.statistics import planning

FEWEST = 30
"""Rows under which no relative rule is answered, whatever its margin."""


def above(estimate: Estimate, bound: float) -> Answer:
    """Answer whether a number is above a bound: the whole interval decides, a boundary tie cannot tell.

    Where there is no confidence at all (a number from a file) the number itself decides.

    Args:
        estimate: The number.
        bound: In the same unit.
    """
    if estimate.value is None:
        return Answer.UNKNOWN
    if estimate.confidence is None:
        low = high = estimate.value
    elif estimate.low is None or estimate.high is None:
        return Answer.UNKNOWN
    else:
        low, high = estimate.low, estimate.high
    return Answer.PASS if low > bound else Answer.FAIL if high < bound else Answer.UNKNOWN


def flipped(answer: Answer) -> Answer:
    """Return the answer to "is it below?" from that to "is it above?"."""
    return {Answer.PASS: Answer.FAIL, Answer.FAIL: Answer.PASS}.get(answer, answer)


def absent(facts: Facts, over: str) -> tuple[Answer, str] | None:
    """Return why there is nobody to compare with: no champion yet, or one that could not be scored.

    Args:
        facts: Everything known.
        over: ``champion`` or ``anchor``, or the name of a baseline.
    """
    evidence = facts.evidence
    if over in evidence.faults:
        return Answer.UNKNOWN, f"the {over} could not be scored: {evidence.faults[over]}"
    if over == CHAMPION and evidence.champion is None:
        return Answer.NOT_APPLICABLE, f"there is no champion: {evidence.no_champion or 'none is known'}"
    if over == ANCHOR and evidence.anchor is None:
        return Answer.NOT_APPLICABLE, f"there is no anchor: {evidence.no_anchor or 'none is known'}"
    return None


def too_few(estimate: Estimate, metric: str, margin: float | None) -> str | None:
    """Return why the rows are too few for a relative rule, also where the two models never differ.

    Args:
        estimate: The gain.
        metric: Whose gain it is; a margin says how many rows are needed where the metric has bounds.
        margin: The loss that is still called no loss, in the metric's unit.
    """
    if estimate.n is None or estimate.confidence is None:
        return None
    needed = FEWEST
    if margin is not None and metric in METRICS and METRICS[metric].bounded and margin < 1:
        needed = max(needed, planning.minimum_rows(margin, confidence=estimate.confidence))
    if estimate.n >= needed:
        return None
    return f"{estimate.n:,} rows are too few: at least {needed:,} are needed, even if the models never differ"


def need(estimate: Estimate, effect: float | None) -> Need | None:
    """Return how many rows and groups would settle a comparison that cannot tell.

    Args:
        estimate: The gain as it is known now: of it only the spread is used, never the difference seen.
        effect: The distance to be shown, in the metric's unit: the margin, or a stated effect.
    """
    if estimate.spread is None or estimate.confidence is None or estimate.n is None:
        return None
    if effect is None:
        return Need(reason="no number of rows settles a tie; state an `effect` to plan for")
    rows = max(FEWEST, planning.rows_needed(estimate.spread, effect, confidence=estimate.confidence))
    groups = None if estimate.groups is None else planning.groups_needed(rows, estimate.n, estimate.groups)
    return Need(rows=rows, groups=groups)


def number(estimate: Estimate) -> str:
    """Return a number with its interval and what it rests on, for a sentence."""
    if estimate.value is None:
        return f"not known ({estimate.reason or 'not defined on these rows'})"
    return f"{estimate.value:g}{interval(estimate)}"


def interval(estimate: Estimate) -> str:
    """Return the bracket behind a number: its interval, its rows and its groups."""
    rows = "" if estimate.n is None else f"{estimate.n:,} rows"
    if estimate.groups is not None:
        rows += f" in {estimate.groups:,} groups"
    if estimate.confidence is None:
        return f" (no confidence available{f', {rows}' if rows else ''})"
    if estimate.low is None or estimate.high is None:
        return f" (no interval: {estimate.reason or 'not defined'})"
    return f" ({100 * estimate.confidence:.4g} % interval {estimate.low:g} to {estimate.high:g}, {rows})"


def told(needed: Need | None) -> str:
    """Return what would settle it, for the end of a sentence."""
    if needed is None:
        return ""
    if needed.rows is None:
        return f"; {needed.reason}"
    groups = "" if needed.groups is None else f" in {needed.groups:,} groups"
    return f"; {needed.rows:,} rows{groups} in all would tell, if the models are in truth equal"


def check_direction(metric: str, better: str | None) -> None:
    """Refuse a relative rule whose metric has no direction, or has two.

    Raises:
        ValueError: Of a ``file:`` metric nobody said which way is better, or of ours somebody did.
    """
    if metric.startswith(FROM_FILE) and better is None:
        raise ValueError(f"say which way {metric} gets better: `better: higher` or `better: lower`")
    if not metric.startswith(FROM_FILE) and better is not None:
        raise ValueError(f"which way {metric} gets better is known; leave `better` out")
