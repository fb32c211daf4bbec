import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mltoolkit.errors import CannotTellError
from mltoolkit.metrics import Task
from mltoolkit.statistics.answers import Answers, constant, interpret, losses, rounded

BINARY = ("0", "1")


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
        interpret(raw, task=Task.BINARY, classes=BINARY, positive="1")


@pytest.mark.parametrize("raw", [np.array(["a"]), np.array([[1.0, 2.0]]), np.array([math.nan])])
def test_a_regression_answer_must_be_a_finite_number(raw: npt.NDArray[Any]) -> None:
    with pytest.raises(CannotTellError):
        interpret(raw, task=Task.REGRESSION, classes=(), positive=None)


def test_one_column_of_probabilities_is_that_of_the_positive_class() -> None:
    answers = interpret(np.array([0.25, 0.75]), task=Task.BINARY, classes=BINARY, positive="1")

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
        answers = interpret(raw, task=Task.BINARY, classes=BINARY, positive="1")
        assert answers.labels is not None
        assert answers.labels.tolist() == [1, 0]

    strange = interpret(np.array(["1", None], dtype=object), task=Task.BINARY, classes=BINARY, positive="1")
    assert strange.labels is not None
    assert strange.labels.tolist() == [1, -1]
    assert losses(truth=np.array([1, 1]), answers=strange).tolist() == [0, 1]


def test_losses_are_largest_where_the_model_is_most_wrong() -> None:
    answers = interpret(
        np.array([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]]), task=Task.BINARY, classes=BINARY, positive="1"
    )

    assert losses(truth=np.array([1, 1, 1]), answers=answers).argmax() == 0
    assert losses(truth=np.array([1.0, 2.0]), answers=Answers(values=np.array([1.0, 4.0]))).tolist() == [0, 4]
    assert losses(truth=np.array([1, 0]), answers=Answers(labels=np.array([1, 1]))).tolist() == [
        0,
        1,
    ]


def test_a_constant_predictor_always_says_the_same() -> None:
    rate = constant(task=Task.BINARY, n=2, value=(0.8, 0.2), classes=BINARY)
    majority = constant(task=Task.BINARY, n=2, value="0", classes=BINARY)
    mean = constant(task=Task.REGRESSION, n=2, value=1.5, classes=())

    assert rate.probabilities is not None
    assert rate.probabilities.tolist() == [[0.8, 0.2], [0.8, 0.2]]
    assert majority.labels is not None
    assert majority.labels.tolist() == [0, 0]
    assert mean.values is not None
    assert mean.values.tolist() == [1.5, 1.5]


def test_values_are_rounded_to_six_digits() -> None:
    assert rounded(0.123456789) == 0.123457
    assert rounded(123456789.0) == 123457000.0
