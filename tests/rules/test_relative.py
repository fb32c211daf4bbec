from typing import Any

import msgspec
import numpy as np
import pytest

from mltoolkit.metrics import Task
from mltoolkit.paired import Predictions
from mltoolkit.rules.base import Answer, Facts, Rule
from mltoolkit.rules.numbers import Estimate
from mltoolkit.rules.relative import BetterThan, NoWorseThan
from mltoolkit.rules.slices import Slice
from mltoolkit.scalars import ScalarNumbers
from mltoolkit.statistics.answers import Answers
from tests import made_rows
from tests.rules import made
from tests.rules.made import between

NO_WORSE = NoWorseThan(metric="roc-auc", margin=0.01)
BETTER = BetterThan(metric="roc-auc")


@pytest.mark.parametrize(
    ("low", "high", "no_worse", "better"),
    [
        (0.001, 0.003, Answer.PASS, Answer.PASS),
        (-0.009, 0.003, Answer.PASS, Answer.UNKNOWN),
        (-0.009, -0.001, Answer.PASS, Answer.FAIL),
        (-0.01, 0.01, Answer.UNKNOWN, Answer.UNKNOWN),
        (-0.03, -0.01, Answer.UNKNOWN, Answer.FAIL),
        (-0.03, -0.02, Answer.FAIL, Answer.FAIL),
        (-0.03, 0.0, Answer.UNKNOWN, Answer.UNKNOWN),
    ],
)
def test_the_interval_of_the_gain_is_held_to_the_margin(
    low: float, high: float, no_worse: Answer, better: Answer
) -> None:
    facts = made.facts(between(low, high))

    assert NO_WORSE.answer(facts).answer is no_worse
    assert BETTER.answer(facts).answer is better


def test_the_sentence_has_difference_interval_rows_and_margin() -> None:
    found = NO_WORSE.answer(made.facts(between(-0.03, -0.02, groups=30)))

    assert found.reason == (
        "roc-auc is 0.025 worse than the champion's (95 % interval of the gain -0.03 to -0.02, 5,000 rows in"
        " 30 groups): worse by 0.01 or more"
    )
    assert (found.margin, found.threshold, found.over) == (0.01, -0.01, "champion")
    assert BETTER.answer(made.facts(between(0.02, 0.03))).reason.endswith("5,000 rows): better")


@pytest.mark.parametrize("rule", [NO_WORSE, BETTER, Slice(metrics=("rmse", "roc-auc"))])
def test_what_can_never_be_asked_is_unknown_at_the_first_release_too(rule: Rule) -> None:
    first: Any = {"champion": None, "no_champion": "nothing is live yet"}
    rule = msgspec.structs.replace(rule, **({} if isinstance(rule, Slice) else {"metric": "rmse"}))

    found = rule.answer(made.facts(between(0.001, 0.003), **first))

    assert found.answer is Answer.UNKNOWN
    assert "rmse is a metric of regression models, and this one is binary: mend the rule" in found.reason
    fits = Slice(metrics=("roc-auc",)) if isinstance(rule, Slice) else NO_WORSE
    assert fits.answer(made.facts(between(0.001, 0.003), **first)).answer is Answer.NOT_APPLICABLE


def test_identical_models_on_few_rows_are_unknown_with_the_rows_that_are_needed() -> None:
    found = NO_WORSE.answer(made.facts(between(0.0, 0.0, n=100, spread=0.0)))

    assert found.answer is Answer.UNKNOWN
    assert "at least 381 are needed" in found.reason
    assert found.need is not None
    assert found.need.rows == 381


def test_an_interval_that_could_not_be_made_is_unknown_however_good_the_number() -> None:
    few_groups = Estimate(value=0.5, confidence=0.95, n=5000, groups=4, reason="there are 4 groups")
    bare = Estimate(value=0.5, n=5000)

    for estimate in (few_groups, bare):
        assert NO_WORSE.answer(made.facts(estimate)).answer is Answer.UNKNOWN
        assert BETTER.answer(made.facts(estimate)).answer is Answer.UNKNOWN


