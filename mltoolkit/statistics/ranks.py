"""Metrics of an order: rows sorted by their score once, and every run of equal scores taken as one.

Counts are whole numbers until the last division, so that which of two equal scores comes first, and how
a machine sorts, changes no digit.
"""

from functools import cached_property

import numpy as np
import numpy.typing as npt

from mltoolkit.statistics.answers import Floats

_Counts = npt.NDArray[np.int64]


class Ranking:
    """Rows in the order of their scores; there must be positive rows and others.

    Args:
        positive: (n,) whether each row is positive.
        score: (n,) the higher, the more positive; NaN makes every metric NaN.

    Attributes:
        positives: How many rows are positive.
        others: How many are not.
    """

    def __init__(self, positive: npt.NDArray[np.bool_], score: Floats) -> None:
        self.positives = int(np.count_nonzero(positive))
        self.others = positive.size - self.positives
        # The fastest kind: equal scores are one run, so that their order does not matter.
        self._order = np.argsort(score)
        scores = score[self._order]
        self._damaged = bool(np.isnan(scores[-1]))
        self._positive = positive[self._order]
        self._ends = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))

    @cached_property
    def _sizes(self) -> _Counts:
        """(r,) rows of each run, from the lowest score up."""
        return np.diff(self._ends, prepend=-1)

    @cached_property
    def _up_to(self) -> _Counts:
        """(r,) positives up to the end of each run, from the lowest score up."""
        up_to: _Counts = np.cumsum(self._positive, dtype=np.int64)
        return up_to if self._ends.size == up_to.size else up_to[self._ends]

    @cached_property
    def _inside(self) -> _Counts:
        """(r,) positives of each run."""
        return np.diff(self._up_to, prepend=0)

    @cached_property
    def roc_auc(self) -> float:
        """The area under the ROC curve: a tie counts half (Mann and Whitney 1947)."""
        if self._damaged:
            return float("nan")
        return float(np.dot(self._inside, self._twice_below()) / (2 * self.positives * self.others))

    def roc_auc_rows(self) -> Floats:
        """Return (n,) influence values: the components of DeLong, DeLong and Clarke-Pearson (1988).

        Of a positive row: the share of others that it is above; of another row: the share of positives that
        are above it; each less the area, over the share that rows of its kind have.
        """
        n = self.positives + self.others
        above = self._twice_below() / (2 * self.others)
        under = 1 - (2 * self._up_to - self._inside) / (2 * self.positives)
        return self._spread(
            (above - self.roc_auc) * (n / self.positives), (under - self.roc_auc) * (n / self.others)
        )

    @cached_property
    def average_precision(self) -> float:
        """The mean over positives of the precision at their score, as scikit-learn defines it: no interpolation."""
        if self._damaged:
            return float("nan")
        return float(np.dot(self._inside, self._precision) / self.positives)

    def average_precision_rows(self) -> Floats:
        """Return (n,) influence values.

        With p positives in a run, T positives and N rows from the top down to its end, and W positives
        in all, the metric is the sum of p T / N over runs, over W. A row adds 1 to N of its own run and
        of all below, and if it is positive also to T, to p of its run, and to W: the derivative is a sum
        over those runs, of p / N (positives only) less p T / N^2 (every row).
        """
        share = self._inside / self._reached
        gained, lost = np.cumsum(share), np.cumsum(share * self._precision)
        n = (self.positives + self.others) / self.positives
        return self._spread((self._precision + gained - lost - self.average_precision) * n, -lost * n)

    @cached_property
    def _reached(self) -> _Counts:
        """(r,) rows from the highest score down to each run, itself included."""
        return self.positives + self.others - 1 - self._ends + self._sizes

    @cached_property
    def _precision(self) -> Floats:
        """(r,) share of positives among the rows from the highest score down to each run."""
        precision: Floats = (self.positives - self._up_to + self._inside) / self._reached
        return precision

    def _twice_below(self) -> _Counts:
        """(r,) twice the others under each run, those inside counted half."""
        return 2 * (self._ends + 1 - self._up_to) - (self._sizes - self._inside)

    def _spread(self, positive: Floats, other: Floats) -> Floats:
        """Return (n,) in the order that rows came in, from a value of each run for either kind of row."""
        if self._ends.size < self._order.size:
            positive, other = np.repeat(positive, self._sizes), np.repeat(other, self._sizes)
        rows = np.empty(self._order.size)
        rows[self._order] = np.where(self._positive, positive, other)
        return rows
