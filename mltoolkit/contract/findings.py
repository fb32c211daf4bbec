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


class ContractFinding(Value, frozen=True, kw_only=True):
    """One expectation's outcome on one file.

    Attributes:
        expectation: Its type in Great Expectations' gallery, or the name of a rule of ours.
        column: What it is about, where it is about one.
        outcome: Met, violated, or not evaluated.
        severity: What a violation does.
        unexpected: How many values were not as expected, where it counts values.
        reason: The outcome in one sentence.
    """

    expectation: str
    column: str | None
    outcome: Outcome
    severity: Severity
    unexpected: int | None
    reason: str

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


def own(*, names: list[str], rows: int, minimum_rows: int, expectations: int) -> list[ContractFinding]:
    """Return the findings that no suite can make: emptiness of data and suite, and odd headers.

    Args:
        names: The column names.
        rows: How many rows there are.
        minimum_rows: How many there must be.
        expectations: How many the suite holds.
    """

    def finding(name: str, *, kept: bool, reason: str) -> ContractFinding:
        return ContractFinding(
            expectation=name,
            column=None,
            outcome=Outcome.MET if kept else Outcome.VIOLATED,
            severity=Severity.CRITICAL,
            unexpected=None,
            reason=reason,
        )

    twice = sorted({name for name in names if names.count(name) > 1})
    odd = [name for name in names if not name.strip()]
    return [
        finding(
            "minimum-rows",
            kept=rows >= minimum_rows,
            reason=f"{rows:,} rows; at least {minimum_rows:,} are asked",
        ),
        finding(
            "suite-not-empty", kept=expectations > 0, reason=f"the suite holds {expectations} expectations"
        ),
        finding(
            "column-names",
            kept=not twice and not odd,
            reason=f"duplicate or empty names: {', '.join(twice + odd)}"
            if twice or odd
            else "all different, none empty",
        ),
    ]
