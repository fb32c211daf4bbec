"""Yes, no and cannot tell for a number beside a bound, and the words for it. Shared by the rules on numbers."""

import math
from typing import Any

from mltoolkit.evidence import Evidence
from mltoolkit.metrics import FROM_FILE, METRICS, Task
from mltoolkit.rules.base import SURE, Answer, Facts, Finding, Need, Rule
from mltoolkit.rules.numbers import ANCHOR, CHAMPION, Estimate, reach
from mltoolkit.statistics import planning

FEWEST = 30
"""Rows under which no rule on rows is answered, whatever its margin."""

UNSEEN = 0.01
"""The share of rows that must not differ unseen, where no row differs in a metric without bounds."""

LABELS = 'the model answers labels alone: save it by MLflow with pyfunc_predict_fn="predict_proba"'
"""Why there are no probabilities, and what gives them."""

_EQUAL = "the models are in truth equal"


def sound(estimate: Estimate) -> bool:
    """Return whether a number is one: defined, finite, on at least one row, within its interval's ends."""
    ends = [end for end in (estimate.low, estimate.high) if end is not None]
    if estimate.value is None or not all(map(math.isfinite, (estimate.value, *ends))):
        return False
    if estimate.n is not None and estimate.n < 1:
        return False
    return not ends or ends[0] <= ends[-1]


def above(estimate: Estimate, bound: float, *, alone: bool = False) -> Answer:
    """Answer whether a number is above a bound: the whole interval decides, a boundary tie cannot tell.

    Args:
        estimate: The number.
        bound: In the same unit.
        alone: Whether the number comes from a file, where there is no confidence at all: it then decides itself.
    """
    if estimate.value is None or not sound(estimate):
        return Answer.UNKNOWN
    if alone and estimate.confidence is None:
        low = high = estimate.value
    elif estimate.low is None or estimate.high is None:
        return Answer.UNKNOWN
    else:
        low, high = estimate.low, estimate.high
    return Answer.PASS if low > bound else Answer.FAIL if high < bound else Answer.UNKNOWN


def flipped(answer: Answer) -> Answer:
    """Return the answer to "is it below?" from that to "is it above?"."""
    return {Answer.PASS: Answer.FAIL, Answer.FAIL: Answer.PASS}.get(answer, answer)


def alone(metric: str, evidence: Evidence) -> bool:
    """Return whether a metric is a number that a stage wrote, not one that is measured on rows.

    Args:
        metric: A name of the catalogue, or ``file:KEY``.
        evidence: What was measured.
    """
    return metric.startswith(FROM_FILE) or (evidence.rows is None and evidence.predictions is None)


def unfit(metric: str, evidence: Evidence) -> str | None:
    """Return why a metric cannot be asked of this model, whatever its rows say.

    Args:
        metric: A name of the catalogue, or ``file:KEY``.
        evidence: The task, and whether the challenger answers probabilities.
    """
    if metric.startswith(FROM_FILE):
        return None
    known = METRICS.get(metric)
    if known is None:
        return f"{metric} is not a metric that this version knows"
    if evidence.task is None or evidence.challenger is None:
        return f"there are only numbers, no rows: ask for `{FROM_FILE}{metric}`, as a stage wrote it"
    if evidence.task not in known.tasks:
        tasks = " and ".join(known.tasks)
        return f"{metric} is a metric of {tasks} models, and this one is {evidence.task}: mend the rule"
    if known.probabilities and not evidence.challenger.probabilities:
        return f"{metric} needs probabilities, and {LABELS}"
    if known.quantile and evidence.rows is not None and evidence.rows.quantile is None:
        return f"{metric} is about a quantile: name it as `quantile:` of the model"
    return None


