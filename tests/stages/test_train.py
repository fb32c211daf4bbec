"""The stage train: every kind of estimator, twice, in processes of their own; and what it refuses."""

import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mltoolkit import files, models
from mltoolkit.errors import CannotTellError, InputError
from mltoolkit.stages import prepare, train
from mltoolkit.training import Leaderboard

Write = Callable[[dict[str, Any], Mapping[str, Any]], Path]

CLASSIFIERS = {
    "forest": {"kind": "random-forest", "parameters": {"n_estimators": 5, "max_depth": 4}},
    "boosted": {"kind": "histogram-gradient-boosting", "parameters": {"max_iter": 8}},
    "logistic": {"kind": "logistic-regression"},
}
REGRESSORS = {
    "linear": {"kind": "linear-regression"},
    "forest": {"kind": "random-forest", "parameters": {"n_estimators": 5}},
    "boosted": {"kind": "histogram-gradient-boosting", "parameters": {"max_iter": 8}},
}


def run(folder: Path, stage: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"mltoolkit.stages.{stage}"],
        cwd=folder,
        env=os.environ | extra,
        capture_output=True,
        text=True,
        check=False,
    )


# Fits every kind alone, for each task, in a process whose addresses and hash seed are its own.
EVERY_KIND = """
import os
import sys
from pathlib import Path
import mlflow.pyfunc
import numpy as np
from mltoolkit import models
from mltoolkit.stages import estimators, train
from mltoolkit.stages.prepared import load_prepared, read, rows
from mltoolkit.stages.settings import TrainSettings, read as settings_of

for folder in sys.argv[2:]:
    os.chdir(folder)
    settings, section = settings_of("train", TrainSettings)
    prepared = load_prepared(Path("data"))
    every = rows(read(Path("data/train.parquet"), digest=prepared.digests["train"]), prepared)
    for name, each in settings.estimators.items():
        pipeline = estimators.build(name, each, prepared, seed=1, section=section)
        pipeline.fit(every.features, every.truth)
        target = Path(sys.argv[1]) / name
        train.save(pipeline, target, every, prepared)
        print(prepared.task, name, models.digest(target))
        loaded = mlflow.pyfunc.load_model(str(target))
        offline = pipeline.predict_proba if hasattr(pipeline, "predict_proba") else pipeline.predict
        np.testing.assert_array_equal(loaded.predict(every.features), offline(every.features))
"""

TASKS = {
    "binary": ("late", CLASSIFIERS),
    "multiclass": ("grade", CLASSIFIERS),
    "regression": ("minutes", REGRESSORS),
}


