from typing import Any

import numpy as np
import pytest

from mltoolkit.metrics import METRICS, Baseline, Task
from mltoolkit.rules.base import Answer
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.statistics.answers import constant
from mltoolkit.statistics.influence import influence
from tests.rules import made
from tests.rules.made import between

BRIER = BetterThanBaseline(metric="brier", baseline=Baseline.BASE_RATE)


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (0.001, 0.003, Answer.PASS),
        (-0.003, -0.001, Answer.FAIL),
        (-0.001, 0.003, Answer.UNKNOWN),
        (0.0, 0.003, Answer.UNKNOWN),
        (-0.003, 0.0, Answer.UNKNOWN),
    ],
)
def test_the_whole_interval_of_the_gain_must_be_better(low: float, high: float, answer: Answer) -> None:
    assert BRIER.answer(made.facts(between(low, high))).answer is answer


def test_a_gain_that_is_asked_for_has_to_be_cleared() -> None:
    by = BetterThanBaseline(metric="accuracy", baseline=Baseline.MAJORITY, by=0.05)

    assert by.answer(made.facts(between(0.06, 0.08))).answer is Answer.PASS
    assert by.answer(made.facts(between(0.01, 0.02))).reason == (
        "accuracy is 0.015 better than the baseline majority's (95 % interval of the gain 0.01 to 0.02,"
        " 5,000 rows): not better by 0.05"
    )


def test_rows_to_come_are_planned_for_a_stated_effect_beyond_what_is_asked() -> None:
    plain = BRIER.answer(made.facts(between(-0.1, 0.1)))
    rule = BetterThanBaseline(metric="brier", baseline=Baseline.BASE_RATE, by=0.01, effect=0.02)
    planned = rule.answer(made.facts(between(-0.1, 0.1)))

    assert plain.need is not None
    assert plain.need.rows is None
    assert planned.need is not None
    assert planned.need.rows == 7849
    assert planned.reason.endswith("if the true gain is 0.02")


def test_a_baseline_that_could_not_be_read_or_is_not_there_is_unknown() -> None:
    old = BetterThanBaseline(metric="brier", baseline="column:old")

    assert old.answer(made.facts(between(1, 2))).answer is Answer.UNKNOWN
    broken = old.answer(made.facts(between(1, 2), faults={"column:old": "it holds texts"}))
    assert broken.answer is Answer.UNKNOWN
    assert "it holds texts" in broken.reason


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_the_one_baseline_of_the_catalogue_or_none(metric: str) -> None:
    allowed = []
    for baseline in Baseline:
        try:
            BetterThanBaseline(metric=metric, baseline=baseline)
        except ValueError:
            continue
        allowed.append(baseline)

    assert allowed == [each for each in [METRICS[metric].baseline] if each is not None]
    assert (
        BetterThanBaseline(metric=metric, baseline="column:old").question
        == f"{metric} better than column:old"
    )


@pytest.mark.parametrize(
    ("metric", "baseline", "said"),
    [
        ("mae", "mean", "mae is compared with baseline: median, the best constant for absolute errors"),
        ("pinball", "mean", "baseline: quantile, the best constant for this quantile, or column:NAME"),
        ("f1", "majority", "baseline: positive, who always answers the positive class"),
        ("recall", "majority", "answers the positive class has all of it; .* a floor with `kind: absolute`"),
        ("precision", "majority", "one sure row is enough"),
        ("f1-macro", "majority", "guesses by the shares of k classes have 1/k of it"),
    ],
)
def test_a_baseline_that_no_knowledge_beats_is_refused_with_what_to_ask_instead(
    metric: str, baseline: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        BetterThanBaseline(metric=metric, baseline=baseline)


def test_guesses_beat_every_constant_in_f1_macro_and_none_of_them_one_over_the_classes() -> None:
    positive = 0.3
    truth = np.repeat([0, 1], [700, 300])
    # What comes of it, on average, to say 1 that often without looking.
    scores = [
        positive * said / (positive + said) + (1 - positive) * (1 - said) / (2 - positive - said)
        for said in np.linspace(0, 1, 101)
    ]
    constants = [
        influence(
            "f1-macro",
            task=Task.BINARY,
            truth=truth,
            answers=constant(task=Task.BINARY, n=1000, value=name, classes=("0", "1")),
            classes=("0", "1"),
            positive="1",
            quantile=None,
        )
        for name in ("0", "1")
    ]

    assert max(scores) == pytest.approx(1 / 2)
    assert [each.value for each in constants if not isinstance(each, str)] == pytest.approx(
        [scores[0], scores[-1]]
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metric": "file:profit", "baseline": "mean"}, "use `kind: absolute`"),
        ({"metric": "brier", "baseline": "column:"}, "is compared with baseline: base-rate"),
        ({"metric": "accuracy", "baseline": "majority", "by": 2}, "must be below 1"),
        ({"metric": "accuracy", "baseline": "majority", "by": 0.1, "effect": 0.1}, "no number of rows"),
    ],
)
def test_pairs_and_gains_without_a_meaning_cannot_be_made(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        BetterThanBaseline(**changes)
