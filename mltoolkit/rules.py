"""Gate rules: one question each, as ``params.yaml`` asks it. What a rule answers is in ``gate``."""

import hashlib
import json
from enum import StrEnum
from typing import Annotated

import msgspec

from mltoolkit.metrics import FROM_FILE, METRICS, Baseline, Task


class Mode(StrEnum):
    """What an answer does to the verdict."""

    BLOCK = "block"
    WARN = "warn"
    DRY_RUN = "dry-run"


class _Rule(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab", tag_field="kind"
):
    mode: Mode = Mode.BLOCK


class Absolute(_Rule, frozen=True, kw_only=True, tag="absolute"):
    """The challenger's metric clears a floor or stays under a ceiling.

    Attributes:
        metric: A name of the catalogue, or ``file:KEY`` for a number that a stage wrote.
        at_least: The floor, in the metric's unit.
        at_most: The ceiling, in the metric's unit.
        slice: Ask it of one slice (``carrier=UA``) and not of all rows.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    slice: str | None = None

    def __post_init__(self) -> None:
        """Refuse a rule that can only pass or only fail."""
        _check_metric(self.metric)
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs `at-least` or `at-most`")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"at-least {self.at_least} is above at-most {self.at_most}: nothing can pass")

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        bounds = [f">= {self.at_least:g}"] if self.at_least is not None else []
        bounds += [f"<= {self.at_most:g}"] if self.at_most is not None else []
        where = "" if self.slice is None else f" on {self.slice}"
        return f"{self.metric} {' and '.join(bounds)}{where}"


class BetterThanBaseline(_Rule, frozen=True, kw_only=True, tag="better-than-baseline"):
    """The challenger beats a predictor that knows only the training target's distribution.

    Attributes:
        metric: A name of the catalogue.
        baseline: Which trivial predictor.
        by: How much better it must be, in the metric's unit.
    """

    metric: str
    baseline: Baseline
    by: Annotated[float, msgspec.Meta(ge=0)] = 0.0

    def __post_init__(self) -> None:
        """Refuse pairs that have no meaning, such as a majority's Brier score or a mean's accuracy."""
        _check_metric(self.metric)
        if self.metric.startswith(FROM_FILE):
            raise ValueError("a number from a file has no baseline; use `kind: absolute`")
        metric = METRICS[self.metric]
        regression = Task.REGRESSION in metric.tasks
        wanted = (
            (Baseline.MEAN,)
            if regression
            else (Baseline.BASE_RATE,)
            if metric.probabilities
            else (Baseline.MAJORITY,)
        )
        if self.baseline not in wanted:
            raise ValueError(f"{self.metric} is compared with baseline: {wanted[0]}")

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        margin = f" by {self.by:g}" if self.by else ""
        return f"{self.metric} better than {self.baseline}{margin}"


Rule = Absolute | BetterThanBaseline


def defaults(task: Task, *, probabilities: bool) -> tuple[Rule, ...]:
    """Return the rules of a project that wrote none.

    With probabilities the Brier score decides and accuracy only warns: where few rows are positive,
    accuracy passes a model trained on shuffled labels.
    """
    if task is Task.REGRESSION:
        return (BetterThanBaseline(metric="rmse", baseline=Baseline.MEAN),)
    accuracy = BetterThanBaseline(
        metric="accuracy", baseline=Baseline.MAJORITY, mode=Mode.WARN if probabilities else Mode.BLOCK
    )
    if not probabilities:
        return (accuracy,)
    return (BetterThanBaseline(metric="brier", baseline=Baseline.BASE_RATE), accuracy)


def effective(rules: tuple[Rule, ...], task: Task, *, probabilities: bool) -> tuple[Rule, ...]:
    """Return the rules of a project, or the defaults where it wrote none."""
    return rules or defaults(task, probabilities=probabilities)


def digest(rules: tuple[Rule, ...]) -> str:
    """Return the digest of rules by what they ask, not by how the file spells them."""
    plain = json.dumps(msgspec.to_builtins(rules), sort_keys=True, allow_nan=False)
    return f"sha256:{hashlib.sha256(plain.encode()).hexdigest()}"


def _check_metric(name: str) -> None:
    if name.startswith(FROM_FILE) and len(name) > len(FROM_FILE):
        return
    if name not in METRICS:
        raise ValueError(f"unknown metric {name!r}; known: {', '.join(METRICS)}, or file:KEY")
