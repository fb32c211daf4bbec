from typing import Any, get_args

import msgspec
import pytest

from mltoolkit.metrics import Baseline, Task
from mltoolkit.rules import catalogue
from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import Answer, Mode, Rule
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.rules.budget import Budget
from mltoolkit.rules.catalogue import AnyRule
from mltoolkit.rules.custom import Custom
from mltoolkit.rules.relative import BetterThan, NoWorseThan
from mltoolkit.rules.reuse import Reuse
from mltoolkit.rules.slices import Slice
from tests.rules import made

AUC = Absolute(metric="roc-auc", at_least=0.6)
KINDS: dict[str, dict[str, Any]] = {
    "absolute": {"metric": "roc-auc", "at-least": 0.6},
    "better-than-baseline": {"metric": "brier", "baseline": "base-rate"},
    "no-worse-than": {"metric": "roc-auc", "margin": 0.01},
    "better-than": {"metric": "roc-auc"},
    "slice": {"metrics": ["roc-auc"]},
    "calibration": {},
    "custom": {"name": "profit", "command": ["true"]},
    "budget": {"size": "50MB"},
    "contract": {},
    "leakage": {},
    "tests": {},
    "policy-changed": {},
    "reuse": {},
}


def of(kind: str) -> Rule:
    rule: Rule = msgspec.convert({"kind": kind, **KINDS[kind]}, AnyRule)
    return rule


def test_every_kind_is_listed_here() -> None:
    assert {kind.__struct_config__.tag for kind in get_args(AnyRule)} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_made_from_settings_and_never_passes_on_nothing(kind: str) -> None:
    rule = of(kind)
    found = rule.answer(made.facts(challenger=made.subject(made.A, costs=None)))

    assert found.kind == kind
    assert found.rule == rule.question
    # These rows have no sketch, so that looks at them cannot be counted.
    assert found.answer in {Answer.UNKNOWN, Answer.NOT_APPLICABLE}
    assert found.reason


def test_questions_of_different_kinds_differ() -> None:
    assert len({of(kind).question for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("probabilities", [True, False])
def test_the_defaults_hold_a_blocking_floor_count_looks_and_agree_with_themselves(
    task: Task,
    probabilities: bool,  # noqa: FBT001 - a case
) -> None:
    rules = catalogue.effective((), task, probabilities=probabilities)

    assert any(isinstance(rule, BetterThanBaseline) and rule.mode is Mode.BLOCK for rule in rules)
    assert catalogue.budget(rules) == 20
    assert catalogue.contradiction(rules, task) is None


def test_by_default_accuracy_only_warns() -> None:
    for task in (Task.BINARY, Task.MULTICLASS):
        for probabilities in (True, False):
            rules = catalogue.defaults(task, probabilities=probabilities)
            assert {r.mode for r in rules if "accuracy" in catalogue.metrics(r)} == {Mode.WARN}


def test_binary_probabilities_are_judged_by_auc_and_brier() -> None:
    blocking = [r for r in catalogue.defaults(Task.BINARY, probabilities=True) if r.mode is Mode.BLOCK]

    assert blocking == [
        BetterThanBaseline(metric="brier", baseline=Baseline.BASE_RATE),
        NoWorseThan(metric="roc-auc", margin=0.01),
        Reuse(),
    ]


def test_a_project_s_own_rules_replace_the_defaults() -> None:
    assert catalogue.effective((AUC,), Task.BINARY, probabilities=True) == (AUC,)
    assert catalogue.budget((AUC,)) == 1


def test_the_digest_is_of_what_rules_ask() -> None:
    digests = {
        catalogue.digest((rule,))
        for rule in (
            AUC,
            Absolute(metric="roc-auc", at_least=0.60),
            Absolute(metric="roc-auc", at_least=0.61),
            Absolute(metric="roc-auc", at_least=0.6, mode=Mode.WARN),
        )
    }

    assert len(digests) == 3
    assert catalogue.digest(()).startswith("sha256:")


def floor(at_least: float | None = None, at_most: float | None = None, **changes: Any) -> Absolute:
    return Absolute(metric="roc-auc", at_least=at_least, at_most=at_most, **changes)


@pytest.mark.parametrize(
    ("rules", "at", "said"),
    [
        ((AUC, floor(0.6, mode=Mode.WARN)), 1, "already"),
        ((floor(0.8), BetterThan(metric="brier"), floor(None, 0.7)), 2, "at least 0.8 and at most 0.7"),
        ((Reuse(), Reuse(budget=5)), 1, "counts the looks already"),
        ((Budget(size="50MB"), Budget(size="60MB", latency="5ms")), 1, "another budget has the size already"),
        ((Custom(name="a", command=("x",)), Custom(name="a", command=("y",))), 1, "already"),
        ((Reuse(disclose="coarse"), AUC), 1, "needs `confidence: 0.95`"),
        ((AUC, Reuse(disclose="coarse")), 0, "needs `confidence: 0.95`"),
    ],
)
def test_rules_that_contradict_or_repeat_each_other_are_named(
    rules: tuple[Rule, ...], at: int, said: str
) -> None:
    found = catalogue.contradiction(rules)

    assert found is not None
    assert found[0] == at
    assert said in found[1]


@pytest.mark.parametrize(
    "rules",
    [
        (BetterThan(metric="roc-auc"), NoWorseThan(metric="roc-auc", margin=0.01)),
        (floor(0.5), floor(0.6)),
        (floor(0.8), floor(None, 0.7, slice="a=b")),
        (floor(0.8), floor(None, 0.7, mode=Mode.DRY_RUN)),
        (Budget(size="50MB"), Budget(size="40MB", mode=Mode.WARN)),
        (Budget(size="50MB"), Budget(latency="5ms")),
        (Reuse(disclose="coarse"), floor(0.6, confidence=0.95)),
        (Reuse(disclose="coarse"), Absolute(metric="file:profit", at_least=1)),
        (
            NoWorseThan(metric="roc-auc", margin=0.01),
            NoWorseThan(metric="roc-auc", margin=0.01, over="anchor"),
        ),
    ],
)
def test_rules_that_go_together_are_no_contradiction(rules: tuple[Rule, ...]) -> None:
    assert catalogue.contradiction(rules) is None


def test_a_metric_of_another_task_is_found_where_the_settings_name_the_task() -> None:
    rules = (AUC, Slice(metrics=("accuracy", "roc-auc")))

    assert catalogue.contradiction(rules, Task.BINARY) is None
    assert catalogue.contradiction(rules, Task.REGRESSION) == (
        0,
        "roc-auc is a metric of binary models, and `task:` is regression",
    )
    assert catalogue.contradiction(rules[1:], Task.MULTICLASS) == (
        0,
        "roc-auc is a metric of binary models, and `task:` is multiclass",
    )


def test_a_rule_that_runs_dry_neither_prices_looks_nor_hides_numbers() -> None:
    dry = Reuse(budget=50, disclose="coarse", mode=Mode.DRY_RUN)
    warns = Reuse(budget=50, disclose="coarse", mode=Mode.WARN)

    assert (catalogue.budget((dry,)), catalogue.coarse((dry,))) == (1, False)
    assert (catalogue.budget((warns,)), catalogue.coarse((warns,))) == (50, True)
