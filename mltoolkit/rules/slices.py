"""``kind: slice``: nobody is harmed, in any named part of the rows nor in one that nobody named."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from mltoolkit.evidence import Evidence
from mltoolkit.rules.base import Answer, Confidence, Facts, Finding, Part, Rule, check_metric
from mltoolkit.rules.numbers import Numbers


class Slice(Rule, frozen=True, kw_only=True, tag="slice"):
    """In no slice is the challenger worse than the champion, or the anchor, by more than a margin.

    Fails where harm beyond the margin is shown after Holm (1979) over all slices and metrics of the
    verdict; passes where every slice clears the margin; is otherwise unknown.

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
    confidence: Confidence = 0.95
    require_proof: bool = False

    def __post_init__(self) -> None:
        """Refuse a rule without metrics, or with some that nobody knows."""
        if not self.metrics:
            raise ValueError("needs `metrics`")
        for metric in self.metrics:
            check_metric(metric)

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        return f"{', '.join(self.metrics)} in no slice worse than the {self.over} by {self.margin:g}"

    def answer(self, facts: Facts) -> Finding:
        """Tell the worst slice, or that every slice clears the margin."""
        return self.finding(Answer.UNKNOWN, "slices are not compared yet", parts=facts.harms.get(self, ()))


def harms(
    rules: tuple[Rule, ...], numbers: Numbers, evidence: Evidence, *, looks: int
) -> Mapping[Rule, tuple[Part, ...]]:
    """Return the parts of every slice rule, after Holm over all of them together.

    Args:
        rules: The rules of the verdict.
        numbers: Estimates.
        evidence: Who there is to compare with.
        looks: By how many looks the error that is allowed is divided.
    """
    return {}
