"""The stage ``evaluate``: what the model says about the evaluation rows, and how good that is.

A first look that depends on the project alone. The numbers that the gate uses are measured again by
``mltoolkit evaluate``, beside the model that is live.
"""

import sys
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from mltoolkit import files, metrics, models
from mltoolkit.errors import InputError, Location, OutsideError
from mltoolkit.metrics import Task
from mltoolkit.stages import program
from mltoolkit.stages.canonical import ARCHIVE
from mltoolkit.stages.prepared import Rows, load_prepared, read, rows
from mltoolkit.stages.settings import EvaluateSettings
from mltoolkit.stages.settings import read as read_section
from mltoolkit.statistics.answers import Answers, encode, interpret
from mltoolkit.statistics.influence import measure
from mltoolkit.training import Prepared


def main() -> int:
    """Run the stage in the current folder."""
    return program.main(stage)


def stage() -> str:
    """Write predictions and metrics of the evaluation rows.

    Raises:
        InputError: Settings, model directory or rows are not usable.
        CannotTellError: The model's answers cannot be read.
        OutsideError: The model cannot be loaded, or fails.
    """
    settings, _ = read_section("evaluate", EvaluateSettings)
    folder = Path(settings.input)
    prepared = load_prepared(folder)
    model = models.read(Path(settings.model))
    table = read(folder / "evaluation.parquet", digest=prepared.digests["evaluation"])
    held = rows(table, prepared)
    classes = _classes(model, prepared)
    answers = interpret(
        _predict(model, held), task=prepared.task, classes=classes, positive=prepared.positive
    )
    truth = held.truth if prepared.task is Task.REGRESSION else encode(held.truth, classes)
    found = measure(
        task=prepared.task, truth=truth, answers=answers, classes=classes, positive=prepared.positive
    )
    said = _columns(answers, classes)
    shown: dict[str, Any] = {name: table.column(name) for name in (prepared.id, prepared.target)}
    _write(Path(settings.predictions), pa.table(shown | said))
    numbers = {name: value for name, value in found.items() if value is not None}
    for name in sorted(set(found) - set(numbers)):
        sys.stderr.write(f"warning: {name} is not defined on these rows, and left out\n")
    files.write_bytes(Path(settings.metrics), files.dump_json(numbers))
    return ", ".join([f"{table.num_rows} rows", *(f"{name} {value:g}" for name, value in numbers.items())])


def _classes(model: models.ModelDirectory, prepared: Prepared) -> list[str]:
    """Return the classes in the order of the model's probabilities."""
    if prepared.task is Task.REGRESSION:
        return []
    noted = model.metadata.get("classes")
    classes = (
        [metrics.label(value) for value in noted] if isinstance(noted, list) else sorted(prepared.classes)
    )
    if set(classes) != set(prepared.classes):
        raise InputError(
            f"was trained on the classes {', '.join(classes)}, and the rows have {', '.join(prepared.classes)}",
            where=Location(path=str(model.path)),
            hint="run the stage train again",
        )
    return classes


def _predict(model: models.ModelDirectory, held: Rows) -> npt.NDArray[Any]:
    try:
        if (archive := model.path / ARCHIVE).is_file() and model.flavor == "sklearn":
            return _predict_with_skops(archive, held, probabilities=model.predicts_probabilities)
        return _predict_with_mlflow(model.path, held)
    except (ValueError, TypeError, KeyError, ImportError, BadZipFile) as error:
        raise OutsideError(
            f"the model cannot answer: {next(iter(str(error).splitlines()), type(error).__name__)}",
            hint=f"what it was made with: {model.path / 'requirements.txt'}",
        ) from error


def _predict_with_skops(archive: Path, held: Rows, *, probabilities: bool) -> npt.NDArray[Any]:
    """Ask a model of our `train` stage. Importing MLflow would cost as much again as all the rest.

    What is judged and served goes through MLflow: ``mltoolkit evaluate`` and the endpoint.
    """
    import skops.io

    pipeline = skops.io.load(archive, trusted=sorted(models.REVIEWED_TYPES))
    return np.asarray((pipeline.predict_proba if probabilities else pipeline.predict)(held.features))


def _predict_with_mlflow(path: Path, held: Rows) -> npt.NDArray[Any]:
    """Ask any other model that MLflow can load."""
    import mlflow.pyfunc
    from mlflow.exceptions import MlflowException

    try:
        # The warnings compare every installed package with the model's requirements: half a second.
        loaded = mlflow.pyfunc.load_model(str(path), suppress_warnings=True)
        return np.asarray(loaded.predict(held.features))
    except MlflowException as error:
        raise ValueError(error.message) from error


def _columns(answers: Answers, classes: list[str]) -> dict[str, Any]:
    """Return a column ``prediction``, and one of probabilities for each class where there are any."""
    if answers.values is not None:
        return {"prediction": answers.values}
    made: dict[str, Any] = {}
    if answers.labels is not None:
        made["prediction"] = pa.array(
            [classes[code] if code >= 0 else None for code in answers.labels.tolist()]
        )
    if answers.probabilities is not None:
        made |= {f"probability:{name}": answers.probabilities[:, at] for at, name in enumerate(classes)}
    return made


def _write(path: Path, table: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    files.write_bytes(path, sink.getvalue().to_pybytes())


if __name__ == "__main__":
    raise SystemExit(main())
