"""``mltoolkit gate``: evidence and rules in, a verdict out. Needs no secret, no network, nothing heavy."""

import argparse
from pathlib import Path

from mltoolkit import files, gate, judging, project
from mltoolkit.commands import Result
from mltoolkit.errors import CannotTellError, InputError, Location, RefusedError
from mltoolkit.rules.base import Answer

MARKS = {
    Answer.PASS: "pass",
    Answer.FAIL: "FAIL",
    Answer.UNKNOWN: "unknown",
    Answer.NOT_APPLICABLE: "n/a",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--model", metavar="NAME", help="the model (default: the only one)")
    parser.add_argument(
        "--evidence", type=Path, metavar="FILE", help="evidence.json (default: reports/MODEL/evidence.json)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="verdict.json (default: beside the evidence)"
    )


def run(arguments: argparse.Namespace) -> Result:
    """Decide, write the verdict, and end with what it says.

    Raises:
        InputError: The configuration is wrong, or the evidence is of another model.
        CannotTellError: The evidence is missing or damaged.
    """
    here = project.load(arguments.project)
    name, _ = here.settings.model(arguments.model)
    source = arguments.evidence or here.reports(name) / "evidence.json"
    out = arguments.out or source.with_name("verdict.json")
    # What is there is of other evidence until this one is decided; nobody may mistake it.
    files.remove(out, out.with_name("report.md"))
    brief = judging.read(source, here, name)
    if brief.evidence.model != name:
        raise InputError(
            f"is about the model {brief.evidence.model!r}, not {name!r}", where=Location(path=str(source))
        )
    verdict = brief.decide()
    files.write_bytes(out, files.dump_json(verdict))
    return Result(code=exit_code(verdict.decision), text=render(verdict, out), value=plain(verdict, out))


def exit_code(decision: gate.Decision) -> int:
    """Return the exit code that a decision ends a command with."""
    match decision:
        case gate.Decision.PROMOTE:
            return 0
        case gate.Decision.REJECT:
            return RefusedError.exit_code
        case gate.Decision.INCONCLUSIVE:
            return CannotTellError.exit_code


def render(verdict: gate.Verdict, out: Path) -> str:
    """Return the verdict for a terminal."""
    lines = [f"{verdict.decision}: {verdict.reason}"]
    for finding in verdict.findings:
        mode = "" if finding.mode == "block" else f" ({finding.mode})"
        lines.append(f"  {MARKS[finding.answer]:7} {finding.rule}{mode}: {finding.reason}")
    return "\n".join([*lines, f"  written to {out}"])


def plain(verdict: gate.Verdict, out: Path) -> dict[str, object]:
    """Return the verdict for a machine."""
    return {
        "decision": verdict.decision,
        "reason": verdict.reason,
        "challenger": verdict.challenger,
        "champion": verdict.champion,
        "findings": [
            {"rule": f.rule, "mode": f.mode, "answer": f.answer, "reason": f.reason} for f in verdict.findings
        ],
        "path": str(out),
    }
