"""What training writes down for those who judge: the leaderboard, and what the training rows were. Values only."""

import math
from typing import Any, Literal

from mltoolkit.evidence import Digest, Finite, Tried, Value
from mltoolkit.metrics import Task


class Leaderboard(Value, frozen=True, kw_only=True):
    """What training tried, best first, as the ``train`` stage writes it.

    Attributes:
        schema: Name and version of this file's format.
        metric: What the choice was made by.
        tried: The estimators.
        model: Digest of the model that came of it.
        parameters: By estimator, as ``params.yaml`` gave them.
    """

    schema: Literal["mltoolkit.leaderboard/1"] = "mltoolkit.leaderboard/1"
    metric: str
    tried: tuple[Tried, ...]
    model: Digest
    parameters: dict[str, dict[str, Any]]


class Imputation(Value, frozen=True, kw_only=True):
    """How training fills what is missing in one feature.

    Attributes:
        strategy: ``none`` leaves it to an estimator that takes missing values.
        value: What a ``constant`` fills in: a number for a numeric feature, a word for a categorical one.
    """

    strategy: Literal["median", "mean", "most-frequent", "constant", "none"]
    value: Finite | str | None = None


class Prepared(Value, frozen=True, kw_only=True):
    """What the ``prepare`` stage found out, for training and for baselines.

    Attributes:
        schema: Name and version of this file's format.
        task: What is predicted.
        id: The column with row ids.
        target: The column with the truth.
        numeric: Features that are numbers.
        categorical: Features that are names.
        impute: By feature, how training fills what is missing; learned on training rows only.
        splits: Rows by split: ``train``, ``validation``, ``evaluation``.
        positive: Of a binary task, the class whose probability is judged, as text.
        classes: Count of each class among the training rows (train and validation); empty for regression.
        mean: Of the training rows' target, for regression.
        percentiles: Of the training rows' target, for regression: the smallest number that so many per cent of
            the rows are at or under, from 1 to 99; empty where they were not written down.
        digests: Of the files that were written: ``train`` (with the validation rows) and ``evaluation``.
    """

    schema: Literal["mltoolkit.prepared/1"] = "mltoolkit.prepared/1"
    task: Task
    id: str
    target: str
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    impute: dict[str, Imputation]
    splits: dict[str, int]
    positive: str | None
    classes: dict[str, int]
    mean: Finite | None
    percentiles: tuple[Finite, ...] = ()
    digests: dict[str, Digest]

    def quantile(self, share: float) -> float | None:
        """Return a quantile of the training rows' target; None where it is not known.

        Args:
            share: Between 0 and 1; of those that are no whole per cent none is known.
        """
        at = round(100 * share)
        whole = math.isclose(100 * share, at) and 1 <= at <= len(self.percentiles)
        return self.percentiles[at - 1] if whole else None
