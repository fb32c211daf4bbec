"""``mltoolkit gate``: evidence and rules in, a verdict out. Needs no secret, no network, nothing heavy."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from mltoolkit import files, gate, judging, project, terminal
from mltoolkit.commands import Result
from mltoolkit.errors import CannotTellError, InputError, Location, RefusedError
from mltoolkit.judging import Brief
from mltoolkit.rules.base import Answer

MARKS = {
    Answer.PASS: "pass",
    Answer.FAIL: "FAIL",
    Answer.UNKNOWN: "unknown",
    Answer.NOT_APPLICABLE: "n/a",
}


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded.

    Attributes:
        look: Which look at its rows the verdict is; None for numbers alone.
        kept: Whether the evidence was kept now, and not before.
    """

    look: int | None
    kept: bool

    @property
    def text(self) -> str:
        """For a terminal."""
        look = "" if self.look is None else f"look {self.look} at these rows is in the ledger; "
        return f"{look}the evidence {'is kept' if self.kept else 'was kept before'}"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--model", metavar="NAME", help="the model (default: the only one)")
    parser.add_argument(
        "--evidence", type=Path, metavar="FILE", help="evidence.json (default: reports/MODEL/evidence.json)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="verdict.json (default: beside the evidence)"
    )
    parser.add_argument(
        "--base",
        metavar="REF",
        help="the commit whose rules decide (default: a pull request's base, else those that stand here)",
    )
    parser.add_argument(
        "--ledger",
        type=Path,
        metavar="FILE",
        help="the looks at the rows so far, as they were exported (default: the journal's)",
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="count the look and keep the evidence in the journal; without it the verdict is all that is written",
    )
    parser.add_argument(
        "--backtest",
        type=_count,
        metavar="N",
        help="decide the last N commits that have evidence again, by the rules that stand here; writes nothing",
    )
    parser.add_argument(
        "--plan",
        action="store_true",
        help="how many rows would settle which margin, and what they cannot tell from chance; writes nothing",
    )


def run(arguments: argparse.Namespace) -> Result:
    """Decide, write the verdict, and end with what it says; or plan, or look back.

    Raises:
        InputError: The configuration is wrong, options exclude each other, or the evidence is of another model.
        CannotTellError: The evidence is missing or damaged, or nothing is kept to look back on.
        OutsideError: The journal cannot be written.
    """
    exclude(arguments)
    here = project.load(arguments.project)
    name, _ = here.settings.model(arguments.model)
    if arguments.backtest is not None:
        return look_back(here, name, arguments.backtest)
    source = arguments.evidence or here.reports(name) / "evidence.json"
    out = arguments.out or source.with_name("verdict.json")
    if arguments.plan:
        return plan(read(arguments, here, name, source))
    before = out.read_bytes() if out.is_file() else None
    # What is there is of other evidence until this one is decided; nobody may mistake it.
    files.remove(out)
    try:
        brief = read(arguments, here, name, source)
        verdict = brief.decide()
        files.write_bytes(out, files.dump_json(verdict))
    finally:
        # The same verdict again has the same report.
        if before is None or not out.is_file() or out.read_bytes() != before:
            files.remove(out.with_name("report.md"))
    recorded = record(here, brief, verdict, source) if arguments.record else None
    return Result(
        code=exit_code(verdict.decision),
        text=render(verdict, out, recorded),
        value=plain(verdict, out, recorded),
    )


def read(arguments: argparse.Namespace, here: project.Project, name: str, source: Path) -> Brief:
    """Read everything that the gate is given.

    Raises:
        InputError: The evidence is of another model, or the named base is none.
        CannotTellError: The evidence is missing or damaged.
    """
    ledger = None
    if arguments.ledger is not None:
        from mltoolkit import archive

        ledger = archive.read_ledger(arguments.ledger)
    brief = judging.read(source, here, name, base=arguments.base, ledger=ledger)
    if brief.evidence.model != name:
        raise InputError(
            f"is about the model {brief.evidence.model!r}, not {name!r}", where=Location(path=str(source))
        )
    return brief


