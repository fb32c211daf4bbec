"""``kind: absolute``: a floor or a ceiling."""

import math

import msgspec

from mltoolkit.metrics import FROM_FILE, METRICS, Better
from mltoolkit.rules.base import (
    SURE,
    WORST_FIRST,
    Answer,
    Confidence,
    Facts,
    Finding,
    Need,
    Rule,
    check_metric,
)
from mltoolkit.rules.comparing import above, alone, flipped, number, sound, told, too_few, unfit
from mltoolkit.rules.numbers import Estimate

_UNPLANNED = (
    "how many rows would settle it depends on how far it truly is from the bound, which nobody has said"
)


class Absolute(Rule, frozen=True, kw_only=True, tag="absolute"):
    """The challenger's metric clears a floor or stays under a ceiling.

    Attributes:
        metric: A name of the catalogue, or ``file:KEY`` for a number that a stage wrote.
        at_least: The floor, in the metric's unit.
        at_most: The ceiling, in the metric's unit.
        slice: Ask it of one slice (``carrier=UA``) and not of all rows.
        confidence: With it the whole two-sided interval must clear the bound; without, the number itself
            decides, and a number on the bound meets it.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    slice: str | None = None
    confidence: Confidence | None = None

    def __post_init__(self) -> None:
        """Refuse a rule that can only pass or only fail."""
        check_metric(self.metric)
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs `at-least` or `at-most`")
        if self.slice is not None and not all("=" in part[1:] for part in self.slice.split(" & ")):
            raise ValueError(f"slice {self.slice!r} must name a column and its value, such as carrier=UA")
        if self.confidence is not None and self.metric.startswith(FROM_FILE):
            raise ValueError(
                f"a number from a file has no confidence; leave `confidence` out of {self.metric}"
            )
        for bound, key in ((self.at_least, "at-least"), (self.at_most, "at-most")):
            if bound is not None:
                _check_bound(self.metric, bound, key)
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        if low > high or (low == high and self.confidence is not None):
            raise ValueError(
                f"at-least {self.at_least} is not below at-most {self.at_most}: nothing can pass"
            )

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        bounds = [f">= {self.at_least:g}"] if self.at_least is not None else []
        bounds += [f"<= {self.at_most:g}"] if self.at_most is not None else []
        where = "" if self.slice is None else f" on {self.slice}"
        sure = "" if self.confidence is None else f" at confidence {self.confidence:g}"
        return f"{self.metric} {' and '.join(bounds)}{where}{sure}"

    def answer(self, facts: Facts) -> Finding:
        """Compare with each bound that is set; both must hold."""
        bounds = [(self.at_least, True), (self.at_most, False)]
        asked = [(bound, floor) for bound, floor in bounds if bound is not None]
        if (why := unfit(self.metric, facts.evidence)) is not None:
            return self.finding(
                Answer.UNKNOWN, why, metric=self.metric, slice=self.slice, threshold=asked[0][0]
            )
        answers = []
        for bound, floor in asked:
            estimate = facts.numbers.level(
                self.metric,
                confidence=facts.confidence(self.confidence or SURE),
                threshold=bound,
                slice_=self.slice,
            )
            answers.append((self._one(facts, estimate, bound, floor=floor), estimate, bound, floor))
        said, estimate, bound, floor = min(answers, key=lambda each: WORST_FIRST.index(each[0]))
        where = "" if self.slice is None else f" on {self.slice}"
        what = f"{self.metric}{where} is {number(estimate)}"
        side = "the floor" if floor else "the ceiling"
        cannot = f"these rows cannot tell on which side of {side} {bound:g} it is"
        words = {
            Answer.PASS: f": {' and '.join(_met(*each) for each in asked)}",
            Answer.FAIL: f": {'under' if floor else 'over'} {side} {bound:g}",
            Answer.UNKNOWN: f": {self._too_few(facts, estimate) or cannot}" if sound(estimate) else "",
        }
        # The distance from the bound that was seen is no effect to plan for: near the bound it is mostly chance.
        unsure = said is Answer.UNKNOWN and sound(estimate) and self._too_few(facts, estimate) is None
        needed = Need(reason=_UNPLANNED) if unsure else None
        return self.finding(
            said,
            what + words[said] + told(needed, estimate),
            metric=self.metric,
            slice=self.slice,
            estimate=estimate,
            threshold=bound,
            need=needed,
            speaks=self._speaks,
        )

    @property
    def _speaks(self) -> bool:
        """Whether a bound is on the metric's good side; of a number from a file nobody said which that is."""
        if self.metric not in METRICS:
            return True
        higher = METRICS[self.metric].better is Better.HIGHER
        return (self.at_least if higher else self.at_most) is not None

    def _one(self, facts: Facts, estimate: Estimate, bound: float, *, floor: bool) -> Answer:
        if estimate.value is None or not sound(estimate) or self._too_few(facts, estimate) is not None:
            return Answer.UNKNOWN
        if self.confidence is None:
            met = estimate.value >= bound if floor else estimate.value <= bound
            return Answer.PASS if met else Answer.FAIL
        said = above(estimate, bound, alone=alone(self.metric, facts.evidence))
        return said if floor else flipped(said)

    def _too_few(self, facts: Facts, estimate: Estimate) -> str | None:
        """Return why the rows are too few; of a number that a stage wrote nobody knows them."""
        if alone(self.metric, facts.evidence):
            return None
        confidence = SURE if estimate.confidence is None else estimate.confidence
        return too_few(msgspec.structs.replace(estimate, confidence=confidence), self.metric, None)


def _met(bound: float, floor: bool) -> str:  # noqa: FBT001 - a pair from a list
    return f"{'at least' if floor else 'at most'} {bound:g}, as asked"


def _check_bound(metric: str, bound: float, key: str) -> None:
    """Refuse a bound that every model meets, or none, because the metric cannot lie beyond it."""
    if metric not in METRICS:
        return
    low, high = METRICS[metric].ends
    if low < bound < high or (bound == high and key == "at-least") or (bound == low and key == "at-most"):
        return
    hint = f"; did you mean {bound / 100:g}?" if high <= 1 < bound <= 100 else ""  # noqa: PLR2004 - per cent
    ends = f"between {low:g} and {high:g}" if math.isfinite(low) and math.isfinite(high) else ""
    ends = ends or (f"at least {low:g}" if math.isfinite(low) else f"at most {high:g}")
    says = "nothing" if (bound > high) == (key == "at-least") and bound not in {low, high} else "everything"
    raise ValueError(f"{key} {bound:g}: {says} can pass, because {metric} is {ends}{hint}")
