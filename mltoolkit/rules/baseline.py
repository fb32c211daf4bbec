"""``kind: better-than-baseline``: worth more than a predictor that has learned nothing."""

from typing import Annotated

import msgspec

from mltoolkit.metrics import FROM_FILE, METRICS, Baseline
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

_WHY = {
    Baseline.BASE_RATE: "the share of each class",
    Baseline.MAJORITY: "the most frequent class",
    Baseline.POSITIVE: "who always answers the positive class",
    Baseline.MEAN: "the best constant for squared errors",
    Baseline.MEDIAN: "the best constant for absolute errors",
    Baseline.QUANTILE: "the best constant for this quantile",
}
"""What each baseline is, for who named another."""

_NONE = {
    "recall": "recall has no baseline, because whoever always answers the positive class has all of it",
    "precision": "precision has no baseline, because one sure row is enough for all of it",
    "f1-macro": "f1-macro has no baseline, because guesses by the shares of k classes have 1/k of it, more than any"
    " constant answer",
}
"""Why nobody who knows nothing is a bar for a metric."""


class BetterThanBaseline(Rule, frozen=True, kw_only=True, tag="better-than-baseline"):
    """The challenger beats a predictor that knows only the training target's distribution, or a column.

    Attributes:
        metric: A name of the catalogue.
        baseline: The one that the metric has in the catalogue, such as ``base-rate`` for probabilities or
            ``median`` for absolute errors; or ``column:NAME`` for a column of the evaluation rows that holds
            somebody's prediction.
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
        """Refuse pairs that have no meaning, such as a majority's Brier score, and baselines that no knowledge beats."""
        check_metric(self.metric)
        if self.metric.startswith(FROM_FILE):
            raise ValueError("a number from a file has no baseline; use `kind: absolute`")
        check_distance(self.metric, self.by, "by")
        check_effect(self.effect, self.by)
        if self.baseline.startswith(COLUMN) and len(self.baseline) > len(COLUMN):
            return
        wanted = METRICS[self.metric].baseline
        if wanted is None:
            raise ValueError(
                f"{_NONE[self.metric]}; ask for a floor with `kind: absolute`, or for {COLUMN}NAME"
            )
        if self.baseline != wanted:
            raise ValueError(
                f"{self.metric} is compared with baseline: {wanted}, {_WHY[wanted]}, or {COLUMN}NAME"
            )

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
