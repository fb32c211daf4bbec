"""What a check of data found: values that travel in ``check.json`` and ``splits.json``."""

from enum import StrEnum
from typing import Literal

from mltoolkit.evidence import Digest, Value


class Outcome(StrEnum):
    """What came of one expectation."""

    MET = "met"
    VIOLATED = "violated"
    NOT_EVALUATED = "not-evaluated"


class Severity(StrEnum):
    """What a violation does, as Great Expectations writes it."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Source(StrEnum):
    """Who answered."""

    SCAN = "scan"
    GREAT_EXPECTATIONS = "great-expectations"
    MLTOOLKIT = "mltoolkit"


class ContractFinding(Value, frozen=True, kw_only=True):
    """One question about data, and its answer.

    Attributes:
        rule: An expectation's type in Great Expectations' gallery, or the name of a rule of ours.
        columns: The columns that it is about; none where it is about the table.
        outcome: Met, violated, or not evaluated.
        severity: What a violation does.
        reason: The outcome in one sentence, without values of the data (but for an error's own text, which
            is left out where it is about private columns).
        unexpected: How many values or rows were not as expected, where it counts them.
        looked: At how many values or rows it looked, where it counts them.
        examples: Some of the unexpected values, shortened; none of private columns.
        line: Of the suite, where it stands in one.
        source: Who answered.
    """

    rule: str
    columns: tuple[str, ...]
    outcome: Outcome
    severity: Severity
    reason: str
    unexpected: int | None = None
    looked: int | None = None
    examples: tuple[str, ...] = ()
    line: int | None = None
    source: Source

    @property
    def blocks(self) -> bool:
        """What could not be evaluated always blocks; a violation blocks where it is critical."""
        return self.outcome is Outcome.NOT_EVALUATED or (
            self.outcome is Outcome.VIOLATED and self.severity is Severity.CRITICAL
        )

    @property
    def rank(self) -> tuple[int, int]:
        """Where it stands in a list that shows the worst first: what blocks, then by severity; met ones last."""
        severities = [*Severity]
        return (2 if self.outcome is Outcome.MET else 1 - self.blocks, severities.index(self.severity))


class CheckedFile(Value, frozen=True, kw_only=True):
    """A data file that was held to its suite.

    Attributes:
        path: The file.
        digest: Of its content.
        suite: The suite.
        suite_digest: Of the suite.
        rows: How many rows it has.
        findings: One for each expectation, and those of ours.
    """

    path: str
    digest: Digest
    suite: str
    suite_digest: Digest
    rows: int
    findings: tuple[ContractFinding, ...]


class CheckedSplits(Value, frozen=True, kw_only=True):
    """Training and evaluation rows that were asked what they share.

    Attributes:
        train: What the model learns from.
        train_digest: Of its content.
        evaluation: What it is judged on.
        evaluation_digest: Of its content.
        findings: One for each rule.
    """

    train: str
    train_digest: Digest
    evaluation: str
    evaluation_digest: Digest
    findings: tuple[ContractFinding, ...]


class Check(Value, frozen=True, kw_only=True):
    """What ``mltoolkit check`` found.

    Attributes:
        schema: Name and version of this file's format.
        tool: The version that wrote it.
        model: The model's name in ``params.yaml``.
        files: The data that was checked.
        left_out: Data of the contract that was not checked in this run.
        splits: The splits, where they were checked.
    """

    schema: Literal["mltoolkit.check/1"] = "mltoolkit.check/1"
    tool: str
    model: str
    files: tuple[CheckedFile, ...] = ()
    left_out: tuple[str, ...] = ()
    splits: CheckedSplits | None = None

    @property
    def kept(self) -> bool:
        """Whether something was checked, and nothing blocks."""
        return bool(self.parts) and all(
            findings and not any(finding.blocks for finding in findings) for _, findings in self.parts
        )

    @property
    def parts(self) -> tuple[tuple[str, tuple[ContractFinding, ...]], ...]:
        """What was checked by name, with its findings."""
        found = [(each.path, each.findings) for each in self.files]
        if self.splits is not None:
            found.append((f"{self.splits.train} and {self.splits.evaluation}", self.splits.findings))
        return tuple(found)

    @property
    def findings(self) -> tuple[ContractFinding, ...]:
        """All of them."""
        return tuple(finding for _, findings in self.parts for finding in findings)


def ours(
    rule: str,
    outcome: Outcome,
    reason: str,
    *,
    columns: tuple[str, ...] = (),
    severity: Severity = Severity.CRITICAL,
    unexpected: int | None = None,
    looked: int | None = None,
    examples: tuple[str, ...] = (),
) -> ContractFinding:
    """Return a finding of a rule that no suite can say."""
    return ContractFinding(
        rule=rule,
        columns=columns,
        outcome=outcome,
        severity=severity,
        reason=reason,
        unexpected=unexpected,
        looked=looked,
        examples=examples,
        source=Source.MLTOOLKIT,
    )
