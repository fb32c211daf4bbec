import pytest

from mltoolkit import rules
from mltoolkit.metrics import METRICS, Baseline, Task
from mltoolkit.rules import Absolute, BetterThanBaseline, Mode


def test_a_rule_asks_its_question_in_words() -> None:
    assert Absolute(metric="roc-auc", at_least=0.6).question == "roc-auc >= 0.6"
    assert Absolute(metric="mae", at_most=3, at_least=1, slice="a=b").question == "mae >= 1 and <= 3 on a=b"
    assert (
        BetterThanBaseline(metric="brier", baseline=Baseline.BASE_RATE, by=0.01).question
        == "brier better than base-rate by 0.01"
    )


@pytest.mark.parametrize(
    ("metric", "at_least", "at_most", "said"),
    [
        ("roc-auc", None, None, "needs"),
        ("roc-auc", 0.9, 0.1, "nothing can pass"),
        ("auc", 0.5, None, "unknown metric"),
        ("file:", 0.5, None, "unknown metric"),
    ],
)
def test_a_rule_that_makes_no_sense_cannot_be_made(
    metric: str, at_least: float | None, at_most: float | None, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Absolute(metric=metric, at_least=at_least, at_most=at_most)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_exactly_one_baseline_that_means_something(metric: str) -> None:
    allowed = []
    for baseline in Baseline:
        try:
            BetterThanBaseline(metric=metric, baseline=baseline)
        except ValueError:
            continue
        allowed.append(baseline)

    assert len(allowed) == 1


def test_a_number_from_a_file_has_no_baseline() -> None:
    with pytest.raises(ValueError, match="use `kind: absolute`"):
        BetterThanBaseline(metric="file:profit", baseline=Baseline.MEAN)


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("probabilities", [True, False])
def test_the_defaults_always_hold_a_blocking_rule(task: Task, probabilities: bool) -> None:  # noqa: FBT001 - a case
    made = rules.effective((), task, probabilities=probabilities)

    assert any(rule.mode is Mode.BLOCK for rule in made)


def test_by_default_accuracy_only_warns_where_there_are_probabilities() -> None:
    made = rules.defaults(Task.BINARY, probabilities=True)

    assert [rule.mode for rule in made if rule.metric == "accuracy"] == [Mode.WARN]


def test_a_project_s_own_rules_replace_the_defaults() -> None:
    own = (Absolute(metric="roc-auc", at_least=0.6),)

    assert rules.effective(own, Task.BINARY, probabilities=True) == own


def test_the_digest_is_of_what_rules_ask() -> None:
    one, other = Absolute(metric="roc-auc", at_least=0.6), Absolute(metric="roc-auc", at_least=0.60)

    assert rules.digest((one,)) == rules.digest((other,))
    assert rules.digest((one,)) != rules.digest((Absolute(metric="roc-auc", at_least=0.61),))
    assert rules.digest((one,)) != rules.digest((Absolute(metric="roc-auc", at_least=0.6, mode=Mode.WARN),))
    assert rules.digest(()).startswith("sha256:")
