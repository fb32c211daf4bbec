"""``kind: absolute``: a floor or a ceiling."""

from mltoolkit.rules.base import Answer, Confidence, Facts, Finding, Rule, check_metric
from mltoolkit.rules.comparing import above, flipped, number
from mltoolkit.rules.numbers import Estimate


class Absolute(Rule, frozen=True, kw_only=True, tag="absolute"):
    """The challenger's metric clears a floor or stays under a ceiling.

    Attributes:
        metric: A name of the catalogue, or ``file:KEY`` for a number that a stage wrote.
        at_least: The floor, in the metric's unit.
        at_most: The ceiling, in the metric's unit.
        slice: Ask it of one slice (``carrier=UA``) and not of all rows.
        confidence: With it the whole two-sided interval must clear the bound; without, the number itself.
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
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"at-least {self.at_least} is above at-most {self.at_most}: nothing can pass")

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        bounds = [f">= {self.at_least:g}"] if self.at_least is not None else []
        bounds += [f"<= {self.at_most:g}"] if self.at_most is not None else []
        where = "" if self.slice is None else f" on {self.slice}"
        sure = "" if self.confidence is None else f" at {self.confidence:g}"
        return f"{self.metric} {' and '.join(bounds)}{where}{sure}"

    def answer(self, facts: Facts) -> Finding:
        """Compare with each bound that is set; both must hold."""
        answers = []
        for bound, floor in ((self.at_least, True), (self.at_most, False)):
            if bound is None:
                continue
            estimate = facts.numbers.level(
                self.metric,
                confidence=facts.confidence(self.confidence or 0.95),
                threshold=bound,
                slice_=self.slice,
            )
            answers.append((self._one(estimate, bound, floor=floor), estimate, bound, floor))
        order = [Answer.FAIL, Answer.UNKNOWN, Answer.PASS]
        said, estimate, bound, floor = min(answers, key=lambda each: order.index(each[0]))
        where = "" if self.slice is None else f" on {self.slice}"
        what = f"{self.metric}{where} is {number(estimate)}"
        words = {
            Answer.PASS: ", as asked",
            Answer.FAIL: f", {'under the floor' if floor else 'over the ceiling'} {bound:g}",
            Answer.UNKNOWN: f", which does not tell {'the floor' if floor else 'the ceiling'} {bound:g}"
            if estimate.value is not None
            else "",
        }
        return self.finding(
            said,
            what + words.get(said, ""),
            metric=self.metric,
            slice=self.slice,
            estimate=estimate,
            threshold=bound,
        )

    def _one(self, estimate: Estimate, bound: float, *, floor: bool) -> Answer:
        if estimate.value is None:
            return Answer.UNKNOWN
        if self.confidence is None or estimate.confidence is None:
            met = estimate.value >= bound if floor else estimate.value <= bound
            return Answer.PASS if met else Answer.FAIL
        said = above(estimate, bound)
        return said if floor else flipped(said)
