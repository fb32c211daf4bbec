"""One formula per metric: its value, and when asked the influence of every row.

A ratio of sums of a and b has the influence ``(a - ratio b) / mean(b)``, and each row weighs
``b / mean(b)``; a mean is such a ratio with b = 1. RMSE and R2 follow by the delta method.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from mltoolkit.metrics import Task
from mltoolkit.statistics.answers import Answers, Codes, Floats
from mltoolkit.statistics.ranks import Ranking

_SMALLEST = float(np.finfo(np.float64).eps)
"""Where the logarithm of a probability is cut off: as scikit-learn does, so that the numbers are equal."""


class Draft(msgspec.Struct, frozen=True):
    """A value, and how to get at the rest where somebody wants it: the value alone is much cheaper.

    Attributes:
        value: The metric, in its unit; it may be infinite where numbers are too large, and NaN where they are NaN.
        rows: Gives (n,) influence values.
        weights: Gives (n,) what each row weighs, with mean one; None for equal weights.
        rare: How many rows the metric rests on, where that is fewer than n.
    """

    value: float
    rows: Callable[[], npt.NDArray[Any]]
    weights: Callable[[], npt.NDArray[Any]] | None = None
    rare: int | None = None


class Judged:
    """Rows with their truth and answers; what several metrics need is computed once.

    Args:
        task: What is predicted.
        truth: (n,) numbers for regression, codes from 0 to k - 1 otherwise; at least one.
        answers: What the model said about the same rows.
        classes: The k classes as text.
        positive: The class that binary metrics are about; the last if None.
        quantile: The quantile that the pinball loss is about.
    """

    def __init__(
        self,
        *,
        task: Task,
        truth: npt.NDArray[Any],
        answers: Answers,
        classes: Sequence[str],
        positive: str | None,
        quantile: float | None,
    ) -> None:
        self.task = task
        self.n = truth.size
        self.k = len(classes)
        self.truth: npt.NDArray[Any] = truth.astype(
            np.float64 if task is Task.REGRESSION else np.int64, copy=False
        )
        self.values: Floats = np.empty(0) if answers.values is None else answers.values
        self.labels: Codes = np.empty(0, np.int64) if answers.labels is None else answers.labels
        self.table: Floats = np.empty((0, 0)) if answers.probabilities is None else answers.probabilities
        self.quantile = 0.0 if quantile is None else quantile
        self.positive = "" if task is not Task.BINARY else positive or classes[-1]
        self.at = -1 if task is not Task.BINARY else list(classes).index(self.positive)
        self.two = task is Task.BINARY and self.k == 2  # noqa: PLR2004 - rows of a binary model may know one class

    @cached_property
    def error(self) -> Floats:
        """(n,) predicted less true."""
        error: Floats = self.values - self.truth
        return error

    @cached_property
    def mse(self) -> float:
        """The mean squared error."""
        return float(np.mean(self.error**2))

    @cached_property
    def right(self) -> npt.NDArray[np.bool_]:
        """(n,) whether the label is the true one."""
        right: npt.NDArray[np.bool_] = self.labels == self.truth
        return right

    @cached_property
    def met(self) -> Codes:
        """(k,) rows of each class."""
        if self.two:
            return self._of_either(self.is_positive, self.n)
        return np.bincount(self.truth, minlength=self.k)

    @cached_property
    def said(self) -> Codes:
        """(k,) rows that the model calls so; classes nobody knows are left out."""
        if self.two:
            return self._of_either(self.says_positive, int(np.count_nonzero(self.labels >= 0)))
        return np.bincount(self.labels + 1, minlength=self.k + 1)[1:]

    @cached_property
    def hits(self) -> Codes:
        """(k,) rows of each class that the model calls so."""
        if self.two:
            return self._of_either(self.is_positive & self.says_positive, int(np.count_nonzero(self.right)))
        return np.bincount(self.truth[self.right], minlength=self.k)

    def _of_either(self, positive: npt.NDArray[np.bool_], both: int) -> Codes:
        # Counting what is true is ten times as fast as counting codes.
        count = np.full(2, both)
        count[self.at] = np.count_nonzero(positive)
        count[1 - self.at] -= count[self.at]
        return count

    @cached_property
    def is_positive(self) -> npt.NDArray[np.bool_]:
        """(n,) whether the row is of the positive class."""
        positive: npt.NDArray[np.bool_] = self.truth == self.at
        return positive

    @cached_property
    def says_positive(self) -> npt.NDArray[np.bool_]:
        """(n,) whether the model calls it so."""
        said: npt.NDArray[np.bool_] = self.labels == self.at
        return said

    @cached_property
    def score(self) -> Floats:
        """(n,) the probability of the positive class, side by side: ranks read it out of order."""
        return np.ascontiguousarray(self.table[:, self.at])

    @cached_property
    def ranking(self) -> Ranking:
        """The rows in the order of their scores: one sort for all metrics of an order."""
        return Ranking(self.is_positive, self.score)

    @property
    def smallest_class(self) -> int:
        """The rows of the smallest class that there is."""
        return int(self.met[self.met > 0].min())


def _mean(losses: npt.NDArray[Any]) -> Draft:
    value = float(np.mean(losses))
    return Draft(value, lambda: losses - value)


def _accuracy(of: Judged) -> Draft:
    return _mean(of.right)


def _balanced_accuracy(of: Judged) -> Draft | str:
    seen = of.met > 0
    if seen.sum() == 1:
        return "all rows are of one class"
    recall = of.hits / np.where(seen, of.met, 1)
    weight = np.where(seen, of.n / (np.where(seen, of.met, 1) * seen.sum()), 0)
    return Draft(
        float(recall[seen].mean()),
        lambda: (of.right - recall[of.truth]) * weight[of.truth],
        weights=lambda: weight[of.truth],
        rare=of.smallest_class,
    )


def _precision(of: Judged) -> Draft | str:
    said = int(of.said[of.at])
    if not said:
        return f"the model never says {of.positive}"
    value, scale = int(of.hits[of.at]) / said, of.n / said
    return Draft(
        value,
        lambda: of.says_positive * ((of.is_positive - value) * scale),
        weights=lambda: of.says_positive * scale,
        rare=said,
    )


def _recall(of: Judged) -> Draft | str:
    there = int(of.met[of.at])
    if not there:
        return f"no row is {of.positive}"
    value, scale = int(of.hits[of.at]) / there, of.n / there
    return Draft(
        value,
        lambda: of.is_positive * ((of.says_positive - value) * scale),
        weights=lambda: of.is_positive * scale,
        rare=there,
    )


def _f1(of: Judged) -> Draft | str:
    there, said = int(of.met[of.at]), int(of.said[of.at])
    if not there + said:
        return f"no row is {of.positive}, and the model never says so"
    value, scale = 2 * int(of.hits[of.at]) / (there + said), of.n / (there + said)

    def weights() -> npt.NDArray[Any]:
        return (of.is_positive * scale) + (of.says_positive * scale)

    def rows() -> npt.NDArray[Any]:
        return (of.is_positive & of.says_positive) * (2 * scale) - value * weights()

    return Draft(value, rows, weights=weights, rare=there)


def _f1_macro(of: Judged) -> Draft:
    total = of.met + of.said
    known = total > 0
    f1 = 2 * of.hits / np.where(known, total, 1)
    scale = np.where(known, of.n / (np.where(known, total, 1) * known.sum()), 0)

    def both(each: Floats) -> Floats:
        # A row counts for its own class and for the one it is called; -1, a class nobody knows, finds the 0.
        found: Floats = each[of.truth] + np.append(each, 0)[of.labels]
        return found

    def rows() -> Floats:
        hits: Floats = of.right * (2 * scale)[of.truth]
        return hits - both(f1 * scale)

    return Draft(float(f1[known].mean()), rows, weights=lambda: both(scale), rare=of.smallest_class)


def _log_loss(of: Judged) -> Draft:
    said = of.table[np.arange(of.n), of.truth]
    return _mean(0 - np.log(np.clip(said, _SMALLEST, 1)))  # 0 less 0 is 0, and -0 would be shown so


def _brier(of: Judged) -> Draft:
    if of.task is Task.BINARY:
        return _mean((of.score - of.is_positive) ** 2)
    # |p - e|^2 = |p|^2 - 2 p_y + 1, where cancelling would leave less than nothing of a perfect answer.
    distance = of.table.copy()
    distance[np.arange(of.n), of.truth] -= 1
    return _mean(np.einsum("ij,ij->i", distance, distance))


def _roc_auc(of: Judged) -> Draft | str:
    return _of_both(of) or Draft(
        of.ranking.roc_auc, of.ranking.roc_auc_rows, weights=lambda: _halves(of), rare=of.smallest_class
    )


def _average_precision(of: Judged) -> Draft | str:
    # With positives alone it would be 1, whatever the model says.
    return _of_both(of) or Draft(
        of.ranking.average_precision,
        of.ranking.average_precision_rows,
        weights=lambda: _halves(of),
        rare=of.smallest_class,
    )


def _of_both(of: Judged) -> str | None:
    there = int(of.met[of.at])
    if 0 < there < of.n:
        return None
    return f"every row is {of.positive}" if there else f"no row is {of.positive}"


def _halves(of: Judged) -> Floats:
    """Return (n,) weights of an area: its error is that of a mean over positives and one over the others."""
    there = int(of.met[of.at])
    return np.where(of.is_positive, of.n / (2 * there), of.n / (2 * (of.n - there)))


def _mse(of: Judged) -> Draft:
    return Draft(of.mse, lambda: of.error**2 - of.mse)


def _rmse(of: Judged) -> Draft:
    # The delta method. Without any error no row's weight moves it, and the derivative is 0, not 0 / 0.
    value = math.sqrt(of.mse)
    return Draft(value, lambda: (of.error**2 - of.mse) / (2 * value) if value else np.zeros(of.n))


def _mae(of: Judged) -> Draft:
    return _mean(np.abs(of.error))


def _pinball(of: Judged) -> Draft:
    return _mean(np.maximum(-of.quantile * of.error, (1 - of.quantile) * of.error))


def _r2(of: Judged) -> Draft | str:
    # Asked of the numbers themselves: their mean may be a rounding away from what they all are.
    if of.truth.min() == of.truth.max():
        return "the target is the same in every row"
    squares = (of.truth - of.truth.mean()) ** 2
    spread = float(squares.mean())
    if not spread:
        return "the target is all but the same in every row"
    left = of.mse / spread

    def rows() -> npt.NDArray[Any]:
        moved: Floats = (left * squares - of.error**2) / spread
        return moved

    # What is left of rounding would be shown as a tiny number where there is none.
    return Draft(round(1 - left, 12) + 0.0, rows, weights=lambda: squares / spread)


FORMULAS: Mapping[str, Callable[[Judged], Draft | str]] = {
    "roc-auc": _roc_auc,
    "brier": _brier,
    "log-loss": _log_loss,
    "average-precision": _average_precision,
    "accuracy": _accuracy,
    "balanced-accuracy": _balanced_accuracy,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "f1-macro": _f1_macro,
    "rmse": _rmse,
    "mse": _mse,
    "mae": _mae,
    "pinball": _pinball,
    "r2": _r2,
}
"""By the name in the catalogue: a metric, or why it is not defined on these rows."""
