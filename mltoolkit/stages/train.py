"""The stage ``train``: try estimators, choose one on the validation rows, save it as a model directory.

The evaluation rows are not even opened: they belong to whoever judges the model.
"""

import os
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from mltoolkit import config, files, metrics, models, registry
from mltoolkit.errors import CannotTellError, InputError, MltoolkitError, OutsideError
from mltoolkit.evidence import Tried
from mltoolkit.metrics import METRICS, Better, Task
from mltoolkit.stages import canonical, estimators, program
from mltoolkit.stages.prepared import Rows, load_prepared, read, rows
from mltoolkit.stages.settings import SPLIT, Section, TrainSettings
from mltoolkit.stages.settings import read as read_section
from mltoolkit.stages.splits import TRAIN
from mltoolkit.statistics.answers import encode, interpret
from mltoolkit.statistics.influence import measure
from mltoolkit.training import Leaderboard, Prepared

_REQUIREMENTS = ("mlflow", "numpy", "pandas", "scikit-learn", "skops")
"""What a server of the model needs; everything else comes with these."""

_EXAMPLE_ROWS = 3


def main() -> int:
    """Run the stage in the current folder."""
    return program.main(stage)


def stage() -> str:
    """Write the model directory and the leaderboard, then mirror the tried estimators to MLflow.

    Raises:
        InputError: Settings or prepared rows are not usable, or an estimator refuses its parameters.
        CannotTellError: No estimator could be measured by the metric that chooses.
    """
    # Sums are split among the threads of BLAS, and their last digits depend on how many there are.
    from threadpoolctl import threadpool_limits

    settings, section = read_section("train", TrainSettings)
    folder = Path(settings.input)
    prepared = load_prepared(folder)
    _check_metric(settings, prepared, section)
    pipelines = {
        name: estimators.build(name, each, prepared, seed=settings.seed, section=section)
        for name, each in settings.estimators.items()
    }
    table = read(folder / "train.parquet", digest=prepared.digests["train"])
    every = rows(table, prepared)
    learns = table.column(SPLIT).to_pandas().to_numpy() == TRAIN
    with threadpool_limits(1, user_api="blas"):
        measured = {
            name: _measure(_fit(name, pipeline, every.take(learns), section), every.take(~learns), prepared)
            for name, pipeline in pipelines.items()
        }
        chosen = _choose(measured, settings)
        model = _fit(chosen, pipelines[chosen], every, section) if settings.refit else pipelines[chosen]
    save(model, Path(settings.model), every, prepared)
    board = _leaderboard(measured, chosen, settings)
    files.write_bytes(Path(settings.leaderboard), files.dump_json(board))
    mirror(section, board, settings)
    best = board.tried[0]
    return f"{best.estimator} ({best.kind}) of {len(board.tried)}: {settings.select} {best.metrics[settings.select]:g}"


def save(model: estimators.Pipeline, target: Path, example: Rows, prepared: Prepared) -> None:
    """Write a fitted pipeline as a canonical MLflow model directory, whole or not at all.

    Args:
        model: The fitted pipeline.
        target: The directory; one that is there is replaced.
        example: Rows that the signature and the input example are made from.
        prepared: The task.

    Raises:
        InputError: The model holds types that nobody reviewed.
        OutsideError: MLflow or skops failed.
    """
    import mlflow.sklearn
    from mlflow.exceptions import MlflowException
    from mlflow.models import infer_signature

    classifies = prepared.task is not Task.REGRESSION
    shown = example.features.dropna().head(_EXAMPLE_ROWS)
    shown = shown if len(shown) else example.features.head(_EXAMPLE_ROWS)
    answers = model.predict_proba(shown) if classifies else model.predict(shown)
    classes = model.classes_.tolist() if classifies else []
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as beside:
        made = Path(beside) / target.name
        try:
            mlflow.sklearn.save_model(
                model,
                str(made),
                serialization_format="skops",
                skops_trusted_types=_trusted(model),
                pip_requirements=[f"{name}=={metadata.version(name)}" for name in _REQUIREMENTS],
                signature=infer_signature(shown, answers),
                input_example=shown,
                pyfunc_predict_fn="predict_proba" if classifies else "predict",
                metadata={"mltoolkit": {"task": str(prepared.task), "classes": classes}},
            )
        except MlflowException as error:
            raise OutsideError(f"MLflow could not save the model: {error.message}") from error
        canonical.canonicalize(made)
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)


