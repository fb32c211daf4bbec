"""``mltoolkit register``: a model version with its digest and verdict in the MLflow registry, once."""

import argparse
from pathlib import Path

from mltoolkit import files, gate, models, project, registry
from mltoolkit.commands import Result
from mltoolkit.errors import CannotTellError, Location, RefusedError
from mltoolkit.evidence import Leaderboard


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--model", metavar="NAME", help="the model (default: the only one)")


def run(arguments: argparse.Namespace) -> Result:
    """Make up the record of training, then register the model that the gate promoted.

    Raises:
        InputError: The configuration or the model directory is not usable.
        RefusedError: The gate rejects this model.
        CannotTellError: There is no verdict for this model, or it is inconclusive.
        OutsideError: MLflow is away or refuses.
    """
    here = project.load(arguments.project)
    name, settings = here.settings.model(arguments.model)
    model = models.read(here.root / settings.model, allow_pickle=settings.allow_pickle)
    store = registry.tracking(here.state)
    run_id = None
    if settings.leaderboard is not None:
        board = files.load(here.root / settings.leaderboard, Leaderboard)
        runs = registry.record_training(store, experiment=name, leaderboard=board)
        # The leaderboard of another training says nothing about this model.
        chosen = [tried.estimator for tried in board.tried if tried.chosen and board.model == model.digest]
        run_id = runs[chosen[0]] if chosen else None
    verdict = _verdict(here.reports(name) / "verdict.json", name, model.digest)
    version = registry.register_version(
        store,
        name=name,
        model=model.path,
        digest=model.digest,
        verdict=str(verdict.decision),
        commit=verdict.commit,
        run=run_id,
    )
    what = "registered" if version.created else "is registered already"
    return Result(
        text=f"{name} version {version.version} {what}: {model.digest}\nsee it: {store.page}",
        value={
            "name": version.name,
            "version": version.version,
            "digest": version.digest,
            "created": version.created,
            "tracking": store.shown,
        },
    )


def _verdict(path: Path, name: str, digest: str) -> gate.Verdict:
    """Return the verdict that lets this model through.

    Raises:
        RefusedError: It rejects.
        CannotTellError: It is missing, damaged, inconclusive, or of another model.
    """
    where = Location(path=str(path))
    again = f"mltoolkit evaluate --model {name} && mltoolkit gate --model {name}"
    if not path.exists():
        raise CannotTellError("no verdict on this model", where=where, hint=again)
    verdict = files.load(path, gate.Verdict, error=CannotTellError)
    if (verdict.model, verdict.challenger) != (name, digest):
        raise CannotTellError(
            f"the verdict is about {verdict.model} {files.short(verdict.challenger)}, "
            f"and the model here is {name} {files.short(digest)}",
            where=where,
            hint=again,
        )
    match verdict.decision:
        case gate.Decision.REJECT:
            raise RefusedError(f"the gate rejects this model: {verdict.reason}", where=where)
        case gate.Decision.INCONCLUSIVE:
            raise CannotTellError(f"the gate cannot tell: {verdict.reason}", where=where)
        case gate.Decision.PROMOTE:
            return verdict