def absent(facts: Facts, over: str) -> tuple[Answer, str] | None:
    """Return why there is nobody to compare with: no champion yet, or one that could not be scored.

    Args:
        facts: Everything known.
        over: ``champion`` or ``anchor``, or the name of a baseline.
    """
    evidence = facts.evidence
    if over in evidence.faults:
        return Answer.UNKNOWN, f"{_named(over)} could not be scored: {evidence.faults[over]}"
    if over not in {CHAMPION, ANCHOR}:
        if any(baseline.name == over for baseline in evidence.baselines):
            return None
        return Answer.UNKNOWN, f"the evidence has no baseline {over}"
    subject, why = (
        (evidence.champion, evidence.no_champion)
        if over == CHAMPION
        else (evidence.anchor, evidence.no_anchor)
    )
    # Numbers alone name no model; that somebody was measured is all that is known of him.
    if subject is not None or any(m.of == over for m in evidence.measurements):
        return None
    if why is None:
        return Answer.UNKNOWN, f"the evidence has no {over}, and does not say why"
    return Answer.NOT_APPLICABLE, f"there is no {over}: {why}"


def fewest(metric: str, margin: float | None, confidence: float, task: Task | None = None) -> int:
    """Return the rows under which a relative rule is not answered, even if the models never differ.

    Args:
        metric: Where its values end at 1, a margin says how many rows are needed.
        margin: The loss that is still called no loss, in the metric's unit.
        confidence: Of the two-sided interval.
        task: What is predicted; of several classes one row can move a Brier score by 2.
    """
    if margin is None or metric not in METRICS:
        return FEWEST
    # R2 has no lower end, but a margin of it is a share of the spread as well.
    far = 1.0 if metric == "r2" else reach(metric, task)
    if far is None or margin >= far:
        return FEWEST
    return max(FEWEST, planning.minimum_rows(margin / far, confidence=confidence))


def too_few(estimate: Estimate, metric: str, margin: float | None, task: Task | None = None) -> str | None:
    """Return why the rows are too few for a rule on rows, also where nothing differs.

    Args:
        estimate: The number, or the gain.
        metric: Whose it is; a margin says how many rows are needed where the metric has bounds.
        margin: The loss that is still called no loss, in the metric's unit; None where none is.
        task: What is predicted.
    """
    if estimate.confidence is None:
        return None
    needed = demanded(estimate, metric, margin, task)
    if estimate.n is None:
        return f"on how many rows it rests is not known, and at least {needed:,} are needed"
    rests = estimate.n if estimate.rests is None else estimate.rests
    if rests >= needed:
        return None
    least = f"too few: at least {needed:,} are needed"
    least += ", even if the models never differ" if margin is not None else ""
    if rests < estimate.n:
        return f"it rests on {_rows(rests)}, {least}"
    return f"{_rows(rests)} {'is' if rests == 1 else 'are'} {least}"


def still(estimate: Estimate) -> bool:
    """Return whether no row moves a number that has no bounds: its interval then has no width."""
    return estimate.spread == 0 and estimate.low is not None and estimate.low == estimate.high


def demanded(estimate: Estimate, metric: str, margin: float | None, task: Task | None) -> int:
    """Return the rows that a number has to rest on in any case: where no row differs without bounds, more.

    Args:
        estimate: The number, or the gain.
        metric: Whose it is.
        margin: The loss that is still called no loss, in the metric's unit; None where none is.
        task: What is predicted.
    """
    confidence = SURE if estimate.confidence is None else estimate.confidence
    needed = fewest(metric, margin, confidence, task)
    return max(needed, planning.minimum_rows(UNSEEN, confidence=confidence)) if still(estimate) else needed


