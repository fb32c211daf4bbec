import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from mltoolkit.errors import CannotTellError
from mltoolkit.metrics import METRICS, Task
from mltoolkit.statistics.answers import Answers, interpret, rounded
from mltoolkit.statistics.influence import Influence, influence, measure

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.UndefinedMetricWarning", "ignore:y_pred contains", "ignore:A single label"
)
BINARY = ("0", "1")
THREE = ("0", "1", "2")


def binary(truth: Any, score: Any) -> dict[str, float | None]:
    table = np.column_stack([1 - np.asarray(score), score])
    answers = interpret(table, task=Task.BINARY, classes=BINARY, positive="1")
    return measure(task=Task.BINARY, truth=np.asarray(truth), answers=answers, classes=BINARY, positive="1")


def regression(truth: Any, values: Any, quantile: float | None = None) -> dict[str, float | None]:
    return measure(
        task=Task.REGRESSION,
        truth=np.asarray(truth),
        answers=Answers(values=np.asarray(values)),
        classes=(),
        positive=None,
        quantile=quantile,
    )


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]) | st.floats(0, 1)
        ),
        min_size=1,
        max_size=60,
    )
)
def test_binary_metrics_equal_those_of_scikit_learn(rows: list[tuple[int, float]]) -> None:
    truth, score = (np.array(part) for part in zip(*rows, strict=True))
    table = np.column_stack([1 - score, score])
    label = table.argmax(axis=1)
    found = binary(truth, score)

    expected = {
        "accuracy": peer.accuracy_score(truth, label),
        "brier": peer.brier_score_loss(truth, score, pos_label=1),
        "log-loss": peer.log_loss(truth, table, labels=[0, 1]),
        "f1-macro": peer.f1_score(truth, label, average="macro", zero_division=0),
    }
    both = len(set(truth)) == 2
    if both:
        expected |= {
            "roc-auc": peer.roc_auc_score(truth, score),
            "average-precision": peer.average_precision_score(truth, score),
            "balanced-accuracy": peer.balanced_accuracy_score(truth, label),
        }
    for name, function in (
        ("precision", peer.precision_score),
        ("recall", peer.recall_score),
        ("f1", peer.f1_score),
    ):
        value = function(truth, label, zero_division=np.nan)
        if not math.isnan(value):
            expected[name] = value
    assert set(found) == {name for name, metric in METRICS.items() if Task.BINARY in metric.tasks}
    for name, value in found.items():
        if name in expected:
            assert value == pytest.approx(expected[name], rel=1e-5, abs=1e-9), name
        else:
            assert value is None, name


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.tuples(*[st.floats(0, 1)] * 3).filter(lambda p: sum(p) > 0.1)),
        min_size=1,
        max_size=40,
    )
)
def test_multiclass_metrics_equal_those_of_scikit_learn(
    rows: list[tuple[int, tuple[float, float, float]]],
) -> None:
    truth, raw = (np.array(part) for part in zip(*rows, strict=True))
    table = raw / raw.sum(axis=1, keepdims=True)
    label = table.argmax(axis=1)
    found = measure(
        task=Task.MULTICLASS,
        truth=truth,
        answers=interpret(table, task=Task.MULTICLASS, classes=THREE, positive=None),
        classes=THREE,
        positive=None,
    )

    hot = np.eye(3)[truth]
    expected = {
        "brier": ((table - hot) ** 2).sum(axis=1).mean(),
        "log-loss": peer.log_loss(truth, table, labels=[0, 1, 2]),
        "accuracy": peer.accuracy_score(truth, label),
        "balanced-accuracy": peer.balanced_accuracy_score(truth, label),
        "f1-macro": peer.f1_score(truth, label, average="macro", zero_division=0),
    }
    assert list(found) == list(expected)
    for name, value in found.items():
        if name == "balanced-accuracy" and len(set(truth)) == 1:
            assert value is None
        else:
            assert value == pytest.approx(expected[name], rel=1e-5, abs=1e-9), name


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=40).filter(
        lambda rows: np.ptp([row[0] for row in rows]) > 1e-3
    ),
    st.floats(0.01, 0.99),
)
def test_regression_metrics_equal_those_of_scikit_learn(
    rows: list[tuple[float, float]], quantile: float
) -> None:
    truth, values = (np.array(part) for part in zip(*rows, strict=True))
    found = regression(truth, values, quantile)

    assert list(found) == ["rmse", "mse", "mae", "pinball", "r2"]
    assert found["mse"] == pytest.approx(peer.mean_squared_error(truth, values), rel=1e-5)
    assert found["rmse"] == pytest.approx(peer.root_mean_squared_error(truth, values), rel=1e-5)
    assert found["mae"] == pytest.approx(peer.mean_absolute_error(truth, values), rel=1e-5)
    assert found["pinball"] == pytest.approx(peer.mean_pinball_loss(truth, values, alpha=quantile), rel=1e-5)
    assert found["r2"] == pytest.approx(peer.r2_score(truth, values), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("quantile", [None, 0.0, 1.0, 50.0, -0.1, math.nan])
def test_a_model_of_no_quantile_has_no_pinball_loss(quantile: float | None) -> None:
    assert "pinball" not in regression([1.0, 2.0], [1.0, 3.0], quantile)
    found = influence(
        "pinball",
        task=Task.REGRESSION,
        truth=np.ones(2),
        answers=Answers(values=np.ones(2)),
        classes=(),
        positive=None,
        quantile=quantile,
    )
    assert found == "no `quantile` between 0 and 1 is named that the model predicts"


def test_labels_alone_have_no_metrics_of_probabilities() -> None:
    answers = Answers(labels=np.array([0, 1, 1]))
    truth = np.array([0, 1, 0])
    found = measure(task=Task.BINARY, truth=truth, answers=answers, classes=BINARY, positive="1")

    assert list(found) == ["accuracy", "balanced-accuracy", "precision", "recall", "f1", "f1-macro"]
    for name in ("roc-auc", "brier", "log-loss", "average-precision"):
        why = influence(name, task=Task.BINARY, truth=truth, answers=answers, classes=BINARY, positive="1")
        assert why == "the model gives no probabilities"


def test_values_and_influences_are_of_one_formula() -> None:
    truth = np.array([0, 1, 1, 0, 1])
    table = np.array([[0.9, 0.1], [0.3, 0.7], [0.6, 0.4], [0.45, 0.55], [0.2, 0.8]])
    answers = interpret(table, task=Task.BINARY, classes=BINARY, positive="1")
    values = measure(task=Task.BINARY, truth=truth, answers=answers, classes=BINARY, positive="1")

    for name, value in values.items():
        found = influence(name, task=Task.BINARY, truth=truth, answers=answers, classes=BINARY, positive="1")
        assert isinstance(found, Influence)
        assert rounded(found.value) == value
        assert found.rows.shape == truth.shape
        assert np.abs(found.rows).max() > 0.01


@pytest.mark.parametrize(
    ("name", "truth", "score", "why"),
    [
        ("roc-auc", [1, 1], [0.4, 0.6], "every row is 1"),
        ("roc-auc", [0, 0], [0.4, 0.6], "no row is 1"),
        ("average-precision", [1, 1], [0.4, 0.6], "every row is 1"),
        ("average-precision", [0, 0], [0.4, 0.6], "no row is 1"),
        ("balanced-accuracy", [1, 1], [0.4, 0.6], "all rows are of one class"),
        ("precision", [1, 0], [0.4, 0.3], "the model never says 1"),
        ("recall", [0, 0], [0.4, 0.6], "no row is 1"),
        ("f1", [0, 0], [0.4, 0.3], "no row is 1, and the model never says so"),
        ("rmse", [0, 1], [0.4, 0.3], "rmse is not a metric of a binary model"),
        ("profit", [0, 1], [0.4, 0.3], "profit is not a metric of a binary model"),
        ("accuracy", [], [], "there are no rows to measure on"),
    ],
)
def test_what_is_not_defined_has_a_reason(name: str, truth: list[int], score: list[float], why: str) -> None:
    share = np.array(score, dtype=np.float64)
    answers = Answers(
        labels=(share > 0.5).astype(np.int64), probabilities=np.column_stack([1 - share, share])
    )

    found = influence(
        name,
        task=Task.BINARY,
        truth=np.array(truth, dtype=np.int64),
        answers=answers,
        classes=BINARY,
        positive="1",
    )

    assert found == why


@pytest.mark.parametrize(
    ("truth", "answers", "positive", "why"),
    [
        ([0, 1, 1], Answers(labels=np.array([0, 1])), "1", "there are 3 rows and 2 answers"),
        ([0, 1], Answers(labels=np.array([1])), "1", "there are 2 rows and 1 answers"),
        ([0, -1], Answers(labels=np.array([0, 1])), "1", "there are rows whose target is none of 0, 1"),
        ([0, 2], Answers(labels=np.array([0, 1])), "1", "there are rows whose target is none of 0, 1"),
        ([0, 1], Answers(labels=np.array([0, 2])), "1", "there are labels that stand for none of 0, 1"),
        ([0, 1], Answers(labels=np.array([0, -2])), "1", "there are labels that stand for none of 0, 1"),
        ([0, 1], Answers(probabilities=np.ones((2, 3)) / 3), "1", "the probabilities are not those of 0, 1"),
        ([0, 1], Answers(probabilities=np.ones(2) / 2), "1", "the probabilities are not those of 0, 1"),
        ([0, 1], Answers(labels=np.array([0, 1])), "late", "the positive class, late, is none of 0, 1"),
    ],
)
def test_answers_that_do_not_fit_the_rows_are_not_measured(
    truth: list[int], answers: Answers, positive: str, why: str
) -> None:
    rows = np.array(truth)

    for name in METRICS:
        found = influence(
            name, task=Task.BINARY, truth=rows, answers=answers, classes=BINARY, positive=positive
        )
        assert isinstance(found, str)
        assert found == why or found.endswith("is not a metric of a binary model")
    with pytest.raises(CannotTellError, match=why):
        measure(task=Task.BINARY, truth=rows, answers=answers, classes=BINARY, positive=positive)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e200])
