"""From files to the gate: evidence, the rows beside it, and everything else that a verdict rests on."""

from pathlib import Path

import msgspec

from mltoolkit import files, gate
from mltoolkit.errors import CannotTellError, Location
from mltoolkit.evidence import Evidence
from mltoolkit.gate import Verdict
from mltoolkit.ledger import Ledger
from mltoolkit.project import Project
from mltoolkit.rules.base import Policy, Rule
from mltoolkit.rules.numbers import Numbers
from mltoolkit.scalars import ScalarNumbers


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate is given.

    Attributes:
        evidence: What was measured.
        digest: Of the evidence file.
        numbers: Estimates on it.
        ledger: The looks at evaluation rows so far, or why they cannot be read.
        policy: Whose rules decide.
        rules: Those rules; empty where the defaults of the task decide.
    """

    evidence: Evidence
    digest: str
    numbers: Numbers
    ledger: Ledger | str = Ledger()
    policy: Policy = Policy()
    rules: tuple[Rule, ...] = ()

    def decide(self) -> Verdict:
        """Return the gate's verdict: the same brief gives the same one."""
        return gate.decide(
            self.evidence,
            self.numbers,
            self.rules,
            evidence_digest=self.digest,
            ledger=self.ledger,
            policy=self.policy,
        )


def evidence(path: Path) -> Evidence:
    """Read evidence and make sure that the files beside it are those that it speaks of.

    Raises:
        CannotTellError: It is missing or damaged, or a file beside it is another.
    """
    found = files.load(path, Evidence, error=CannotTellError)
    for part in (found.predictions, found.golden):
        if part is None:
            continue
        beside = path.with_name(part.path)
        if not beside.is_file() or files.digest_file(beside) != part.digest:
            raise CannotTellError(
                "is missing" if not beside.is_file() else f"is not the file that {path} speaks of",
                where=Location(path=str(beside)),
                hint="run mltoolkit evaluate again",
            )
    return found


def numbers(path: Path, evidence: Evidence) -> Numbers:
    """Return the estimates on evidence: from its rows, or where it has none from its numbers.

    Args:
        path: The evidence file.
        evidence: What it holds.

    Raises:
        CannotTellError: The predictions are damaged or do not fit.
    """
    if evidence.predictions is None:
        return ScalarNumbers(evidence=evidence)
    # Numbers alone are judged without numpy, in half the time.
    from mltoolkit import predictions
    from mltoolkit.paired import PairedNumbers

    return PairedNumbers(evidence, predictions.read(path.with_name(evidence.predictions.path), evidence))


def read(path: Path, here: Project, model: str, *, base: str | None = None) -> Brief:
    """Read everything that the gate is given.

    Args:
        path: The evidence file.
        here: The project.
        model: The model's name in it.
        base: The commit whose rules decide, and not those that stand here.

    Raises:
        CannotTellError: Something is missing or damaged.
    """
    del base
    found = evidence(path)
    return Brief(
        evidence=found,
        digest=files.digest_file(path),
        numbers=numbers(path, found),
        rules=here.settings.models[model].rules,
    )
