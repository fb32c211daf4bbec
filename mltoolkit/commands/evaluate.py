"""``mltoolkit evaluate``: challenger and champion on the same rows, with provenance."""

import argparse
import os
from pathlib import Path

from mltoolkit import evaluation, files, git, github, journal, models, project, rows
from mltoolkit.commands import Result
from mltoolkit.errors import InputError, Location
from mltoolkit.evaluation import Champion
from mltoolkit.evidence import Evidence, Provenance
from mltoolkit.metrics import METRICS
from mltoolkit.rules import catalogue
from mltoolkit.settings import ModelSettings

_NAMED = 5


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
    here = project.load(arguments.project)
    name, settings = here.settings.model(arguments.model)
    endpoint = choose_endpoint(here, name, settings, arguments.endpoint)
    out = arguments.out or files.ignored_folder(here.root / here.settings.reports) / name
    # What stands there is of an earlier run until this one is done; the gate must not meet a mixture.
    files.remove(*(out / stale for stale in ("evidence.json", "verdict.json", "report.md")))
    top = git.top(here.root)
    model = models.read(arguments.model_dir or here.root / settings.model, allow_pickle=settings.allow_pickle)
    frame = rows.read(here.root / settings.rows, settings, model)
    changed = differing(here, top)
    asked = catalogue.effective(settings.rules, frame.task, probabilities=model.predicts_probabilities)
    evidence = evaluation.evaluate(
        frame,
        model,
        find_champion(here, settings, endpoint),
        name=name,
        endpoint=endpoint,
        settings=settings,
        root=here.root,
        cache=files.ignored_folder(here.state) / "scores",
        out=out,
        provenance=provenance(here, top, frame.digest, catalogue.digest(asked), dirty=bool(changed)),
        fresh=arguments.no_cache,
    )
    path = out / "evidence.json"
    champion = evidence.champion
    return Result(
        text=render(evidence, path, changed),
        value={
            "path": str(path),
            "challenger": evidence.challenger.digest,
            "champion": None if champion is None else champion.digest,
            "rows": evidence.rows.count,
        },
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


def find_champion(here: project.Project, settings: ModelSettings, endpoint: str | None) -> Champion:
    """Return the model that the journal says is live on an endpoint.

    Raises:
        InputError: The kept copy is gone or was changed, or the journal is not ours.
    """
    if endpoint is None:
        return Champion(absent="the model has no endpoint")
    live = journal.Journal(here.state).endpoint(endpoint).live
    if live is None:
        return Champion(absent=f"nothing is live on {endpoint} yet")
    kept = journal.model_directory(here.state, live)
    model = models.read(kept, allow_pickle=settings.allow_pickle)
    if model.digest != live.digest:
        raise InputError(
            f"the kept copy of the live model has the digest {files.short(model.digest)}, "
            f"and the journal says {files.short(live.digest)}",
            where=Location(path=str(kept)),
            hint=f"somebody changed it; `mltoolkit endpoints delete {endpoint}` ends it, and the next deploy starts anew",
        )
    return Champion(model=model, python=settings.endpoints[endpoint].python)


def differing(here: project.Project, top: Path) -> list[str]:
    """Return the paths that are not as committed: what git says, and the settings whatever git says."""
    changed = git.changes(top)
    head = git.head(top)
    for name in (project.PARAMS, project.LOCK):
        path = (here.root / name).resolve()
        inside = path.relative_to(top.resolve()).as_posix()
        # A file that git was told to overlook is not in the commit, however clean the tree looks.
        now = path.read_bytes() if path.exists() else None
        if inside not in changed and git.show(top, head, inside) != now:
            changed.append(inside)
    return changed


def provenance(
    here: project.Project, top: Path, rows_digest: str, rules_digest: str, *, dirty: bool
) -> Provenance:
    """Say where evidence comes from.

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
        params=files.digest_file(here.root / project.PARAMS),
        lock=files.digest_file(lock) if lock.exists() else None,
        rules=rules_digest,
    )


def render(evidence: Evidence, path: Path, changed: list[str]) -> str:
    """Return the main numbers for a terminal, and what stands in the way of a deploy."""
    champion = (
        "no champion" if evidence.champion is None else f"champion {files.short(evidence.champion.digest)}"
    )
    lines = [
        f"challenger {files.short(evidence.challenger.digest)} and {champion} on {evidence.rows.count:,} rows"
    ]
    for metric in METRICS.values():
        measured = evidence.measured(metric.name, "challenger")
        if measured is None:
            continue
        parts = [f"  {metric.name:18}", _number(measured.value)]
        for of in ("champion", *(baseline.name for baseline in evidence.baselines)):
            other = evidence.measured(metric.name, of)
            if other is not None:
                parts.append(f"{of} {_number(other.value)}")
        lines.append("  ".join(parts))
    if changed:
        named = ", ".join(changed[:_NAMED]) + (
            f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        )
        lines.append(f"  not as committed: {named}; a verdict on this cannot be deployed")
    return "\n".join([*lines, f"  written to {path}"])


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.6g}"
