"""``kind: no-worse-than`` and ``kind: better-than``: against the champion or the anchor, paired."""

from typing import Annotated, Literal

import msgspec

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
from mltoolkit.rules.comparing import check_direction, compared

Over = Literal["champion", "anchor"]
Direction = Literal["higher", "lower"]
Positive = Annotated[float, msgspec.Meta(gt=0)]


class NoWorseThan(Rule, frozen=True, kw_only=True, tag="no-worse-than"):
    """The challenger loses less than a margin against the champion, or against the anchor.

    Attributes:
        metric: A name of the catalogue, or ``file:KEY``.
        over: The ``champion``, or the ``anchor`` that is kept so that many small losses cannot add up.
        margin: The loss that is still called no loss, in the metric's unit.
        confidence: Of the two-sided interval of the gain.
        better: Which way a ``file:`` metric gets better.
    """

    metric: str
    margin: Positive
    over: Over = "champion"
    confidence: Confidence = SURE
    better: Direction | None = None

    def __post_init__(self) -> None:
        """Refuse a metric that nobody knows, or knows the direction of, and a margin that allows everything."""
        check_metric(self.metric)
        check_direction(self.metric, self.better)
        check_distance(self.metric, self.margin, "margin")

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        sure = at_confidence(self.confidence)
        return f"{self.metric} no worse than the {self.over} by {self.margin:g}{sure}"

    def answer(self, facts: Facts) -> Finding:
        """Pass where the whole interval of the gain is above ``-margin``, fail where it is below."""
        return compared(
            self,
            facts,
            metric=self.metric,
            over=self.over,
            bound=-self.margin,
            margin=self.margin,
            effect=None,
            confidence=self.confidence,
            lower_is_better=self.better == "lower",
        )


class BetterThan(Rule, frozen=True, kw_only=True, tag="better-than"):
    """The challenger is better than the champion, or than the anchor.

    Attributes:
        metric: A name of the catalogue, or ``file:KEY``.
        over: The ``champion`` or the ``anchor``.
        by: How much better it must be, in the metric's unit.
        effect: How much better one hopes for, to plan how many rows would show it.
        confidence: Of the two-sided interval of the gain.
        better: Which way a ``file:`` metric gets better.
    """

    metric: str
    over: Over = "champion"
    by: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    effect: Positive | None = None
    confidence: Confidence = SURE
    better: Direction | None = None

    def __post_init__(self) -> None:
        """Refuse a metric that nobody knows, or knows the direction of, and an effect that shows nothing."""
        check_metric(self.metric)
        check_direction(self.metric, self.better)
        check_distance(self.metric, self.by, "by")
        check_effect(self.effect, self.by)

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        by = f" by {self.by:g}" if self.by else ""
        return f"{self.metric} better than the {self.over}{by}{at_confidence(self.confidence)}"

    def answer(self, facts: Facts) -> Finding:
        """Pass where the whole interval of the gain is above ``by``, fail where it is below."""
        return compared(
            self,
            facts,
            metric=self.metric,
            over=self.over,
            bound=self.by,
            margin=None,
            effect=self.effect,
            confidence=self.confidence,
            lower_is_better=self.better == "lower",
        )
