from pathlib import Path

import numpy as np
import pytest

from mltoolkit import measuring
from mltoolkit.evidence import BaselineValue
from mltoolkit.metrics import Task
from mltoolkit.rows import Frame
from mltoolkit.statistics.answers import Answers


def frame(task: Task = Task.BINARY, n: int = 100, columns: dict[str, Answers | str] | None = None) -> Frame:
    codes = np.arange(n) % 2
    return Frame(
        path=Path("rows.parquet"),
        digest=f"sha256:{'a' * 64}",
        target="target",
        ids=[f"r{at}" for at in range(n)],
        truth=codes.astype(np.float64) if task is Task.REGRESSION else codes,
        slices={"half": (np.arange(n) // (n // 2), ("first", "second"))},
        groups=None,
        dates=(),
        columns=columns or {},
        task=task,
        classes=() if task is Task.REGRESSION else ("0", "1"),
        positive=None if task is Task.REGRESSION else "1",
    )


def test_everybody_is_measured_on_all_rows_and_on_slices() -> None:
    labels = np.zeros(100, dtype=np.int64)
    found = measuring.measurements(frame(), "anchor", Answers(labels=labels), quantile=None)
    accuracy = [(m.slice, m.value, m.n) for m in found if m.metric == "accuracy"]

    assert accuracy == [(None, 0.5, 100), ("half=first", 0.5, 50), ("half=second", 0.5, 50)]
    (precision,) = (m for m in found if m.metric == "precision" and m.slice is None)
    assert precision.value is None
    assert precision.reason == "not defined on these rows (one class, or no predicted positive)"


def test_a_quantile_is_measured_where_the_settings_name_one() -> None:
    answers = Answers(values=np.full(100, 0.5))
    without = measuring.measurements(frame(Task.REGRESSION), "challenger", answers, quantile=None)
    named = measuring.measurements(frame(Task.REGRESSION), "challenger", answers, quantile=0.9)

    assert "pinball" not in {m.metric for m in without}
    assert next(m.value for m in named if m.metric == "pinball") == pytest.approx(0.25)


def test_a_column_is_measured_by_all_that_it_says_and_a_fault_by_nothing() -> None:
    said = Answers(labels=np.arange(100) % 2)
    rows = frame(columns={"column:said": said, "column:none": "the rows have no column none"})
    baselines = measuring.baselines(rows, None)
    measured = [m for each in baselines[2:] for m in measuring.of_baseline(rows, each, quantile=None)]

    assert [(b.name, b.source, b.value) for b in baselines[2:]] == [
        ("column:said", "column", None),
        ("column:none", "column", None),
    ]
    assert {m.of for m in measured} == {"column:said"}
    assert next(m.value for m in measured if m.metric == "accuracy") == 1


def test_a_base_rate_is_measured_by_its_probabilities_and_a_majority_by_its_label() -> None:
    rows = frame()
    rate = BaselineValue(name="base-rate", source="training", value=(0.5, 0.5))
    majority = BaselineValue(name="majority", source="training", value="0")

    assert {m.metric for m in measuring.of_baseline(rows, rate, quantile=None)} >= {"brier", "roc-auc"}
    assert "accuracy" not in {m.metric for m in measuring.of_baseline(rows, rate, quantile=None)}
    assert "brier" not in {m.metric for m in measuring.of_baseline(rows, majority, quantile=None)}


def test_the_worst_rows_come_first_and_right_ones_not_at_all() -> None:
    labels = np.arange(100) % 2
    labels[[3, 7]] = 0
    labels[9] = -1
    found = measuring.worst(frame(), Answers(labels=labels))

    assert [(row.id, row.target, row.prediction) for row in found] == [
        ("r3", "1", "0"),
        ("r7", "1", "0"),
        ("r9", "1", "unknown class"),
    ]
