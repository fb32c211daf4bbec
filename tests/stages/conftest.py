"""A small table by month, and the settings that go with it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

Params = dict[str, Any]


def _table(rows: int = 600) -> dict[str, Any]:
    random = np.random.default_rng(3)
    size = random.normal(size=rows)
    color = random.choice(["red", "green", "blue"], rows)
    score = 2 * size + (color == "red") + random.normal(size=rows)
    return {
        "row_id": [f"row {at}" for at in range(rows)],
        "month": [f"2013-{1 + at * 6 // rows:02d}" for at in range(rows)],
        "customer": [f"c{at % 60}" for at in range(rows)],
        "size": np.where(random.random(rows) < 0.1, np.nan, size),
        "count": random.integers(0, 9, rows),
        "color": [None if at % 17 == 0 else value for at, value in enumerate(color.tolist())],
        "late": score > 0,
        "minutes": score,
        "grade": np.select([score < -1, score < 1], ["a", "b"], "c").tolist(),
    }


def _params() -> Params:
    return {
        "prepare": {
            "input": "data/table.parquet",
            "task": "binary",
            "target": "late",
            "numeric": ["size", "count"],
            "categorical": ["color"],
            "split": {"by": "time", "column": "month"},
        },
        "train": {
            "select": "brier",
            "estimators": {"logistic": {"kind": "logistic-regression"}},
        },
        "evaluate": {},
    }


def _write(folder: Path, params: Params, columns: Mapping[str, Any]) -> None:
    (folder / "data").mkdir(exist_ok=True)
    arrays = {
        name: pa.array(values, from_pandas=True) if not isinstance(values, pa.Array) else values
        for name, values in columns.items()
    }
    pq.write_table(pa.table(arrays), folder / "data" / "table.parquet")
    with (folder / "params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(params, file)


@pytest.fixture
def columns() -> dict[str, Any]:
    return _table()


@pytest.fixture
def params() -> Params:
    return _params()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Params, Mapping[str, Any]], Path]:
    """Write settings and table to an empty folder, and stand in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def written(params: Params, columns: Mapping[str, Any]) -> Path:
        _write(tmp_path, params, columns)
        return tmp_path

    return written
