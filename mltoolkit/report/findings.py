"""What each rule answered: a table, the intervals as pictures, the slices worst first."""

from collections.abc import Sequence

from mltoolkit.evidence import Rows
from mltoolkit.markdown import folded, table, text
from mltoolkit.report.forest import Bar, draw
from mltoolkit.report.summary import units
from mltoolkit.rules import disclosure
from mltoolkit.rules.base import WORST_FIRST, Answer, Finding, Mode, Need, Part
from mltoolkit.rules.numbers import Estimate

MARKS = {Answer.PASS: "✅", Answer.FAIL: "❌", Answer.UNKNOWN: "❔", Answer.NOT_APPLICABLE: "·"}
_MODES = [Mode.BLOCK, Mode.WARN, Mode.DRY_RUN]
_SHOWN = 40
_SLICES_SHOWN = 15
_TOO_FEW = "too few"


def _worst_first(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda each: (WORST_FIRST.index(each.answer), _MODES.index(each.mode)))


def table_of(findings: Sequence[Finding]) -> str:
    """Return the rules and their answers, worst first, and a sentence for each that did not pass.

    Args:
        findings: Of the verdict.
    """
    ordered = _worst_first(findings)
    rows: list[tuple[str, ...]] = [
        (
            f"{MARKS[each.answer]} {text(each.rule)}",
            _mode(each),
            each.answer.value,
            _number(each.estimate),
            "" if each.threshold is None else f"{each.threshold:.6g}",
            _counts(each.estimate),
            "" if each.estimate is None or each.estimate.p is None else f"{each.estimate.p:.2g}",
            _needed(each.need),
        )
        for each in ordered[:_SHOWN]
    ]
    head = ["Rule", "Mode", "Answer", "Estimate", "Bound", "Rows", "p at the bound", "Would settle it"]
    for at in reversed(range(3, len(head))):
        if not any(row[at] for row in rows):
            del head[at]
            rows = [(*row[:at], *row[at + 1 :]) for row in rows]
    said = [
        f"- {MARKS[each.answer]} {text(each.reason, limit=600)}"
        for each in ordered[:_SHOWN]
        if each.answer is not Answer.PASS
    ]
    passed = [f"- {text(each.reason, limit=600)}" for each in ordered[:_SHOWN] if each.answer is Answer.PASS]
    parts = ["### Rules", table(head, rows)]
    if len(ordered) > _SHOWN:
        parts.append(f"{len(ordered) - _SHOWN} more rules are in verdict.json.")
    if said:
        parts.append("\n".join(said))
    if passed:
        parts.append(folded("<b>What the rules that passed saw</b>", "\n".join(passed)))
    return "\n\n".join(parts)


def pictures(findings: Sequence[Finding], rows: Rows | None) -> str:
    """Return one forest of intervals for each unit, and what intervals can say.

    Args:
        findings: Of the verdict.
        rows: The evaluation rows; without any there are no intervals.
    """
    if rows is None:
        return ""
    units_: dict[str, list[Finding]] = {}
    for each in _worst_first(findings)[:_SHOWN]:
        if each.estimate is not None and each.metric is not None and not each.parts:
            units_.setdefault(_unit(each), []).append(each)
    drawn = []
    for unit, members in units_.items():
        estimates = [each.estimate for each in members if each.estimate is not None]
        if all(estimate.low is None for estimate in estimates):
            continue
        picture = draw([_bar(each) for each in members])
        if picture:
            drawn.append(f"**{text(unit)}**{_direction(members[0])}\n\n{picture}")
    if not drawn:
        return ""
    return "\n\n".join(["### Intervals", *drawn, _legend(findings, rows)])


def _mode(finding: Finding) -> str:
    if finding.mode is Mode.BLOCK and not finding.blocks_when_unknown:
        return "block, if harm is shown"
    return finding.mode.value


def _unit(finding: Finding) -> str:
    return f"gain in {finding.metric}" if finding.over is not None else str(finding.metric)


