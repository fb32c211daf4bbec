"""The arithmetic behind the metrics: pure functions over arrays, numpy only.

Every function agrees with scikit-learn's of the same name where that one is defined; where it is
not (one class, no predicted positive) the answer is None and never a made-up number.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from mltoolkit.errors import CannotTellError
from mltoolkit.metrics import Task, label

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_SUM_TOLERANCE = 1e-4
"""How far a row's probabilities may be from one: float32 models come this close."""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What a model said about n rows, in one of three forms.

    Attributes:
        values: (n,) numbers, for regression.
        labels: (n,) codes into the classes, for classification; -1 is a class nobody knows.
        probabilities: (n, k) in the order of the classes, where the model gives them.
    """

    values: Floats | None = None
    labels: Codes | None = None
    probabilities: Floats | None = None

    def take(self, rows: npt.NDArray[np.bool_]) -> "Answers":
        """Return the answers about some of the rows.

        Args:
            rows: (n,) which ones.
        """
        return Answers(
            values=None if self.values is None else self.values[rows],
            labels=None if self.labels is None else self.labels[rows],
            probabilities=None if self.probabilities is None else self.probabilities[rows],
        )


def encode(values: npt.NDArray[Any], classes: Sequence[str]) -> Codes:
    """Return the code of each value in ``classes``; -1 where it is none of them.

    Args:
        values: (n,) of labels of any type.
        classes: The k classes as text.
    """
    code = {name: at for at, name in enumerate(classes)}
    if values.dtype.kind == "O":
        # Of any types, None among them, which do not sort.
        return np.array([code.get(label(value), -1) for value in values.tolist()], dtype=np.int64)
    unique, inverse = np.unique(values, return_inverse=True)
    known = np.array([code.get(label(value), -1) for value in unique.tolist()], dtype=np.int64)
    codes: Codes = known[inverse]
    return codes


def interpret(raw: npt.NDArray[Any], *, task: Task, classes: Sequence[str], positive: str | None) -> Answers:
    """Read a model's raw output.

    Args:
        raw: (n,) or (n, 1) values, labels or probabilities of the positive class; or (n, k) probabilities
            in the order of ``classes``.
        task: What is predicted.
        classes: The k classes as text; empty for regression.
        positive: The class that a single column of probabilities stands for.

    Raises:
        CannotTellError: The output has another shape, or holds numbers that cannot be.
    """
    flat = raw[:, 0] if raw.ndim == 2 and raw.shape[1] == 1 else raw  # noqa: PLR2004 - (n, 1) is (n,)
    if task is Task.REGRESSION:
        if flat.ndim != 1 or flat.dtype.kind not in "iufb":
            raise CannotTellError(f"a regression model must answer one number a row, not {_shape(raw)}")
        return Answers(values=_finite(flat.astype(np.float64)))
    if flat.ndim != 1:
        return _probabilities(flat, classes)
    if task is Task.BINARY and flat.dtype.kind == "f" and bool(np.any(flat != np.floor(flat))):
        share = _finite(flat.astype(np.float64))
        columns = [share, 1 - share] if positive == classes[0] else [1 - share, share]
        return _probabilities(np.column_stack(columns), classes)
    if flat.dtype.kind == "f":
        _finite(flat)
    return Answers(labels=encode(flat, classes))


def _probabilities(raw: npt.NDArray[Any], classes: Sequence[str]) -> Answers:
    if raw.ndim != 2 or raw.shape[1] != len(classes) or raw.dtype.kind not in "iuf":  # noqa: PLR2004 - (n, k)
        raise CannotTellError(
            f"the model answers {_shape(raw)}, and there are {len(classes)} classes: {', '.join(classes)}"
        )
    table = _finite(raw.astype(np.float64))
    outside = int(np.sum((table < 0) | (table > 1)))
    if outside:
        raise CannotTellError(f"{outside} probabilities are outside 0 to 1")
    off = int(np.sum(np.abs(table.sum(axis=1) - 1) > _SUM_TOLERANCE))
    if off:
        raise CannotTellError(f"the probabilities of {off} rows do not add up to 1")
    return Answers(labels=table.argmax(axis=1).astype(np.int64), probabilities=table)


def _finite(values: Floats) -> Floats:
    bad = int(np.sum(~np.isfinite(values)))
    if bad:
        raise CannotTellError(f"{bad} of {values.size} predictions are NaN or infinite")
    return values


def _shape(raw: npt.NDArray[Any]) -> str:
    return f"{' x '.join(map(str, raw.shape))} of {raw.dtype}"


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


def rounded(value: float) -> float:
    """Round to six significant digits: what two machines agree on."""
    return float(f"{value:.6g}")


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


def losses(*, truth: npt.NDArray[Any], answers: Answers) -> Floats:
    """Return how wrong each row is: squared error, squared distance of probabilities, or 0 and 1.

    Args:
        truth: (n,) numbers for regression, codes otherwise.
        answers: What the model said.
    """
    if answers.values is not None:
        errors: Floats = (answers.values - truth) ** 2
        return errors
    if answers.probabilities is not None:
        table = answers.probabilities
        distance: Floats = ((table - np.eye(table.shape[1])[truth]) ** 2).sum(axis=1)
        return distance
    if answers.labels is None:
        raise CannotTellError("the model answered nothing")
    wrong: Floats = np.not_equal(answers.labels, truth).astype(np.float64)
    return wrong


def constant(*, task: Task, n: int, value: float | str | Sequence[float], classes: Sequence[str]) -> Answers:
    """Return the answers of a predictor that always says the same.

    Args:
        task: What is predicted.
        n: Rows.
        value: A number (regression), a class, or k probabilities in the order of ``classes``.
        classes: The k classes as text.
    """
    if task is Task.REGRESSION and isinstance(value, int | float):
        return Answers(values=np.full(n, float(value)))
    if isinstance(value, str):
        return Answers(labels=np.full(n, list(classes).index(value), dtype=np.int64))
    return Answers(probabilities=np.tile(np.asarray(value, dtype=np.float64), (n, 1)))
