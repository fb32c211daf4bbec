"""``decide(evidence, rules) -> Verdict``: a pure function; missing, undefined or unreadable is never a pass."""

from enum import StrEnum
from typing import Literal

from mltoolkit.evidence import Digest, Finite, Value
from mltoolkit.rules import Mode


class Answer(StrEnum):
    """What a rule answers."""

    PASS = "pass"  # noqa: S105 - an answer, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


class Decision(StrEnum):
    """What the gate says."""

    PROMOTE = "promote"
    REJECT = "reject"
    INCONCLUSIVE = "inconclusive"


class Finding(Value, frozen=True, kw_only=True):
    """One rule's answer.

    Attributes:
        rule: The question in words.
        kind: The rule's kind.
        mode: What the answer does to the verdict.
        answer: The answer.
        metric: What was looked at.
        estimate: The challenger's number.
        threshold: What it was compared with.
        n: Rows behind the estimate.
        reason: The answer in one sentence.
    """

    rule: str
    kind: str
    mode: Mode
    answer: Answer
    metric: str
    estimate: Finite | None
    threshold: Finite | None
    n: int | None
    reason: str


class Verdict(Value, frozen=True, kw_only=True):
    """A decision on one challenger for one endpoint, with everything that it rests on.

    Attributes:
        schema: Name and version of this file's format.
        tool: The version that decided.
        decision: Promote, reject or inconclusive.
        reason: One sentence.
        model: The model's name in ``params.yaml``.
        endpoint: Where the challenger asks to go.
        challenger: Digest of the model that asks.
        champion: Digest of the model that was live, or None.
        evidence: Digest of the evidence file.
        rules: Digest of the rules.
        rows: Digest of the evaluation rows.
        commit: The commit that the evidence was made from.
        dirty: Whether files differed from that commit.
        event: What started the run.
        ref: The branch or tag.
        run: The address of the run.
        lock: Digest of ``dvc.lock``.
        findings: One for each rule, in their order.
    """

    schema: Literal["mltoolkit.verdict/1"] = "mltoolkit.verdict/1"
    tool: str
    decision: Decision
    reason: str
    model: str
    endpoint: str | None
    challenger: Digest
    champion: Digest | None
    evidence: Digest
    rules: Digest
    rows: Digest
    commit: str
    dirty: bool
    event: str
    ref: str | None
    run: str | None
    lock: Digest | None
    findings: tuple[Finding, ...]
