"""``kind: no-worse-than`` and ``kind: better-than``: against the champion or the anchor, paired."""

from typing import Annotated, Any, Literal

import msgspec

from mltoolkit.rules.base import Answer, Confidence, Facts, Finding, Rule, check_metric
from mltoolkit.rules.comparing import above, absent, check_direction, interval, need, told, too_few

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
    confidence: Confidence = 0.95
    better: Direction | None = None

    def __post_init__(self) -> None:
        """Refuse a metric that nobody knows, or knows the direction of."""
        check_metric(self.metric)
        check_direction(self.metric, self.better)

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        return f"{self.metric} no worse than the {self.over} by {self.margin:g}"

    def answer(self, facts: Facts) -> Finding:
        """Pass where the whole interval of the gain is above ``-margin``, fail where it is below."""
        return _answer(self, facts, bound=-self.margin, effect=self.margin, margin=self.margin)


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
    confidence: Confidence = 0.95
    better: Direction | None = None

    def __post_init__(self) -> None:
        """Refuse a metric that nobody knows, or knows the direction of, and an effect that shows nothing."""
        check_metric(self.metric)
        check_direction(self.metric, self.better)
        if self.effect is not None and self.effect <= self.by:
            raise ValueError(f"effect {self.effect} must be above by {self.by}: no number of rows shows it")

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        return f"{self.metric} better than the {self.over}{f' by {self.by:g}' if self.by else ''}"

    def answer(self, facts: Facts) -> Finding:
        """Pass where the whole interval of the gain is above ``by``, fail where it is below."""
        effect = None if self.effect is None else self.effect - self.by
        return _answer(self, facts, bound=self.by, effect=effect, margin=None)


def _answer(
    rule: NoWorseThan | BetterThan, facts: Facts, *, bound: float, effect: float | None, margin: float | None
) -> Finding:
    details: dict[str, Any] = {"metric": rule.metric, "over": rule.over, "threshold": bound, "margin": margin}
    if (missing := absent(facts, rule.over)) is not None:
        return rule.finding(*missing, **details)
    gain = facts.numbers.gain(
        rule.metric,
        rule.over,
        confidence=facts.confidence(rule.confidence),
        threshold=bound,
        lower_is_better=rule.better == "lower",
    )
    details["estimate"] = gain
    if gain.value is None:
        why = f"the gain in {rule.metric} over the {rule.over} is not known: {gain.reason}"
        return rule.finding(Answer.UNKNOWN, why, **details)
    if (few := too_few(gain, rule.metric, margin)) is not None:
        return rule.finding(Answer.UNKNOWN, few, **details)
    said = above(gain, bound)
    way = "better" if gain.value >= 0 else "worse"
    what = f"{rule.metric} is {abs(gain.value):g} {way} than the {rule.over}'s{interval(gain)}"
    asked = f"worse by {margin:g} or more" if margin is not None else f"better{_by(bound)}"
    words = {
        Answer.PASS: f": not {asked}" if margin is not None else f": {asked}, as asked",
        Answer.FAIL: f": {asked}" if margin is not None else f": not {asked}",
    }
    if said in words:
        return rule.finding(said, what + words[said], **details)
    needed = need(gain, effect)
    why = f"{what}: these rows cannot tell whether it is {asked}{told(needed)}"
    return rule.finding(Answer.UNKNOWN, why, need=needed, **details)


def _by(bound: float) -> str:
    return f" by {bound:g}" if bound else ""
