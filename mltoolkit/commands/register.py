"""``mltoolkit register``: a model version with its digest and verdict in the MLflow registry, once."""

import argparse

from mltoolkit import files, models, project, registry, verdicts
from mltoolkit.commands import Result
from mltoolkit.training import Leaderboard


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--model", metavar="NAME", help="the model (default: the only one)")


def run(arguments: argparse.Namespace) -> Result:
    """Make up the record of training, then register the model that the gate promoted, or a person approved.

    Raises:
        InputError: The configuration or the model directory is not usable.
        RefusedError: The gate rejects this model.
        CannotTellError: There is no verdict for this model, or it is inconclusive and nobody approved it.
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
    case = verdicts.read(here, name)
    permit = verdicts.require(case, here, model=name, digest=model.digest)
    version = registry.register_version(
        store,
        name=name,
        model=model.path,
        digest=model.digest,
        verdict=str(case.verdict.decision),
        commit=case.verdict.commit,
        approval=None if permit.approval is None else permit.reason,
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
