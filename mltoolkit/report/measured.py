"""What was measured: every metric beside champion and baselines, the leaderboard, slices, worst errors."""

from mltoolkit.evidence import Evidence, Measurement
from mltoolkit.markdown import folded, table, text
from mltoolkit.metrics import FROM_FILE, METRICS, Better

_SHOWN = 40
_SLICES_SHOWN = 15


def withheld() -> str:
    """Return why there are no numbers: the rows would be used up by what is told of them."""
    return (
        "### Metrics\n\nNot shown: the rule `reuse` says `disclose: coarse`, so that of these rows the"
        " answers of rules are told and nothing else."
    )


def metrics(evidence: Evidence) -> str:
    """Return every metric of the challenger, beside the champion and the baselines.

    Args:
        evidence: What was measured.
    """
    baselines = [baseline.name for baseline in evidence.baselines]
    columns = ["challenger", *([] if _champion(evidence) is None else ["champion"]), *baselines]
    rows = []
    for name in _names(evidence):
        cells = [evidence.measured(name, of) for of in columns]
        rows.append((f"{text(name)}{_arrow(name)}", *map(_cell, cells), *_difference(name, cells, evidence)))
    if not rows:
        return ""
    head = [
        "Metric",
        *(text(each) for each in columns),
        *([] if _champion(evidence) is None else ["against champion"]),
    ]
    said = [
        f"{text(each.name)}{'' if each.source == 'column' else f' of the {each.source} rows'}"
        for each in evidence.baselines
    ]
    faults = [f"⚠️ No {text(who)}: {text(why)}." for who, why in sorted(evidence.faults.items())]
    parts = [
        "### Metrics",
        table(head, rows),
        *([f"Baselines: {', '.join(said)}."] if said else []),
        *faults[:_SHOWN],
    ]
    return "\n\n".join(parts)


def _champion(evidence: Evidence) -> str | None:
    """Return who the champion is called, where it has numbers, also those that a stage wrote."""
    return next((m.of for m in evidence.measurements if m.of == "champion"), None)


def _names(evidence: Evidence) -> list[str]:
    further = dict.fromkeys(m.metric for m in evidence.measurements if m.metric.startswith(FROM_FILE))
    known = [name for name in METRICS if evidence.measured(name, "challenger")]
    # What a stage wrote under a name of ours is the same number once more.
    return known + [name for name in further if name.removeprefix(FROM_FILE) not in known][:_SHOWN]


def _arrow(name: str) -> str:
    if name not in METRICS:
        return ""
    return " ↑" if METRICS[name].better is Better.HIGHER else " ↓"


def _difference(name: str, cells: list[Measurement | None], evidence: Evidence) -> tuple[str, ...]:
    if _champion(evidence) is None:
        return ()
    ours, theirs = (None if cell is None else cell.value for cell in cells[:2])
    if ours is None or theirs is None or name not in METRICS:
        return ("",)
    gain = ours - theirs if METRICS[name].better is Better.HIGHER else theirs - ours
    word = "same" if gain == 0 else "better" if gain > 0 else "worse"
    return (f"{ours - theirs:+.4g} {word}",)


def leaderboard(evidence: Evidence) -> str:
    """Return what training tried, best first.

    Args:
        evidence: What was measured.
    """
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
    shown = table(("Estimator", "Kind", *(text(name) for name in names)), rows)
    said = "Measured on the validation rows, never on the evaluation rows."
    return folded("<b>Leaderboard</b>", f"{shown}\n\n{said}")


def slices(evidence: Evidence) -> str:
    """Return the first metric on each slice, worst first.

    Args:
        evidence: What was measured.
    """
    name = next((name for name in METRICS if evidence.measured(name, "challenger")), None)
    found = [m for m in evidence.measurements if m.slice and m.of == "challenger" and m.metric == name]
    if name is None or not found:
        return ""
    sign = 1 if METRICS[name].better is Better.HIGHER else -1
    # Worst first; a slice without a value is at the end, and shown as such.
    found.sort(key=lambda m: (m.value is None, sign * (m.value or 0.0), m.slice))
    beside = _champion(evidence) is not None
    rows = []
    for each in found[:_SLICES_SHOWN]:
        champion = evidence.measured(name, "champion", each.slice)
        theirs = [_number(None if champion is None else champion.value)] if beside else []
        rows.append((text(each.slice), _number(each.value), *theirs, f"{each.n or 0:,}"))
    head = ("Slice", f"{name}{_arrow(name)}", *(["champion"] if beside else []), "Rows")
    more = len(found) - len(rows)
    tail = f"\n\n{more} better slices are not shown." if more else ""
    return folded(f"<b>{name} by slice, worst first</b>", f"{table(head, rows)}{tail}")


def worst(evidence: Evidence) -> str:
    """Return the rows that the challenger got most wrong.

    Args:
        evidence: What was measured.
    """
    if not evidence.worst or evidence.rows is None:
        return ""
    rows = [
        (text(row.id), text(row.target), text(row.prediction), _number(row.loss)) for row in evidence.worst
    ]
    shown = table(("Row", text(evidence.rows.target), "Prediction", "Loss"), rows)
    return folded("<b>Worst errors</b>", shown)


def _cell(found: Measurement | None) -> str:
    """Show a number, that it has no value, or that nobody measured it."""
    if found is None:
        return ""
    return "not defined" if found.value is None else _number(found.value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