def test_numbers_that_cannot_be_added_up_have_no_influence(bad: float) -> None:
    truth = np.array([0.0, 1.0, -bad])
    for name in ("rmse", "mse", "r2"):
        found = influence(
            name,
            task=Task.REGRESSION,
            truth=truth,
            answers=Answers(values=np.array([0.0, 1.0, bad])),
            classes=(),
            positive=None,
        )
        assert found == "it cannot be computed: numbers are missing or too large"


@pytest.mark.parametrize("name", ["roc-auc", "average-precision", "brier", "log-loss"])
def test_a_probability_that_is_not_a_number_spoils_what_rests_on_it(name: str) -> None:
    table = np.array([[0.5, 0.5], [0.2, 0.8], [math.nan, math.nan], [0.9, 0.1]])
    found = influence(
        name,
        task=Task.BINARY,
        truth=np.array([0, 1, 1, 0]),
        answers=Answers(labels=np.array([0, 1, 0, 0]), probabilities=table),
        classes=BINARY,
        positive="1",
    )

    assert found == "it cannot be computed: numbers are missing or too large"


def test_r2_of_a_constant_target_is_not_defined() -> None:
    assert regression(np.ones(3), np.ones(3))["r2"] is None
    assert regression(np.full(3, 0.1), np.zeros(3))["r2"] is None


