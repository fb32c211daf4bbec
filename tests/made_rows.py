"""Rows that are made up, what a challenger and a champion say about them, and the numbers on them."""

from typing import Any

import numpy as np

from mltoolkit.evidence import Evidence
from mltoolkit.metrics import Task
from mltoolkit.paired import PairedNumbers, Predictions
from mltoolkit.slices import MISSING
from mltoolkit.statistics.answers import Answers
from tests.rules import made

CLASSES = {Task.BINARY: ("0", "1"), Task.MULTICLASS: ("a", "b", "c"), Task.REGRESSION: ()}
ASKED: dict[str, Any] = {"confidence": 0.95, "threshold": -0.01}


def evidence(task: Task, count: int, *, groups: bool = False, **changes: Any) -> Evidence:
    values: dict[str, Any] = {
        "task": task,
        "positive": "1" if task is Task.BINARY else None,
        "rows": made.rows(count=count, classes=CLASSES[task], group=("day",) if groups else (), quantile=0.9),
    }
    return made.evidence(**{**values, **changes})


def rows(task: Task, count: int, seed: int, *, groups: int | None = None, noise: float = 0.5) -> Predictions:
    """Make up rows on which the champion is a little worse than the challenger."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(count, 3))
    day = None if groups is None else rng.integers(0, groups, count)
    if day is not None:
        signal += rng.normal(size=(groups or 0, 3))[day] / 2
    truth = (signal + rng.normal(size=(count, 3))).argmax(axis=1)
    if task is Task.BINARY:
        truth = (truth == 2).astype(np.int64)

    def answers(more: float) -> Answers:
        heard = signal + more * rng.normal(size=(count, 3))
        if task is Task.REGRESSION:
            return Answers(values=heard[:, 0])
        table = np.exp(heard)
        table /= table.sum(axis=1, keepdims=True)
        if task is Task.BINARY:
            table = np.column_stack([table[:, :2].sum(axis=1), table[:, 2]])
        # To three digits, so that there are ties.
        table = np.round(table, 3)
        table[:, -1] = 1 - table[:, :-1].sum(axis=1)
        return Answers(labels=table.argmax(axis=1), probabilities=np.clip(table, 0, 1))

    return Predictions(
        truth=signal[:, 0] + rng.normal(size=count) if task is Task.REGRESSION else truth,
        answers={"challenger": answers(0.0), "champion": answers(noise)},
        groups=day,
        slices={
            "carrier": (rng.choice([0, 1, 2], count, p=[0.6, 0.3, 0.1]), (MISSING, "AA", "UA")),
            "origin": (rng.choice([0, 1], count, p=[0.3, 0.7]), ("EWR", "JFK")),
        },
    )


def numbers(task: Task, found: Predictions, **changes: Any) -> PairedNumbers:
    count = found.truth.size
    return PairedNumbers(evidence(task, count, groups=found.groups is not None, **changes), found)
