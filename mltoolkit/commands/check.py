"""``mltoolkit check``: the data keeps its contract, and evaluation rows are no training rows."""

import argparse
import datetime as dt
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from mltoolkit import __version__, files, github, project
from mltoolkit.checks import Check, ContractFinding, Outcome, Severity, Source
from mltoolkit.commands import Result
from mltoolkit.contract import checking, gx, profiling, proposals, sources, store
from mltoolkit.contract.checking import Checked
from mltoolkit.contract.wording import called, shown
from mltoolkit.errors import CannotTellError, InputError, RefusedError, meant
from mltoolkit.profile import Profile
from mltoolkit.project import Project
from mltoolkit.settings import CheckSettings, DataSettings, ModelSettings

_SHOWN = 50
"""Findings of one file that a terminal shows; ``check.json`` has all."""

_LEVELS: dict[Severity, github.Level] = {
    Severity.CRITICAL: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="data of the contract (default: all of it)")
    parser.add_argument("--model", metavar="NAME", help="the model (default: the only one)")
    parser.add_argument(
        "--only", choices=("data", "splits"), help="ask only the data files, or only what the splits share"
    )
    parser.add_argument(
        "--docs", action="store_true", help="build Great Expectations' Data Docs beside the result"
    )
    parser.add_argument(
        "--profile", action="store_true", help="write a reference profile of each file, for drift"
    )
    parser.add_argument(
        "--as-of", type=moment, metavar="TIME", help="what freshness is measured against (default: now)"
    )
    parser.add_argument(
        "--infer", type=Path, metavar="FILE", help="check nothing; propose a suite for this file, as a diff"
    )
    parser.add_argument(
        "--suite", type=Path, metavar="FILE", help="with --infer: the suite (default: the file's own)"
    )
    parser.add_argument("--write", action="store_true", help="with --infer: write what is proposed")


def moment(text: str) -> dt.datetime:
    """Return a time of ISO 8601; without a zone it is UTC.

    Raises:
        ArgumentTypeError: It is none, or of no year that a calendar has.
    """
    try:
        told = dt.datetime.fromisoformat(text)
        return (told if told.tzinfo else told.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time of ISO 8601, such as 2026-03-01T12:00Z"
        ) from error


def run(arguments: argparse.Namespace) -> Result:
    """Check, write what was found, and end with what it says; or propose a suite.

    Raises:
        InputError: A file is missing or cannot be read, or nothing is there to check.
        OutsideError: DuckDB or Great Expectations is missing or fails.
    """
    if arguments.infer is not None:
        return infer(arguments)
    if arguments.suite is not None or arguments.write:
        raise InputError("--suite and --write go with --infer FILE")
    here = project.load(arguments.project)
    name, settings = here.settings.model(arguments.model)
    wanted = [] if arguments.only == "splits" else chosen(arguments.paths, settings)
    splits = None if arguments.only == "data" or arguments.paths else settings.splits
    if not wanted and splits is None:
        raise InputError(
            f"names no {arguments.only or 'data'} to check",
            where=here.document.at(("mltoolkit", "models", name)),
            hint="add `data: [{path: ..., suite: expectations/....json}]`, or `splits: {train: ...}`",
        )
    files.ignored_folder(here.root / here.settings.reports)
    folder, tool = here.reports(name), f"mltoolkit {__version__}"
    checks: dict[Path, Check] = {}
    written: list[Path] = []
    docs: Path | None = None
    # What is there is of other data until this is checked; nobody may mistake it.
    if splits is not None:
        files.remove(folder / "splits.json")
    if wanted:
        files.remove(folder / "check.json")
        store.remove(folder)
        gx.remove_docs(folder / "data-docs")
        now = arguments.as_of or dt.datetime.now(dt.UTC)
        checked = [
            checking.check_file(
                here.root,
                data,
                here.settings.check,
                now=now,
                profile=arguments.profile,
                progress=None if arguments.json else progress(data.path),
            )
            for data in wanted
        ]
        checks[folder / "check.json"] = Check(
            tool=tool,
            model=name,
            files=tuple(each.file for each in checked),
            left_out=tuple(data.path for data in settings.data if data not in wanted),
        )
        held = store.write(folder, [each.held for each in checked], run=None, time=now)
        docs = gx.build_docs(held, folder / "data-docs") if arguments.docs else None
        written = [write_profile(folder / "profiles", each) for each in checked if each.profile]
    if splits is not None:
        found = checking.check_splits(here.root, settings, splits, here.settings.check)
        checks[folder / "splits.json"] = Check(tool=tool, model=name, splits=found)
    for path, check in checks.items():
        files.write_bytes(path, files.dump_json(check))
    written = [*checks, *written]
    return Result(
        code=exit_code(list(checks.values())),
        text="\n".join(
            [
                *(line for check in checks.values() for line in render(check)),
                f"  written to {', '.join(str(path) for path in written)}"
                + ("" if docs is None else f"; Data Docs: {docs}"),
            ]
        ),
        annotations=tuple(annotations(here, checks.values(), os.environ)),
        value={
            "kept": all(check.kept for check in checks.values()),
            "paths": [str(path) for path in written],
            "docs": None if docs is None else str(docs),
            "findings": [
                {"of": what, **msgspec.to_builtins(finding)}
                for check in checks.values()
                for what, findings in check.parts
                for finding in sorted(findings, key=lambda each: each.rank)[:_SHOWN]
                if finding.outcome is not Outcome.MET
            ],
        },
    )