def test_no_rows_cannot_be_measured() -> None:
    with pytest.raises(CannotTellError, match="no rows"):
        regression([], [])


def test_the_positive_class_may_be_the_first() -> None:
    answers = interpret(
        np.array([[0.9, 0.1], [0.2, 0.8]]), task=Task.BINARY, classes=("late", "on time"), positive="late"
    )
    found = measure(
        task=Task.BINARY,
        truth=np.array([0, 1]),
        answers=answers,
        classes=("late", "on time"),
        positive="late",
    )

    assert found["roc-auc"] == 1
    assert found["brier"] == pytest.approx((0.01 + 0.04) / 2)


def test_labels_that_nobody_knows_are_wrong() -> None:
    found = measure(
        task=Task.BINARY,
        truth=np.array([1, 1]),
        answers=Answers(labels=np.array([1, -1])),
        classes=BINARY,
        positive="1",
    )

    assert (found["accuracy"], found["precision"], found["recall"]) == (0.5, 1, 0.5)


def test_numbers_too_large_to_be_added_up_cannot_tell() -> None:
    with pytest.raises(CannotTellError, match="too large"):
        regression([1e200, -1e200], [-1e200, 1e200])


def test_the_mean_explains_nothing_exactly() -> None:
    truth = np.array([0.1, 0.2, 0.7, 0.3])
    found = regression(truth, np.full(4, truth.mean()))

    assert str(found["r2"]) == "0.0"


def test_nothing_lost_is_zero_and_not_minus_zero() -> None:
    found = binary([0, 1], [0.0, 1.0])

    assert str(found["log-loss"]) == "0.0"
    assert str(found["brier"]) == "0.0"
