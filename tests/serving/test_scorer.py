import ast
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mltoolkit.serving import scorer

SCRIPT = Path(scorer.__file__)


def run(
    tmp_path: Path, model: Path, rows: Path, hidden: tuple[str, ...] = ()
) -> tuple[int, str, dict[str, Any]]:
    request = {
        "model": str(model),
        "rows": str(rows),
        "golden": [0],
        "hidden": hidden,
        "memory": 16 * 2**30,
        "answers": str(tmp_path / "answers.parquet"),
        "requests": str(tmp_path / "requests.json"),
        "costs": str(tmp_path / "costs.json"),
    }
    (tmp_path / "request.json").write_text(json.dumps(request))
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path / "request.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    made = tmp_path / "requests.json"
    return done.returncode, done.stderr, json.loads(made.read_text()) if made.exists() else {}


def test_it_needs_mlflow_pandas_and_pyarrow_but_not_us() -> None:
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(SCRIPT.read_text()))
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [])
        + ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
    }

    assert imported - sys.stdlib_module_names == {"numpy", "pandas", "pyarrow", "mlflow"}


def test_labels_keep_their_type(tmp_path: Path, saved_models: Path) -> None:
    code, _, made = run(tmp_path, saved_models / "labels", saved_models / "rows.parquet")
    table = pq.read_table(tmp_path / "answers.parquet")

    assert code == 0
    assert set(table.column(0).to_pylist()) == {0, 1}
    assert made["predictions"][0] in {0, 1}


def test_a_regression_answers_one_column(tmp_path: Path, saved_models: Path) -> None:
    code, _, _ = run(tmp_path, saved_models / "regression", saved_models / "rows.parquet")

    assert code == 0
    assert pq.read_table(tmp_path / "answers.parquet").num_columns == 1


def test_a_request_holds_only_what_the_model_takes(tmp_path: Path, saved_models: Path) -> None:
    _, _, made = run(tmp_path, saved_models / "binary", saved_models / "rows.parquet")

    assert made["request"]["dataframe_split"]["columns"] == ["a", "b"]
    assert len(made["request"]["dataframe_split"]["data"]) == 1


def test_the_latency_is_the_slowest_request_but_one() -> None:
    waits = iter([0.0, 0.0, 0.3, 0.0, 0.06, 0.0])
    found = scorer.latency([lambda: time.sleep(next(waits)), lambda: time.sleep(next(waits))])

    assert 0.06 <= found < 0.3


def test_one_request_has_a_latency_too_and_a_slow_model_is_not_asked_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(scorer, "PATIENCE", 0.0)

    assert scorer.latency([lambda: asked.append(1)] * 16) >= 0
    assert asked == [1]


def test_memory_is_that_of_the_process_itself() -> None:
    held = "x" * (64 * 2**20)
    assert scorer.peak() > len(held)
    # Started by a large process, a small one is small.
    script = f"import runpy; print(runpy.run_path({str(SCRIPT)!r})['peak']())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert int(done.stdout) < 64 * 2**20
