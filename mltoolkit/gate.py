"""``decide(evidence, rules) -> Verdict``: a pure function; missing, undefined or unreadable is never a pass."""

from enum import StrEnum
from typing import Literal, assert_never

from mltoolkit import __version__, rules
from mltoolkit.evidence import Digest, Evidence, Finite, Measurement, Value
from mltoolkit.metrics import METRICS, Better
from mltoolkit.rules import Absolute, BetterThanBaseline, Mode, Rule


class Answer(StrEnum):
    """What a rule answers."""

    PASS = "pass"  # noqa: S105 - an answer, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


class Decision(StrEnum):
    """What the gate says."""

    PROMOTE = "promote"
    REJECT = "reject"
    INCONCLUSIVE = "inconclusive"


class Finding(Value, frozen=True, kw_only=True):
    """One rule's answer.

    Attributes:
        rule: The question in words.
        kind: The rule's kind.
        mode: What the answer does to the verdict.
        answer: The answer.
        metric: What was looked at.
        estimate: The challenger's number.
        threshold: What it was compared with.
        n: Rows behind the estimate.
        reason: The answer in one sentence.
    """

    rule: str
    kind: str
    mode: Mode
    answer: Answer
    metric: str
    estimate: Finite | None
    threshold: Finite | None
    n: int | None
    reason: str


class Verdict(Value, frozen=True, kw_only=True):
    """A decision on one challenger for one endpoint, with everything that it rests on.

    Attributes:
        schema: Name and version of this file's format.
        tool: The version that decided.
        decision: Promote, reject or inconclusive.
        reason: One sentence.
        model: The model's name in ``params.yaml``.
        endpoint: Where the challenger asks to go.
        challenger: Digest of the model that asks.
        champion: Digest of the model that was live, or None.
        evidence: Digest of the evidence file.
        rules: Digest of the rules.
        rows: Digest of the evaluation rows.
        commit: The commit that the evidence was made from.
        dirty: Whether files differed from that commit.
        event: What started the run.
        ref: The branch or tag.
        run: The address of the run.
        lock: Digest of ``dvc.lock``.
        findings: One for each rule, in their order.
    """

    schema: Literal["mltoolkit.verdict/1"] = "mltoolkit.verdict/1"
    tool: str
    decision: Decision
    reason: str
    model: str
    endpoint: str | None
    challenger: Digest
    champion: Digest | None
    evidence: Digest
    rules: Digest
    rows: Digest
    commit: str
    dirty: bool
    event: str
    ref: str | None
    run: str | None
    lock: Digest | None
    findings: tuple[Finding, ...]


def decide(evidence: Evidence, asked: tuple[Rule, ...], *, evidence_digest: str) -> Verdict:
    """Judge the challenger that evidence describes.

    Args:
        evidence: What was measured.
        asked: The project's rules; the defaults of the task where it wrote none.
        evidence_digest: Of the evidence file, so that the verdict names what it rests on.
    """
    asked = rules.effective(asked, evidence.task, probabilities=evidence.challenger.probabilities)
    findings = tuple(answer(evidence, rule) for rule in asked)
    decision, reason = conclude(findings)
    origin = evidence.provenance
    return Verdict(
        tool=f"mltoolkit {__version__}",
        decision=decision,
        reason=reason,
        model=evidence.model,
        endpoint=evidence.endpoint,
        challenger=evidence.challenger.digest,
        champion=None if evidence.champion is None else evidence.champion.digest,
        evidence=evidence_digest,
        rules=rules.digest(asked),
        rows=evidence.rows.digest,
        commit=origin.commit,
        dirty=origin.dirty,
        event=origin.event,
        ref=origin.ref,
        run=origin.run,
        lock=origin.lock,
        findings=findings,
    )


