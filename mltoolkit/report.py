"""Markdown from values: the verdict first, then what it rests on. Nothing is read or written here."""

from collections.abc import Iterable

import msgspec

from mltoolkit.checks import Check, Outcome
from mltoolkit.evidence import Evidence, Measurement, Prepared
from mltoolkit.gate import Decision, Verdict
from mltoolkit.markdown import code, folded, table, text
from mltoolkit.metrics import FROM_FILE, METRICS, Better
from mltoolkit.rules.base import Answer, Finding

LIMIT = 60_000
"""Characters; GitHub refuses a comment of 65,536."""

_TITLES = {
    Decision.PROMOTE: "✅ promote",
    Decision.REJECT: "❌ reject",
    Decision.INCONCLUSIVE: "❔ cannot tell",
}
_MARKS = {Answer.PASS: "✅", Answer.FAIL: "❌", Answer.UNKNOWN: "❔", Answer.NOT_APPLICABLE: "·"}
_SLICES_SHOWN = 15
_CHANGES_SHOWN = 40
_VIOLATIONS_SHOWN = 20


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something that differs from the base commit.

    Attributes:
        what: A parameter's dotted key, or a data file's path.
        before: As it was; None where it was not there.
        after: As it is; None where it is gone.
    """

    what: str
    before: str | None
    after: str | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What changed since the base commit, or why that cannot be told.

    Attributes:
        base: The commit that is compared with.
        reason: Why there is none.
        parameters: Changed keys of ``params.yaml``.
        data: Changed outputs of ``dvc.lock``.
    """

    base: str | None = None
    reason: str | None = None
    parameters: tuple[Change, ...] = ()
    data: tuple[Change, ...] = ()


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the data contract.

    Attributes:
        checks: What was found, of data files and of splits.
        remarks: Why that may not be all, or not of the data as it is now.
    """

    checks: tuple[Check, ...] = ()
    remarks: tuple[str, ...] = ()


def render(
    evidence: Evidence,
    verdict: Verdict,
    *,
    comparison: Comparison,
    prepared: Prepared | None = None,
    contract: Contract | None = None,
) -> str:
    """Return the report on one challenger.

    Args:
        evidence: What was measured.
        verdict: What was decided on it.
        comparison: What changed since the base commit.
        prepared: What the training rows were, where that is known.
        contract: What is known of the data contract, where there is one.
    """
    sections = [
        _headline(evidence, verdict),
        _findings(verdict.findings),
        _contract(contract),
        _metrics(evidence),
        _leaderboard(evidence),
        _slices(evidence),
        _worst(evidence),
        _changes(comparison),
        _data(evidence, prepared),
        _provenance(evidence, verdict),
    ]
    return _fit([section for section in sections if section])


def _fit(sections: list[str]) -> str:
    """Join sections up to the limit; what is left out is said."""
    kept, left = "", 0
    for section in sections:
        if len(kept) + len(section) > LIMIT - 200:
            left += 1
        else:
            kept += f"{section}\n\n"
    if left:
        kept += f"*{left} more sections did not fit; the whole is in evidence.json.*\n"
    return kept.rstrip() + "\n"


def _headline(evidence: Evidence, verdict: Verdict) -> str:
    against = (
        text(evidence.no_champion or "no champion")
        if evidence.champion is None
        else f"champion {_short(evidence.champion.digest)}"
    )
    to = "" if verdict.endpoint is None else f" → {text(verdict.endpoint)}"
    lines = [
        f"## {_TITLES[verdict.decision]}: {text(verdict.model)}{to}",
        f"**{text(verdict.reason, limit=500)}**",
        f"Challenger {_short(verdict.challenger)} · {against} · {evidence.rows.count:,} rows.",
    ]
    if verdict.dirty:
        lines.append("⚠️ Made from a working tree that differs from its commit: this cannot be deployed.")
    if verdict.event == "pull_request":
        lines.append("For show: a verdict of a pull request is made again after the merge.")
    return "\n\n".join(lines)


def _findings(findings: Iterable[Finding]) -> str:
    order = [Answer.FAIL, Answer.UNKNOWN, Answer.NOT_APPLICABLE, Answer.PASS]
    worst_first = sorted(findings, key=lambda finding: order.index(finding.answer))
    rows = [
        (
            f"{_MARKS[each.answer]} {text(each.rule)}",
            each.mode.value,
            each.answer.value,
            _number(None if each.estimate is None else each.estimate.value),
            _number(each.threshold),
            "",
        )
        for each in worst_first
    ]
    shown = table(("Rule", "Mode", "Answer", "Estimate", "Compared with", "Rows"), rows)
    return (
        f"### Rules\n\n{shown}\n\nEstimates are single numbers; no confidence interval is available for them."
    )


def _contract(contract: Contract | None) -> str:
    if contract is None:
        return ""
    rows, lines, left = [], [], 0
    for check in contract.checks:
        for what, findings in check.parts:
            bad = sorted(
                (each for each in findings if each.outcome is not Outcome.MET), key=lambda each: each.rank
            )
            mark = "❌" if any(each.blocks for each in bad) else "✅"
            lines.append(f"{mark} {text(what)}: {len(findings) - len(bad)} of {len(findings)} rules are met.")
            left += max(0, len(bad) - _VIOLATIONS_SHOWN)
            rows += [
                (
                    f"{'❌' if each.blocks else '⚠️'} {text(each.rule)}",
                    text(", ".join(each.columns)),
                    each.outcome.value,
                    each.severity.value,
                    "" if each.unexpected is None else f"{each.unexpected:,}",
                    text(
                        each.reason + (f"; such as {', '.join(each.examples)}" if each.examples else ""),
                        limit=500,
                    ),
                )
                for each in bad[:_VIOLATIONS_SHOWN]
            ]
        if check.left_out:
            lines.append(f"⚠️ Not checked: {text(', '.join(check.left_out))}.")
    lines += [f"⚠️ {text(remark, limit=500)}" for remark in contract.remarks]
    if rows:
        head = ("Rule", "Columns", "Outcome", "Severity", "Unexpected", "What was found")
        lines.append(table(head, rows))
    if left:
        lines.append(f"{left} more are in check.json and splits.json.")
    return "\n\n".join(["### Data contract", *lines])


def _metrics(evidence: Evidence) -> str:
    baselines = [baseline.name for baseline in evidence.baselines]
    columns = ["challenger", *([] if evidence.champion is None else ["champion"]), *baselines]
    rows = []
    for name in _names(evidence):
        cells = [evidence.measured(name, of) for of in columns]
        rows.append((f"{text(name)}{_arrow(name)}", *map(_cell, cells), *_difference(name, cells, evidence)))
    head = ["Metric", *columns, *([] if evidence.champion is None else ["against champion"])]
    sources = ", ".join(f"{baseline.name} of the {baseline.source} rows" for baseline in evidence.baselines)
    return f"### Metrics\n\n{table(head, rows)}\n\nBaselines: {sources}."


def _names(evidence: Evidence) -> list[str]:
    further = [m.metric for m in evidence.measurements if m.metric.startswith(FROM_FILE)]
    known = [name for name in METRICS if evidence.measured(name, "challenger")]
    # What a stage wrote under a name of ours is the same number once more.
    return known + [name for name in further if name.removeprefix(FROM_FILE) not in known][:_CHANGES_SHOWN]


def _arrow(name: str) -> str:
    if name not in METRICS:
        return ""
    return " ↑" if METRICS[name].better is Better.HIGHER else " ↓"


def _difference(name: str, cells: list[Measurement | None], evidence: Evidence) -> tuple[str, ...]:
    if evidence.champion is None:
        return ()
    ours, theirs = (None if cell is None else cell.value for cell in cells[:2])
    if ours is None or theirs is None or name not in METRICS:
        return ("",)
    gain = ours - theirs if METRICS[name].better is Better.HIGHER else theirs - ours
    word = "same" if gain == 0 else "better" if gain > 0 else "worse"
    return (f"{ours - theirs:+.4g} {word}",)


def _leaderboard(evidence: Evidence) -> str:
    if not evidence.leaderboard:
        return ""
    names = list(evidence.leaderboard[0].metrics)
    rows = [
        (
            f"{'**' if tried.chosen else ''}{text(tried.estimator)}{'** (chosen)' if tried.chosen else ''}",
            text(tried.kind),
            *(_number(tried.metrics.get(name)) for name in names),
        )
        for tried in evidence.leaderboard
    ]
    head = ("Estimator", "Kind", *(text(name) for name in names))
    return f"### Leaderboard\n\n{table(head, rows)}\n\nMeasured on the validation rows, never on the evaluation rows."


def _slices(evidence: Evidence) -> str:
    name = next((name for name in METRICS if evidence.measured(name, "challenger")), None)
    found = [m for m in evidence.measurements if m.slice and m.of == "challenger" and m.metric == name]
    if name is None or not found:
        return ""
    sign = 1 if METRICS[name].better is Better.HIGHER else -1
    # Worst first; a slice without a value is at the end, and shown as such.
    found.sort(key=lambda m: (m.value is None, sign * (m.value or 0.0), m.slice))
    rows = []
    for each in found[:_SLICES_SHOWN]:
        champion = evidence.measured(name, "champion", each.slice)
        cells = [
            _number(each.value),
            *([] if champion is None else [_number(champion.value)]),
            f"{each.n or 0:,}",
        ]
        rows.append((text(each.slice), *cells))
    width = max(len(row) for row in rows)
    rows = [row if len(row) == width else (row[0], row[1], "", row[-1]) for row in rows]
    head = ["Slice", f"{name}{_arrow(name)}", *(["champion"] if width > 3 else []), "Rows"]  # noqa: PLR2004 - with champion
    more = len(found) - len(rows)
    tail = f"\n\n{more} better slices are not shown." if more else ""
    return f"### Slices, worst first\n\n{table(head, rows)}{tail}"


def _worst(evidence: Evidence) -> str:
    if not evidence.worst:
        return ""
    rows = [
        (text(row.id), text(row.target), text(row.prediction), _number(row.loss)) for row in evidence.worst
    ]
    shown = table(("Row", text(evidence.rows.target), "Prediction", "Loss"), rows)
    return folded("<b>Worst errors</b>", shown)


def _changes(comparison: Comparison) -> str:
    if comparison.base is None:
        return f"### Changes\n\nNot compared: {text(comparison.reason or 'no base commit')}."
    changed = [*comparison.parameters, *comparison.data]
    title = f"### Changes since {code(comparison.base[:12])}"
    if not changed:
        return f"{title}\n\nNeither parameters nor data changed."
    rows = [
        (text(c.what), "" if c.before is None else text(c.before), "" if c.after is None else text(c.after))
        for c in changed[:_CHANGES_SHOWN]
    ]
    more = len(changed) - len(rows)
    tail = f"\n\n{more} more changes are not shown." if more else ""
    return f"{title}\n\n{table(('What', 'Before', 'After'), rows)}{tail}"


def _data(evidence: Evidence, prepared: Prepared | None) -> str:
    if prepared is None:
        return ""
    rows = [(text(name), f"{count:,}") for name, count in prepared.splits.items()]
    features = len(prepared.numeric) + len(prepared.categorical)
    said = f"{features} features ({len(prepared.numeric)} numbers, {len(prepared.categorical)} names)"
    target = text(evidence.rows.target)
    return folded("<b>Data</b>", f"{table(('Split', 'Rows'), rows)}\n\n{said}; the target is {target}.")


def _provenance(evidence: Evidence, verdict: Verdict) -> str:
    origin = evidence.provenance
    rows = [
        ("Commit", code(origin.commit) + (" (dirty)" if origin.dirty else "")),
        ("Event", text(origin.event)),
        *((name, text(value)) for name, value in (("Ref", origin.ref), ("Run", origin.run)) if value),
        ("Challenger", code(evidence.challenger.digest)),
        *((("Champion", code(evidence.champion.digest)),) if evidence.champion else ()),
        ("Evaluation rows", code(origin.data)),
        *(
            (name, code(value))
            for name, value in (("params.yaml", origin.params), ("dvc.lock", origin.lock))
            if value
        ),
        ("Rules", code(verdict.rules)),
        ("Evidence", code(verdict.evidence)),
        ("Tool", text(verdict.tool)),
    ]
    return folded("<b>Provenance</b>", table(("What", "Value"), rows))


def _short(digest: str) -> str:
    return code(digest.removeprefix("sha256:")[:12])


def _cell(measured: Measurement | None) -> str:
    """Show a number, that it has no value, or that nobody measured it."""
    if measured is None:
        return ""
    return "not defined" if measured.value is None else _number(measured.value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
