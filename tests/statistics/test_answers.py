import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from mltoolkit import statistics
from mltoolkit.errors import CannotTellError
from mltoolkit.metrics import Task
from mltoolkit.statistics import Answers

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.UndefinedMetricWarning", "ignore:y_pred contains"
)
BINARY = ("0", "1")


def binary(truth: Any, score: Any) -> dict[str, float | None]:
    table = np.column_stack([1 - np.asarray(score), score])
    answers = statistics.interpret(table, task=Task.BINARY, classes=BINARY, positive="1")
    return statistics.measure(
        task=Task.BINARY, truth=np.asarray(truth), answers=answers, classes=BINARY, positive="1"
    )


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]) | st.floats(0, 1)
        ),
        min_size=2,
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
    if len(set(truth)) == 2:
        expected |= {
            "roc-auc": peer.roc_auc_score(truth, score),
            "balanced-accuracy": peer.balanced_accuracy_score(truth, label),
        }
    else:
        assert found["roc-auc"] is None
        assert found["balanced-accuracy"] is None
    for name, function in (
        ("precision", peer.precision_score),
        ("recall", peer.recall_score),
        ("f1", peer.f1_score),
    ):
        value = function(truth, label, zero_division=np.nan)
        if math.isnan(value):
            assert found[name] is None
        else:
            expected[name] = value
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-5, abs=1e-9), name


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
def test_multiclass_metrics_equal_those_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    truth, label = (np.array(part) for part in zip(*rows, strict=True))
    table = np.full((truth.size, 3), 0.2)
    table[np.arange(truth.size), label] = 0.6
    classes = ("0", "1", "2")
    found = statistics.measure(
        task=Task.MULTICLASS,
        truth=truth,
        answers=statistics.interpret(table, task=Task.MULTICLASS, classes=classes, positive=None),
        classes=classes,
        positive=None,
    )

    assert found["accuracy"] == pytest.approx(peer.accuracy_score(truth, label), rel=1e-5)
    assert found["f1-macro"] == pytest.approx(
        peer.f1_score(truth, label, average="macro", zero_division=0), rel=1e-5
    )
    assert found["log-loss"] == pytest.approx(peer.log_loss(truth, table, labels=[0, 1, 2]), rel=1e-5)
    hot = np.eye(3)[truth]
    assert found["brier"] == pytest.approx(((table - hot) ** 2).sum(axis=1).mean(), rel=1e-5)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=40).filter(
        lambda rows: np.ptp([row[0] for row in rows]) > 1e-3
    )
)
def test_regression_metrics_equal_those_of_scikit_learn(rows: list[tuple[float, float]]) -> None:
    truth, values = (np.array(part) for part in zip(*rows, strict=True))
    found = statistics.measure(
        task=Task.REGRESSION, truth=truth, answers=Answers(values=values), classes=(), positive=None
    )

    assert found["mse"] == pytest.approx(peer.mean_squared_error(truth, values), rel=1e-5)
    assert found["rmse"] == pytest.approx(peer.root_mean_squared_error(truth, values), rel=1e-5)
    assert found["mae"] == pytest.approx(peer.mean_absolute_error(truth, values), rel=1e-5)
    assert found["r2"] == pytest.approx(peer.r2_score(truth, values), rel=1e-4, abs=1e-4)


def test_r2_of_a_constant_target_is_not_defined() -> None:
    found = statistics.measure(
        task=Task.REGRESSION, truth=np.ones(3), answers=Answers(values=np.ones(3)), classes=(), positive=None
    )

    assert found["r2"] is None


def test_no_rows_cannot_be_measured() -> None:
    with pytest.raises(CannotTellError, match="no rows"):
        statistics.measure(
            task=Task.REGRESSION,
            truth=np.array([]),
            answers=Answers(values=np.array([])),
            classes=(),
            positive=None,
        )


