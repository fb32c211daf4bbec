"""What a check found, and what a suite cannot say by itself."""

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
        reason: The outcome in one sentence, without values of the data.
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


class Check(Value, frozen=True, kw_only=True):
    """What ``mltoolkit check`` found.

    Attributes:
        schema: Name and version of this file's format.
        tool: The version that wrote it.
        model: The model's name in ``params.yaml``.
        files: The data that was checked.
    """

    schema: Literal["mltoolkit.check/1"] = "mltoolkit.check/1"
    tool: str
    model: str
    files: tuple[CheckedFile, ...]

    @property
    def kept(self) -> bool:
        """Whether something was checked, and nothing blocks."""
        return bool(self.files) and all(
            file.findings and not any(finding.blocks for finding in file.findings) for file in self.files
        )


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
