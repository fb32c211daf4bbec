import pytest

from mltoolkit.rules.base import Answer
from mltoolkit.rules.calibration import Calibration
from mltoolkit.rules.numbers import Estimate, Line
from tests.rules import made
from tests.rules.made import between

RULE = Calibration()
CLOSE = between(-0.1, 0.1)


def line(slope: Estimate, intercept: Estimate = CLOSE) -> Line:
    return Line(slope=slope, intercept=intercept, error=0.4, error_of_perfect=0.01)


@pytest.mark.parametrize(
    ("slope", "intercept", "answer"),
    [
        (between(0.9, 1.1), CLOSE, Answer.PASS),
        (between(0.5, 0.7), CLOSE, Answer.FAIL),
        (between(1.3, 1.5), CLOSE, Answer.FAIL),
        (between(0.7, 1.1), CLOSE, Answer.UNKNOWN),
        (between(0.8, 1.1), CLOSE, Answer.UNKNOWN),
        (between(0.9, 1.25), CLOSE, Answer.UNKNOWN),
        (between(0.9, 1.1), between(0.3, 0.5), Answer.FAIL),
        (between(0.9, 1.1), between(-0.5, -0.3), Answer.FAIL),
        (between(0.9, 1.1), between(-0.1, 0.25), Answer.UNKNOWN),
        (between(0.7, 1.1), between(0.3, 0.5), Answer.FAIL),
        (Estimate(reason="separated"), CLOSE, Answer.UNKNOWN),
        (Estimate(value=1.0, n=5000), CLOSE, Answer.UNKNOWN),
        (between(float("nan"), float("nan")), CLOSE, Answer.UNKNOWN),
    ],
)
def test_both_intervals_inside_pass_and_one_wholly_outside_fails(
    slope: Estimate, intercept: Estimate, answer: Answer
) -> None:
    assert RULE.answer(made.facts(line=line(slope, intercept))).answer is answer


def test_the_calibration_error_is_told_beside_a_perfect_model_s_and_never_decides() -> None:
    found = RULE.answer(made.facts(line=line(between(0.9, 1.1))))

    assert found.answer is Answer.PASS
    assert found.reason.endswith(
        "its expected calibration error is 0.4, where a perfect model would show 0.01"
    )


def test_a_fail_names_the_side_and_what_it_means() -> None:
    found = RULE.answer(made.facts(line=line(between(0.5, 0.7))))

    assert "the slope is under 0.8: the model is too sure of itself" in found.reason
    assert (found.metric, found.threshold) == ("calibration slope", 0.8)


def test_rows_are_planned_as_if_the_model_were_calibrated() -> None:
    found = RULE.answer(made.facts(line=line(between(0.7, 1.1, spread=100.0))))

    assert found.need is not None
    assert found.need.rows == 19623
    assert "if the model is in truth calibrated" in found.reason


def test_labels_and_other_tasks_have_no_calibration() -> None:
    labels = made.facts(line=line(between(0.9, 1.1)), challenger=made.subject(made.A, probabilities=False))

    assert RULE.answer(labels).answer is Answer.UNKNOWN
    assert RULE.answer(made.facts(line=line(between(0.9, 1.1)), task="multiclass")).answer is Answer.UNKNOWN
    assert "one class" in RULE.answer(made.facts(line="there is only one class")).reason
