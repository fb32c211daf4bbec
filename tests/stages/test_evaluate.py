"""The stage evaluate: predictions and metrics of the evaluation rows, from the model directory alone."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from mltoolkit.errors import InputError
from mltoolkit.files import dump_json, load, write_bytes
from mltoolkit.stages import evaluate, prepare, train
from mltoolkit.training import Prepared

# MLflow warns of itself when it is imported, and of how it uses pandas when it saves an example.
pytestmark = pytest.mark.filterwarnings("ignore")

Write = Callable[[dict[str, Any], Mapping[str, Any]], Path]


@pytest.fixture
def trained(write: Write, params: dict[str, Any], columns: Any, request: pytest.FixtureRequest) -> Path:
    """A folder with a model; the test says of which task."""
    params["prepare"] |= request.param
    if request.param["task"] == "regression":
        params["train"] = {"select": "rmse", "estimators": {"linear": {"kind": "linear-regression"}}}
    folder = write(params, columns)
    prepare.stage()
    train.stage()
    return folder


@pytest.mark.parametrize("trained", [{"task": "binary", "target": "late"}], indirect=True)
def test_probabilities_and_labels_agree_with_the_metrics(trained: Path) -> None:
    evaluate.stage()
    said = pq.read_table(trained / "data/predictions.parquet").to_pydict()
    assert list(said) == ["row_id", "late", "prediction", "probability:0", "probability:1"]
    chance = np.array(said["probability:1"])
    late = np.array(said["late"])
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["brier"] == pytest.approx(np.mean((chance - late) ** 2), rel=1e-5)
    assert metrics["accuracy"] == pytest.approx(np.mean((chance >= 0.5) == late), rel=1e-5)
    assert [word == "1" for word in said["prediction"]] == (chance >= 0.5).tolist()


@pytest.mark.parametrize("trained", [{"task": "regression", "target": "minutes"}], indirect=True)
def test_a_regression_predicts_numbers(trained: Path) -> None:
    evaluate.stage()
    said = pq.read_table(trained / "data/predictions.parquet").to_pydict()
    error = np.array(said["prediction"]) - np.array(said["minutes"])
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["rmse"] == pytest.approx(float(np.sqrt(np.mean(error**2))), rel=1e-5)
    assert set(metrics) == {"rmse", "mse", "mae", "r2"}


@pytest.mark.parametrize("trained", [{"task": "binary", "target": "late"}], indirect=True)
def test_one_class_in_the_evaluation_rows_leaves_undefined_metrics_out(
    trained: Path, params: dict[str, Any], columns: Any, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    late = columns["late"].copy()
    late[500:] = False
    write(params, columns | {"late": late})
    prepare.stage()
    evaluate.stage()
    assert "roc-auc" not in json.loads((trained / "metrics.json").read_text())
    assert "warning: roc-auc is not defined on these rows" in capsys.readouterr().err


@pytest.mark.parametrize("trained", [{"task": "binary", "target": "late"}], indirect=True)
def test_a_model_of_other_classes_is_refused(trained: Path) -> None:
    path = trained / "data/prepared.json"
    prepared = load(path, Prepared)
    write_bytes(
        path, dump_json(msgspec.structs.replace(prepared, classes={"no": 1, "yes": 2}, positive="yes"))
    )
    with pytest.raises(
        InputError, match=r"model: was trained on the classes 0, 1, and the rows have no, yes"
    ):
        evaluate.stage()
