"""Whether a verdict still stands: read beside its evidence, and decided anew before anything rests on it."""

from pathlib import Path

import msgspec

from mltoolkit import files, judging, metrics, project
from mltoolkit.errors import CannotTellError, Location, RefusedError
from mltoolkit.evidence import Evidence, Golden, Rows
from mltoolkit.gate import Decision, Verdict
from mltoolkit.judging import Brief
from mltoolkit.settings import ModelSettings

AGAIN = "run mltoolkit evaluate and mltoolkit gate again"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with everything that it rests on, as it was read.

    Attributes:
        verdict: What was decided.
        digest: Of its file.
        brief: What the gate is given.
        golden: Requests with the offline predictions; None where numbers alone were judged.
    """

    verdict: Verdict
    digest: str
    brief: Brief
    golden: Golden | None

    @property
    def evidence(self) -> Evidence:
        """What was measured."""
        return self.brief.evidence


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """What a verdict lets through, with the digests of everything that says so.

    Attributes:
        challenger: Digest of the model.
        golden: Requests with the offline predictions, which a server must give too.
        golden_digest: Of their file.
        reason: Why, in a sentence.
    """

    challenger: str
    golden: Golden
    golden_digest: str
    reason: str


def read(here: project.Project, model: str) -> Case:
    """Read verdict, evidence, and what lies beside it.

    Args:
        here: The project.
        model: The model's name in it.

    Raises:
        CannotTellError: One is missing or damaged, or they do not belong together.
    """
    paths = [here.reports(model) / name for name in ("verdict.json", "evidence.json")]
    for path, command in zip(paths, ("gate", "evaluate"), strict=True):
        if not path.exists():
            raise CannotTellError(
                "no such file, and nothing rests on less",
                where=Location(path=str(path)),
                hint=f"run mltoolkit {command}",
            )
    verdict, evidence = paths
    brief = judging.read(evidence, here, model)
    golden = brief.evidence.golden
    return Case(
        verdict=files.load(verdict, Verdict, error=CannotTellError),
        digest=files.digest_file(verdict),
        brief=brief,
        golden=None
        if golden is None
        else files.load(evidence.with_name(golden.path), Golden, error=CannotTellError),
    )


def confirm(case: Case, *, model: str) -> None:
    """Make sure that the gate, asked now, says on this evidence what the verdict says.

    Args:
        case: What was read.
        model: The model's name.

    Raises:
        CannotTellError: It does not: a file was edited or exchanged, or the rules changed.
    """
    verdict = case.verdict
    if verdict.model != model:
        raise CannotTellError(f"the verdict is for the model {verdict.model}, not {model}", hint=AGAIN)
    again = case.brief.decide()
    for what, judged, wanted in (
        ("rules", verdict.rules, again.rules),
        ("evidence", verdict.evidence, again.evidence),
    ):
        if judged != wanted:
            raise CannotTellError(f"the {what} changed since the verdict was made", hint=AGAIN)
    if again != verdict:
        raise CannotTellError("the gate does not come to this verdict on this evidence", hint=AGAIN)


def require(case: Case, here: project.Project, settings: ModelSettings, *, model: str, digest: str) -> Permit:
    """Return what the verdict lets through, or refuse. Decides, and acts not.

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
    confirm(case, model=model)
    verdict, evidence = case.verdict, case.evidence
    if evidence.rows is None or evidence.golden is None or case.golden is None or verdict.challenger is None:
        raise CannotTellError("the verdict was made on numbers alone, which name no model and no rows")
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
    for what, judged, wanted in _question(evidence, evidence.rows, here, settings):
        if judged != wanted:
            raise CannotTellError(
                f"{what} changed since the verdict was made: {judged} then, {wanted} now", hint=AGAIN
            )
    return Permit(
        challenger=verdict.challenger,
        golden=case.golden,
        golden_digest=evidence.golden.digest,
        reason=verdict.reason,
    )


def _question(
    evidence: Evidence, rows: Rows, here: project.Project, settings: ModelSettings
) -> list[tuple[str, str | None, str | None]]:
    """Return what was asked of the model: each part as it was judged, and as it is now."""
    positive = evidence.positive if settings.positive is None else metrics.label(settings.positive)
    now, lock = here.root / settings.rows, here.root / project.LOCK
    return [
        ("`rows:`", rows.path, settings.rows),
        ("`id:`", rows.id, settings.id),
        ("`target:`", rows.target, settings.target),
        ("`positive:`", evidence.positive, positive),
        ("`task:`", str(evidence.task), settings.task or str(evidence.task)),
        # Where an endpoint is, the rows need not be; where they are, they must be those that were judged.
        (
            "the evaluation rows",
            rows.digest,
            files.digest_file(now) if now.exists() else rows.digest,
        ),
        (project.LOCK, evidence.provenance.lock, files.digest_file(lock) if lock.exists() else None),
    ]