def chosen(paths: Sequence[str], settings: ModelSettings) -> list[DataSettings]:
    """Return the data of the contract that paths name; all where none is named.

    Raises:
        InputError: A path is not of the contract.
    """
    known = {str(Path(data.path)): data.path for data in settings.data}
    for path in paths:
        if str(Path(path)) not in known:
            raise InputError(f"{path} is not data of the contract", hint=meant(path, list(known.values())))
    wanted = {known[str(Path(path))] for path in paths}
    return [data for data in settings.data if not paths or data.path in wanted]


def progress(path: str) -> Callable[[float], None]:
    """Return what says how far the scan of a file is: in place on a terminal, else in few lines."""
    told = -1

    def tell(share: float) -> None:
        nonlocal told
        percent = int(share * 100)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{shown(path)}: {percent} %\033[K" if percent < 100 else "\r\033[K")  # noqa: PLR2004 - percent
            sys.stderr.flush()
        elif percent // 25 > told:
            told = percent // 25
            sys.stderr.write(f"{shown(path)}: {percent} %\n")

    return tell


def write_profile(folder: Path, checked: Checked) -> Path:
    """Write a file's reference profile and return where it is."""
    inside = [part for part in Path(checked.file.path).parts if part not in {"/", ".."}]
    path = folder.joinpath(*inside[:-1], f"{inside[-1]}.json")
    if checked.profile is not None:
        profiling.write(path, checked.profile)
    return path


def exit_code(checks: Sequence[Check]) -> int:
    """Return 0 where the contract is kept, 1 where it is broken, 3 where only part could be evaluated."""
    if checks and all(check.kept for check in checks):
        return 0
    if any(
        finding.blocks and finding.outcome is Outcome.VIOLATED
        for check in checks
        for finding in check.findings
    ):
        return RefusedError.exit_code
    return CannotTellError.exit_code


def render(check: Check) -> Iterator[str]:
    """Yield the lines for a terminal: of each file what blocks first, then what warns."""
    for file in check.files:
        yield from _section(file.path, "the contract", file.findings, f"{file.rows:,} rows")
    if check.left_out:
        yield f"  not checked: {called(check.left_out)}"
    if check.splits is not None:
        splits = check.splits
        names = f"{shown(splits.train)} and {shown(splits.evaluation)}"
        yield from _section(names, "their separation", splits.findings, "leakage")


def _section(what: str, promise: str, findings: Sequence[ContractFinding], about: str) -> Iterator[str]:
    bad = sorted(
        (finding for finding in findings if finding.outcome is not Outcome.MET), key=lambda each: each.rank
    )
    blocking = [finding for finding in bad if finding.blocks]
    said = "holds" if not blocking else "could not be evaluated as a whole"
    if any(finding.outcome is Outcome.VIOLATED for finding in blocking):
        said = "is broken"
    yield f"{shown(what)}: {promise} {said} ({len(findings) - len(bad)} of {len(findings)} rules, {about})"
    for finding in bad[:_SHOWN]:
        said = "BLOCKS" if finding.blocks else str(finding.severity)
        on = f" on {called(finding.columns)}" if finding.columns else ""
        examples = f"; such as {', '.join(finding.examples)}" if finding.examples else ""
        yield f"  {said} {finding.rule}{on}: {finding.reason}{examples}"
    if len(bad) > _SHOWN:
        yield f"  and {len(bad) - _SHOWN:,} more"


def annotations(
    here: Project, checks: Iterable[Check], environment: Mapping[str, str]
) -> Iterator[github.Annotation]:
    """Yield a remark on the suite's line for each finding that is not met; none outside a workflow."""
    for check in checks:
        for file in check.files:
            suite = github.inside(here.root / file.suite, environment)
            params = github.inside(here.root / project.PARAMS, environment)
            for finding in sorted(file.findings, key=lambda each: each.rank):
                path = params if finding.line is None else suite
                if finding.outcome is Outcome.MET or path is None:
                    continue
                on = f" on {called(finding.columns)}" if finding.columns else ""
                yield github.Annotation(
                    level="error" if finding.blocks else _LEVELS[finding.severity],
                    title=f"{file.path}: {finding.rule}",
                    message=f"{finding.rule}{on}: {finding.reason}",
                    path=path,
                    line=finding.line,
                )


def infer(arguments: argparse.Namespace) -> Result:
    """Propose a suite for a file from what is in it.

    Raises:
        InputError: The file cannot be read or has no rows, or the suite that is there is none.
    """
    if arguments.paths or arguments.only or arguments.docs or arguments.profile:
        raise InputError("--infer checks nothing, so that it goes with --suite, --model and --write alone")
    path, root = arguments.infer, arguments.project
    settings, known = CheckSettings(), None
    if (root / project.PARAMS).exists():
        here = project.load(root)
        settings = here.settings.check
        listed = [each for model in here.settings.models.values() for each in model.data]
        known = next((each for each in listed if (root / each.path).resolve() == path.resolve()), None)
    suite = arguments.suite or root / (
        known.suite if known else f"expectations/{path.name.split('.')[0]}.json"
    )
    data = DataSettings(
        path=str(path),
        suite=str(suite),
        types=known.types if known else {},
        private=known.private if known else (),
    )
    made, contradictions = measure(data, settings, now=arguments.as_of or dt.datetime.now(dt.UTC))
    proposal = proposals.infer(made, suite)
    if arguments.write and proposal.added:
        proposals.write(proposal)
    said = "written to" if arguments.write else "proposed for"
    lines = [
        *([proposal.diff.rstrip("\n")] if proposal.added else []),
        f"{proposal.added} expectations {said} {suite}, from {made.rows:,} rows of {path}",
        *(
            f"  {suite}:{each.line}: {each.rule}{f' on {called(each.columns)}' if each.columns else ''}: {each.reason}"
            for each in contradictions
        ),
    ]
    if proposal.added and not arguments.write:
        lines.append("  nothing is written; --write does that, and keeps what is there")
    return Result(
        text="\n".join(lines),
        value={
            "suite": str(suite),
            "added": proposal.added,
            "written": bool(arguments.write and proposal.added),
            "diff": proposal.diff,
            "contradictions": [f"{each.rule}: {each.reason}" for each in contradictions],
        },
    )


def measure(
    data: DataSettings, settings: CheckSettings, *, now: dt.datetime
) -> tuple[Profile, list[ContractFinding]]:
    """Return a file's profile, and what of its suite, if there is one, the file does not meet.

    Raises:
        InputError: The file cannot be read, or the suite that is there is none.
    """
    path = Path(data.path)
    if Path(data.suite).exists():
        checked = checking.check_file(Path(), data, settings, now=now, profile=True)
        if checked.profile is not None:
            broken = [
                each
                for each in checked.file.findings
                if each.source is not Source.MLTOOLKIT and each.outcome is not Outcome.MET
            ]
            return checked.profile, broken
    with sources.opened(path, memory=settings.memory, types=data.types) as table:
        return profiling.measured(table, digest=files.digest_path(path), private=data.private), []
