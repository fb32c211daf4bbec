"""``mltoolkit approve``: a person answers a verdict that cannot tell. The verdict stays as the gate wrote it."""

import argparse
import os
from datetime import UTC, datetime

from mltoolkit import approvals, events, files, github, project, terminal, verdicts
from mltoolkit.approvals import Approval
from mltoolkit.commands import Result
from mltoolkit.commands.deploy import who
from mltoolkit.errors import InputError, RefusedError
from mltoolkit.evidence import Evidence
from mltoolkit.gate import Decision, Verdict

_LONGEST = 1000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--model", metavar="NAME", help="the model (default: the only one)")
    parser.add_argument(
        "--reason", metavar="TEXT", required=True, help="why it may go on although the gate could not tell"
    )


def run(arguments: argparse.Namespace) -> Result:
    """Sign for an inconclusive verdict, and say what was signed for.

    Raises:
        InputError: There is no reason, or the verdict promotes and needs nobody.
        RefusedError: The gate said no, which is nobody's to approve.
        CannotTellError: There is no verdict, or it does not hold any more.
    """
    here = project.load(arguments.project)
    name, _ = here.settings.model(arguments.model)
    reason = said(arguments.reason)
    case = verdicts.read(here, name)
    verdicts.confirm(case, model=name)
    verdict = case.verdict
    match verdict.decision:
        case Decision.PROMOTE:
            raise InputError(
                "there is nothing to approve: the gate promotes this model",
                hint=f"commit or undo the changes, then {verdicts.AGAIN}"
                if verdict.dirty
                else "mltoolkit deploy",
            )
        case Decision.REJECT:
            raise RefusedError(
                f"the gate rejected this model, and a no is nobody's to approve: {verdict.reason}"
            )
        case Decision.INCONCLUSIVE:
            pass
    path = here.reports(name) / verdicts.APPROVAL
    if isinstance(case.approval, Approval) and not events.unmerged(case.approval.event, case.approval.ref):
        return _result(case.approval, verdict, case.evidence, path=str(path), changed=False)
    job = github.context(os.environ)
    approval = approvals.sign(
        verdict,
        case.digest,
        by=who(here),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        reason=reason,
        run=job.run,
        event=job.event,
        ref=job.ref,
    )
    files.write_bytes(path, files.dump_json(approval))
    return _result(approval, verdict, case.evidence, path=str(path), changed=True)


def said(reason: str) -> str:
    """Return a reason as one line.

    Raises:
        InputError: It is empty, too long, or holds what no terminal should be sent.
    """
    line = " ".join(reason.split())
    if not line:
        raise InputError(
            "a reason is needed: whoever asks later why this went on reads it",
            hint='mltoolkit approve --reason "..."',
        )
    if len(line) > _LONGEST:
        raise InputError(f"the reason has {len(line):,} characters, and at most {_LONGEST:,} are kept")
    if not line.isprintable():
        raise InputError("the reason holds characters that cannot be shown")
    return line


def _result(approval: Approval, verdict: Verdict, evidence: Evidence, *, path: str, changed: bool) -> Result:
    unknown = approval.unknown or (verdict.reason,)
    notes = hindrances(approval, verdict, evidence)
    # Who approved is told too where it was somebody else, some time before.
    first = approvals.told(approval) if changed else f"was {approvals.told(approval)} ({approval.at})"
    return Result(
        text="\n".join(
            [
                first,
                *(f"  not known: {terminal.line(each)}" for each in unknown),
                *(f"  it cannot be deployed: {terminal.line(note)}" for note in notes),
                f"  written to {path}" if changed else f"  to approve it anew, remove {path}",
            ]
        ),
        value={
            "verdict": approval.verdict,
            "by": approval.by,
            "at": approval.at,
            "reason": approval.reason,
            "unknown": list(approval.unknown),
            "deployable": not notes,
            "hindrances": notes,
            "changed": changed,
            "path": path,
        },
    )


def hindrances(approval: Approval, verdict: Verdict, evidence: Evidence) -> list[str]:
    """Return why an approved verdict still lets nothing through.

    Args:
        approval: The signature.
        verdict: What was signed for.
        evidence: What it rests on.
    """
    found = []
    if verdict.dirty:
        found.append("the working tree differed from its commit when it was evaluated")
    if verdict.policy.stale:
        found.append(f"{', '.join(verdict.policy.stale)} changed since the evidence was made")
    if evidence.rows is None or verdict.challenger is None:
        found.append("it was made on numbers alone, which name no model")
    found += [
        f"{what} in a {run.event} run, which is for show"
        for what, run in (("the verdict was made", verdict), ("it was approved", approval))
        if events.unmerged(run.event, run.ref)
    ]
    return found
