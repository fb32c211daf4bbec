"""``kind: calibration``: probabilities mean what they say."""

from typing import Annotated

import msgspec

from mltoolkit.metrics import Task
from mltoolkit.rules.base import SURE, WORST_FIRST, Answer, Confidence, Facts, Finding, Rule, at_confidence
from mltoolkit.rules.comparing import LABELS, above, figure, flipped, need, number, sound, told
from mltoolkit.rules.numbers import Estimate, Line

_CALIBRATED = "the model is in truth calibrated"


class Calibration(Rule, frozen=True, kw_only=True, tag="calibration"):
    """The line through the logits that the truth asks for is near to intercept 0 and slope 1 (Cox 1958).

    The expected calibration error is told beside the value that a perfect model would show on as many rows,
    and never decides: it is above 0 for every model, and its intervals do not hold the truth.

    Attributes:
        slope_at_least: Below it the model is too sure of itself.
        slope_at_most: Above it the model is not sure enough.
        intercept: How far from 0 the intercept may be, in logits.
        confidence: Of the two-sided intervals.
    """

    slope_at_least: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.8
    slope_at_most: Annotated[float, msgspec.Meta(gt=1)] = 1.25
    intercept: Annotated[float, msgspec.Meta(gt=0)] = 0.25
    confidence: Confidence = SURE

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        slope = f"slope {self.slope_at_least:g} to {self.slope_at_most:g}"
        sure = at_confidence(self.confidence)
        return f"calibrated: {slope}, intercept within {self.intercept:g} of 0{sure}"

    def answer(self, facts: Facts) -> Finding:
        """Pass where both intervals lie inside, fail where one lies wholly outside."""
        evidence = facts.evidence
        if evidence.challenger is not None and evidence.task is not Task.BINARY:
            why = f"calibration is asked of a binary model's probabilities, and this one is {evidence.task}"
            return self.finding(Answer.UNKNOWN, why)
        if evidence.challenger is not None and not evidence.challenger.probabilities:
            return self.finding(Answer.UNKNOWN, f"calibration is asked of probabilities, and {LABELS}")
        line = facts.numbers.calibration(confidence=facts.confidence(self.confidence))
        if isinstance(line, str):
            return self.finding(Answer.UNKNOWN, f"calibration is not known: {line}")
        sides = [
            self._side("slope", line.slope, self.slope_at_least, floor=True),
            self._side("slope", line.slope, self.slope_at_most, floor=False),
            self._side("intercept", line.intercept, -self.intercept, floor=True),
            self._side("intercept", line.intercept, self.intercept, floor=False),
        ]
        said, name, estimate, bound = min(sides, key=lambda each: WORST_FIRST.index(each[0]))
        what = f"slope {number(line.slope)}, intercept {number(line.intercept)}"
        needed, after = None, f": near enough to 1 and 0{_error(line)}"
        if said is Answer.FAIL:
            after = f": the {name} is {self._words(name, bound)}{_error(line)}"
        elif said is Answer.UNKNOWN:
            perfect = 1.0 if name == "slope" else 0.0
            needed = need(estimate, abs(bound - perfect)) if sound(estimate) else None
            cannot = f"these rows cannot tell on which side of {bound:g} the {name} is"
            after = f": {cannot}{told(needed, estimate, _CALIBRATED)}{_error(line)}"
        return self.finding(
            said,
            what + after,
            metric=f"calibration {name}",
            # Its p is about a perfect model, not about the bound.
            estimate=msgspec.structs.replace(estimate, p=None),
            threshold=bound,
            need=needed,
        )

    def _side(
        self, name: str, estimate: Estimate, bound: float, *, floor: bool
    ) -> tuple[Answer, str, Estimate, float]:
        said = above(estimate, bound)
        return said if floor else flipped(said), name, estimate, bound

    def _words(self, name: str, bound: float) -> str:
        if name == "intercept":
            return (
                f"under {bound:g}: it says too much" if bound < 0 else f"over {bound:g}: it says too little"
            )
        sure = "too sure of itself" if bound == self.slope_at_least else "not sure enough"
        return f"{'under' if bound == self.slope_at_least else 'over'} {bound:g}: the model is {sure}"


def _error(line: Line) -> str:
    if line.error is None or line.error_of_perfect is None:
        return ""
    return (
        f"; its expected calibration error is {figure(line.error)}, where a perfect model would show"
        f" {figure(line.error_of_perfect)}"
    )
