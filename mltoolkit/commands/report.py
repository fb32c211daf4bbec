"""``mltoolkit report``: evidence and verdict as Markdown."""

import argparse
import re
from pathlib import Path

from mltoolkit import basis, checked_data, documents, files, gate, git, project, verdicts
from mltoolkit.commands import Result
from mltoolkit.errors import InputError, MltoolkitError
from mltoolkit.evidence import Evidence
from mltoolkit.report import page
from mltoolkit.report.origin import Change, Comparison, Contract
from mltoolkit.rules import catalogue
from mltoolkit.settings import ModelSettings
from mltoolkit.training import Prepared


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--model", metavar="NAME", help="the model (default: the only one)")
    parser.add_argument(
        "--base",
        metavar="REF",
        help="the commit to compare with (default: a pull request's base, else the parent)",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="where to write; - for standard output (default: reports/MODEL/report.md)",
    )


def run(arguments: argparse.Namespace) -> Result:
    """Render the report.

    Raises:
        InputError: The configuration is wrong.
        CannotTellError: Evidence or verdict is missing or damaged, or the two do not belong together.
    """
    here = project.load(arguments.project)
    name, settings = here.settings.model(arguments.model)
    folder = here.reports(name)
    case = verdicts.read(here, name)
    verdicts.confirm(case, model=name)
    evidence, verdict = case.evidence, case.verdict
    prepared = None if settings.training is None else files.load(here.root / settings.training, Prepared)
    content = page.render(
        evidence,
        verdict,
        comparison=compare(here, arguments.base),
        prepared=prepared,
        contract=contract(here, name, settings, evidence),
        approval=case.approval,
        coarse=catalogue.coarse(gate.effective(case.brief.rules, evidence)),
    )
    if arguments.output == "-":
        return Result(text=content.rstrip("\n"), value={"report": content})
    path = Path(arguments.output) if arguments.output else folder / "report.md"
    files.write_bytes(path, content.encode())
    return Result(text=f"{verdict.decision}: written to {path}", value={"path": str(path)})


def contract(
    here: project.Project, name: str, settings: ModelSettings, evidence: Evidence
) -> Contract | None:
    """Return what is known of the data contract, and what of it is missing or of other data.

    What the evidence knows is known: where a report is made, the data need not be. A check that was made
    later is shown too, and that the evidence knows nothing of it.

    Args:
        here: The project.
        name: The model.
        settings: Its section.
        evidence: What was measured.

    Raises:
        CannotTellError: A result of a check is damaged.
    """
    judged = None if evidence.rows is None else evidence.rows.digest
    parts = checked_data.read(here.root, here.reports(name), settings, judged=judged)
    if not parts:
        return None
    remarks: list[str] = []
    for part in parts:
        then = next((each for each in evidence.checks if each.what == part.what), None)
        if then is not None and then.digest == part.digest:
            remarks += [] if then.fault is None else [then.fault]
            continue
        remarks += part.remarks
        if part.check is not None:
            remarks.append(f"the {part.what} were checked after mltoolkit evaluate, which has to run again")
    return Contract(
        checks=tuple(part.check for part in parts if part.check is not None),
        # A sentence begins with a capital, a file's name as it is.
        remarks=tuple(f"{re.sub('^the ', 'The ', each)}." for each in dict.fromkeys(remarks)),
    )


def compare(here: project.Project, asked: str | None) -> Comparison:
    """Compare parameters and data with the base commit, as far as git can tell.

    Raises:
        InputError: A base was named, and there is no such commit.
    """
    try:
        top = git.top(here.root)
        base, reason = basis.base(top, asked)
    except InputError as error:
        if asked is not None:
            raise
        return Comparison(reason=error.what)
    if base is None:
        return Comparison(reason=reason)
    inside = here.root.resolve().relative_to(top.resolve())

    def at_base(name: str) -> bytes | None:
        return git.show(top, base, (inside / name).as_posix())

    lock = here.root / project.LOCK
    try:
        then, now = _flat(at_base(project.PARAMS)), _flat((here.root / project.PARAMS).read_bytes())
        then_data, now_data = (
            _outputs(at_base(project.LOCK)),
            _outputs(lock.read_bytes() if lock.exists() else None),
        )
    except MltoolkitError as error:
        return Comparison(reason=f"the base commit's files cannot be read: {error.what}")
    return Comparison(base=base, parameters=_changes(then, now), data=_changes(then_data, now_data))


def _flat(data: bytes | None) -> dict[str, str]:
    """Return every value of a YAML file by its dotted key."""
    if data is None:
        return {}
    found: dict[str, str] = {}

    def walk(value: object, key: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, f"{key}.{name}" if key else str(name))
        elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
            for at, inner in enumerate(value):
                walk(inner, f"{key}[{at}]")
        elif isinstance(value, list):
            found[key] = ", ".join(str(inner) for inner in value)
        else:
            found[key] = str(value)

    walk(documents.parse(data.decode("utf-8-sig", errors="replace"), project.PARAMS).values, "")
    return found


def _outputs(data: bytes | None) -> dict[str, str]:
    """Return digest and size of what the stages wrote, by path."""
    if data is None:
        return {}
    stages = documents.parse(data.decode(errors="replace"), project.LOCK).values.get("stages") or {}
    return {
        str(out["path"]): f"{str(out.get('md5'))[:12]} ({out.get('size', 0):,} bytes)"
        for stage in stages.values()
        for out in stage.get("outs", ())
    }


def _changes(before: dict[str, str], after: dict[str, str]) -> tuple[Change, ...]:
    return tuple(
        Change(what=key, before=before.get(key), after=after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    )
