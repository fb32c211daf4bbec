"""``kind: slice``: nobody is harmed, in any named part of the rows nor in one that nobody named."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from mltoolkit.evidence import Evidence
from mltoolkit.metrics import FROM_FILE
from mltoolkit.rules.base import (
    SURE,
    Answer,
    Confidence,
    Facts,
    Finding,
    Need,
    Part,
    Rule,
    at_confidence,
    check_distance,
    check_metric,
)
from mltoolkit.rules.comparing import above, absent, figure, interval, too_few, unfit
from mltoolkit.rules.numbers import LeftOut, Numbers

SHOWN = 50
"""Comparisons that a finding lists; it counts all of them."""


class Slice(Rule, frozen=True, kw_only=True, tag="slice"):
    """In no slice is the challenger worse than the champion, or the anchor, by more than a margin.

    Fails where harm beyond the margin is shown after Holm (1979) over all slices and metrics of the
    verdict; passes where every slice that is compared clears the margin; is otherwise unknown, which stops the
    verdict only where proof is required. Slices that are not compared, because they have too few rows or are
    too many, are counted; where proof is required there is none of them.

    Attributes:
        metrics: Names of the catalogue.
        over: The ``champion`` or the ``anchor``.
        margin: The loss in a slice that is still called no loss, in the metric's unit.
        confidence: Of the two-sided intervals, all of them together.
        require_proof: Whether a slice that cannot be told stops the verdict.
    """

    metrics: tuple[str, ...]
    over: Literal["champion", "anchor"] = "champion"
    margin: Annotated[float, msgspec.Meta(gt=0)] = 0.05
    confidence: Confidence = SURE
    require_proof: bool = False

    def __post_init__(self) -> None:
        """Refuse a rule without metrics, or with some that nobody knows or that have no rows."""
        if not self.metrics:
            raise ValueError("needs `metrics`")
        for metric in self.metrics:
            check_metric(metric)
            check_distance(metric, self.margin, "margin")
            if metric.startswith(FROM_FILE):
                raise ValueError(f"{metric} is one number from a file and has no slices")
        if len(set(self.metrics)) != len(self.metrics):
            raise ValueError("names a metric twice")

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        sure = at_confidence(self.confidence)
        return f"{', '.join(self.metrics)} in no slice worse than the {self.over} by {self.margin:g}{sure}"

    def answer(self, facts: Facts) -> Finding:
        """Tell the worst slice, or that every slice clears the margin."""
        details: dict[str, Any] = {"over": self.over, "threshold": -self.margin, "margin": self.margin}
        if (why := _unfit(self, facts.evidence)) is not None:
            return self.finding(Answer.UNKNOWN, why, **details)
        if (missing := absent(facts, self.over)) is not None:
            return self.finding(*missing, **details)
        details["blocks_when_unknown"] = self.require_proof
        left = _left(facts.numbers.left_out)
        if left and self.require_proof:
            details["need"] = Need(reason=f"what is not compared cannot be proven: {left}")
        parts = facts.harms.get(self, ())
        if not parts:
            why = f": {left}" if left else ": name columns as `slices`"
            return self.finding(Answer.UNKNOWN, f"no slice has enough rows to be compared{why}", **details)
        worst = parts[0]
        details |= {"metric": worst.metric, "estimate": worst.estimate, "parts": parts[:SHOWN]}
        failed = sum(part.answer is Answer.FAIL for part in parts)
        unsure = sum(part.answer is Answer.UNKNOWN for part in parts)
        family = sum(map(len, facts.harms.values()))
        count, told = _count(parts), _told(worst, self.over, family)
        # What nobody looked at is told in every answer, so that a pass is not taken for more than it is.
        rest = f"; not compared: {left}" if left else ""
        if failed:
            others = f"; so are {failed - 1} more of {count}" if failed > 1 else f", alone of {count}"
            why = f"{told}: beyond the margin of {self.margin:g}{others}{rest}"
            return self.finding(Answer.FAIL, why, slice=worst.slice, **details | {"need": None})
        if not unsure:
            proven = not left or not self.require_proof
            rest += "" if proven else ", and proof is required of every slice"
            why = f"in {count} no slice is worse by {self.margin:g} or more; the least sure: {told}{rest}"
            return self.finding(Answer.PASS if proven else Answer.UNKNOWN, why, **details)
        why = f"no harm is shown, but {unsure} of {count} cannot tell {self.margin:g} from none"
        return self.finding(Answer.UNKNOWN, f"{why}; the least sure: {told}{rest}", **details)


def harms(
    rules: tuple[Rule, ...], numbers: Numbers, evidence: Evidence, *, looks: int
) -> Mapping[Rule, tuple[Part, ...]]:
    """Return the parts of every slice rule, after Holm over all of them together, worst first.

    The one-sided hypotheses are "in this slice the challenger is not worse by more than the margin", and the
    error that all of them share is that of the surest rule. A slice that a rule cannot tell of counts too.

    Args:
        rules: The rules of the verdict.
        numbers: Estimates.
        evidence: Who there is to compare with.
        looks: By how many looks the error that is allowed is divided.
    """
    facts = Facts(evidence=evidence, numbers=numbers)
    asking = [
        rule
        for rule in rules
        if isinstance(rule, Slice) and absent(facts, rule.over) is None and _unfit(rule, evidence) is None
    ]
    if not asking:
        return {}
    error = min(1 - rule.confidence for rule in asking) / looks
    # Slice by slice, so that its rows are picked once for all that is asked of them.
    asked = [
        (rule, slice_, metric) for slice_ in numbers.slices for rule in asking for metric in rule.metrics
    ]
    p = [_harm(rule, slice_, metric, numbers, error) for rule, slice_, metric in asked]
    made: dict[Rule, list[Part]] = {rule: [] for rule in asking}
    from mltoolkit.statistics import multiplicity  # where no slices are compared, a gate starts without it

    for (rule, slice_, metric), step in zip(asked, multiplicity.holm(p, error=error), strict=True):
        estimate = numbers.gain(
            metric, rule.over, confidence=1 - step.error, threshold=-rule.margin, slice_=slice_
        )
        said = above(estimate, -rule.margin)
        if said is Answer.PASS and too_few(estimate, metric, rule.margin, evidence.task) is not None:
            said = Answer.UNKNOWN
        made[rule].append(Part(slice=slice_, metric=metric, answer=said, estimate=estimate))
    return {rule: tuple(sorted(parts, key=_worst_first)) for rule, parts in made.items()}


def _harm(rule: Slice, slice_: str, metric: str, numbers: Numbers, error: float) -> float | None:
    """Return the one-sided p-value of "no harm beyond the margin"."""
    threshold = -rule.margin
    gain = numbers.gain(metric, rule.over, confidence=1 - error, threshold=threshold, slice_=slice_)
    if gain.p is None or gain.value is None:
        return None
    from mltoolkit.statistics import multiplicity

    return multiplicity.one_sided(gain.p, value=gain.value, threshold=threshold)


def _worst_first(part: Part) -> tuple[bool, bool, float, str, str]:
    low = part.estimate.low
    return part.answer is not Answer.FAIL, low is None, 0.0 if low is None else low, part.slice, part.metric


def _unfit(rule: Slice, evidence: Evidence) -> str | None:
    return next((why for metric in rule.metrics if (why := unfit(metric, evidence)) is not None), None)


def _told(part: Part, over: str, count: int) -> str:
    gain = part.estimate
    if gain.value is None:
        return f"{part.metric} on {part.slice} is not known ({gain.reason})"
    way = (
        f"{figure(abs(gain.value))} {'better' if gain.value > 0 else 'worse'} than"
        if gain.value
        else "as good as"
    )
    adjusted = "the gain" if count == 1 else f"the gain, adjusted for {count} comparisons,"
    return f"{part.metric} on {part.slice} is {way} the {over}'s{interval(gain, adjusted)}"


def _left(left_out: LeftOut) -> str:
    """Return what is not compared, in words; empty where everything is."""
    told = []
    if left_out.rare:
        values = "1 value" if left_out.rare == 1 else f"{left_out.rare:,} values"
        told.append(f"{values} of fewer than {left_out.fewest} rows")
    if left_out.beyond:
        told.append(f"{left_out.beyond:,} more than the {left_out.most} that are compared at once")
    return " and ".join(told)


def _count(parts: tuple[Part, ...]) -> str:
    return "1 comparison" if len(parts) == 1 else f"{len(parts)} comparisons"