def need(
    estimate: Estimate, effect: float | None, *, least: int = FEWEST, shares: bool = False
) -> Need | None:
    """Return how many rows and groups would settle a comparison that cannot tell.

    Args:
        estimate: The gain as it is known now: of it only the spread is used, never the difference seen.
        effect: The distance to be shown, in the metric's unit: the margin, or a stated effect.
        least: Rows that it has to rest on in any case.
        shares: Whether it is the loss of a share of rows that each stand for themselves: its spread is then
            the disagreement, and Tango's interval needs more rows than one of that spread alone.
    """
    if estimate.spread is None or estimate.confidence is None or not estimate.n or estimate.n < 1:
        return None
    if effect is None:
        return Need(reason="no number of rows settles a tie; state an `effect` to plan for")
    if not math.isfinite(estimate.spread) or estimate.spread < 0 or estimate.groups == 0:
        return None
    # Not from the ends of the interval: whoever is told no number may still be told how many rows it takes.
    (size,) = planning.sizes(
        estimate.spread,
        estimate.n,
        estimate.groups,
        margins=(effect,),
        powers=(planning.POWER,),
        confidence=estimate.confidence,
        differ=disagreement(estimate) if shares else None,
        fewest=least,
        rests=estimate.rests,
    )
    if size.rows is None:
        return Need(reason="no practical number of rows would settle it")
    return Need(rows=size.rows, groups=size.groups)


def disagreement(estimate: Estimate) -> float | None:
    """Return the share of the rows that a gain in accuracy or recall rests on that only one of the two has right.

    Args:
        estimate: The gain, by Tango's interval: of rows that each stand for themselves.
    """
    if estimate.spread is None or not estimate.n:
        return None
    rests = estimate.n if estimate.rests is None else estimate.rests
    return min(estimate.spread * rests / estimate.n, 1.0)


def of_shares(metric: str, estimate: Estimate) -> bool:
    """Return whether a gain is a difference of shares of rows that each stand for themselves: Tango's interval.

    Args:
        metric: Whose gain it is.
        estimate: The gain.
    """
    return metric in {"accuracy", "recall"} and estimate.groups is None


def told(needed: Need | None, estimate: Estimate, truth: str = _EQUAL) -> str:
    """Return what would settle it, for the end of a sentence.

    Args:
        needed: What would.
        estimate: The number as it is known now.
        truth: What was assumed of the truth.
    """
    if needed is None:
        return ""
    if needed.rows is None:
        return f"; {needed.reason}"
    rows = f"{needed.rows:,} rows"
    if needed.groups is not None:
        rows += f" in {needed.groups:,} groups"
    if estimate.n is not None and needed.rows <= estimate.n:
        return f"; {rows} would settle it four times in five if {truth}, so more rows may not help"
    return f"; {rows} in all would settle it four times in five, if {truth}"


def figure(value: float) -> str:
    """Return a number for a sentence, in four digits; the finding's estimate has six."""
    return f"{value:.4g}"


def number(estimate: Estimate) -> str:
    """Return a number with its interval and what it rests on, for a sentence."""
    if estimate.value is None:
        return f"not known ({estimate.reason or 'not defined on these rows'})"
    return f"{figure(estimate.value)}{interval(estimate)}"


def interval(estimate: Estimate, of: str = "") -> str:
    """Return the bracket behind a number: its interval, its rows and its groups, and a warning about it.

    Args:
        estimate: The number.
        of: What the interval is of, where that is not the number that was said before.
    """
    rows = "" if estimate.n is None else f", {_rows(estimate.n)}"
    if estimate.groups is not None:
        rows += f" in {estimate.groups:,} groups"
    if estimate.confidence is None:
        return f" (no confidence available{rows})"
    if estimate.low is None or estimate.high is None:
        return f" (no interval{rows}: {estimate.reason or 'not defined'})"
    warning = "" if estimate.reason is None else f"; {estimate.reason}"
    if still(estimate):
        return f" (no row differs{rows}{warning})"
    ends = f"{figure(estimate.low)} to {figure(estimate.high)}"
    return f" ({100 * estimate.confidence:.6g} % interval{f' of {of}' if of else ''} {ends}{rows}{warning})"