def _direction(finding: Finding) -> str:
    return ", to the right is better" if finding.over is not None else ""


def _bar(finding: Finding) -> Bar:
    over = f"over {finding.over}" if finding.over is not None else finding.slice or "all rows"
    mode = "" if finding.mode is Mode.BLOCK else f" ({finding.mode.value})"
    return Bar(
        label=f"{over}{mode}",
        answer=finding.answer,
        estimate=finding.estimate or Estimate(),
        bound=finding.threshold,
    )


def _legend(findings: Sequence[Finding], rows: Rows) -> str:
    estimates = [f.estimate for f in findings if f.estimate is not None and not f.parts]
    levels = sorted({e.confidence for e in estimates if e.confidence is not None and e.low is not None})
    ends = f"{100 * levels[0]:.4g}" if levels else ""
    if len(levels) > 1:
        ends += f" to {100 * levels[-1]:.4g}"
    shown = f"`├──●──┤` is an estimate with its {ends} % interval" if levels else "`●` is an estimate"
    lines = [
        f"{shown}, `┃` the bound it has to clear.",
        "Intervals speak of other days like these, not of next month: they know chance, and no change in the world.",
    ]
    if rows.dates and not rows.group:
        named = text(", ".join(rows.dates))
        lines.append(
            f"⚠️ The rows have dates ({named}) and no `group` is set. Rows of one day mostly stand or fall"
            " together, and then these intervals are several times too narrow: set `group`."
        )
    groups = max((e.groups or 0 for e in estimates), default=0)
    if groups:
        lines.append(
            f"Rows of one group stand or fall together: the {units(rows, groups)} count, not the rows."
        )
    return "\n\n".join(lines)


def slices(findings: Sequence[Finding]) -> str:
    """Return the slices of the slice rules, worst first, with intervals that are adjusted for their number.

    Args:
        findings: Of the verdict.
    """
    drawn = []
    for each in findings:
        if not each.parts:
            continue
        by_metric: dict[str, list[Bar]] = {}
        for part in each.parts:
            bar = Bar(
                label=part.slice,
                answer=part.answer,
                estimate=part.estimate,
                bound=each.threshold,
                note=_TOO_FEW if _scarce(part, each.threshold) else "",
            )
            by_metric.setdefault(part.metric, []).append(bar)
        for metric, bars in by_metric.items():
            picture = draw(bars[:_SLICES_SHOWN])
            if not picture:
                continue
            more = len(bars) - _SLICES_SHOWN
            tail = f"\n\n{more} better slices are in verdict.json." if more > 0 else ""
            over = "" if each.over is None else f" over the {text(each.over)}"
            drawn.append(f"**gain in {text(metric)}{over}**, to the right is better\n\n{picture}{tail}")
    if not drawn:
        return ""
    said = "Intervals are adjusted for the number of slices and metrics that were looked at (Holm 1979)."
    if any(_scarce(part, each.threshold) for each in findings for part in each.parts):
        said += (
            f" Slices with `{_TOO_FEW}` have too few rows for so small a margin, whatever those rows show."
        )
    return "\n\n".join(["### Slices, worst first", *drawn, said])


def _scarce(part: Part, bound: float | None) -> bool:
    """Return whether a slice cannot be told although its interval clears the bound."""
    low = part.estimate.low
    return part.answer is Answer.UNKNOWN and low is not None and bound is not None and low > bound


def _number(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    if estimate.value is None:
        return "withheld" if estimate.reason == disclosure.WITHHELD else "not known"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.6g}"
    return f"{estimate.value:.4g} ({estimate.low:.4g} to {estimate.high:.4g})"


def _counts(estimate: Estimate | None) -> str:
    if estimate is None or estimate.n is None:
        return ""
    return f"{estimate.n:,}{f' in {estimate.groups:,}' if estimate.groups is not None else ''}"


def _needed(need: Need | None) -> str:
    if need is None or need.rows is None:
        return ""
    return f"{need.rows:,}{f' in {need.groups:,}' if need.groups is not None else ''}"