def test_two_processes_write_the_same_models_and_each_answers_as_before(
    write: Write, params: dict[str, Any], columns: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(params, columns)
    folders = []
    for task, (target, tried) in TASKS.items():
        params["prepare"] |= {"task": task, "target": target, "input": str(root / "data/table.parquet")}
        params["train"]["estimators"] = tried
        write(params, columns)
        folders.append(root / task)
        folders[-1].mkdir()
        shutil.copy("params.yaml", folders[-1])
        monkeypatch.chdir(folders[-1])
        prepare.stage()
        monkeypatch.chdir(root)
    said = [
        subprocess.run(
            [sys.executable, "-c", EVERY_KIND, target, *folders],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for target, seed in (("one", "1"), ("two", "2"))
    ]
    assert said[0] == said[1]
    assert len({line.split()[-1] for line in said[0]}) == len(said[0]) == 9
    for folder in folders:
        for saved in (folder / "one").iterdir():
            read = models.read(saved)
            assert read.metadata["task"] == folder.name
            assert read.predicts_probabilities == (folder.name != "regression")


def runs_in(store: Path) -> list[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(store)) as database:
        return database.execute("select name, status from runs order by name").fetchall()


def test_the_best_on_validation_rows_wins_and_each_try_is_one_run(
    write: Write, params: dict[str, Any], columns: Any
) -> None:
    params["train"]["estimators"] = {
        "blunt": {"kind": "histogram-gradient-boosting", "parameters": {"max_iter": 1, "max_depth": 1}},
        "logistic": {"kind": "logistic-regression", "parameters": {"C": 1.0}},
    }
    folder = write(params, columns)
    prepare.stage()
    (folder / "data/evaluation.parquet").unlink()  # training does not even open it
    done = run(folder, "train")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("logistic (logistic-regression) of 2: brier 0.")
    board = files.load(folder / "leaderboard.json", Leaderboard)
    assert [(tried.estimator, tried.chosen) for tried in board.tried] == [
        ("logistic", True),
        ("blunt", False),
    ]
    assert board.tried[0].metrics["brier"] < board.tried[1].metrics["brier"]
    assert board.model == models.digest(folder / "model")
    assert board.parameters == {"blunt": {"max_iter": 1, "max_depth": 1}, "logistic": {"C": 1.0}}
    first = files.manifest(folder / "model"), (folder / "leaderboard.json").read_bytes()
    shutil.rmtree(folder / "model")
    assert run(folder, "train").returncode == 0
    assert (files.manifest(folder / "model"), (folder / "leaderboard.json").read_bytes()) == first
    # Trained twice, and the same thing: one run each.
    store = folder / ".mltoolkit/mlflow/mlflow.db"
    assert runs_in(store) == [("blunt", "FINISHED"), ("logistic", "FINISHED")]
    assert (folder / ".mltoolkit/.gitignore").read_text() == "*\n"
    assert sorted(path.name for path in folder.iterdir()) == [
        ".mltoolkit",
        "data",
        "leaderboard.json",
        "model",
        "params.yaml",
    ]


def test_training_completes_in_seconds_when_tracking_is_unreachable(
    write: Write, params: dict[str, Any], columns: Any
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://ada:hush@127.0.0.1:{free.getsockname()[1]}"
    folder = write(params, columns)
    prepare.stage()
    began = time.monotonic()
    done = run(folder, "train", MLFLOW_TRACKING_URI=address)
    assert time.monotonic() - began < 30
    assert done.returncode == 0
    assert "warning: trained, and not recorded in MLflow" in done.stderr
    assert "mltoolkit register" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr
    assert files.load(folder / "leaderboard.json", Leaderboard).model == models.digest(folder / "model")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"select": "rmse"}, r"params.yaml:\d+: train.select: rmse does not apply to a binary task"),
        (
            {"estimators": {"one": {"kind": "linear-regression"}}},
            r"train.estimators.one.kind: linear-regression does not do binary",
        ),
        (
            {"estimators": {"one": {"kind": "random-forest", "parameters": {"n_estimator": 5}}}},
            r"parameters.n_estimator: random-forest has no parameter .*\n.*did you mean `n_estimators`",
        ),
        (
            {"estimators": {"one": {"kind": "random-forest", "parameters": {"n_estimators": -1}}}},
            r"train.estimators.one.parameters: scikit-learn refuses to fit: The 'n_estimators' parameter",
        ),
    ],
)
def test_settings_that_cannot_be_trained_with_are_refused(
    settings: dict[str, Any], message: str, write: Write, request: pytest.FixtureRequest
) -> None:
    params = request.getfixturevalue("params")
    params["train"] |= settings
    folder = write(params, request.getfixturevalue("columns"))
    prepare.stage()
    with pytest.raises(InputError, match=message):
        train.stage()
    assert not (folder / "model").exists()


def test_a_linear_model_refuses_features_that_nobody_fills(
    write: Write, params: dict[str, Any], columns: Any
) -> None:
    params["prepare"]["impute"] = {"numeric": "none"}
    write(params, columns)
    prepare.stage()
    with pytest.raises(InputError, match="does not take missing values, and 'size' is not filled"):
        train.stage()


def test_a_metric_that_is_undefined_on_the_validation_rows_cannot_choose(
    write: Write, params: dict[str, Any], columns: Any
) -> None:
    params["train"]["select"] = "roc-auc"
    late = columns["late"].copy()
    late[400:500] = True
    write(params, columns | {"late": late})
    prepare.stage()
    with pytest.raises(CannotTellError, match="roc-auc is not defined on the validation rows"):
        train.stage()


def test_rows_of_another_preparation_are_refused(write: Write, params: dict[str, Any], columns: Any) -> None:
    folder = write(params, columns)
    prepare.stage()
    with (folder / "data/train.parquet").open("ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match=r"train.parquet: is not the file that prepared.json tells about"):
        train.stage()
