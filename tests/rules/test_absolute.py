from typing import Any

import pytest

from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import Answer
from mltoolkit.rules.numbers import Estimate
from tests.rules import made
from tests.rules.made import between

FLOOR = Absolute(metric="roc-auc", at_least=0.6)
SURE = Absolute(metric="roc-auc", at_least=0.6, confidence=0.95)


@pytest.mark.parametrize(
    ("low", "high", "bare", "sure"),
    [
        (0.61, 0.65, Answer.PASS, Answer.PASS),
        (0.55, 0.59, Answer.FAIL, Answer.FAIL),
        (0.59, 0.63, Answer.PASS, Answer.UNKNOWN),
        (0.6, 0.64, Answer.PASS, Answer.UNKNOWN),
        (0.55, 0.65, Answer.PASS, Answer.UNKNOWN),
    ],
)
def test_the_number_decides_or_where_confidence_is_asked_its_whole_interval(
    low: float, high: float, bare: Answer, sure: Answer
) -> None:
    facts = made.facts(between(low, high))

    assert FLOOR.answer(facts).answer is bare
    assert SURE.answer(facts).answer is sure


def test_a_finding_has_its_number_interval_bound_and_a_sentence() -> None:
    found = SURE.answer(made.facts(between(0.55, 0.59, groups=30)))

    assert found.reason == (
        "roc-auc is 0.57 (95 % interval 0.55 to 0.59, 5,000 rows in 30 groups): under the floor 0.6"
    )
    assert (found.metric, found.threshold) == ("roc-auc", 0.6)
    assert found.estimate == between(0.55, 0.59, groups=30)


def test_the_distance_seen_from_a_bound_plans_no_rows() -> None:
    near, far = (SURE.answer(made.facts(between(low, 0.65))) for low in (0.599, 0.55))

    assert near.need == far.need
    assert near.need is not None
    assert near.need.rows is None
    assert near.reason.endswith(
        "on which side of the floor 0.6 it is; how many rows would settle it depends on how far it truly is from"
        " the bound, which nobody has said"
    )
    assert SURE.answer(made.facts(between(0.61, 0.65))).need is None
    assert SURE.answer(made.facts(between(0.55, 0.65, n=29))).need is None


def test_both_bounds_must_hold_and_the_broken_one_is_told() -> None:
    rule = Absolute(metric="brier", at_least=0.05, at_most=0.1)

    assert rule.answer(made.facts(between(0.06, 0.08))).answer is Answer.PASS
    over = rule.answer(made.facts(between(0.16, 0.18)))
    assert over.answer is Answer.FAIL
    assert over.reason.endswith("over the ceiling 0.1")
    assert over.threshold == 0.1


def test_a_warning_about_an_interval_is_told() -> None:
    found = SURE.answer(made.facts(between(0.61, 0.65, reason="a few rows carry most of the error")))

    assert "a few rows carry most of the error" in found.reason


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_no_number_is_unknown(value: float | None) -> None:
    facts = made.facts(Estimate(value=value, n=5000, reason="one class only"))

    assert FLOOR.answer(facts).answer is Answer.UNKNOWN
    assert "one class only" in FLOOR.answer(made.facts(Estimate(reason="one class only"))).reason


@pytest.mark.parametrize("changes", [{"n": 29}, {"rests": 29}, {"n": None}, {"n": 29, "confidence": None}])
def test_a_number_of_few_rows_is_on_neither_side(changes: dict[str, Any]) -> None:
    for low, high in ((0.61, 0.65), (0.55, 0.59)):
        for rule in (FLOOR, SURE):
            found = rule.answer(made.facts(between(low, high, **changes)))
            assert found.answer is Answer.UNKNOWN
            assert "at least 30 are needed" in found.reason


def test_a_metric_of_another_task_is_unknown() -> None:
    found = Absolute(metric="rmse", at_most=3).answer(made.facts(between(1, 2)))

    assert found.answer is Answer.UNKNOWN
    assert "mend the rule" in found.reason


def test_the_question_names_slice_and_confidence() -> None:
    assert FLOOR.question == "roc-auc >= 0.6"
    assert SURE.question == "roc-auc >= 0.6 at confidence 0.95"
    assert Absolute(metric="mae", at_most=3, at_least=1, slice="a=b").question == "mae >= 1 and <= 3 on a=b"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metric": "roc-auc"}, "needs"),
        ({"metric": "roc-auc", "at_least": 0.9, "at_most": 0.1}, "nothing can pass"),
        ({"metric": "roc-auc", "at_least": 0.5, "at_most": 0.5, "confidence": 0.9}, "nothing can pass"),
        ({"metric": "auc", "at_least": 0.5}, "unknown metric"),
        ({"metric": "accuracy", "at_least": 90}, r"nothing can pass.*did you mean 0\.9\?"),
        ({"metric": "accuracy", "at_least": 0}, "everything can pass"),
        ({"metric": "accuracy", "at_most": 1}, "everything can pass"),
        ({"metric": "accuracy", "at_most": -0.1}, "nothing can pass"),
        ({"metric": "rmse", "at_least": -1}, "everything can pass, because rmse is at least 0"),
        ({"metric": "rmse", "at_most": -1}, "nothing can pass"),
        ({"metric": "r2", "at_least": 1.1}, "nothing can pass, because r2 is at most 1"),
        ({"metric": "file:profit", "at_least": 1, "confidence": 0.95}, "has no confidence"),
        ({"metric": "accuracy", "at_least": 0.5, "slice": "carrier"}, "must name a column and its value"),
    ],
)
def test_a_rule_that_can_only_pass_or_only_fail_cannot_be_made(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Absolute(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"metric": "accuracy", "at_least": 1},
        {"metric": "mae", "at_most": 0},
        {"metric": "r2", "at_least": -3},
        {"metric": "brier", "at_most": 1.5},
        {"metric": "file:profit", "at_least": -1e9},
    ],
)
def test_bounds_that_some_models_meet_and_some_do_not_are_allowed(changes: dict[str, Any]) -> None:
    assert Absolute(**changes).question.startswith(changes["metric"])
