"""The catalogue of metrics: what each is called, which way is better, and where it applies.

Names only, so that the gate knows them without numpy; the arithmetic is in ``statistics``.
"""

import math
from enum import StrEnum

import msgspec


class Task(StrEnum):
    """What is predicted."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


def label(value: object) -> str:
    """Return the text that stands for a class: ``1`` for 1, 1.0 and True, so that they are one class.

    Args:
        value: A Python value; arrays give them by ``tolist``.
    """
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        return str(int(value))
    return str(value)


class Better(StrEnum):
    """Which way a metric gets better."""

    HIGHER = "higher"
    LOWER = "lower"


class Baseline(StrEnum):
    """A predictor that has learned nothing but how the target is spread, and that says the same of every row."""

    BASE_RATE = "base-rate"
    MAJORITY = "majority"
    POSITIVE = "positive"
    MEAN = "mean"
    MEDIAN = "median"
    QUANTILE = "quantile"


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of the catalogue.

    Attributes:
        name: As rules and reports write it.
        better: Which way is better.
        tasks: Where it applies.
        probabilities: Whether it needs probabilities and not only labels.
        bounded: Whether its values lie between 0 and 1 (or, for a multiclass Brier score, 0 and 2), so that
            a margin in its unit says how many rows can show it.
        quantile: Whether it is about the quantile that the model's settings name.
    """

    name: str
    better: Better
    tasks: tuple[Task, ...]
    probabilities: bool = False
    bounded: bool = True
    quantile: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """Between which its values lie."""
        if self.bounded:
            return 0.0, 2.0 if self.better is Better.LOWER else 1.0
        # A loss without bounds is at least 0; what is better when higher, R2, is at most 1.
        return (0.0, math.inf) if self.better is Better.LOWER else (-math.inf, 1.0)

    @property
    def baseline(self) -> Baseline | None:
        """Who is best of all who know nothing, guessing by chance included; None where that is no bar."""
        return _BASELINES.get(self.name)


_BASELINES = {
    "roc-auc": Baseline.BASE_RATE,
    "brier": Baseline.BASE_RATE,
    "log-loss": Baseline.BASE_RATE,
    "average-precision": Baseline.BASE_RATE,
    "accuracy": Baseline.MAJORITY,
    "balanced-accuracy": Baseline.MAJORITY,
    "f1": Baseline.POSITIVE,
    "rmse": Baseline.MEAN,
    "mse": Baseline.MEAN,
    "r2": Baseline.MEAN,
    "mae": Baseline.MEDIAN,
    "pinball": Baseline.QUANTILE,
}

_CLASSES = (Task.BINARY, Task.MULTICLASS)

METRICS = {
    metric.name: metric
    for metric in (
        Metric(name="roc-auc", better=Better.HIGHER, tasks=(Task.BINARY,), probabilities=True),
        Metric(name="brier", better=Better.LOWER, tasks=_CLASSES, probabilities=True),
        Metric(name="log-loss", better=Better.LOWER, tasks=_CLASSES, probabilities=True, bounded=False),
        Metric(name="average-precision", better=Better.HIGHER, tasks=(Task.BINARY,), probabilities=True),
        Metric(name="accuracy", better=Better.HIGHER, tasks=_CLASSES),
        Metric(name="balanced-accuracy", better=Better.HIGHER, tasks=_CLASSES),
        Metric(name="precision", better=Better.HIGHER, tasks=(Task.BINARY,)),
        Metric(name="recall", better=Better.HIGHER, tasks=(Task.BINARY,)),
        Metric(name="f1", better=Better.HIGHER, tasks=(Task.BINARY,)),
        Metric(name="f1-macro", better=Better.HIGHER, tasks=_CLASSES),
        Metric(name="rmse", better=Better.LOWER, tasks=(Task.REGRESSION,), bounded=False),
        Metric(name="mse", better=Better.LOWER, tasks=(Task.REGRESSION,), bounded=False),
        Metric(name="mae", better=Better.LOWER, tasks=(Task.REGRESSION,), bounded=False),
        Metric(name="pinball", better=Better.LOWER, tasks=(Task.REGRESSION,), bounded=False, quantile=True),
        Metric(name="r2", better=Better.HIGHER, tasks=(Task.REGRESSION,), bounded=False),
    )
}

FROM_FILE = "file:"
"""The prefix of a metric that a stage wrote itself: ``file:profit``."""
