"""``kind: better-than-baseline``: worth more than a predictor that has learned nothing."""

from typing import Annotated, Any

import msgspec

from mltoolkit.metrics import FROM_FILE, METRICS, Baseline, Task
from mltoolkit.rules.base import Answer, Confidence, Facts, Finding, Rule, check_metric
from mltoolkit.rules.comparing import above, absent, interval, need, told, too_few

COLUMN = "column:"
"""The prefix of a baseline that is a column of the evaluation rows, such as last week's number."""


class BetterThanBaseline(Rule, frozen=True, kw_only=True, tag="better-than-baseline"):
    """The challenger beats a predictor that knows only the training target's distribution, or a column.

    Attributes:
        metric: A name of the catalogue.
        baseline: ``base-rate`` for probabilities, ``majority`` for labels, ``mean`` for regression, or
            ``column:NAME`` for a column of the evaluation rows that holds somebody's prediction.
        by: How much better it must be, in the metric's unit.
        effect: How much better one hopes for, to plan how many rows would show it.
        confidence: Of the two-sided interval of the gain.
    """

    metric: str
    baseline: str
    by: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    effect: Annotated[float, msgspec.Meta(gt=0)] | None = None
    confidence: Confidence = 0.95

    def __post_init__(self) -> None:
        """Refuse pairs that have no meaning, such as a majority's Brier score or a mean's accuracy."""
        check_metric(self.metric)
        if self.metric.startswith(FROM_FILE):
            raise ValueError("a number from a file has no baseline; use `kind: absolute`")
        if self.baseline.startswith(COLUMN) and len(self.baseline) > len(COLUMN):
            return
        metric = METRICS[self.metric]
        regression = Task.REGRESSION in metric.tasks
        wanted = (
            Baseline.MEAN if regression else Baseline.BASE_RATE if metric.probabilities else Baseline.MAJORITY
        )
        if self.baseline != wanted:
            raise ValueError(f"{self.metric} is compared with baseline: {wanted}, or {COLUMN}NAME")

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        margin = f" by {self.by:g}" if self.by else ""
        return f"{self.metric} better than {self.baseline}{margin}"

    def answer(self, facts: Facts) -> Finding:
        """Pass where the whole interval of the gain is above ``by``, fail where it is below."""
        details: dict[str, Any] = {"metric": self.metric, "over": self.baseline, "threshold": self.by}
        if (missing := absent(facts, self.baseline)) is not None:
            return self.finding(*missing, **details)
        gain = facts.numbers.gain(
            self.metric, self.baseline, confidence=facts.confidence(self.confidence), threshold=self.by
        )
        details["estimate"] = gain
        if gain.value is None:
            return self.finding(
                Answer.UNKNOWN,
                f"the gain in {self.metric} over {self.baseline} is not known: {gain.reason}",
                **details,
            )
        if (few := too_few(gain, self.metric, None)) is not None:
            return self.finding(Answer.UNKNOWN, few, **details)
        said = above(gain, self.by)
        enough = f" by {self.by:g}" if self.by else ""
        what = f"{self.metric} is better than {self.baseline} by {gain.value:g}{interval(gain)}"
        if gain.value < 0:
            what = f"{self.metric} is worse than {self.baseline} by {-gain.value:g}{interval(gain)}"
        match said:
            case Answer.PASS:
                return self.finding(said, what, **details)
            case Answer.FAIL:
                return self.finding(said, f"{what}: not better{enough}", **details)
            case _:
                needed = need(gain, self.effect)
                return self.finding(
                    Answer.UNKNOWN,
                    f"{what}: these rows cannot show that it is better{enough}{told(needed)}",
                    need=needed,
                    **details,
                )
