"""What a rule may ask about numbers, whoever computes them: rows with statistics, or scalars without."""

from typing import Protocol

from mltoolkit.evidence import Finite, Value
from mltoolkit.metrics import METRICS, Task

CHALLENGER = "challenger"
CHAMPION = "champion"
ANCHOR = "anchor"


class Estimate(Value, frozen=True, kw_only=True):
    """One number, and how far chance may have moved it. Everything is rounded to six significant digits.

    Attributes:
        value: The estimate, in the metric's unit; None where it is not defined.
        low: The lower end of the two-sided interval; None where there is no interval.
        high: The upper end.
        confidence: Of the interval, after every adjustment.
        n: Rows behind the estimate.
        rests: How many of them it rests on, where that is fewer: the positives for recall, the smaller class
            for an area. None for all.
        groups: Groups that the rows come in; None where each row stands for itself.
        p: The two-sided p-value of the hypothesis that the true number is the threshold asked about.
        spread: The variance of one row's contribution, the correlation within groups included: the
            squared standard error of ``m`` rows like these is ``spread / m``.
        reason: Why there is no value, or no interval.
    """

    value: Finite | None = None
    low: Finite | None = None
    high: Finite | None = None
    confidence: Finite | None = None
    n: int | None = None
    rests: int | None = None
    groups: int | None = None
    p: Finite | None = None
    spread: Finite | None = None
    reason: str | None = None


class Line(Value, frozen=True, kw_only=True):
    """A logistic recalibration: the line through the logits that the truth would ask for.

    Attributes:
        intercept: 0 for a calibrated model.
        slope: 1 for a calibrated model; under 1 it is too sure of itself.
        error: The expected calibration error over equally filled bins.
        error_of_perfect: What a perfectly calibrated model with these predictions would show at this n.
    """

    intercept: Estimate
    slope: Estimate
    error: Finite | None = None
    error_of_perfect: Finite | None = None


def reach(metric: str, task: Task | None) -> float | None:
    """Return how far one row can move from one model to another; None in a metric without bounds.

    Args:
        metric: A name of the catalogue.
        task: What is predicted; of several classes a Brier score is between 0 and 2.
    """
    if not METRICS[metric].bounded:
        return None
    return 2.0 if metric == "brier" and task is Task.MULTICLASS else 1.0


class LeftOut(Value, frozen=True, kw_only=True):
    """What of the slices is not compared.

    Attributes:
        rare: Values with too few rows.
        fewest: Rows that a slice must have.
        beyond: Slices that have enough rows and are more than are compared.
        most: Slices that are compared at most.
    """

    rare: int = 0
    fewest: int = 0
    beyond: int = 0
    most: int = 0


class Numbers(Protocol):
    """Estimates of a challenger and of whom it is compared with, on the same rows."""

    @property
    def slices(self) -> tuple[str, ...]:
        """Every slice with enough rows, the pairs of columns that were searched among them, up to a limit."""
        ...

    @property
    def left_out(self) -> LeftOut:
        """What is in none of ``slices``."""
        ...

    def level(
        self, metric: str, *, confidence: float, threshold: float, slice_: str | None = None
    ) -> Estimate:
        """Return the challenger's metric.

        Args:
            metric: A name of the catalogue, or ``file:KEY``.
            confidence: Of the two-sided interval, between 0 and 1.
            threshold: The number that ``p`` is about, in the metric's unit.
            slice_: One slice and not all rows.
        """
        ...

    def gain(
        self,
        metric: str,
        over: str,
        *,
        confidence: float,
        threshold: float,
        slice_: str | None = None,
        lower_is_better: bool = False,
    ) -> Estimate:
        """Return how much better the challenger is, paired row by row: positive is better in every metric.

        Args:
            metric: A name of the catalogue, or ``file:KEY``.
            over: ``champion``, ``anchor``, or the name of a baseline.
            confidence: Of the two-sided interval, between 0 and 1.
            threshold: The gain that ``p`` is about, in the metric's unit; ``-margin`` for "no worse".
            slice_: One slice and not all rows.
            lower_is_better: Which way a ``file:`` metric gets better; the catalogue knows its own.
        """
        ...

    def calibration(self, *, confidence: float) -> Line | str:
        """Return the challenger's recalibration line, or why there is none."""
        ...

    def disagreement(self, over: str) -> float | None:
        """Return the share of rows that only one has right, challenger or other; None where labels are not told.

        Args:
            over: ``champion``, ``anchor``, or the name of a baseline.
        """
        ...
