"""What a model said about rows: read strictly, in one of three forms."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from mltoolkit.errors import CannotTellError
from mltoolkit.metrics import Task, label

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

SUM_TOLERANCE = 1e-4
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

    def take(self, rows: npt.NDArray[np.bool_ | np.intp]) -> "Answers":
        """Return the answers about some of the rows.

        Args:
            rows: (n,) which ones, or their places.
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
    off = int(np.sum(np.abs(table.sum(axis=1) - 1) > SUM_TOLERANCE))
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


def rounded(value: float) -> float:
    """Round to six significant digits: what two machines agree on."""
    return float(f"{value:.6g}")


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