def compared(
    rule: Rule,
    facts: Facts,
    *,
    metric: str,
    over: str,
    bound: float,
    margin: float | None,
    effect: float | None,
    confidence: float,
    lower_is_better: bool = False,
) -> Finding:
    """Answer a rule on the gain over somebody: pass above the bound, fail below it.

    Args:
        rule: Who asks.
        facts: Everything known.
        metric: A name of the catalogue, or ``file:KEY``.
        over: ``champion``, ``anchor``, or the name of a baseline.
        bound: The gain asked for, in the metric's unit: ``-margin`` for "no worse".
        margin: The loss that is still called no loss; None where a gain is asked for.
        effect: The true gain to plan rows for, where a gain is asked for.
        confidence: Of the two-sided interval, as the rule has it.
        lower_is_better: Which way a ``file:`` metric gets better.
    """
    details: dict[str, Any] = {"metric": metric, "over": over, "threshold": bound, "margin": margin}
    # What can never be asked is told at once, and not at the second release.
    if (why := unfit(metric, facts.evidence)) is not None:
        return rule.finding(Answer.UNKNOWN, why, **details)
    if (missing := absent(facts, over)) is not None:
        return rule.finding(*missing, **details)
    gain = facts.numbers.gain(
        metric,
        over,
        confidence=facts.confidence(confidence),
        threshold=bound,
        lower_is_better=lower_is_better,
    )
    details["estimate"] = gain
    if gain.value is None or not sound(gain):
        why = f"the gain in {metric} over {_named(over)} is not known: {gain.reason or 'it is not a number'}"
        return rule.finding(Answer.UNKNOWN, why, **details)
    truth = _EQUAL if margin is not None else f"the true gain is {effect:g}" if effect is not None else ""
    distance = margin if margin is not None else None if effect is None else effect - bound
    few = too_few(gain, metric, margin, facts.evidence.task)
    said = above(gain, bound, alone=alone(metric, facts.evidence))
    # That so few rows could not show a loss is no reason to doubt one that they do show.
    few = too_few(gain, metric, None) if said is Answer.FAIL else few
    said = said if few is None else Answer.UNKNOWN
    what = f"{metric} is {_difference(gain.value, over)}{interval(gain, 'the gain')}"
    asked = (
        f"worse by {margin:g} or more" if margin is not None else f"better{f' by {bound:g}' if bound else ''}"
    )
    if said is Answer.UNKNOWN:
        least = demanded(gain, metric, margin, facts.evidence.task)
        shares = margin is not None and of_shares(metric, gain)
        needed = need(gain, distance, least=least, shares=shares)
        # A number without an interval cannot tell only where it is the bound itself.
        single = gain.confidence is None and alone(metric, facts.evidence)
        who = "a number that is the bound itself" if single else "these rows"
        why = f": {few}" if few is not None else f": {who} cannot tell whether it is {asked}"
        return rule.finding(said, f"{what}{why}{told(needed, gain, truth)}", need=needed, **details)
    no = "not " if (said is Answer.PASS) == (margin is not None) else ""
    return rule.finding(said, f"{what}: {no}{asked}", **details)


def check_direction(metric: str, better: str | None) -> None:
    """Refuse a relative rule whose metric has no direction, or has two.

    Raises:
        ValueError: Of a ``file:`` metric nobody said which way is better, or of ours somebody did.
    """
    if metric.startswith(FROM_FILE) and better is None:
        raise ValueError(f"say which way {metric} gets better: `better: higher` or `better: lower`")
    if not metric.startswith(FROM_FILE) and better is not None:
        raise ValueError(f"which way {metric} gets better is known; leave `better` out")


def _difference(gain: float, over: str) -> str:
    if gain == 0:
        return f"as good as {_named(over)}'s"
    return f"{figure(abs(gain))} {'better' if gain > 0 else 'worse'} than {_named(over)}'s"


def _named(over: str) -> str:
    return f"the {over}" if over in {CHAMPION, ANCHOR} else f"the baseline {over}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
