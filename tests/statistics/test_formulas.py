"""Influence values beside the derivatives of scikit-learn's metrics by the weight of each row."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from mltoolkit.metrics import METRICS, Task
from mltoolkit.statistics.answers import Answers
from mltoolkit.statistics.formulas import FORMULAS
from mltoolkit.statistics.influence import Influence, influence

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.UndefinedMetricWarning", "ignore:y_pred contains", "ignore:A single label"
)

Weights = npt.NDArray[np.float64]
Metric = Callable[[Weights], float]

TIED = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
STEP = 1e-4


def check(found: Influence | str, expected: Metric, n: int) -> None:
    """Hold a metric to its peer: value, derivative by each row's weight, sums."""
    assert isinstance(found, Influence)
    ones = np.ones(n)
    assert found.value == pytest.approx(expected(ones), rel=1e-9, abs=1e-9)
    slopes = []
    for at in range(n):
        up, down = ones.copy(), ones.copy()
        up[at] += STEP
        down[at] -= STEP
        slopes.append((expected(up) - expected(down)) / (2 * STEP) * n)
    size = max(1.0, float(np.abs(found.rows).max()))
    assert found.rows.tolist() == pytest.approx(slopes, rel=1e-5, abs=1e-5 * size)
    assert found.rows.sum() == pytest.approx(0, abs=1e-9 * n * size)
    if found.weights is not None:
        assert found.weights.mean() == pytest.approx(1)
        assert found.weights.min() >= 0


def test_every_metric_of_the_catalogue_has_a_formula() -> None:
    assert list(FORMULAS) == list(METRICS)


def of_labels(truth: Any, labels: Any) -> dict[str, Metric]:
    met = [code for code in np.unique(np.append(truth, labels)).tolist() if code >= 0]
    macro = partial(peer.f1_score, truth, labels, labels=met, average="macro", zero_division=0)
    return {
        "accuracy": lambda w: peer.accuracy_score(truth, labels, sample_weight=w),
        "balanced-accuracy": lambda w: peer.balanced_accuracy_score(truth, labels, sample_weight=w),
        "f1-macro": lambda w: macro(sample_weight=w),
    }


def of_positives(there: Any, says: Any, score: Any) -> dict[str, Metric]:
    table = np.column_stack([1 - score, score])
    said = partial(peer.precision_recall_fscore_support, there, says, average="binary", zero_division=0)
    return {
        "precision": lambda w: said(sample_weight=w)[0],
        "recall": lambda w: said(sample_weight=w)[1],
        "f1": lambda w: said(sample_weight=w)[2],
        "brier": lambda w: peer.brier_score_loss(there, score, sample_weight=w, pos_label=1),
        "log-loss": lambda w: peer.log_loss(there, table, labels=[0, 1], sample_weight=w),
        "roc-auc": lambda w: peer.roc_auc_score(there, score, sample_weight=w),
        "average-precision": lambda w: peer.average_precision_score(there, score, sample_weight=w),
    }


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 1), TIED | st.floats(0, 1)), min_size=2, max_size=12),
    st.integers(0, 1),
)
def test_binary_metrics_move_as_those_of_scikit_learn(rows: list[tuple[int, float]], at: int) -> None:
    truth, score = (np.array(part) for part in zip(*rows, strict=True))
    table = np.column_stack([1 - score, score] if at else [score, 1 - score])
    labels = table.argmax(axis=1)
    expected = of_labels(truth, labels) | of_positives(
        (truth == at).astype(int), (labels == at).astype(int), score
    )
    there, said = int((truth == at).sum()), int((labels == at).sum())
    fewer = min(there, truth.size - there)
    undefined = {
        "roc-auc": not fewer,
        "average-precision": not fewer,
        "balanced-accuracy": not fewer,
        "precision": not said,
        "recall": not there,
        "f1": not there + said,
    }
    rare = {
        "roc-auc": fewer,
        "average-precision": fewer,
        "balanced-accuracy": fewer,
        "precision": said,
        "recall": there,
        "f1": there,
        "f1-macro": fewer or truth.size,
    }
    for name, of in expected.items():
        found = influence(
            name,
            task=Task.BINARY,
            truth=truth,
            answers=Answers(labels=labels, probabilities=table),
            classes=("0", "1"),
            positive=str(at),
        )
        if undefined.get(name):
            assert isinstance(found, str)
            continue
        check(found, of, truth.size)
        assert isinstance(found, Influence)
        assert found.rare == rare.get(name)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 3)), min_size=2, max_size=12))
