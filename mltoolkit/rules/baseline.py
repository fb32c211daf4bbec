"""``kind: better-than-baseline``: worth more than a predictor that has learned nothing."""

from typing import Annotated

import msgspec

from mltoolkit.metrics import FROM_FILE, METRICS, Baseline, Task
from mltoolkit.rules.base import (
    SURE,
    Confidence,
    Facts,
    Finding,
    Rule,
    at_confidence,
    check_distance,
    check_effect,
    check_metric,
)
from mltoolkit.rules.comparing import compared

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
    confidence: Confidence = SURE

    def __post_init__(self) -> None:
        """Refuse pairs that have no meaning, such as a majority's Brier score or a mean's accuracy."""
        check_metric(self.metric)
        if self.metric.startswith(FROM_FILE):
            raise ValueError("a number from a file has no baseline; use `kind: absolute`")
        check_distance(self.metric, self.by, "by")
        check_effect(self.effect, self.by)
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
        return f"{self.metric} better than {self.baseline}{margin}{at_confidence(self.confidence)}"

    def answer(self, facts: Facts) -> Finding:
        """Pass where the whole interval of the gain is above ``by``, fail where it is below."""
        return compared(
            self,
            facts,
            metric=self.metric,
            over=self.baseline,
            bound=self.by,
            margin=None,
            effect=self.effect,
            confidence=self.confidence,
        )
