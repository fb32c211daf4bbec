"""Numbers that rest on few rows, on groups of which none differs, or on one gross error."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mltoolkit.metrics import Task
from mltoolkit.paired import PairedNumbers, Predictions
from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import Answer, Facts, Finding, Rule
from mltoolkit.rules.relative import BetterThan, NoWorseThan
from mltoolkit.statistics.answers import Answers
from tests.made_rows import ASKED, numbers


def asked(task: Task, truth: npt.NDArray[Any], *said: Answers, groups: Any = None) -> PairedNumbers:
    answers = dict(zip(("challenger", "champion"), said, strict=False))
    return numbers(task, Predictions(truth=truth, answers=answers, groups=groups, slices={}))


def finding(found: PairedNumbers, rule: Rule) -> Finding:
    return rule.answer(Facts(evidence=found.evidence, numbers=found))


def labels(said: npt.NDArray[Any]) -> Answers:
    """Return answers that are all but sure of their labels."""
    share = np.where(said == 1, 0.9, 0.1)
    return Answers(labels=said.astype(np.int64), probabilities=np.column_stack((1 - share, share)))


@pytest.mark.parametrize("metric", ["roc-auc", "balanced-accuracy", "f1", "f1-macro", "average-precision"])
def test_one_negative_that_differs_makes_nothing_certain_of_twenty_positives(metric: str) -> None:
    truth = np.arange(2000) < 20
    champion = truth.astype(np.int64)
    champion[:2] = 0
    challenger = champion.copy()
    challenger[50] = 1
    found = asked(Task.BINARY, truth.astype(np.int64), labels(challenger), labels(champion))

    gain = found.gain(metric, "champion", **ASKED)
    said = finding(found, NoWorseThan(metric=metric, margin=0.05))

    assert (gain.n, gain.rests) == (2000, 20)
    assert gain.low is not None
    assert gain.low < -0.1
    assert said.answer is Answer.UNKNOWN
    assert "it rests on 20 rows, too few: at least 73 are needed" in said.reason


def test_equal_models_pass_no_margin_with_positives_too_few_for_it() -> None:
    # Chance passes what loses the margin: 5 % of positives in a world of none that are seen to be lost.
    for positives, answer in ((72, Answer.UNKNOWN), (73, Answer.PASS)):
        truth = (np.arange(2000) < positives).astype(np.int64)
        found = asked(Task.BINARY, truth, labels(truth), labels(truth))
        assert finding(found, NoWorseThan(metric="recall", margin=0.05)).answer is answer
        assert finding(found, NoWorseThan(metric="roc-auc", margin=0.05)).answer is answer


def test_a_loss_that_shows_in_fewer_positives_than_a_margin_needs_is_a_loss() -> None:
    truth = (np.arange(2000) < 100).astype(np.int64)
    found = asked(Task.BINARY, truth, labels(truth * (np.arange(2000) % 2)), labels(truth))

    for metric in ("balanced-accuracy", "roc-auc", "recall"):
        assert finding(found, NoWorseThan(metric=metric, margin=0.01)).answer is Answer.FAIL


def test_a_balanced_accuracy_at_the_margin_passes_seldom() -> None:
    random = np.random.default_rng(5)
    truth = (np.arange(3000) < 80).astype(np.int64)
    passed = 0
    for _ in range(300):
        champion = np.where(truth == 1, random.random(3000) < 0.9, random.random(3000) < 0.02)
        # 10 % of positives in all are lost: 0.05 of the mean of both recalls.
        challenger = champion & ~((truth == 1) & (random.random(3000) < 1 / 9))
        challenger[random.integers(80, 3000)] ^= True
        found = asked(Task.BINARY, truth, labels(challenger), labels(champion))
        passed += finding(found, NoWorseThan(metric="balanced-accuracy", margin=0.05)).answer is Answer.PASS

    assert passed / 300 < 0.06


def test_three_hits_are_not_better_than_nine_hundred_of_a_thousand() -> None:
    truth = (np.arange(4000) < 1000).astype(np.int64)
    champion = (np.arange(4000) >= 100) & (np.arange(4000) < 1100)
    answers = {}
    for count in (3, 35, 200):
        found = asked(Task.BINARY, truth, labels(np.arange(4000) < count), labels(champion))
        answers[count] = finding(found, BetterThan(metric="precision")).answer

    # All of 35 are hit in one of 40 cases if nine of ten are true.
    assert answers == {3: Answer.UNKNOWN, 35: Answer.UNKNOWN, 200: Answer.PASS}


def test_a_precision_of_nearly_the_same_rows_is_told_by_what_differs() -> None:
    truth = (np.arange(4000) < 1000).astype(np.int64)
    champion = (np.arange(4000) >= 100) & (np.arange(4000) < 1100)
    challenger = champion & (np.arange(4000) != 1050)

    gain = asked(Task.BINARY, truth, labels(challenger), labels(champion)).gain(
        "precision", "champion", **ASKED
    )

    assert gain.low is not None
    assert gain.high is not None
    assert -0.01 < gain.low < 0 < gain.high < 0.01


@pytest.mark.parametrize(("rate", "distance"), [(0.01, 3.0), (0.02, 2.5), (0.2, 2.0)])
def test_an_area_near_one_of_few_positives_is_seldom_shown_above_the_truth(
    rate: float, distance: float
) -> None:
    from scipy.special import ndtr

    random = np.random.default_rng(7)
    true = float(ndtr(distance / np.sqrt(2)))
    above = 0
    for _ in range(200):
        truth = (random.random(1500) < rate).astype(np.int64)
        share = 1 / (1 + np.exp(distance / 2 - random.normal(size=1500) - distance * truth))
        said = Answers(
            labels=(share > 0.5).astype(np.int64), probabilities=np.column_stack((1 - share, share))
        )
        level = asked(Task.BINARY, truth, said).level("roc-auc", confidence=0.95, threshold=true)
        assert level.low is not None
        assert level.p is not None
        above += level.low > true
        assert (level.low > true) <= (level.p < 0.05)

    assert above / 200 <= 0.04


def test_a_recall_without_a_fault_in_a_rare_class_leaves_the_balanced_accuracy_open() -> None:
    truth = (np.arange(2000) < 40).astype(np.int64)
    said = truth.copy()
    said[-60:] = 1

    level = asked(Task.BINARY, truth, labels(said)).level("balanced-accuracy", **ASKED)

    # Half of what Wilson's interval leaves of forty hits in forty, and what is wrong among the others.
    assert level.value == pytest.approx(0.984694)
    assert level.low is not None
    assert level.low < 0.9848 - 0.04


def test_one_gross_error_decides_no_comparison_of_roots() -> None:
    truth = np.zeros(500)
    champion, challenger = np.full(500, 1.0), np.full(500, 0.9)
    champion[0] = 200.0
    found = asked(Task.REGRESSION, truth, Answers(values=challenger), Answers(values=champion))

    for metric in ("mse", "rmse"):
        assert finding(found, BetterThan(metric=metric)).answer is Answer.UNKNOWN

    random = np.random.default_rng(3)
    claims = 0
    for _ in range(200):
        gross = [
            Answers(values=random.normal(size=1000) + 300 * (random.random(1000) < 0.001)) for _ in range(2)
        ]
        gain = asked(Task.REGRESSION, np.zeros(1000), *gross).gain("rmse", "champion", **ASKED)
        assert gain.low is not None
        assert gain.high is not None
        claims += gain.low > 0 or gain.high < 0
    assert claims / 200 < 0.06


def test_an_rmse_lies_between_the_roots_of_what_its_square_lies_between() -> None:
    random = np.random.default_rng(1)
    found = asked(Task.REGRESSION, np.zeros(300), Answers(values=random.standard_t(3, 300)))

    root = found.level("rmse", confidence=0.95, threshold=1.0)
    square = found.level("mse", confidence=0.95, threshold=1.0)

    assert root.low is not None
    assert root.high is not None
    assert square.low is not None
    assert square.high is not None
    assert root.low <= np.sqrt(square.low) * 1.00001
    assert root.high >= np.sqrt(square.high) * 0.99999


def test_a_row_of_several_classes_can_lose_two_in_the_brier_score() -> None:
    for count, answer in ((381, Answer.UNKNOWN), (764, Answer.UNKNOWN), (765, Answer.PASS)):
        truth = np.arange(count) % 3
        said = Answers(labels=truth, probabilities=np.eye(3)[truth] * 0.97 + 0.01)
        found = asked(Task.MULTICLASS, truth, said, said)
        assert finding(found, NoWorseThan(metric="brier", margin=0.01)).answer is answer
        gain = found.gain("brier", "champion", **ASKED)
        assert gain.low == pytest.approx(-2 * 3.841459 / (count + 3.841459), rel=1e-5)


def test_a_number_of_one_row_decides_nothing() -> None:
    found = asked(Task.BINARY, np.array([1]), labels(np.array([1])))

    said = finding(found, Absolute(metric="accuracy", at_least=0.5))

    assert said.answer is Answer.UNKNOWN
    assert said.reason == (
        "accuracy is 1 (95 % interval 0.206543 to 1, 1 row): 1 row is too few: at least 30 are needed"
    ).replace("0.206543", "0.2065")


@pytest.mark.parametrize("metric", ["mae", "mse", "rmse", "pinball"])
def test_where_no_row_differs_without_bounds_there_must_be_rows_enough_to_see_one(metric: str) -> None:
    for count, answer in ((30, Answer.UNKNOWN), (380, Answer.UNKNOWN), (381, Answer.PASS)):
        random = np.random.default_rng(2)
        said = Answers(values=random.normal(size=count))
        found = asked(Task.REGRESSION, random.normal(size=count), said, said)
        told = finding(found, NoWorseThan(metric=metric, margin=1e-9))
        assert told.answer is answer
        assert f"(no row differs, {count} rows)" in told.reason
        assert told.estimate is not None
        assert told.estimate.p is None


def test_groups_of_which_none_differed_are_told() -> None:
    truth = np.arange(1000) % 2
    found = asked(Task.BINARY, truth, labels(truth), labels(truth), groups=np.arange(1000) // 100)

    for metric in ("accuracy", "brier", "roc-auc"):
        told = finding(found, NoWorseThan(metric=metric, margin=0.05))
        assert told.answer is Answer.PASS
        assert "none of 10 groups differed, and up to 1 in 3 others might" in told.reason
    assert "groups differed" not in finding(found, Absolute(metric="accuracy", at_least=0.5)).reason