def test_metrics_of_many_classes_move_as_those_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    truth, labels = (np.array(part) for part in zip(*rows, strict=True))

    for name, of in of_labels(truth, labels).items():
        found = influence(
            name,
            task=Task.MULTICLASS,
            truth=truth,
            answers=Answers(labels=labels),
            classes=("0", "1", "2", "3"),
            positive=None,
        )
        if name == "balanced-accuracy" and len(set(truth.tolist())) == 1:
            assert found == "all rows are of one class"
            continue
        check(found, of, truth.size)
        assert isinstance(found, Influence)
        assert found.rare == (None if name == "accuracy" else np.unique_counts(truth).counts.min())


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.tuples(*[st.floats(0, 1)] * 3).filter(lambda p: sum(p) > 0.1)),
        min_size=2,
        max_size=12,
    )
)
def test_losses_of_many_classes_move_as_those_of_scikit_learn(
    rows: list[tuple[int, tuple[float, float, float]]],
) -> None:
    truth, raw = (np.array(part) for part in zip(*rows, strict=True))
    table = raw / raw.sum(axis=1, keepdims=True)
    answers = Answers(labels=table.argmax(axis=1), probabilities=table)
    of = partial(
        influence,
        task=Task.MULTICLASS,
        truth=truth,
        answers=answers,
        classes=("0", "1", "2"),
        positive=None,
    )
    labels = [0, 1, 2]

    check(
        of("log-loss"),
        lambda w: float(peer.log_loss(truth, table, labels=labels, sample_weight=w)),
        truth.size,
    )
    check(
        of("brier"),
        lambda w: float(
            peer.brier_score_loss(truth, table, labels=labels, sample_weight=w, scale_by_half=False)
        ),
        truth.size,
    )


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(-40, 40), st.floats(-20, 20)), min_size=2, max_size=12),
    st.sampled_from([0.05, 0.5, 0.9]),
)
def test_regression_metrics_move_as_those_of_scikit_learn(
    rows: list[tuple[int, float]], quantile: float
) -> None:
    whole, values = (np.array(part) for part in zip(*rows, strict=True))
    truth = whole / 2
    expected: dict[str, Metric] = {
        "mse": lambda w: float(peer.mean_squared_error(truth, values, sample_weight=w)),
        "mae": lambda w: float(peer.mean_absolute_error(truth, values, sample_weight=w)),
        "rmse": lambda w: float(peer.root_mean_squared_error(truth, values, sample_weight=w)),
        "pinball": lambda w: float(peer.mean_pinball_loss(truth, values, alpha=quantile, sample_weight=w)),
        "r2": lambda w: float(peer.r2_score(truth, values, sample_weight=w)),
    }
    for name, of in expected.items():
        found = influence(
            name,
            task=Task.REGRESSION,
            truth=truth,
            answers=Answers(values=values),
            classes=(),
            positive=None,
            quantile=quantile,
        )
        if name == "r2" and np.ptp(truth) == 0:
            assert found == "the target is the same in every row"
            continue
        check(found, of, truth.size)
        assert isinstance(found, Influence)
        assert found.rare is None


def test_no_error_at_all_has_no_slope_and_no_division_by_nothing() -> None:
    truth = np.array([1.0, 2.0, 3.0])

    for name, value in (("rmse", 0.0), ("mse", 0.0), ("r2", 1.0)):
        found = influence(
            name,
            task=Task.REGRESSION,
            truth=truth,
            answers=Answers(values=truth),
            classes=(),
            positive=None,
        )
        assert isinstance(found, Influence)
        assert (found.value, found.rows.tolist()) == (value, [0, 0, 0])


def test_rows_weigh_what_they_count_in_the_denominator() -> None:
    truth, labels = np.array([1, 1, 0, 0]), np.array([1, 0, 1, 0])
    table = np.eye(2)[labels]
    of = partial(
        influence,
        task=Task.BINARY,
        truth=truth,
        answers=Answers(labels=labels, probabilities=table),
        classes=("0", "1"),
        positive="1",
    )

    weights = {name: found.weights for name in FORMULAS if isinstance(found := of(name), Influence)}

    assert weights["accuracy"] is None
    assert weights["brier"] is None
    for name, expected in (
        ("recall", [2, 2, 0, 0]),
        ("precision", [2, 0, 2, 0]),
        ("f1", [2, 1, 1, 0]),
        ("f1-macro", [1, 1, 1, 1]),
        ("balanced-accuracy", [1, 1, 1, 1]),
        ("roc-auc", [1, 1, 1, 1]),
    ):
        each = weights[name]
        assert each is not None
        assert each.tolist() == expected, name


def test_r2_of_a_target_whose_mean_is_rounded_is_not_made_of_the_rounding() -> None:
    truth = np.full(3, 0.1)
    assert truth.mean() != 0.1
    found = influence(
        "r2",
        task=Task.REGRESSION,
        truth=truth,
        answers=Answers(values=np.full(3, 0.2)),
        classes=(),
        positive=None,
    )

    assert found == "the target is the same in every row"
