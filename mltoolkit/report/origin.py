"""Where it all comes from: the data contract, what changed, the training rows, digests."""

import msgspec

from mltoolkit.checks import Check, Outcome
from mltoolkit.evidence import Costs, Evidence
from mltoolkit.gate import Verdict
from mltoolkit.markdown import code, folded, table, text
from mltoolkit.training import Prepared

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


def contract(known: Contract | None) -> str:
    """Return what is known of the data contract, and what of it is missing.

    Args:
        known: None where there is no contract.
    """
    if known is None:
        return ""
    rows, lines, left = [], [], 0
    for check in known.checks:
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
    lines += [f"⚠️ {text(remark, limit=500)}" for remark in known.remarks]
    if rows:
        head = ("Rule", "Columns", "Outcome", "Severity", "Unexpected", "What was found")
        lines.append(table(head, rows))
    if left:
        lines.append(f"{left} more are in check.json and splits.json.")
    return "\n\n".join(["### Data contract", *lines])


def changes(comparison: Comparison) -> str:
    """Return what changed since the base commit.

    Args:
        comparison: Or why that cannot be told.
    """
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


def data(evidence: Evidence, prepared: Prepared | None) -> str:
    """Return what the training rows were, and what the model takes.

    Args:
        evidence: What was measured.
        prepared: What the training rows were, where that is known.
    """
    taken = None if evidence.challenger is None else evidence.challenger.costs
    costs = "" if taken is None else _costs(taken)
    if prepared is None:
        return folded("<b>What the model takes</b>", costs) if costs else ""
    rows = [(text(name), f"{count:,}") for name, count in prepared.splits.items()]
    features = len(prepared.numeric) + len(prepared.categorical)
    said = f"{features} features ({len(prepared.numeric)} numbers, {len(prepared.categorical)} names)"
    parts = [table(("Split", "Rows"), rows), f"{said}; the target is {text(prepared.target)}."]
    return folded("<b>Data</b>", "\n\n".join([*parts, *([costs] if costs else [])]))


def _costs(costs: Costs) -> str:
    return (
        f"The model takes {costs.size / 1e6:.3g} MB on disk, {costs.memory / 1e6:.3g} MB of memory,"
        f" {costs.scoring:.3g} s for a thousand rows, {1000 * costs.latency:.3g} ms for one."
    )


def provenance(evidence: Evidence, verdict: Verdict) -> str:
    """Return commit, run and every digest that the verdict rests on.

    Args:
        evidence: What was measured.
        verdict: What was decided on it.
    """
    origin = evidence.provenance
    rows = [
        ("Commit", code(origin.commit) + (" (dirty)" if origin.dirty else "")),
        ("Event", text(origin.event)),
        *((name, text(value)) for name, value in (("Ref", origin.ref), ("Run", origin.run)) if value),
        *(
            (name, code(subject.digest))
            for name, subject in (
                ("Challenger", evidence.challenger),
                ("Champion", evidence.champion),
                ("Anchor", evidence.anchor),
            )
            if subject is not None
        ),
        ("Numbers" if evidence.rows is None else "Evaluation rows", code(origin.data)),
        *(
            (name, code(value))
            for name, value in (
                ("params.yaml", origin.params),
                ("dvc.lock", origin.lock),
                ("Suites", verdict.suites),
            )
            if value
        ),
        ("Rules", code(verdict.rules)),
        ("Evidence", code(verdict.evidence)),
        ("Tool", text(verdict.tool)),
    ]
    return folded("<b>Provenance</b>", table(("What", "Value"), rows))
