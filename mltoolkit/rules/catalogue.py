"""All kinds of rules, those of a project that wrote none, and their digest."""

import msgspec

from mltoolkit.evidence import digest_of
from mltoolkit.metrics import FROM_FILE, METRICS, Baseline, Task
from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import Mode, Rule
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.rules.budget import Budget
from mltoolkit.rules.calibration import Calibration
from mltoolkit.rules.contract import Contract, Leakage
from mltoolkit.rules.custom import Custom
from mltoolkit.rules.policy import PolicyChanged
from mltoolkit.rules.relative import BetterThan, NoWorseThan
from mltoolkit.rules.reuse import Reuse
from mltoolkit.rules.slices import Slice
from mltoolkit.rules.tests import ProjectTests

AnyRule = (
    Absolute
    | BetterThanBaseline
    | NoWorseThan
    | BetterThan
    | Slice
    | Calibration
    | Custom
    | Budget
    | Contract
    | Leakage
    | ProjectTests
    | PolicyChanged
    | Reuse
)
"""A rule as ``params.yaml`` has it: ``kind`` says which."""

MARGIN = 0.01
"""What a project that says nothing still calls no loss: one point."""


def defaults(task: Task, *, probabilities: bool) -> tuple[Rule, ...]:
    """Return the rules of a project that wrote none.

    Accuracy only warns: where few rows are positive, it passes a model trained on shuffled labels. With
    probabilities the Brier score and the area under the ROC curve decide, without them balanced accuracy.
    Looks at the rows are counted and paid for.

    Args:
        task: What is predicted.
        probabilities: Whether the challenger answers probabilities.
    """
    if task is Task.REGRESSION:
        # Of the metrics of regression R2 alone has a unit in which a margin means something everywhere.
        return (
            BetterThanBaseline(metric="rmse", baseline=Baseline.MEAN),
            NoWorseThan(metric="r2", margin=MARGIN),
            Reuse(),
        )
    worth, baseline = (
        ("brier", Baseline.BASE_RATE) if probabilities else ("balanced-accuracy", Baseline.MAJORITY)
    )
    ranked = worth if not probabilities or task is Task.MULTICLASS else "roc-auc"
    return (
        BetterThanBaseline(metric=worth, baseline=baseline),
        NoWorseThan(metric=ranked, margin=MARGIN),
        BetterThanBaseline(metric="accuracy", baseline=Baseline.MAJORITY, mode=Mode.WARN),
        NoWorseThan(metric="accuracy", margin=MARGIN, mode=Mode.WARN),
        Reuse(),
    )


def effective(rules: tuple[Rule, ...], task: Task, *, probabilities: bool) -> tuple[Rule, ...]:
    """Return the rules of a project, or the defaults where it wrote none."""
    return rules or defaults(task, probabilities=probabilities)


def digest(rules: tuple[Rule, ...]) -> str:
    """Return the digest of rules by what they ask, not by how the file spells them."""
    return digest_of(msgspec.to_builtins(rules))


def contradiction(rules: tuple[Rule, ...], task: Task | None = None) -> tuple[int, str] | None:
    """Return the first rule that contradicts or repeats another, so that nothing could pass or one is idle.

    Args:
        rules: The rules of one model.
        task: What it predicts, where the settings say so.

    Returns:
        Its place from 0, and why in words.
    """
    for at, rule in enumerate(rules):
        before = rules[:at]
        why = _repeats(rule, before) or _misplaced(rule, rules, task)
        if why is None and isinstance(rule, Absolute):
            why = _excludes(rule, [each for each in before if isinstance(each, Absolute)])
        if why is not None:
            return at, why
    return None


def _repeats(rule: Rule, before: tuple[Rule, ...]) -> str | None:
    """Return what a rule asks that an earlier one asks already; the same in another mode is a softer limit."""
    if any(each.question == rule.question for each in before):
        return f"another rule asks {rule.question!r} already"
    if isinstance(rule, Reuse) and any(isinstance(each, Reuse) for each in before):
        return "another rule counts the looks already"
    if isinstance(rule, Custom) and any(
        isinstance(each, Custom) and each.name == rule.name for each in before
    ):
        return f"another program is named {rule.name!r} already"
    if isinstance(rule, Budget):
        for each in before:
            if (
                isinstance(each, Budget)
                and each.mode is rule.mode
                and (both := each.limits.keys() & rule.limits)
            ):
                return f"another budget has the {min(both)} already"
    return None


def _misplaced(rule: Rule, rules: tuple[Rule, ...], task: Task | None) -> str | None:
    """Return why a rule cannot stand with this task, or beside a promise to tell little."""
    for metric in metrics(rule):
        if task is not None and metric in METRICS and task not in METRICS[metric].tasks:
            return (
                f"{metric} is a metric of {' and '.join(METRICS[metric].tasks)} models, and `task:` is {task}"
            )
    if (
        isinstance(rule, Absolute)
        and rule.confidence is None
        and not rule.metric.startswith(FROM_FILE)
        and coarse(rules)
    ):
        return "with `disclose: coarse` it needs `confidence: 0.95`, because its bare answer tells where the number is"
    return None


def _excludes(rule: Absolute, before: list[Absolute]) -> str | None:
    """Return which earlier bound of the same metric leaves nothing between itself and this one's."""
    for each in before:
        if (each.metric, each.slice) != (rule.metric, rule.slice):
            continue
        if Mode.BLOCK not in {each.mode, rule.mode} or each.mode is not rule.mode:
            continue
        floors = [bound for bound in (each.at_least, rule.at_least) if bound is not None]
        ceilings = [bound for bound in (each.at_most, rule.at_most) if bound is not None]
        if floors and ceilings and max(floors) > min(ceilings):
            where = "" if rule.slice is None else f" on {rule.slice}"
            bounds = f"at least {max(floors):g} and at most {min(ceilings):g}"
            return f"with another rule {rule.metric}{where} must be {bounds}: nothing can pass"
    return None


def metrics(rule: Rule) -> tuple[str, ...]:
    """Return the metrics that a rule asks about.

    Args:
        rule: Of any kind.
    """
    if isinstance(rule, Slice):
        return rule.metrics
    found = getattr(rule, "metric", None)
    return () if found is None else (found,)


def budget(rules: tuple[Rule, ...]) -> int:
    """Return by how many looks the error that is allowed is divided: 1 where no rule declares a budget.

    Args:
        rules: The rules in force; one that only runs dry changes nothing.
    """
    return max((rule.budget for rule in _counting(rules)), default=1)


def coarse(rules: tuple[Rule, ...]) -> bool:
    """Return whether answers are told alone, and no numbers.

    Args:
        rules: The rules in force; one that only runs dry changes nothing.
    """
    return any(rule.disclose == "coarse" for rule in _counting(rules))


def _counting(rules: tuple[Rule, ...]) -> list[Reuse]:
    return [rule for rule in rules if isinstance(rule, Reuse) and rule.mode is not Mode.DRY_RUN]
