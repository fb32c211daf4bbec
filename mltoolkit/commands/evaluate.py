"""``mltoolkit evaluate``: challenger and champion on the same rows, with provenance."""

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from mltoolkit import (
    contenders,
    evaluation,
    files,
    git,
    github,
    models,
    numbers_alone,
    project,
    question,
    rows,
    surroundings,
    terminal,
)
from mltoolkit.commands import Result
from mltoolkit.errors import CannotTellError, InputError, Location
from mltoolkit.evidence import Evidence, Provenance
from mltoolkit.metrics import FROM_FILE, METRICS
from mltoolkit.rules import catalogue
from mltoolkit.rules.base import Rule
from mltoolkit.rules.numbers import ANCHOR, CHALLENGER, CHAMPION
from mltoolkit.settings import ModelSettings

_NAMED = 5
_SHOWN = 40
"""Numbers that a terminal shows; evidence has all."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--model", metavar="NAME", help="the model (default: the only one)")
    parser.add_argument("--endpoint", metavar="NAME", help="where it asks to go (default: its only endpoint)")
    parser.add_argument(
        "--model-dir",
        type=Path,
        metavar="DIR",
        help="any MLflow model directory (default: as params.yaml says)",
    )
    parser.add_argument(
        "--base",
        metavar="REF",
        help="of numbers alone: the commit whose numbers are the champion's (default: a pull request's base, else the parent)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: reports/MODEL)")
    parser.add_argument(
        "--no-cache", action="store_true", help="score anew, even the same model on the same rows"
    )


def run(arguments: argparse.Namespace) -> Result:
    """Score, measure, and write evidence.

    Raises:
        InputError: The configuration, the model directory or the rows are not usable; no git repository.
        CannotTellError: The rows or the answers are such that nobody can judge.
    """
    path = arguments.project / project.PARAMS
    params = files.digest_file(path) if path.is_file() else None
    here = project.load(arguments.project)
    name, settings = here.settings.model(arguments.model)
    endpoint = choose_endpoint(here, name, settings, arguments.endpoint)
    out = arguments.out or files.ignored_folder(here.root / here.settings.reports) / name
    # What stands there is of an earlier run until this one is done; the gate must not meet a mixture.
    files.remove(*(out / stale for stale in ("evidence.json", "verdict.json", "report.md")))
    top = git.top(here.root)
    # Before anything is measured, and again after the project's own programs have run.
    before = differing(here, settings, top)
    changed: list[str] = []

    def origin(data: str, rules: tuple[Rule, ...]) -> Provenance:
        changed[:] = dict.fromkeys((*before, *differing(here, settings, top)))
        return provenance(here, top, data, catalogue.digest(rules), dirty=bool(changed), params=params)

    case = _Case(
        here=here,
        top=top,
        name=name,
        settings=settings,
        endpoint=endpoint,
        arguments=arguments,
        out=out,
        origin=origin,
    )
    evidence = _of_numbers(case) if settings.target is None else _of_rows(case)
    path = out / "evidence.json"
    return Result(
        text=render(evidence, path, changed, coarse=catalogue.coarse(settings.rules)),
        value={
            "path": str(path),
            **{
                who: None if subject is None else subject.digest
                for who, subject in (
                    (CHALLENGER, evidence.challenger),
                    (CHAMPION, evidence.champion),
                    (ANCHOR, evidence.anchor),
                )
            },
            "rows": None if evidence.rows is None else evidence.rows.count,
            "faults": evidence.faults,
        },
    )


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be evaluated, and where."""

    here: project.Project
    top: Path
    name: str
    settings: ModelSettings
    endpoint: str | None
    arguments: argparse.Namespace
    out: Path
    origin: Callable[[str, tuple[Rule, ...]], Provenance]

    def surroundings(self, judged: str | None) -> surroundings.Surroundings:
        reports = self.here.reports(self.name)
        return surroundings.read(self.here.root, reports, self.settings, judged=judged)


def _of_rows(case: _Case) -> Evidence:
    here, settings, arguments = case.here, case.settings, case.arguments
    if arguments.base is not None:
        raise InputError("--base is for numbers alone; on rows the champion is the model that is live")
    model = models.read(arguments.model_dir or here.root / settings.model, allow_pickle=settings.allow_pickle)
    frame = rows.read(here.root / settings.rows, settings, model)
    asked = catalogue.effective(settings.rules, frame.task, probabilities=model.predicts_probabilities)
    champion = contenders.champion(here.state, settings, case.endpoint)
    if case.endpoint is not None:
        # Whatever deployed it: the anchor's copy is made while the endpoint still has one.
        contenders.keep(here.state, settings, case.endpoint)
    return evaluation.evaluate(
        frame,
        model,
        champion,
        contenders.anchor(here.state, settings, case.endpoint),
        name=case.name,
        endpoint=case.endpoint,
        settings=settings,
        root=here.root,
        cache=files.ignored_folder(here.state) / "scores",
        out=case.out,
        provenance=partial(case.origin, frame.digest, asked),
        surroundings=case.surroundings(frame.digest),
        fresh=arguments.no_cache,
    )


