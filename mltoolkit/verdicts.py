"""Whether a verdict still stands: read beside its evidence, and decided anew before anything rests on it."""

from pathlib import Path

import msgspec

from mltoolkit import approvals, events, files, git, judging, project, question
from mltoolkit.approvals import Approval
from mltoolkit.errors import CannotTellError, InputError, Location, RefusedError
from mltoolkit.evidence import Evidence, Golden
from mltoolkit.gate import Decision, Verdict
from mltoolkit.judging import Brief

AGAIN = "run mltoolkit evaluate and mltoolkit gate again"
APPROVAL = "approval.json"
"""What a person's signature is called; it lies beside the verdict."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with everything that it rests on, as it was read.

    Attributes:
        verdict: What was decided.
        digest: Of its file.
        brief: What the gate is given.
        golden: Requests with the offline predictions; None where numbers alone were judged.
        approval: A person's signature on this verdict, or why what lies there is none; None where nothing does.
    """

    verdict: Verdict
    digest: str
    brief: Brief
    golden: Golden | None
    approval: Approval | str | None = None

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
        reason: Why, in a sentence: the gate's, or who approved and why.
        approval: Digest of the approval that lets an inconclusive verdict through; None where the gate promotes.
    """

    challenger: str
    golden: Golden
    golden_digest: str
    reason: str
    approval: str | None = None


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
    path, evidence = paths
    verdict, digest = files.load(path, Verdict, error=CannotTellError), files.digest_file(path)
    try:
        brief = judging.read(evidence, here, model, base=verdict.policy.base)
    except InputError as error:
        raise CannotTellError(
            f"the commit whose rules decided cannot be read: {error.what}", hint=error.hint
        ) from error
    golden = brief.evidence.golden
    return Case(
        verdict=verdict,
        digest=digest,
        brief=brief,
        golden=None
        if golden is None
        else files.load(evidence.with_name(golden.path), Golden, error=CannotTellError),
        approval=_approval(path.with_name(APPROVAL), verdict, digest),
    )


def _approval(path: Path, verdict: Verdict, digest: str) -> Approval | str | None:
    """Read what a person signed. A verdict that needs no signature is not held up by a bad one."""
    if not path.exists():
        return None
    try:
        found = files.load(path, Approval, error=CannotTellError)
    except CannotTellError as error:
        return f"the approval cannot be read: {error.what}"
    return approvals.fault(found, verdict, digest) or found


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
    if since := [what for what in again.policy.stale if what not in verdict.policy.stale]:
        raise CannotTellError(f"{', '.join(since)} changed since the verdict was made", hint=AGAIN)
    for what, judged, wanted in (
        ("comparison with the base commit's rules", verdict.policy, again.policy),
        ("rules", verdict.rules, again.rules),
        ("evidence", verdict.evidence, again.evidence),
    ):
        if judged != wanted:
            raise CannotTellError(f"the {what} changed since the verdict was made", hint=AGAIN)
    if again != verdict:
        raise CannotTellError("the gate does not come to this verdict on this evidence", hint=AGAIN)


def require(case: Case, here: project.Project, *, model: str, digest: str) -> Permit:
    """Return what the verdict lets through, or refuse. Decides, and acts not.

    A "yes" does, and a "cannot tell" that a person has signed for. A "no" never does.

    Args:
        case: What was read.
        here: The project as it is now.
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
    if verdict.decision is Decision.REJECT:
        raise RefusedError(f"the gate rejected this model: {verdict.reason}")
    if events.unmerged(verdict.event, verdict.ref):
        # The change's own code made the evidence.
        raise CannotTellError(
            f"the verdict was made in a {verdict.event} run, which is for show",
            hint="judge it in a run on the branch itself, and go on from there",
        )
    if verdict.dirty:
        raise CannotTellError(
            "the verdict was made in a working tree that differs from its commit",
            hint=f"commit or undo the changes, then {AGAIN}",
        )
    # Whoever signs for a verdict that says so changes nothing of it.
    if stale := case.brief.policy.stale:
        raise CannotTellError(f"{', '.join(stale)} changed since the evidence was made", hint=AGAIN)
    _committed(here)
    approval = _signed(case) if verdict.decision is Decision.INCONCLUSIVE else None
    return Permit(
        challenger=verdict.challenger,
        golden=case.golden,
        golden_digest=evidence.golden.digest,
        reason=verdict.reason if approval is None else approvals.told(approval),
        approval=None if approval is None else files.digest_bytes(files.dump_json(approval)),
    )


def _committed(here: project.Project) -> None:
    """Make sure that the settings and the lock that stand here are in the commit.

    Raises:
        CannotTellError: They are not, or nobody can tell.
    """
    try:
        found = question.uncommitted(here, git.top(here.root))
    except InputError as error:
        raise CannotTellError(
            f"whether {project.PARAMS} is as committed cannot be told: {error.what}"
        ) from error
    if found:
        raise CannotTellError(
            f"{', '.join(found)} is not as committed", hint=f"commit or undo the changes, then {AGAIN}"
        )


def _signed(case: Case) -> Approval:
    """Return the signature that lets an inconclusive verdict through.

    Raises:
        CannotTellError: There is none that counts.
    """
    approval, reason = case.approval, f"the gate could not tell: {case.verdict.reason}"
    if approval is None:
        raise CannotTellError(reason, hint="a person may sign for it: mltoolkit approve --reason ...")
    if isinstance(approval, str):
        raise CannotTellError(
            f"{reason}; {approval}", hint="approve this one: mltoolkit approve --reason ..."
        )
    if events.unmerged(approval.event, approval.ref):
        raise CannotTellError(
            f"{reason}; it was approved in a {approval.event} run, which is for show",
            hint="approve it in a run on the branch itself, or on a machine of your own",
        )
    return approval
