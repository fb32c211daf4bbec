"""All kinds of rules, those of a project that wrote none, and their digest."""

import hashlib
import json

import msgspec

from mltoolkit.metrics import Baseline, Task
from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import Mode, Rule
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.rules.relative import BetterThan, NoWorseThan
from mltoolkit.rules.reuse import Reuse
from mltoolkit.rules.slices import Slice

AnyRule = Absolute | BetterThanBaseline | NoWorseThan | BetterThan | Slice | Reuse
"""A rule as ``params.yaml`` has it: ``kind`` says which."""

MARGIN = 0.01
"""What a project that says nothing still calls no loss: one point."""


def defaults(task: Task, *, probabilities: bool) -> tuple[Rule, ...]:
    """Return the rules of a project that wrote none.

    With probabilities the Brier score and the area under the ROC curve decide and accuracy only warns:
    where few rows are positive, accuracy passes a model trained on shuffled labels.
    """
    match task:
        case Task.REGRESSION:
            # Of the metrics of regression R2 alone has a unit in which a margin means something everywhere.
            return (
                BetterThanBaseline(metric="rmse", baseline=Baseline.MEAN),
                NoWorseThan(metric="r2", margin=MARGIN),
            )
        case Task.BINARY | Task.MULTICLASS:
            mode = Mode.WARN if probabilities else Mode.BLOCK
            accuracy: tuple[Rule, ...] = (
                BetterThanBaseline(metric="accuracy", baseline=Baseline.MAJORITY, mode=mode),
                NoWorseThan(metric="accuracy", margin=MARGIN, mode=mode),
            )
            if not probabilities:
                return accuracy
            ranked = "roc-auc" if task is Task.BINARY else "brier"
            return (
                BetterThanBaseline(metric="brier", baseline=Baseline.BASE_RATE),
                NoWorseThan(metric=ranked, margin=MARGIN),
                *accuracy,
            )


def effective(rules: tuple[Rule, ...], task: Task, *, probabilities: bool) -> tuple[Rule, ...]:
    """Return the rules of a project, or the defaults where it wrote none."""
    return rules or defaults(task, probabilities=probabilities)


def digest(rules: tuple[Rule, ...]) -> str:
    """Return the digest of rules by what they ask, not by how the file spells them."""
    plain = json.dumps(msgspec.to_builtins(rules), sort_keys=True, allow_nan=False)
    return f"sha256:{hashlib.sha256(plain.encode()).hexdigest()}"


def contradiction(rules: tuple[Rule, ...]) -> str | None:
    """Return how rules contradict or repeat each other, so that nothing could pass or one is idle.

    Args:
        rules: The rules of one model.
    """
    seen: dict[str, Rule] = {}
    for rule in rules:
        if rule.question in seen:
            return f"two rules ask {rule.question!r}"
        seen[rule.question] = rule
    floors: dict[tuple[str, str | None], float] = {}
    ceilings: dict[tuple[str, str | None], float] = {}
    for rule in rules:
        if isinstance(rule, Absolute) and rule.mode is Mode.BLOCK:
            key = rule.metric, rule.slice
            if rule.at_least is not None:
                floors[key] = max(floors.get(key, rule.at_least), rule.at_least)
            if rule.at_most is not None:
                ceilings[key] = min(ceilings.get(key, rule.at_most), rule.at_most)
    for key in floors.keys() & ceilings.keys():
        if floors[key] > ceilings[key]:
            where = "" if key[1] is None else f" on {key[1]}"
            return f"{key[0]}{where} must be at least {floors[key]:g} and at most {ceilings[key]:g}: nothing can pass"
    return None


def budget(rules: tuple[Rule, ...]) -> int:
    """Return by how many looks the error that is allowed is divided: 1 where no rule declares a budget.

    Args:
        rules: The rules in force.
    """
    return max((rule.budget for rule in rules if isinstance(rule, Reuse)), default=1)
