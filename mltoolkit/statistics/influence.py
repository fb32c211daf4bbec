"""Metrics and how much each row moves them: one function per metric, numpy only.

Every estimate agrees with scikit-learn's of the same name where that one is defined; where it is not
(one class, no predicted positive) the answer is a reason and never a made-up number.

An influence value is the derivative of the metric with respect to the weight of a row, times the
number of rows: the values of all rows sum to zero, and the estimate's error is close to their mean
over the rows that were drawn (Hampel 1974). Differences of models, slices and groups are sums of them.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from mltoolkit.errors import CannotTellError
from mltoolkit.metrics import METRICS, Metric, Task
from mltoolkit.statistics.answers import Answers, Floats, rounded
from mltoolkit.statistics.formulas import FORMULAS, Judged


class Influence(msgspec.Struct, frozen=True, kw_only=True):
    """A metric on n rows, and what each row contributes to its error.

    Attributes:
        value: The metric, in its unit.
        rows: (n,) influence values, which sum to zero.
        weights: (n,) each row's share of the denominator times n, where rows do not weigh the same
            (only positives count for recall); their mean is one. None for equal weights.
        rare: How many rows the metric rests on, where that is fewer than n: the positives for recall.
    """

    value: float
    rows: Floats
    weights: Floats | None = None
    rare: int | None = None


def influence(
    metric: str,
    *,
    task: Task,
    truth: npt.NDArray[Any],
    answers: Answers,
    classes: Sequence[str],
    positive: str | None,
    quantile: float | None = None,
) -> Influence | str:
    """Return a metric and its influence values, or why it is not defined on these rows.

    Args:
        metric: A name of the catalogue.
        task: What is predicted.
        truth: (n,) numbers for regression, codes into ``classes`` otherwise.
        answers: What the model said about the same rows in the same order.
        classes: The k classes as text.
        positive: The class whose probability, precision and recall are meant (binary); the last if None.
        quantile: The quantile that the model predicts, for the pinball loss.
    """
    known = METRICS.get(metric)
    if known is None or task not in known.tasks:
        return f"{metric} is not a metric of a {task} model"
    if doubt := _doubt(task, truth, answers, classes, positive):
        return doubt
    if not _said(known, answers):
        return f"the model gives no {'probabilities' if known.probabilities else 'usable answers'}"
    if known.quantile and not _between(quantile):
        return "no `quantile` between 0 and 1 is named that the model predicts"
    with np.errstate(over="ignore", invalid="ignore"):
        found = FORMULAS[metric](
            Judged(
                task=task, truth=truth, answers=answers, classes=classes, positive=positive, quantile=quantile
            )
        )
        if isinstance(found, str):
            return found
        rows = found.rows()
        if not (math.isfinite(found.value) and math.isfinite(float(rows.sum()))):
            return "it cannot be computed: numbers are missing or too large"
    return Influence(
        value=found.value,
        rows=rows,
        weights=None if found.weights is None else found.weights(),
        rare=found.rare,
    )


def measure(
    *,
    task: Task,
    truth: npt.NDArray[Any],
    answers: Answers,
    classes: Sequence[str],
    positive: str | None,
    quantile: float | None = None,
) -> dict[str, float | None]:
    """Return the value of every metric that applies, by its name in the catalogue and in its order.

    Args:
        task: What is predicted.
        truth: (n,) numbers for regression, codes into ``classes`` otherwise.
        answers: What the model said about the same rows in the same order.
        classes: The k classes as text.
        positive: The class whose probability, precision and recall are meant (binary); the last if None.
        quantile: The quantile that the model predicts; the pinball loss applies where there is one.

    Returns:
        Values rounded to six significant digits; None where a metric is not defined on these rows.

    Raises:
        CannotTellError: There are no rows, or the numbers are too large to be added up.
    """
    if doubt := _doubt(task, truth, answers, classes, positive):
        raise CannotTellError(doubt)
    judged = Judged(
        task=task, truth=truth, answers=answers, classes=classes, positive=positive, quantile=quantile
    )
    with np.errstate(over="ignore", invalid="ignore"):
        drafts = {
            name: FORMULAS[name](judged)
            for name, metric in METRICS.items()
            if task in metric.tasks
            and _said(metric, answers)
            and not (metric.quantile and not _between(quantile))
        }
    found = {name: None if isinstance(draft, str) else draft.value for name, draft in drafts.items()}
    if over := [name for name, value in found.items() if value is not None and not math.isfinite(value)]:
        raise CannotTellError(f"{', '.join(over)} cannot be computed: the numbers are too large")
    return {name: None if value is None else rounded(value) for name, value in found.items()}


def _doubt(
    task: Task, truth: npt.NDArray[Any], answers: Answers, classes: Sequence[str], positive: str | None
) -> str | None:
    """Return why nothing can be measured at all."""
    if not truth.size:
        return "there are no rows to measure on"
    labels, table = answers.labels, answers.probabilities
    for said in (answers.values, labels, table):
        if said is not None and len(said) != truth.size:
            return f"there are {truth.size} rows and {len(said)} answers"
    if task is Task.REGRESSION:
        return None
    k, names = len(classes), ", ".join(classes)
    if not 0 <= int(truth.min()) <= int(truth.max()) < k:
        return f"there are rows whose target is none of {names}"
    if labels is not None and not -1 <= int(labels.min()) <= int(labels.max()) < k:
        return f"there are labels that stand for none of {names}"
    if table is not None and table.shape != (truth.size, k):
        return f"the probabilities are not those of {names}"
    if task is Task.BINARY and positive is not None and positive not in classes:
        return f"the positive class, {positive}, is none of {names}"
    return None


def _said(metric: Metric, answers: Answers) -> bool:
    """Return whether the model answers in the form that a metric reads."""
    if metric.tasks == (Task.REGRESSION,):
        return answers.values is not None
    return (answers.probabilities if metric.probabilities else answers.labels) is not None


def _between(quantile: float | None) -> bool:
    return quantile is not None and 0 < quantile < 1
