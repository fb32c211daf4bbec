"""``decide(evidence, numbers, rules) -> Verdict``: pure; missing, undefined or unreadable is never a pass."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from mltoolkit import __version__
from mltoolkit.evidence import Digest, Evidence, Value
from mltoolkit.ledger import Ledger, Look
from mltoolkit.rules import catalogue, disclosure, slices
from mltoolkit.rules.base import Answer, Facts, Finding, Mode, Part, Policy, Rule
from mltoolkit.rules.numbers import Numbers
from mltoolkit.rules.policy import PolicyChanged


class Decision(StrEnum):
    """What the gate says."""

    PROMOTE = "promote"
    REJECT = "reject"
    INCONCLUSIVE = "inconclusive"


class Verdict(Value, frozen=True, kw_only=True):
    """A decision on one challenger for one endpoint, with everything that it rests on.

    Attributes:
        schema: Name and version of this file's format.
        tool: The version that decided.
        decision: Promote, reject or inconclusive.
        reason: The sentence of the rule that decided, and how many others did.
        model: The model's name in ``params.yaml``.
        endpoint: Where the challenger asks to go.
        challenger: Digest of the model that asks; None where numbers alone were judged.
        champion: Digest of the model that was live, or None.
        anchor: Digest of the earlier champion that it was compared with, or None.
        evidence: Digest of the evidence file.
        rules: Digest of the rules that decided.
        policy: Whose rules those are, and what the judged commit changed of them.
        suites: Digest of the expectation suites, where there are any.
        rows: Digest of the evaluation rows; None where numbers alone were judged.
        look: The look at these rows that the verdict is, to be kept in the ledger; None without rows.
        commit: The commit that the evidence was made from.
        dirty: Whether files differed from that commit.
        event: What started the run.
        ref: The branch or tag.
        run: The address of the run.
        lock: Digest of ``dvc.lock``.
        findings: One for each rule, in their order.
    """

    schema: Literal["mltoolkit.verdict/2"] = "mltoolkit.verdict/2"
    tool: str
    decision: Decision
    reason: str
    model: str
    endpoint: str | None
    challenger: Digest | None
    champion: Digest | None
    anchor: Digest | None
    evidence: Digest
    rules: Digest
    policy: Policy
    suites: Digest | None
    rows: Digest | None
    look: Look | None
    commit: str
    dirty: bool
    event: str
    ref: str | None
    run: str | None
    lock: Digest | None
    findings: tuple[Finding, ...]


def decide(
    evidence: Evidence,
    numbers: Numbers,
    asked: tuple[Rule, ...],
    *,
    evidence_digest: str,
    ledger: Ledger | str = Ledger(),  # noqa: B008 - a frozen value
    policy: Policy = Policy(),  # noqa: B008 - a frozen value
) -> Verdict:
    """Judge the challenger that evidence describes.

    Args:
        evidence: What was measured.
        numbers: Estimates on it.
        asked: The project's rules; the defaults of the task where it wrote none.
        evidence_digest: Of the evidence file, so that the verdict names what it rests on.
        ledger: The looks at evaluation rows so far, or why they cannot be read.
        policy: Whose rules decide.
    """
    asked = _watched(effective(asked, evidence), policy)
    looks = catalogue.budget(asked)
    facts = Facts(
        evidence=evidence,
        numbers=numbers,
        ledger=ledger,
        policy=policy,
        looks=looks,
        harms=_harms(asked, numbers, evidence, looks=looks),
    )
    findings = tuple(rule.answer(facts) for rule in asked)
    if catalogue.coarse(asked):
        findings = tuple(disclosure.coarse(finding) for finding in findings)
    decision, reason = conclude(findings)
    origin, rows, challenger = evidence.provenance, evidence.rows, evidence.challenger
    return Verdict(
        tool=f"mltoolkit {__version__}",
        decision=decision,
        reason=reason,
        model=evidence.model,
        endpoint=evidence.endpoint,
        challenger=None if challenger is None else challenger.digest,
        champion=None if evidence.champion is None else evidence.champion.digest,
        anchor=None if evidence.anchor is None else evidence.anchor.digest,
        evidence=evidence_digest,
        rules=catalogue.digest(asked),
        policy=policy,
        suites=evidence.suites,
        rows=None if rows is None else rows.digest,
        look=None
        if rows is None or challenger is None or rows.sketch is None
        else Look(challenger=challenger.digest, rows=rows.digest, sketch=rows.sketch),
        commit=origin.commit,
        dirty=origin.dirty,
        event=origin.event,
        ref=origin.ref,
        run=origin.run,
        lock=origin.lock,
        findings=findings,
    )


def effective(asked: tuple[Rule, ...], evidence: Evidence) -> tuple[Rule, ...]:
    """Return the rules that a challenger is judged by: the project's, or the defaults of the task.

    Args:
        asked: The project's rules.
        evidence: What was measured; of numbers alone there are no defaults.
    """
    if evidence.task is None or evidence.challenger is None:
        return asked
    return catalogue.effective(asked, evidence.task, probabilities=evidence.challenger.probabilities)


_QUALITY = frozenset(
    {"absolute", "better-than-baseline", "no-worse-than", "better-than", "slice", "calibration", "custom"}
)
"""Kinds of rules that say something about how good a model is. Small, tested and leak-free it may be and still
be worthless, so that a pass of the other kinds alone promotes nothing."""


def conclude(findings: tuple[Finding, ...]) -> tuple[Decision, str]:
    """Return what findings amount to, and why: the sentence of the rule that decided, and how many others did.

    Any blocking fail rejects. Promotion needs a blocking pass that is about the model's quality, and no
    blocking rule that cannot tell; several blocking rules need no correction, since all must pass (Berger 1982).

    Args:
        findings: One for each rule.
    """
    blocking = [finding for finding in findings if finding.mode is Mode.BLOCK]
    failed = [finding for finding in findings if finding.rejects]
    unknown = [finding for finding in findings if finding.leaves_open]
    passed = [finding for finding in blocking if finding.answer is Answer.PASS]
    good = [finding for finding in passed if finding.kind in _QUALITY and finding.speaks]
    if failed:
        return Decision.REJECT, f"{failed[0].reason} ({_count(failed, blocking)} failed{_warned(findings)})"
    if unknown:
        said = f"{_count(unknown, blocking)} cannot tell{_warned(findings)}"
        return Decision.INCONCLUSIVE, f"{unknown[0].reason} ({said})"
    if not blocking:
        return Decision.INCONCLUSIVE, "no rule blocks, so nothing speaks for the challenger"
    if not good:
        return Decision.INCONCLUSIVE, _nothing_speaks(passed)
    tolerated = sum(finding.answer is Answer.UNKNOWN for finding in blocking)
    unsure = "" if not tolerated else f", {tolerated} cannot tell and need not"
    return (
        Decision.PROMOTE,
        f"{good[0].reason} ({_count(passed, blocking)} passed{unsure}{_warned(findings)})",
    )


def _nothing_speaks(passed: list[Finding]) -> str:
    if not passed:
        return "no blocking rule applies, so nothing speaks for the challenger"
    # Of a kind that may speak for a model the rule itself is told: it is the bound that does not.
    names = (finding.rule if finding.kind in _QUALITY else finding.kind for finding in passed)
    bounds = any(finding.kind in _QUALITY for finding in passed)
    what = (
        "a bound on the side where the metric gets worse"
        if bounds
        else "an `absolute` or `better-than-baseline` rule"
    )
    return (
        f"no blocking rule says that the model is good: {', '.join(dict.fromkeys(names))} passed and say nothing of it;"
        f" add {what}"
    )


def _count(some: list[Finding], all_: list[Finding]) -> str:
    """Return how many of the blocking rules that apply answered so."""
    apply = sum(finding.answer is not Answer.NOT_APPLICABLE for finding in all_)
    left = len(all_) - apply
    idle = "" if not left else f", {left} not applicable,"
    return f"{len(some)} of {apply} blocking rule{'' if apply == 1 else 's'}{idle}"


def _warned(findings: tuple[Finding, ...]) -> str:
    count = sum(f.mode is Mode.WARN and f.answer in {Answer.FAIL, Answer.UNKNOWN} for f in findings)
    return "" if not count else f"; {count} warning{'s' if count > 1 else ''}"


def _harms(
    asked: tuple[Rule, ...], numbers: Numbers, evidence: Evidence, *, looks: int
) -> Mapping[Rule, tuple[Part, ...]]:
    """Return the parts of slice rules; those that only run dry must not widen the others' intervals."""
    dry = tuple(rule for rule in asked if rule.mode is Mode.DRY_RUN)
    rest = tuple(rule for rule in asked if rule.mode is not Mode.DRY_RUN)
    return {
        **slices.harms(dry, numbers, evidence, looks=looks),
        **slices.harms(rest, numbers, evidence, looks=looks),
    }


def _watched(asked: tuple[Rule, ...], policy: Policy) -> tuple[Rule, ...]:
    """Return rules with the one that watches them, where a change is judged against a base commit."""
    listed = any(isinstance(rule, PolicyChanged) for rule in asked)
    return asked if listed or policy == Policy() else (*asked, PolicyChanged())