def mirror(section: Section, board: Leaderboard, settings: TrainSettings) -> None:
    """Record every tried estimator in MLflow; a tracking server that is away costs the mirror, not the model."""
    root = Path.cwd()
    try:
        name, state = _project(section, settings, root)
        registry.record_training(registry.tracking(state), experiment=name, leaderboard=board)
    except MltoolkitError as error:
        sys.stderr.write(
            f"warning: trained, and not recorded in MLflow: {error}\n"
            f"  every number is in {settings.leaderboard}; `mltoolkit register` makes the record up\n"
        )


def _project(section: Section, settings: TrainSettings, root: Path) -> tuple[str, Path]:
    """Return the model's name and the state folder, as ``mltoolkit register`` finds them."""
    if config.SECTION not in section.document.values:
        return root.resolve().name, root / ".mltoolkit"
    toolkit = config.toolkit(section.document)
    model = os.path.normpath(settings.model)
    names = [name for name, each in toolkit.models.items() if os.path.normpath(each.model) == model]
    return names[0] if names else root.resolve().name, root / toolkit.state


def _check_metric(settings: TrainSettings, prepared: Prepared, section: Section) -> None:
    if prepared.task not in METRICS[settings.select].tasks:
        fitting = [name for name, metric in METRICS.items() if prepared.task in metric.tasks]
        raise section.refuse(
            f"{settings.select} does not apply to a {prepared.task} task",
            "select",
            hint=f"these do: {', '.join(fitting)}",
        )


def _fit(name: str, pipeline: estimators.Pipeline, learned: Rows, section: Section) -> estimators.Pipeline:
    try:
        return pipeline.fit(learned.features, learned.truth)
    except ValueError as error:
        # Parameters are checked by scikit-learn when it fits, and rows by nobody better.
        raise section.refuse(
            f"scikit-learn refuses to fit: {str(error).splitlines()[0]}", "estimators", name, "parameters"
        ) from error


def _measure(pipeline: estimators.Pipeline, held: Rows, prepared: Prepared) -> dict[str, float]:
    """Return the metrics that are defined on the validation rows."""
    if prepared.task is Task.REGRESSION:
        raw, truth, classes = pipeline.predict(held.features), held.truth, []
    else:
        classes = [metrics.label(value) for value in pipeline.classes_.tolist()]
        raw, truth = pipeline.predict_proba(held.features), encode(held.truth, classes)
    answers = interpret(np.asarray(raw), task=prepared.task, classes=classes, positive=prepared.positive)
    found = measure(
        task=prepared.task, truth=truth, answers=answers, classes=classes, positive=prepared.positive
    )
    return {name: value for name, value in found.items() if value is not None}


def _choose(measured: dict[str, dict[str, float]], settings: TrainSettings) -> str:
    known = {name: found[settings.select] for name, found in measured.items() if settings.select in found}
    if not known:
        raise CannotTellError(
            f"{settings.select} is not defined on the validation rows",
            hint="do they hold every class? See prepare.split",
        )
    best = min if METRICS[settings.select].better is Better.LOWER else max
    return best(known, key=lambda name: known[name])


def _leaderboard(measured: dict[str, dict[str, float]], chosen: str, settings: TrainSettings) -> Leaderboard:
    sign = 1 if METRICS[settings.select].better is Better.LOWER else -1
    order = sorted(measured, key=lambda name: sign * measured[name].get(settings.select, sign * float("inf")))
    return Leaderboard(
        metric=settings.select,
        tried=tuple(
            Tried(
                estimator=name,
                kind=str(settings.estimators[name].kind),
                metrics=measured[name],
                chosen=name == chosen,
            )
            for name in order
        ),
        model=models.digest(Path(settings.model)),
        parameters={name: dict(each.parameters) for name, each in settings.estimators.items()},
    )


def _trusted(model: Any) -> list[str]:
    """Return the types that skops must be told to trust, all of them reviewed."""
    import skops.io

    needed: list[str] = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    if unknown := sorted(set(needed) - models.REVIEWED_TYPES):
        raise InputError(
            f"the model holds types that nobody reviewed: {', '.join(unknown)}",
            hint="choose other parameters; reviewed types: mltoolkit.models.REVIEWED_TYPES",
        )
    return sorted(needed)


if __name__ == "__main__":
    raise SystemExit(main())