def test_the_positive_class_may_be_the_first() -> None:
    answers = statistics.interpret(
        np.array([[0.9, 0.1], [0.2, 0.8]]), task=Task.BINARY, classes=("late", "on time"), positive="late"
    )
    found = statistics.measure(
        task=Task.BINARY,
        truth=np.array([0, 1]),
        answers=answers,
        classes=("late", "on time"),
        positive="late",
    )

    assert found["roc-auc"] == 1
    assert found["brier"] == pytest.approx((0.01 + 0.04) / 2)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (np.array([[0.5, 0.5], [math.nan, 0.5]]), "1 of 4 predictions are NaN"),
        (np.array([[0.5, 0.5], [math.inf, 0.0]]), "1 of 4 predictions are NaN or infinite"),
        (np.array([[1.5, -0.5], [0.5, 0.5]]), "2 probabilities are outside 0 to 1"),
        (np.array([[0.9, 0.9], [0.5, 0.5]]), "1 rows do not add up to 1"),
        (np.array([[0.2, 0.3, 0.5]]), "there are 2 classes"),
        (np.array([math.nan, 1.0]), "NaN"),
        (np.array([1.5, 0.2]), "outside 0 to 1"),
    ],
)
def test_answers_that_cannot_be_are_refused(raw: npt.NDArray[Any], said: str) -> None:
    with pytest.raises(CannotTellError, match=said):
        statistics.interpret(raw, task=Task.BINARY, classes=BINARY, positive="1")


@pytest.mark.parametrize("raw", [np.array(["a"]), np.array([[1.0, 2.0]]), np.array([math.nan])])
def test_a_regression_answer_must_be_a_finite_number(raw: npt.NDArray[Any]) -> None:
    with pytest.raises(CannotTellError):
        statistics.interpret(raw, task=Task.REGRESSION, classes=(), positive=None)


def test_one_column_of_probabilities_is_that_of_the_positive_class() -> None:
    answers = statistics.interpret(np.array([0.25, 0.75]), task=Task.BINARY, classes=BINARY, positive="1")

    assert answers.probabilities is not None
    assert answers.probabilities[:, 1].tolist() == [0.25, 0.75]


def test_labels_are_known_in_any_type_and_unknown_ones_are_never_right() -> None:
    objects = np.array([1, "0"], dtype=object)
    for raw in (
        np.array([1, 0]),
        np.array([1.0, 0.0]),
        np.array([True, False]),
        np.array(["1", "0"]),
        objects,
    ):
        answers = statistics.interpret(raw, task=Task.BINARY, classes=BINARY, positive="1")
        assert answers.labels is not None
        assert answers.labels.tolist() == [1, 0]

    strange = statistics.interpret(
        np.array(["1", None], dtype=object), task=Task.BINARY, classes=BINARY, positive="1"
    )
    found = statistics.measure(
        task=Task.BINARY, truth=np.array([1, 1]), answers=strange, classes=BINARY, positive="1"
    )
    assert found["accuracy"] == 0.5


def test_losses_are_largest_where_the_model_is_most_wrong() -> None:
    answers = statistics.interpret(
        np.array([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]]), task=Task.BINARY, classes=BINARY, positive="1"
    )

    assert statistics.losses(truth=np.array([1, 1, 1]), answers=answers).argmax() == 0
    assert statistics.losses(
        truth=np.array([1.0, 2.0]), answers=Answers(values=np.array([1.0, 4.0]))
    ).tolist() == [0, 4]
    assert statistics.losses(truth=np.array([1, 0]), answers=Answers(labels=np.array([1, 1]))).tolist() == [
        0,
        1,
    ]


def test_a_constant_predictor_always_says_the_same() -> None:
    rate = statistics.constant(task=Task.BINARY, n=2, value=(0.8, 0.2), classes=BINARY)
    majority = statistics.constant(task=Task.BINARY, n=2, value="0", classes=BINARY)
    mean = statistics.constant(task=Task.REGRESSION, n=2, value=1.5, classes=())

    assert rate.probabilities is not None
    assert rate.probabilities.tolist() == [[0.8, 0.2], [0.8, 0.2]]
    assert majority.labels is not None
    assert majority.labels.tolist() == [0, 0]
    assert mean.values is not None
    assert mean.values.tolist() == [1.5, 1.5]


def test_values_are_rounded_to_six_digits() -> None:
    assert statistics.rounded(0.123456789) == 0.123457
    assert statistics.rounded(123456789.0) == 123457000.0


def test_numbers_too_large_to_be_added_up_cannot_tell() -> None:
    with pytest.raises(CannotTellError, match="too large"):
        statistics.measure(
            task=Task.REGRESSION,
            truth=np.array([1e200, -1e200]),
            answers=Answers(values=np.array([-1e200, 1e200])),
            classes=(),
            positive=None,
        )


def test_the_mean_explains_nothing_exactly() -> None:
    truth = np.array([0.1, 0.2, 0.7, 0.3])
    found = statistics.measure(
        task=Task.REGRESSION,
        truth=truth,
        answers=Answers(values=np.full(4, truth.mean())),
        classes=(),
        positive=None,
    )

    assert found["r2"] == 0
