"""Whether a verdict still stands: read beside its evidence, and decided anew before anything rests on it."""

from pathlib import Path

import msgspec

from mltoolkit import files, gate, metrics, project, rules
from mltoolkit.config import ModelSettings
from mltoolkit.errors import CannotTellError, Location, RefusedError
from mltoolkit.evidence import Evidence, Golden
from mltoolkit.gate import Decision, Verdict

AGAIN = "run mltoolkit evaluate and mltoolkit gate again"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with everything that it rests on, as it was read.

    Attributes:
        verdict: What was decided.
        verdict_digest: Of its file.
        evidence: What was measured.
        evidence_digest: Of its file.
        golden: Requests with the offline predictions.
        golden_digest: Of its file.
    """

    verdict: Verdict
    verdict_digest: str
    evidence: Evidence
    evidence_digest: str
    golden: Golden
    golden_digest: str


def read(reports: Path) -> Case:
    """Read verdict, evidence and golden rows.

    Raises:
        CannotTellError: One is missing or damaged.
    """
    paths = [reports / name for name in ("verdict.json", "evidence.json", "golden.json")]
    for path, command in zip(paths, ("gate", "evaluate", "evaluate"), strict=True):
        if not path.exists():
            raise CannotTellError(
                "no such file, and nothing rests on less",
                where=Location(path=str(path)),
                hint=f"run mltoolkit {command}",
            )
    verdict, evidence, golden = paths
    return Case(
        verdict=files.load(verdict, Verdict, error=CannotTellError),
        verdict_digest=files.digest_file(verdict),
        evidence=files.load(evidence, Evidence, error=CannotTellError),
        evidence_digest=files.digest_file(evidence),
        golden=files.load(golden, Golden, error=CannotTellError),
        golden_digest=files.digest_file(golden),
    )


def confirm(case: Case, settings: ModelSettings, *, model: str) -> None:
    """Make sure that the gate, asked now, says on this evidence what the verdict says.

    Args:
        case: What was read.
        settings: The model's section of ``params.yaml`` as it is now.
        model: The model's name.

    Raises:
        CannotTellError: It does not: a file was edited or exchanged, or the rules changed.
    """
    verdict, evidence = case.verdict, case.evidence
    if verdict.model != model:
        raise CannotTellError(f"the verdict is for the model {verdict.model}, not {model}", hint=AGAIN)
    asked = rules.effective(settings.rules, evidence.task, probabilities=evidence.challenger.probabilities)
    for what, judged, wanted in (
        ("rules", verdict.rules, rules.digest(asked)),
        ("evidence", verdict.evidence, case.evidence_digest),
        ("golden rows", evidence.golden.digest, case.golden_digest),
    ):
        if judged != wanted:
            raise CannotTellError(f"the {what} changed since the verdict was made", hint=AGAIN)
    if gate.decide(evidence, settings.rules, evidence_digest=case.evidence_digest) != verdict:
        raise CannotTellError("the gate does not come to this verdict on this evidence", hint=AGAIN)


def require(case: Case, here: project.Project, settings: ModelSettings, *, model: str, digest: str) -> None:
    """Refuse a verdict that does not let this model through now. Decides, and acts not.

    Args:
        case: What was read.
        here: The project as it is now.
        settings: The model's section of it.
        model: The model's name.
        digest: Of the model directory as it is now.

    Raises:
        RefusedError: The gate said no.
        CannotTellError: The verdict is of something else, or does not hold any more.
    """
    confirm(case, settings, model=model)
    verdict, evidence = case.verdict, case.evidence
    if verdict.challenger != digest:
        raise CannotTellError(
            f"the verdict is for the model digest {verdict.challenger}, not {digest}", hint=AGAIN
        )
    match verdict.decision:
        case Decision.REJECT:
            raise RefusedError(f"the gate rejected this model: {verdict.reason}")
        case Decision.INCONCLUSIVE:
            raise CannotTellError(f"the gate could not tell: {verdict.reason}")
        case Decision.PROMOTE:
            pass
    if verdict.dirty:
        raise CannotTellError(
            "the verdict was made in a working tree that differs from its commit",
            hint=f"commit or undo the changes, then {AGAIN}",
        )
    for what, judged, wanted in _question(evidence, here, settings):
        if judged != wanted:
            raise CannotTellError(
                f"{what} changed since the verdict was made: {judged} then, {wanted} now", hint=AGAIN
            )


def _question(
    evidence: Evidence, here: project.Project, settings: ModelSettings
) -> list[tuple[str, str | None, str | None]]:
    """Return what was asked of the model: each part as it was judged, and as it is now."""
    positive = evidence.positive if settings.positive is None else metrics.label(settings.positive)
    rows, lock = here.root / settings.rows, here.root / project.LOCK
    return [
        ("`rows:`", evidence.rows.path, settings.rows),
        ("`id:`", evidence.rows.id, settings.id),
        ("`target:`", evidence.rows.target, settings.target),
        ("`positive:`", evidence.positive, positive),
        ("`task:`", str(evidence.task), settings.task or str(evidence.task)),
        # Where an endpoint is, the rows need not be; where they are, they must be those that were judged.
        (
            "the evaluation rows",
            evidence.rows.digest,
            files.digest_file(rows) if rows.exists() else evidence.rows.digest,
        ),
        (project.LOCK, evidence.provenance.lock, files.digest_file(lock) if lock.exists() else None),
    ]
