from pathlib import Path

import msgspec
import numpy as np
import pytest

from mltoolkit import measuring
from mltoolkit.metrics import Task
from mltoolkit.rows import Frame
from mltoolkit.statistics.answers import Answers
from mltoolkit.training import Prepared


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
    baselines = measuring.baselines(rows, None)[3:]
    measured = [m for each in baselines for m in measuring.of_baseline(rows, each, quantile=None)]

    assert [(b.name, b.source, b.value) for b in baselines] == [
        ("column:said", "column", None),
        ("column:none", "column", None),
    ]
    assert {m.of for m in measured} == {"column:said"}
    assert next(m.value for m in measured if m.metric == "accuracy") == 1


def test_a_constant_is_measured_by_the_metrics_that_it_is_a_bar_for() -> None:
    rows, numbers = frame(), frame(Task.REGRESSION)
    found = [
        (baseline.name, {m.metric for m in measuring.of_baseline(on, baseline, quantile=0.9)})
        for on in (rows, numbers)
        for baseline in measuring.baselines(on, None, quantile=0.9)
    ]

    assert found == [
        ("base-rate", {"brier", "log-loss", "roc-auc", "average-precision"}),
        ("majority", {"accuracy", "balanced-accuracy"}),
        ("positive", {"f1"}),
        ("mean", {"rmse", "mse", "r2"}),
        ("median", {"mae"}),
        ("quantile", {"pinball"}),
    ]


def lognormal() -> Frame:
    truth = np.random.default_rng(6).lognormal(size=999)
    return msgspec.structs.replace(
        frame(Task.REGRESSION, 999), truth=truth, slices={}, ids=[f"r{at}" for at in range(999)]
    )


@pytest.mark.parametrize(("name", "metric"), [("mean", "mse"), ("median", "mae"), ("quantile", "pinball")])
def test_no_constant_beats_the_baseline_of_a_metric_of_regression(name: str, metric: str) -> None:
    rows = lognormal()
    baseline = next(b for b in measuring.baselines(rows, None, quantile=0.9) if b.name == name)

    def loss(value: float) -> float:
        answers = Answers(values=np.full(999, value))
        found = measuring.measurements(rows, "x", answers, quantile=0.9)
        return next(m.value for m in found if m.metric == metric and m.value is not None)

    assert isinstance(baseline.value, float)
    assert loss(baseline.value) <= min(map(loss, np.geomspace(0.1, 10, 200))) * (1 + 1e-5)


def test_what_training_rows_tell_comes_from_them_and_the_rest_from_these() -> None:
    rows = lognormal()
    known = Prepared(
        task=Task.REGRESSION,
        id="id",
        target="target",
        numeric=(),
        categorical=(),
        impute={},
        splits={},
        positive=None,
        classes={},
        mean=7.0,
        percentiles=tuple(map(float, range(1, 100))),
        digests={},
    )

    def told(training: Prepared, quantile: float) -> dict[str, tuple[str, object]]:
        found = measuring.baselines(rows, training, quantile=quantile)
        return {each.name: (each.source, each.value) for each in found}

    assert told(known, 0.9) == {
        "mean": ("training", 7.0),
        "median": ("training", 50.0),
        "quantile": ("training", 90.0),
    }
    assert told(known, 0.975)["quantile"][0] == "evaluation"
    before = msgspec.structs.replace(known, percentiles=())
    assert [source for source, _ in told(before, 0.9).values()] == ["training", "evaluation", "evaluation"]


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
