"""The verdict in three sentences for a person: what was asked, what was seen, what follows."""

from collections.abc import Sequence

from mltoolkit import events
from mltoolkit.approvals import Approval
from mltoolkit.evidence import Evidence, Rows
from mltoolkit.gate import Decision, Verdict
from mltoolkit.markdown import code, text
from mltoolkit.rules.base import Answer, Finding, Mode, Policy
from mltoolkit.rules.numbers import Estimate

_TITLES = {
    Decision.PROMOTE: "✅ promote",
    Decision.REJECT: "❌ reject",
    Decision.INCONCLUSIVE: "❔ cannot tell",
}
_CHANGES_SHOWN = 40
_LONG = 600
"""Characters of a sentence; numbers, intervals and names of slices fit."""


def short(digest: str) -> str:
    """Return the first digits of a digest, as code."""
    return code(digest.removeprefix("sha256:")[:12])


def units(rows: Rows | None, count: int) -> str:
    """Return so many groups in a person's words: days where dates are what groups the rows.

    Args:
        rows: The evaluation rows.
        count: Groups.
    """
    unit, columns = ("group", ()) if rows is None else (rows.unit, rows.group)
    by = f" of {text(', '.join(columns))}" if columns and unit == "group" else ""
    return f"{count:,} {unit}{'' if count == 1 else 's'}{by}"


def headline(evidence: Evidence, verdict: Verdict, approval: Approval | str | None) -> str:
    """Return the title, three sentences, and whatever keeps the verdict from being used.

    Args:
        evidence: What was measured.
        verdict: What was decided on it.
        approval: A person's answer to a "cannot tell", or why what lies there is none.
    """
    to = "" if verdict.endpoint is None else f" → {text(verdict.endpoint)}"
    signed = ", approved" if isinstance(approval, Approval) else ""
    lines = [
        f"## {_TITLES[verdict.decision]}{signed}: {text(verdict.model)}{to}",
        f"**Asked:** {_asked(evidence, verdict)}",
        f"**Seen:** {_seen(evidence, verdict)}",
        f"**What follows:** {_follows(evidence, verdict, approval)}",
    ]
    if isinstance(approval, Approval):
        who = f"{text(approval.by)} on {text(approval.at)}"
        lines.append(f"✍️ Approved by {who}: “{text(approval.reason, limit=_LONG)}”")
    elif approval is not None and verdict.decision is Decision.INCONCLUSIVE:
        lines.append(f"⚠️ What lies beside the verdict signs for nothing: {text(approval)}.")
    if evidence.rows is None:
        lines.append("⚠️ No confidence available: numbers alone were judged, and chance may have made them.")
    if verdict.dirty:
        lines.append("⚠️ Made from a working tree that differs from its commit: this cannot be deployed.")
    if events.unmerged(verdict.event, verdict.ref):
        lines.append("For show: a verdict of a pull request is made again after the merge.")
    return "\n\n".join(lines)


def _asked(evidence: Evidence, verdict: Verdict) -> str:
    who = "these numbers" if verdict.challenger is None else f"model {short(verdict.challenger)}"
    where = "be promoted" if verdict.endpoint is None else f"go to {text(verdict.endpoint)}"
    champion = (
        f"beside the champion {short(verdict.champion)}"
        if verdict.champion is not None
        else f"with no champion to compare with ({text(evidence.no_champion or 'none is known')})"
    )
    if verdict.challenger is None:
        where, champion = "pass", "as they stand"
    on = "" if evidence.rows is None else f", on {_rows(evidence.rows, verdict.findings)}"
    blocking = sum(finding.mode is Mode.BLOCK for finding in verdict.findings)
    rules = f"{blocking} of {len(verdict.findings)} rules can stop it"
    return f"may {who} {where}, {champion}{on}? {rules}."


def _rows(rows: Rows, findings: Sequence[Finding]) -> str:
    groups = max((f.estimate.groups or 0 for f in findings if f.estimate is not None), default=0)
    return f"{rows.count:,} rows{f' in {units(rows, groups)}' if groups else ''}"


def _seen(evidence: Evidence, verdict: Verdict) -> str:
    decisive = {
        Decision.PROMOTE: [],
        Decision.REJECT: [f for f in verdict.findings if f.rejects],
        Decision.INCONCLUSIVE: [f for f in verdict.findings if f.leaves_open],
    }[verdict.decision]
    if not decisive:
        return _sentence(verdict.reason)
    first, others = decisive[0], len(decisive) - 1
    more = "" if not others else f" {others} more {'rule' if others == 1 else 'rules'} would stop it too."
    estimate = first.estimate
    if first.answer is Answer.UNKNOWN and estimate is not None and evidence.rows is not None:
        rows = _rows(evidence.rows, [first])
        if estimate.value is not None and estimate.low is not None:
            days = units(evidence.rows, 2).endswith("days")
            return f"{rows} {_open(first)}. {_may_be(first, estimate, 'days' if days else 'rows')}{more}"
        return f"{rows} {_open(first)}: {_sentence(first.reason)}{more}"
    return f"{_sentence(first.reason)}{more}"