def _of_numbers(case: _Case) -> Evidence:
    here, settings, arguments = case.here, case.settings, case.arguments
    if arguments.model_dir is not None:
        raise InputError("--model-dir needs `target:`; without it only the numbers of `metrics:` are judged")
    if settings.metrics is None:
        raise InputError("needs `metrics`", where=here.document.at(("mltoolkit", "models", case.name)))
    path = here.root / settings.metrics
    if not path.exists():
        where = Location(path=settings.metrics)
        raise CannotTellError("no such file", where=where, hint="run the stage that writes it")
    return numbers_alone.evaluate(
        here.root,
        case.top,
        name=case.name,
        endpoint=case.endpoint,
        metrics=settings.metrics,
        settings=settings,
        base=arguments.base,
        out=case.out,
        provenance=partial(case.origin, files.digest_file(path), settings.rules),
        surroundings=case.surroundings(None),
    )


def choose_endpoint(
    here: project.Project, name: str, settings: ModelSettings, asked: str | None
) -> str | None:
    """Return the endpoint that is meant: the one named, or the model's only one.

    Raises:
        InputError: The model has no such endpoint, or several and none was named.
    """
    known = list(settings.endpoints)
    if asked is not None:
        if asked not in known:
            raise InputError(
                f"the model {name!r} has no endpoint {asked!r}; it has {', '.join(known) or 'none'}",
                where=here.document.at(("mltoolkit", "models", name)),
            )
        return asked
    if len(known) > 1:
        raise InputError(f"the model {name!r} has {len(known)} endpoints", hint="name one with --endpoint")
    return known[0] if known else None


def differing(here: project.Project, settings: ModelSettings, top: Path) -> list[str]:
    """Return the paths that are not as committed: by git, by DVC, and the settings whatever git says.

    Raises:
        InputError: The repository has no commit, or a file of DVC's is damaged.
    """
    found = *git.changes(top), *question.uncommitted(here, top), *question.unlike_dvc(here, settings)
    return list(dict.fromkeys(found))


def provenance(
    here: project.Project, top: Path, rows_digest: str, rules_digest: str, *, dirty: bool, params: str | None
) -> Provenance:
    """Say where evidence comes from, and what ``params.yaml`` was when it was read.

    Raises:
        InputError: The repository has no commit.
    """
    run_context = github.context(os.environ)
    lock = here.root / project.LOCK
    return Provenance(
        commit=git.head(top),
        dirty=dirty,
        event=run_context.event,
        ref=run_context.ref,
        run=run_context.run,
        actor=run_context.actor,
        data=rows_digest,
        params=params,
        lock=files.digest_file(lock) if lock.exists() else None,
        rules=rules_digest,
    )


def render(evidence: Evidence, path: Path, changed: list[str], *, coarse: bool = False) -> str:
    """Return the main numbers for a terminal, and what stands in the way of a deploy.

    Args:
        evidence: What was measured.
        path: Where that was written to.
        changed: What is not as committed.
        coarse: Whether nothing may be told of the rows but what a verdict discloses.
    """
    lines = [_who(evidence)]
    lines += ["  numbers are not shown: `disclose: coarse`"] if coarse else _table(evidence)
    lines += [f"  {who} could not be scored: {terminal.line(why)}" for who, why in evidence.faults.items()]
    if changed:
        named = terminal.line(", ".join(changed[:_NAMED])) + (
            f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        )
        lines.append(f"  not as committed: {named}; a verdict on this cannot be deployed")
    return "\n".join([*lines, f"  written to {path}"])


def _who(evidence: Evidence) -> str:
    if evidence.challenger is None or evidence.rows is None:
        compared = any(each.of == CHAMPION for each in evidence.measurements)
        return (
            f"numbers alone, {'beside those of the base commit' if compared else 'with none to compare with'}"
        )
    champion = (
        "no champion" if evidence.champion is None else f"champion {files.short(evidence.champion.digest)}"
    )
    return (
        f"challenger {files.short(evidence.challenger.digest)} and {champion} on {evidence.rows.count:,} rows"
    )


def _table(evidence: Evidence) -> list[str]:
    others = (CHAMPION, ANCHOR, *(baseline.name for baseline in evidence.baselines))
    names = list(METRICS)
    if evidence.rows is None:
        names = [each.metric for each in evidence.measurements if each.of == CHALLENGER]
    lines = []
    for name in names[:_SHOWN]:
        measured = evidence.measured(name, CHALLENGER)
        if measured is None:
            continue
        parts = [f"  {name.removeprefix(FROM_FILE):18}", _number(measured.value)]
        for of in others:
            other = evidence.measured(name, of)
            if other is not None:
                parts.append(f"{of} {_number(other.value)}")
        lines.append("  ".join(parts))
    return lines


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.6g}"