def conclude(findings: tuple[Finding, ...]) -> tuple[Decision, str]:
    """Return what findings amount to, and why in one sentence.

    Any blocking fail rejects. Promotion needs at least one blocking pass and no blocking unknown.
    """
    blocking = [finding for finding in findings if finding.mode is Mode.BLOCK]
    failed = [finding for finding in blocking if finding.answer is Answer.FAIL]
    unknown = [finding for finding in blocking if finding.answer is Answer.UNKNOWN]
    passed = [finding for finding in blocking if finding.answer is Answer.PASS]
    if failed:
        return Decision.REJECT, f"{failed[0].reason}{_more(len(failed))}"
    if unknown:
        return Decision.INCONCLUSIVE, f"{unknown[0].reason}{_more(len(unknown))}"
    if not passed:
        return Decision.INCONCLUSIVE, "no blocking rule applies, so nothing speaks for the challenger"
    warned = sum(f.mode is Mode.WARN and f.answer is not Answer.PASS for f in findings)
    warning = "" if not warned else f"; {warned} warning{'s' if warned > 1 else ''}"
    return (
        Decision.PROMOTE,
        f"{'all ' if len(passed) > 1 else ''}{len(passed)} blocking {_rules(passed)} passed{warning}",
    )


def answer(evidence: Evidence, rule: Rule) -> Finding:
    """Ask one rule."""
    match rule:
        case Absolute():
            return _absolute(evidence, rule)
        case BetterThanBaseline():
            return _better_than_baseline(evidence, rule)
    assert_never(rule)


def _absolute(evidence: Evidence, rule: Absolute) -> Finding:
    measured = evidence.measured(rule.metric, "challenger", rule.slice)
    threshold = rule.at_least if rule.at_least is not None else rule.at_most
    if measured is None or measured.value is None:
        return _finding(
            rule, Answer.UNKNOWN, measured, threshold, _why_unknown(rule.metric, measured, rule.slice)
        )
    value = measured.value
    where = "" if rule.slice is None else f" on {rule.slice}"
    if rule.at_least is not None and value < rule.at_least:
        return _finding(
            rule,
            Answer.FAIL,
            measured,
            threshold,
            f"{rule.metric}{where} is {value:g}, under the floor {rule.at_least:g}",
        )
    if rule.at_most is not None and value > rule.at_most:
        return _finding(
            rule,
            Answer.FAIL,
            measured,
            rule.at_most,
            f"{rule.metric}{where} is {value:g}, over the ceiling {rule.at_most:g}",
        )
    return _finding(rule, Answer.PASS, measured, threshold, f"{rule.metric}{where} is {value:g}, as asked")


def _better_than_baseline(evidence: Evidence, rule: BetterThanBaseline) -> Finding:
    measured = evidence.measured(rule.metric, "challenger")
    baseline = evidence.measured(rule.metric, rule.baseline)
    threshold = None if baseline is None else baseline.value
    if measured is None or measured.value is None:
        return _finding(rule, Answer.UNKNOWN, measured, threshold, _why_unknown(rule.metric, measured, None))
    if threshold is None:
        why = f"the baseline {rule.baseline} has no {rule.metric} on these rows"
        return _finding(rule, Answer.UNKNOWN, measured, None, why)
    higher = METRICS[rule.metric].better is Better.HIGHER
    gain = measured.value - threshold if higher else threshold - measured.value
    numbers = f"{rule.metric} is {measured.value:g}, the {rule.baseline} baseline has {threshold:g}"
    if gain > rule.by:
        return _finding(rule, Answer.PASS, measured, threshold, f"{numbers}: better, as asked")
    return _finding(
        rule,
        Answer.FAIL,
        measured,
        threshold,
        f"{numbers}: not better{f' by {rule.by:g}' if rule.by else ''}",
    )


def _finding(
    rule: Rule, said: Answer, measured: Measurement | None, threshold: float | None, reason: str
) -> Finding:
    return Finding(
        rule=rule.question,
        kind=str(rule.__struct_config__.tag),
        mode=rule.mode,
        answer=said,
        metric=rule.metric,
        estimate=None if measured is None else measured.value,
        threshold=threshold,
        n=None if measured is None else measured.n,
        reason=reason,
    )


def _why_unknown(metric: str, measured: Measurement | None, slice_: str | None) -> str:
    where = "" if slice_ is None else f" on {slice_}"
    if measured is None:
        return f"{metric}{where} was not measured"
    return f"{metric}{where} has no value: {measured.reason or 'not defined on these rows'}"


def _more(count: int) -> str:
    return "" if count == 1 else f" (and {count - 1} more)"


def _rules(findings: list[Finding]) -> str:
    return "rule" if len(findings) == 1 else "rules"