def _may_be(finding: Finding, estimate: Estimate, like: str) -> str:
    """Return a number and its interval in a person's words."""
    looks = f"{estimate.value:.4g}"
    if finding.over is not None and estimate.value is not None:
        looks = f"{abs(estimate.value):.4g} {'better' if estimate.value >= 0 else 'worse'}"
    level = "" if estimate.confidence is None else f" ({100 * estimate.confidence:.4g} % interval)"
    return (
        f"It looks {looks}, and on other {like} like these it may be anything from {estimate.low:.4g} to"
        f" {estimate.high:.4g}{level}."
    )


def _open(finding: Finding) -> str:
    """Return which question rows leave open, as a part of a sentence."""
    metric, over = text(finding.metric), text((finding.over or "").replace("-", " "))
    match finding.kind:
        case "better-than-baseline" | "better-than":
            return f"cannot show that this model beats the {over} in {metric}"
        case "no-worse-than":
            return f"cannot show that this model is no worse than the {over} in {metric}"
        case _:
            return f"do not answer “{text(finding.rule)}”"


def _follows(evidence: Evidence, verdict: Verdict, approval: Approval | str | None) -> str:
    match verdict.decision:
        case Decision.PROMOTE if verdict.challenger is None:
            return "these numbers pass; they name no model, so that nothing can be deployed on them."
        case Decision.PROMOTE:
            return "`mltoolkit deploy` may bring it live."
        case Decision.REJECT:
            return (
                "it does not go live, and nobody can sign for a no; what can change is the model, the data,"
                " or by a commit the rule."
            )
        case Decision.INCONCLUSIVE if isinstance(approval, Approval):
            return "a person has signed for it, so that `mltoolkit deploy` may bring it live."
        case Decision.INCONCLUSIVE:
            settles = _settles(evidence, verdict)
            return (
                f"it does not go live by itself.{settles} Or a person who knows more signs for it:"
                " `mltoolkit approve --reason TEXT`."
            )


def _settles(evidence: Evidence, verdict: Verdict) -> str:
    """Return what would settle everything that is open, as the end of a sentence."""
    blocking = [finding for finding in verdict.findings if finding.leaves_open]
    if not blocking:
        return " A rule that can pass would have to apply."
    needs = [finding.need for finding in blocking if finding.need is not None]
    rows = max((need.rows for need in needs if need.rows is not None), default=None)
    groups = max((need.groups for need in needs if need.groups is not None), default=None)
    if rows is not None:
        spread = "" if groups is None else f" in {units(evidence.rows, groups)}"
        settled, open_ = sum(need.rows is not None for need in needs), len(blocking)
        which = "the open rule, four" if open_ == 1 else f"{settled} of the {open_} open rules, each four"
        if settled == open_ > 1:
            which = f"the {open_} open rules, each four"
        # Several are settled together less often than each of them.
        rest = "" if settled == open_ else f", and what the other{_s(open_ - settled)} would need"
        verb = "stands" if settled == open_ else "stand"
        return (
            f" In all {rows:,} rows{spread} would settle {which} times in five; what that supposes{rest}"
            f" {verb} below."
        )
    if (why := next((need.reason for need in needs if need.reason), None)) is not None:
        return f" No count of rows can be promised: {text(why)}."
    return " What is missing is named below."


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def policy(found: Policy) -> str:
    """Return whose rules decided, and what the judged commit changed of them.

    Args:
        found: As the verdict has it.
    """
    if found.base is None and not found.changed and found.reason is None:
        return ""
    lines = ["### Whose rules"]
    if found.base is not None:
        lines.append(f"The rules of the base commit {code(found.base[:12])} decided, not those of this one.")
    if found.reason is not None:
        lines.append(f"⚠️ What this commit changed of them cannot be told: {text(found.reason)}.")
    if found.changed:
        lines.append("This commit changes how models are judged, which a person has to look at:")
        shown = [f"- {text(change, limit=_LONG)}" for change in found.changed[:_CHANGES_SHOWN]]
        more = len(found.changed) - len(shown)
        lines.append("\n".join([*shown, *([f"- and {more} more"] if more else [])]))
    elif found.reason is None:
        lines.append("This commit changes none of them.")
    return "\n\n".join(lines)


def _sentence(words: str) -> str:
    shown = text(words, limit=_LONG)
    return shown if shown.endswith((".", "…")) else f"{shown}."