def exclude(arguments: argparse.Namespace) -> None:
    """Refuse options that have no meaning together.

    Raises:
        InputError: There are such.
    """
    given = {
        f"--{name}"
        for name in ("evidence", "out", "base", "ledger", "record", "backtest", "plan")
        if getattr(arguments, name) not in {None, False}
    }
    for option, why, others in (
        (
            "--backtest",
            "looks back on what is kept, by the rules that stand here",
            {"--evidence", "--out", "--base", "--ledger", "--record", "--plan"},
        ),
        ("--plan", "decides nothing", {"--out", "--record", "--ledger"}),
        ("--record", "counts by the journal's own ledger", {"--ledger"}),
    ):
        if option in given and (both := sorted(others & given)):
            raise InputError(
                f"{option} {why}, so that {both[0]} has no meaning with it", hint="leave one out"
            )


def record(here: project.Project, brief: Brief, verdict: gate.Verdict, source: Path) -> Recorded:
    """Count the look and keep the evidence.

    Raises:
        MltoolkitError: See ``archive.Archive``.
    """
    from mltoolkit.archive import Archive
    from mltoolkit.commands.deploy import who

    kept, by, at = Archive(here.state), who(here), datetime.now(UTC).isoformat(timespec="seconds")
    place = kept.record(verdict, by=by, at=at)
    rules = gate.effective(brief.rules, brief.evidence)
    return Recorded(look=place, kept=kept.keep(verdict, source, rules=rules, by=by, at=at))


def plan(brief: Brief) -> Result:
    """Return how many rows would settle the rules that compare."""
    from mltoolkit import plans

    rows = brief.evidence.rows
    group = "group" if rows is None else rows.unit
    rules = gate.effective(brief.rules, brief.evidence)
    verdict = brief.decide()
    found = tuple(
        plans.plan(
            rule,
            finding,
            disagreement=None if finding.over is None else brief.numbers.disagreement(finding.over),
            group=group,
            task=brief.evidence.task,
        )
        for rule, finding in plans.compares(rules, verdict)
    )
    return Result(text=plans.text(found), value={"plans": msgspec.to_builtins(found)})


def look_back(here: project.Project, name: str, count: int) -> Result:
    """Decide kept evidence again.

    Raises:
        CannotTellError: Nothing is kept, or the journal is damaged.
        InputError: The journal is not ours.
    """
    import tempfile

    from mltoolkit import backtest
    from mltoolkit.archive import Archive

    kept = Archive(here.state)
    with tempfile.TemporaryDirectory() as folder:
        evidence = kept.last(name, count, Path(folder))
        if not evidence:
            raise CannotTellError(
                f"no evidence of the model {name} is kept", hint="mltoolkit gate --record keeps it"
            )
        found = backtest.decide(evidence, here.settings.models[name].rules, kept.ledger())
    return Result(text=backtest.text(found), value={"backtest": msgspec.to_builtins(found)})


def exit_code(decision: gate.Decision) -> int:
    """Return the exit code that a decision ends a command with."""
    match decision:
        case gate.Decision.PROMOTE:
            return 0
        case gate.Decision.REJECT:
            return RefusedError.exit_code
        case gate.Decision.INCONCLUSIVE:
            return CannotTellError.exit_code


def render(verdict: gate.Verdict, out: Path, recorded: Recorded | None = None) -> str:
    """Return the verdict for a terminal: what and why first, then a line for each finding."""
    lines = [f"{verdict.decision}: {terminal.line(verdict.reason)}"]
    for finding in verdict.findings:
        mode = "" if finding.mode == "block" else f" ({finding.mode})"
        lines.append(
            f"  {MARKS[finding.answer]:7} {terminal.line(f'{finding.rule}{mode}: {finding.reason}')}"
        )
    if verdict.dirty:
        lines.append("  made from a working tree that differs from its commit: nothing is deployed on it")
    lines.append(f"  written to {out}")
    if recorded is not None:
        lines.append(f"  {recorded.text}")
    return "\n".join(lines)


def plain(verdict: gate.Verdict, out: Path, recorded: Recorded | None = None) -> dict[str, object]:
    """Return the verdict for a machine: no more than its file tells."""
    told: dict[str, object] = {
        "decision": verdict.decision,
        "reason": verdict.reason,
        "challenger": verdict.challenger,
        "champion": verdict.champion,
        "anchor": verdict.anchor,
        "findings": msgspec.to_builtins(verdict.findings),
        "path": str(out),
    }
    if recorded is not None:
        told["recorded"] = msgspec.to_builtins(recorded)
    return told


def _count(word: str) -> int:
    """Return a number of commits."""
    if not word.isdecimal() or not 1 <= int(word) <= 10_000:  # noqa: PLR2004 - more than anybody reads
        raise argparse.ArgumentTypeError(f"{word!r} is not a number of commits, such as 20")
    return int(word)