def test_without_a_champion_the_rule_does_not_apply() -> None:
    found = NO_WORSE.answer(made.facts(between(1, 2), champion=None, no_champion="nothing is live yet"))

    assert found.answer is Answer.NOT_APPLICABLE
    assert "nothing is live yet" in found.reason


def test_numbers_alone_are_compared_as_they_stand_and_say_so() -> None:
    def answered(ours: float | None, theirs: float | None) -> tuple[Answer, str]:
        evidence = made.numbers_alone(profit=(ours, theirs))
        rule = NoWorseThan(metric="file:profit", margin=0.1, better="higher")
        found = rule.answer(Facts(evidence=evidence, numbers=ScalarNumbers(evidence=evidence), looks=20))
        return found.answer, found.reason

    assert answered(2.0, 2.05)[0] is Answer.PASS
    assert "no confidence available" in answered(2.0, 2.05)[1]
    assert answered(2.0, 2.2)[0] is Answer.FAIL
    assert answered(2.0, 2.1)[0] is Answer.UNKNOWN
    assert "a number that is the bound itself cannot tell" in answered(2.0, 2.1)[1]
    assert answered(None, 2.0)[0] is Answer.UNKNOWN
    assert answered(2.0, None)[0] is Answer.NOT_APPLICABLE


def test_questions_differ_where_rules_do() -> None:
    asked = {
        NO_WORSE.question,
        NoWorseThan(metric="roc-auc", margin=0.02).question,
        NoWorseThan(metric="roc-auc", margin=0.01, over="anchor").question,
        NoWorseThan(metric="roc-auc", margin=0.01, confidence=0.99).question,
        BETTER.question,
        BetterThan(metric="roc-auc", by=0.01).question,
    }

    assert len(asked) == 6


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        (NoWorseThan, {"metric": "roc-auc", "margin": 1.0}, "must be below 1"),
        (NoWorseThan, {"metric": "file:profit", "margin": 1.0}, "better: higher"),
        (NoWorseThan, {"metric": "rmse", "margin": 1.0, "better": "lower"}, "leave `better` out"),
        (BetterThan, {"metric": "roc-auc", "by": 0.1, "effect": 0.1}, "no number of rows"),
        (BetterThan, {"metric": "roc-auc", "by": 10}, r"did you mean 0\.1\?"),
        (BetterThan, {"metric": "auc"}, "unknown metric"),
    ],
)
def test_rules_that_ask_nothing_or_too_much_cannot_be_made(
    kind: type[NoWorseThan | BetterThan], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        kind(**changes)


def test_many_small_losses_add_up_unless_they_are_counted_from_an_anchor() -> None:
    """24 retrainings, each 0.4 points less accurate than the one before: 9.6 points in all."""
    truth = np.tile(np.array([0, 1], dtype=np.int64), 10_000)

    def model(retrained: int) -> Answers:
        labels = truth.copy()
        labels[: 80 * retrained] = 1 - labels[: 80 * retrained]
        return Answers(labels=labels)

    champion, anchor = (
        NoWorseThan(metric="accuracy", margin=0.01, over=who) for who in ("champion", "anchor")
    )
    answers = []
    for retrained in range(1, 25):
        said = {"challenger": model(retrained), "champion": model(retrained - 1), "anchor": model(0)}
        rows = Predictions(truth=truth, answers=said, groups=None, slices={})
        found = made_rows.numbers(Task.BINARY, rows)
        facts = Facts(evidence=found.evidence, numbers=found)
        answers.append((champion.answer(facts).answer, anchor.answer(facts).answer))

    assert {each for each, _ in answers} == {Answer.PASS}
    assert [each for _, each in answers[:2]] == [Answer.PASS, Answer.PASS]
    assert {each for _, each in answers[2:]} == {Answer.FAIL}
