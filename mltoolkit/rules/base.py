"""What every rule has in common: a mode, a question, and an answer that is a value."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from mltoolkit.errors import meant
from mltoolkit.evidence import Evidence, Finite, Value
from mltoolkit.ledger import Ledger
from mltoolkit.metrics import FROM_FILE, METRICS
from mltoolkit.rules.numbers import Estimate, Numbers

Confidence = Annotated[float, msgspec.Meta(ge=0.5, lt=1)]
"""Of a two-sided interval: 0.95, not 95."""

SURE = 0.95
"""The confidence of a rule that names none."""


class Mode(StrEnum):
    """What an answer does to the verdict."""

    BLOCK = "block"
    WARN = "warn"
    DRY_RUN = "dry-run"


class Answer(StrEnum):
    """What a rule answers."""

    PASS = "pass"  # noqa: S105 - an answer, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


WORST_FIRST = (Answer.FAIL, Answer.UNKNOWN, Answer.NOT_APPLICABLE, Answer.PASS)
"""In the order in which answers are told; of several to one question the first is the answer."""


class Need(Value, frozen=True, kw_only=True):
    """What would settle a rule that cannot tell, with 80 % power if the truth is as planned.

    Planned is that the models are in truth equal; that the challenger is better by the ``effect`` that the rule
    states; or that it is calibrated. The difference that was seen is never used.

    Attributes:
        rows: Evaluation rows in total.
        groups: Groups in total, at today's rows a group; None where rows come alone.
        reason: Why no number can be given.
    """

    rows: int | None = None
    groups: int | None = None
    reason: str | None = None


class Part(Value, frozen=True, kw_only=True):
    """One slice and metric of a slice rule.

    Attributes:
        slice: ``column=value``, or two of them joined by `` & ``.
        metric: What was looked at.
        answer: Pass, fail or unknown of this slice alone, after Holm.
        estimate: The gain with its adjusted interval, and p before the adjustment.
    """

    slice: str
    metric: str
    answer: Answer
    estimate: Estimate


class Finding(Value, frozen=True, kw_only=True):
    """One rule's answer.

    Attributes:
        rule: The question in words.
        kind: The rule's kind.
        mode: What the answer does to the verdict.
        answer: The answer.
        reason: The answer in one sentence, in plain words.
        metric: What was looked at.
        slice: The slice that it was asked of.
        over: Whom the challenger is compared with; the estimate is then its gain, positive for better.
        estimate: The number with its interval.
        threshold: What the number is compared with, in the metric's unit.
        margin: The loss that is still called no loss.
        need: What would settle it, where it is unknown for want of rows.
        parts: The slices of a slice rule, worst first.
        blocks_when_unknown: Whether a blocking rule that cannot tell keeps the challenger from promotion.
        speaks: Whether a pass may speak for the model's quality; a ceiling on what should be high does not.
    """

    rule: str
    kind: str
    mode: Mode
    answer: Answer
    reason: str
    metric: str | None = None
    slice: str | None = None
    over: str | None = None
    estimate: Estimate | None = None
    threshold: Finite | None = None
    margin: Finite | None = None
    need: Need | None = None
    parts: tuple[Part, ...] = ()
    blocks_when_unknown: bool = True
    speaks: bool = True

    @property
    def rejects(self) -> bool:
        """Whether it keeps the challenger out."""
        return self.mode is Mode.BLOCK and self.answer is Answer.FAIL

    @property
    def leaves_open(self) -> bool:
        """Whether nobody can tell for want of it: a person may sign for it."""
        return self.mode is Mode.BLOCK and self.answer is Answer.UNKNOWN and self.blocks_when_unknown


class Policy(Value, frozen=True, kw_only=True):
    """Whose rules decide, and how they differ from those of the commit that is judged.

    Attributes:
        base: The commit whose rules, suites and selection of rows decide; None where they are the commit's own.
        changed: What the judged commit changed of them, in words.
        reason: Why that cannot be told.
        stale: What changed since the evidence was made, so that it has to be made again.
        fresh: Data that are new since the base commit, by which evaluation rows chosen in the same way are others.
    """

    base: str | None = None
    changed: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    reason: str | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a rule may look at.

    Attributes:
        evidence: What was measured, with provenance.
        numbers: Estimates on it.
        ledger: The looks at evaluation rows so far, or why they cannot be read.
        policy: Whose rules decide.
        looks: By how many looks the error that is allowed is divided: the budget of the ``reuse`` rule.
        harms: The parts of each slice rule, by the rule: Holm goes over all of a verdict's together.
    """

    evidence: Evidence
    numbers: Numbers
    ledger: Ledger | str = Ledger()
    policy: Policy = Policy()
    looks: int = 1
    harms: Mapping["Rule", tuple[Part, ...]] = {}

    def confidence(self, asked: float) -> float:
        """Return the confidence of one interval when every look pays its share of the error allowed.

        Args:
            asked: What the rule asks for, between 0 and 1.
        """
        return 1 - (1 - asked) / self.looks


class Rule(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab", tag_field="kind"
):
    """One question. A kind is a subclass: its docstring says what it asks, ``answer`` answers it.

    Abstract without ``abc``, whose classes msgspec makes no structs of.

    Attributes:
        mode: What the answer does to the verdict.
    """

    mode: Mode = Mode.BLOCK

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        raise NotImplementedError

    def answer(self, facts: Facts) -> Finding:
        """Answer from facts alone; what is missing, undefined or damaged is "unknown", and never a pass."""
        raise NotImplementedError

    def finding(self, answer: Answer, reason: str, **details: Any) -> Finding:
        """Return the finding of this rule.

        Args:
            answer: The answer.
            reason: In one sentence.
            details: Further fields of ``Finding``.
        """
        kind = str(self.__struct_config__.tag)
        return Finding(rule=self.question, kind=kind, mode=self.mode, answer=answer, reason=reason, **details)


def check_metric(name: str) -> None:
    """Refuse a name that is neither in the catalogue nor ``file:KEY``.

    Raises:
        ValueError: It is neither; msgspec adds where it stands.
    """
    if name.startswith(FROM_FILE) and len(name) > len(FROM_FILE):
        return
    if name not in METRICS:
        raise ValueError(f"unknown metric {name!r}; {meant(name, [*METRICS, f'{FROM_FILE}KEY'])}")


def check_distance(metric: str, distance: float, what: str) -> None:
    """Refuse a margin or a gain so large that every model, or none, has it.

    Args:
        metric: A known name.
        distance: In the metric's unit.
        what: The key that it was written under.

    Raises:
        ValueError: It is not below 1, in a metric that lies between 0 and 1.
    """
    if metric in METRICS and METRICS[metric].bounded and distance >= 1:
        hint = f"; did you mean {distance / 100:g}?" if distance <= 100 else ""  # noqa: PLR2004 - points of a hundred
        raise ValueError(f"{what} {distance:g} of {metric} must be below 1{hint}")


def check_effect(effect: float | None, by: float) -> None:
    """Refuse an effect to plan for that is no more than what has to be shown.

    Args:
        effect: The true gain to plan rows for.
        by: The gain that a rule asks for.

    Raises:
        ValueError: No number of rows shows it.
    """
    if effect is not None and effect <= by:
        raise ValueError(f"effect {effect:g} must be above by {by:g}: no number of rows shows it")


def at_confidence(confidence: float | None) -> str:
    """Return the end of a question that asks for another confidence than the usual one."""
    return "" if confidence is None or confidence == SURE else f" at confidence {confidence:g}"
