"""A person's answer to "cannot tell": who signs for an inconclusive verdict, when, and why. Values only."""

from typing import Literal

import msgspec

from mltoolkit.evidence import Digest, Value, digest_of
from mltoolkit.gate import Verdict
from mltoolkit.releases import Instant


class Approval(Value, frozen=True, kw_only=True):
    """A signed-off verdict. It stands beside the verdict, which stays as the gate wrote it.

    Attributes:
        schema: Name and version of this file's format.
        verdict: Digest of the verdict file.
        decision: What the gate said: a "no" is nobody's to approve, and a "yes" needs nobody.
        unknown: The blocking findings that the gate could not tell, by their questions.
        by: Who: a name, with an address in angle brackets where there is one.
        at: When.
        reason: Why.
        run: The address of the run, where there is one.
        event: What started the run; ``local`` outside of one.
        ref: The branch or tag, where there is one.
        seal: Digest of the other fields, which finds an edit by hand. It is no signature: whoever may
            write the file may write another.
    """

    schema: Literal["mltoolkit.approval/1"] = "mltoolkit.approval/1"
    verdict: Digest
    decision: Literal["inconclusive"] = "inconclusive"
    unknown: tuple[str, ...]
    by: str
    at: Instant
    reason: str
    run: str | None
    event: str
    ref: str | None
    seal: Digest


def sign(
    verdict: Verdict,
    digest: Digest,
    *,
    by: str,
    at: Instant,
    reason: str,
    run: str | None = None,
    event: str = "local",
    ref: str | None = None,
) -> Approval:
    """Return a person's signature on a verdict.

    Args:
        verdict: What is signed for; its decision is inconclusive.
        digest: Of its file.
        by: Who.
        at: When.
        reason: Why.
        run: The address of the run, where there is one.
        event: What started the run.
        ref: The branch or tag, where there is one.
    """
    open_ = Approval(
        verdict=digest,
        unknown=unknown(verdict),
        by=by,
        at=at,
        reason=reason,
        run=run,
        event=event,
        ref=ref,
        seal=digest,
    )
    return msgspec.structs.replace(open_, seal=_seal(open_))


def _seal(approval: Approval) -> str:
    plain = msgspec.to_builtins(approval)
    del plain["seal"]
    return digest_of(plain)


def unknown(verdict: Verdict) -> tuple[str, ...]:
    """Return the questions that kept a verdict from being told."""
    return tuple(finding.rule for finding in verdict.findings if finding.leaves_open)


def fault(approval: Approval, verdict: Verdict, digest: str) -> str | None:
    """Return why an approval is not one of a verdict, or None where it is.

    Args:
        approval: What lies beside the verdict.
        verdict: The verdict.
        digest: Of its file.
    """
    if _seal(approval) != approval.seal:
        return "the approval was edited"
    if approval.verdict != digest or approval.unknown != unknown(verdict):
        return "the approval is of another verdict"
    if not approval.reason.strip() or not approval.by.strip():
        return "the approval says neither who nor why"
    return None


def told(approval: Approval) -> str:
    """Return who approved and why, in one sentence."""
    return f"approved by {approval.by}: {approval.reason}"
