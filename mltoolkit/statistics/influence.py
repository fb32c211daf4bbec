"""Metrics and how much each row moves them: one function per metric, numpy only.

Every estimate agrees with scikit-learn's of the same name where that one is defined; where it is not
(one class, no predicted positive) the answer is a reason and never a made-up number.

An influence value is the derivative of the metric with respect to the weight of a row, times the
number of rows: the values of all rows sum to zero, and the estimate's error is close to their mean
over the rows that were drawn (Hampel 1974). Differences of models, slices and groups are sums of them.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from mltoolkit.errors import CannotTellError
from mltoolkit.metrics import Task
from mltoolkit.statistics.answers import Answers, Codes, Floats, rounded


class Influence(msgspec.Struct, frozen=True, kw_only=True):
    """A metric on n rows, and what each row contributes to its error.

    Attributes:
        value: The metric, in its unit.
        rows: (n,) influence values, which sum to zero.
        weights: (n,) each row's share of the denominator times n, where rows do not weigh the same
            (only positives count for recall); None for equal weights.
        rare: How many rows the metric rests on, where that is fewer than n: the positives for recall.
    """

    value: float
    rows: Floats
    weights: Floats | None = None
    rare: int | None = None


def measure(
    *, task: Task, truth: npt.NDArray[Any], answers: Answers, classes: Sequence[str], positive: str | None
) -> dict[str, float | None]:
    """Return every metric that applies, by its name in the catalogue.

    Args:
        task: What is predicted.
        truth: (n,) numbers for regression, codes into ``classes`` otherwise.
        answers: What the model said about the same rows in the same order.
        classes: The k classes as text.
        positive: The class whose probability, precision and recall are meant (binary).

    Returns:
        Values rounded to six significant digits; None where a metric is not defined on these rows.

    Raises:
        CannotTellError: There are no rows, or the numbers are too large to be added up.
    """
    if not truth.size:
        raise CannotTellError("there are no rows to measure on")
    if task is Task.REGRESSION and answers.values is not None:
        found = _regression(truth.astype(np.float64), answers.values)
    else:
        found = _classification(truth.astype(np.int64), answers, task, list(classes), positive)
    if over := [name for name, value in found.items() if value is not None and not np.isfinite(value)]:
        raise CannotTellError(f"{', '.join(over)} cannot be computed: the numbers are too large")
    return {name: None if value is None else rounded(value) for name, value in found.items()}


def _regression(truth: Floats, values: Floats) -> dict[str, float | None]:
    with np.errstate(over="ignore", invalid="ignore"):
        return _errors(truth, values)


def _errors(truth: Floats, values: Floats) -> dict[str, float | None]:
    error = values - truth
    mse = float(np.mean(error**2))
    spread = float(np.mean((truth - truth.mean()) ** 2))
    return {
        "rmse": mse**0.5,
        "mse": mse,
        "mae": float(np.mean(np.abs(error))),
        # What is left of rounding would be shown as a tiny number where there is none.
        "r2": round(1 - mse / spread, 12) if spread > 0 else None,
    }


def _classification(
    truth: Codes, answers: Answers, task: Task, classes: list[str], positive: str | None
) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    if answers.labels is not None:
        found |= _labels(truth, answers.labels, len(classes))
    if answers.labels is not None and task is Task.BINARY:
        found |= _positives(truth, answers.labels, classes.index(positive or classes[-1]))
    if answers.probabilities is not None:
        table = answers.probabilities
        smallest = float(np.finfo(np.float64).eps)  # scikit-learn's clipping, so that the numbers are equal
        found["log-loss"] = float(-np.mean(np.log(np.clip(table[np.arange(truth.size), truth], smallest, 1))))
        if task is Task.BINARY:
            at = classes.index(positive or classes[-1])
            found["brier"] = float(np.mean((table[:, at] - (truth == at)) ** 2))
            found["roc-auc"] = roc_auc(truth == at, table[:, at])
        else:
            hot = np.eye(len(classes))[truth]
            found["brier"] = float(np.mean(((table - hot) ** 2).sum(axis=1)))
    return found


def _labels(truth: Codes, labels: Codes, k: int) -> dict[str, float | None]:
    right = labels == truth
    count = np.bincount(truth, minlength=k)
    said = np.bincount(labels[labels >= 0], minlength=k)
    hits = np.bincount(truth[right], minlength=k)
    seen, met = count > 0, (count + said) > 0
    return {
        "accuracy": float(right.mean()),
        "balanced-accuracy": float((hits[seen] / count[seen]).mean()) if seen.sum() > 1 else None,
        "f1-macro": float((2 * hits[met] / (count + said)[met]).mean()),
    }


def _positives(truth: Codes, labels: Codes, positive: int) -> dict[str, float | None]:
    is_positive, says_positive = truth == positive, labels == positive
    hits, there, said = (int(np.sum(x)) for x in (is_positive & says_positive, is_positive, says_positive))
    return {
        "precision": hits / said if said else None,
        "recall": hits / there if there else None,
        "f1": 2 * hits / (there + said) if there + said else None,
    }


def roc_auc(positive: npt.NDArray[np.bool_], score: Floats) -> float | None:
    """Return the area under the ROC curve by mid-ranks (Mann and Whitney 1947); None for one class.

    Args:
        positive: (n,) whether each row is positive.
        score: (n,) the higher, the more positive.
    """
    there = int(positive.sum())
    others = positive.size - there
    if not there or not others:
        return None
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - there * (there + 1) / 2) / (there * others))
