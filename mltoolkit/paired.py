"""Numbers on rows: challenger and whom it is compared with, row by row, with intervals."""

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from mltoolkit import slices
from mltoolkit.evidence import BaselineValue, Evidence
from mltoolkit.metrics import FROM_FILE, METRICS, Better, Task
from mltoolkit.rules.numbers import CHALLENGER, Estimate, Line
from mltoolkit.scalars import ScalarNumbers
from mltoolkit.statistics import intervals, proportions
from mltoolkit.statistics.answers import Answers, Codes, Floats, constant, rounded
from mltoolkit.statistics.calibration import binned_error, recalibrate
from mltoolkit.statistics.influence import Influence, influence
from mltoolkit.statistics.intervals import Interval, Spread
from mltoolkit.statistics.quantiles import normal_quantile, normal_tails

ScoreInterval = Callable[[float, float], Interval]
"""From confidence and threshold to the score interval of a share of rows, or of a difference of two."""


class Predictions(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody said about the n evaluation rows.

    Attributes:
        truth: (n,) numbers for regression, codes into the classes otherwise.
        answers: By ``challenger``, ``champion``, ``anchor``, or the name of a baseline that is a column.
        groups: (n,) codes from 0, where rows come in groups.
        slices: (n,) codes and the text that each stands for, by column.
    """

    truth: npt.NDArray[Any]
    answers: Mapping[str, Answers]
    groups: Codes | None
    slices: Mapping[str, slices.Column]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the rows, or all.

    Attributes:
        key: The slice's name; None for all rows.
        truth: (m,) as in ``Predictions``.
        groups: (m,) or None.
        inside: (n,) which rows they are; None for all.
    """

    key: str | None
    truth: npt.NDArray[Any]
    groups: Codes | None
    inside: npt.NDArray[np.bool_] | None


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A number, and how far chance moves it.

    Attributes:
        value: In the metric's unit; of a gain positive for better.
        n: Rows behind it.
        spread: By influence values, row by row and by groups.
        score: Its score interval, where it is a share of rows or a difference of two.
        rests: How many rows it rests on, in a metric with bounds and without a score interval.
    """

    value: float
    n: int
    spread: Spread
    score: ScoreInterval | None = None
    rests: int | None = None


class PairedNumbers:
    """Estimates on rows, as ``rules.numbers.Numbers``.

    Args:
        evidence: What was measured.
        rows: What everybody said.
    """

    def __init__(self, evidence: Evidence, rows: Predictions) -> None:
        self.evidence = evidence
        self.rows = rows
        self.classes = () if evidence.rows is None else evidence.rows.classes
        self._whole = _Part(key=None, truth=rows.truth, groups=rows.groups, inside=None)
        self._part = self._whole
        self._influences: dict[tuple[str, str], Influence | str] = {}
        self._measured: dict[tuple[str, str | None, str | None], Measured | str] = {}

    @cached_property
    def slices(self) -> tuple[str, ...]:
        """Every slice with enough rows, pairs of columns among them."""
        return tuple(each.name for each in slices.find(self.rows.slices))

    def level(
        self, metric: str, *, confidence: float, threshold: float, slice_: str | None = None
    ) -> Estimate:
        """Return the challenger's metric with its interval.

        Accuracy, recall and precision are shares of rows: Wilson's score interval, by which no share of few
        rows is certain; where rows come in groups, the union of it and the interval by groups.
        """
        if metric.startswith(FROM_FILE):
            return self._from_file.level(metric, confidence=confidence, threshold=threshold, slice_=slice_)
        found = self._remembered(metric, None, slice_, lambda: self._level(metric, slice_))
        known = METRICS.get(metric)
        return self._estimate(found, confidence, threshold, None if known is None else known.ends)

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
        """Return how much better the challenger is, with its interval.

        A gain in accuracy or recall is a difference of two shares of the same rows: Tango's score interval,
        which is no point where no answers differ; where rows come in groups, the union of it and the interval
        by groups.
        """
        if metric.startswith(FROM_FILE):
            return self._from_file.gain(
                metric,
                over,
                confidence=confidence,
                threshold=threshold,
                slice_=slice_,
                lower_is_better=lower_is_better,
            )
        found = self._remembered(metric, over, slice_, lambda: self._gain(metric, over, slice_))
        return self._estimate(found, confidence, threshold, None)

    def calibration(self, *, confidence: float) -> Line | str:
        """Return the challenger's recalibration line, or why there is none."""
        found = self.rows.answers.get(CHALLENGER)
        said = None if found is None else found.probabilities
        if self.evidence.task is not Task.BINARY or said is None:
            return "calibration is asked of the probabilities of two classes, and the model gives none"
        positive, share = self.rows.truth == self._at, said[:, self._at]
        line = recalibrate(positive, share)
        if isinstance(line, str):
            return line
        intercept, slope = (
            self._estimate(
                Measured(
                    value=value,
                    n=positive.size,
                    spread=intervals.spread(rows, groups=self.rows.groups, rare=line.rare),
                ),
                confidence,
                calibrated,
                None,
                remark=line.reason,
            )
            for value, rows, calibrated in (
                (line.intercept, line.intercept_rows, 0.0),
                (line.slope, line.slope_rows, 1.0),
            )
        )
        error, of_perfect = binned_error(positive, share)
        return Line(
            intercept=intercept, slope=slope, error=rounded(error), error_of_perfect=rounded(of_perfect)
        )

    def disagreement(self, over: str) -> float | None:
        """Return the share of rows that only one has right, challenger or other; None where labels are not told.

        Args:
            over: ``champion``, ``anchor``, or the name of a baseline.
        """
        ours, theirs = self._answers(CHALLENGER, self._whole), self._answers(over, self._whole)
        if isinstance(ours, str) or isinstance(theirs, str) or ours.labels is None or theirs.labels is None:
            return None
        truth = self.rows.truth
        return rounded(float(np.mean((ours.labels == truth) != (theirs.labels == truth))))

    @property
    def _from_file(self) -> ScalarNumbers:
        return ScalarNumbers(evidence=self.evidence)

    @property
    def _at(self) -> int:
        """The code of the positive class."""
        named = self.evidence.positive
        return len(self.classes) - 1 if named is None else self.classes.index(named)

    def _remembered(
        self, metric: str, over: str | None, slice_: str | None, make: Callable[[], Measured | str]
    ) -> Measured | str:
        key = metric, over, slice_
        if key not in self._measured:
            self._measured[key] = make()
        return self._measured[key]

    def _level(self, metric: str, slice_: str | None) -> Measured | str:
        part = self._rows(slice_)
        if isinstance(part, str):
            return part
        found = self._influence(metric, CHALLENGER, part)
        if isinstance(found, str):
            return found
        return Measured(
            value=found.value,
            n=part.truth.size,
            spread=intervals.spread(found.rows, groups=part.groups, weights=found.weights, rare=found.rare),
            score=_share(metric, found, part.truth.size),
            rests=_rests(metric, found.rare, part.truth.size),
        )

    def _gain(self, metric: str, over: str, slice_: str | None) -> Measured | str:
        part = self._rows(slice_)
        if isinstance(part, str):
            return part
        ours = self._influence(metric, CHALLENGER, part)
        if isinstance(ours, str):
            return f"of the challenger: {ours}"
        theirs = self._influence(metric, over, part)
        if isinstance(theirs, str):
            return f"of the {over}: {theirs}"
        sign = -1.0 if METRICS[metric].better is Better.LOWER else 1.0
        rare = min((each.rare for each in (ours, theirs) if each.rare is not None), default=None)
        return Measured(
            value=sign * (ours.value - theirs.value),
            n=part.truth.size,
            spread=intervals.spread(
                sign * (ours.rows - theirs.rows),
                groups=part.groups,
                weights=_mean_weights(ours, theirs),
                rare=rare,
            ),
            score=self._difference(metric, over, part),
            rests=_rests(metric, rare, part.truth.size),
        )

    def _rows(self, name: str | None) -> _Part | str:
        """Return all rows, or those of a slice: the last one is kept, as its next metric is asked next."""
        if name is None:
            return self._whole
        if self._part.key == name:
            return self._part
        found = slices.locate(self.rows.slices, name)
        if found is None or not found.count:
            return f"no row is in {name}"
        inside = slices.rows(self.rows.slices, found.terms)
        groups = self.rows.groups
        self._part = _Part(
            key=name,
            truth=self.rows.truth[inside],
            groups=None if groups is None else groups[inside],
            inside=inside,
        )
        return self._part

    def _influence(self, metric: str, who: str, part: _Part) -> Influence | str:
        """Return a metric of somebody; of all rows it is kept, since several rules ask for it."""
        key = metric, who
        if part.key is None and key in self._influences:
            return self._influences[key]
        answers = self._answers(who, part)
        if isinstance(answers, str):
            return answers
        if self.evidence.task is None:
            return "the evidence does not say what is predicted"
        found = influence(
            metric,
            task=self.evidence.task,
            truth=part.truth,
            answers=answers,
            classes=self.classes,
            positive=self.evidence.positive,
            quantile=None if self.evidence.rows is None else self.evidence.rows.quantile,
        )
        if part.key is None:
            self._influences[key] = found
        return found

    def _answers(self, who: str, part: _Part) -> Answers | str:
        if who in self.rows.answers:
            said = self.rows.answers[who]
            return said if part.inside is None else said.take(part.inside)
        for baseline in self.evidence.baselines:
            if baseline.name == who:
                return self._constant(baseline, part.truth.size)
        return "nobody of that name has answered"

    def _constant(self, baseline: BaselineValue, n: int) -> Answers | str:
        value, task = baseline.value, self.evidence.task
        if value is None or task is None:
            return "it has not answered"
        fits = (
            isinstance(value, int | float)
            if task is Task.REGRESSION
            else value in self.classes
            if isinstance(value, str)
            else isinstance(value, tuple) and len(value) == len(self.classes)
        )
        if not fits:
            return f"what it says does not fit a {task} task with the classes {', '.join(self.classes)}"
        return constant(task=task, n=n, value=value, classes=self.classes)

    def _difference(self, metric: str, over: str, part: _Part) -> ScoreInterval | None:
        """Return Tango's interval, for a gain in a share of rows that does not depend on what is answered."""
        if metric not in {"accuracy", "recall"}:
            return None
        ours, theirs = self._answers(CHALLENGER, part), self._answers(over, part)
        if isinstance(ours, str) or isinstance(theirs, str) or ours.labels is None or theirs.labels is None:
            return None
        right, other = ours.labels == part.truth, theirs.labels == part.truth
        n, counts = part.truth.size, part.truth.size
        gained, lost = right & ~other, other & ~right
        if metric == "recall":
            positive = part.truth == self._at
            counts = int(np.count_nonzero(positive))
            gained, lost = gained & positive, lost & positive
        return _tango(int(np.count_nonzero(gained)), int(np.count_nonzero(lost)), counts, n)

    def _estimate(
        self,
        found: Measured | str,
        confidence: float,
        threshold: float,
        ends: tuple[float, float] | None,
        *,
        remark: str | None = None,
    ) -> Estimate:
        if isinstance(found, str):
            return Estimate(reason=found)
        interval = intervals.around(found.value, found.spread, confidence=confidence, threshold=threshold)
        if found.score is not None and not found.spread.groups:
            interval = found.score(confidence, threshold)
        elif found.score is not None:
            interval = intervals.wider(interval, found.score(confidence, threshold))
        elif found.rests is not None and interval.spread == 0:
            interval = _unseen(found.value, found.rests, interval, confidence, threshold)
        low, high = interval.low, interval.high
        if ends is not None and low is not None and high is not None:
            low, high = max(low, ends[0]), min(high, ends[1])
        return Estimate(
            value=_said(found.value),
            low=_said(low),
            high=_said(high),
            # Not to six digits: of many looks and comparisons it is all but 1, and must not become it.
            confidence=round(confidence, 12),
            n=found.n,
            groups=found.spread.groups,
            p=_said(interval.p),
            spread=_said(interval.spread),
            reason=interval.reason or remark,
        )


def _share(metric: str, found: Influence, n: int) -> ScoreInterval | None:
    """Return Wilson's interval, for a metric that is a share of rows."""
    if metric not in {"accuracy", "precision", "recall"}:
        return None
    rests = n if found.rare is None else found.rare
    hits = round(found.value * rests)

    def wilson(confidence: float, threshold: float) -> Interval:
        return _per_row(proportions.wilson(hits, rests, confidence=confidence, threshold=threshold), rests, n)

    return wilson


def _tango(gained: int, lost: int, rests: int, n: int) -> ScoreInterval:
    def tango(confidence: float, threshold: float) -> Interval:
        found = proportions.tango(gained, lost, rests, confidence=confidence, threshold=threshold)
        return _per_row(found, rests, n)

    return tango


def _per_row(interval: Interval, rests: int, n: int) -> Interval:
    """Return an interval whose spread is that of a row, where it rests on some of the rows only."""
    if interval.spread is None or not rests:
        return interval
    return msgspec.structs.replace(interval, spread=interval.spread * n / rests)


def _rests(metric: str, rare: int | None, n: int) -> int | None:
    return (n if rare is None else rare) if METRICS[metric].bounded else None


def _unseen(value: float, rests: int, interval: Interval, confidence: float, threshold: float) -> Interval:
    """Return the interval of a number that no row moves, in a metric with bounds.

    That nothing was seen in so many rows does not make it certain: the ends are ``z^2 / (rests + z^2)`` apart
    from the number, where Tango's are if no two answers differ (Tango 1998).
    """
    z = normal_quantile(0.5 + confidence / 2)
    reach = z * z / (rests + z * z)
    off = abs(threshold - value)
    p = normal_tails(math.sqrt(rests * off / (1 - off))) if off < 1 else 0.0
    return msgspec.structs.replace(interval, low=value - reach, high=value + reach, p=p)


def _mean_weights(ours: Influence, theirs: Influence) -> Floats | None:
    if ours.weights is None and theirs.weights is None:
        return None
    if ours.weights is None or theirs.weights is None:
        weights = theirs.weights if ours.weights is None else ours.weights
        return None if weights is None else (1 + weights) / 2
    return ours.weights if ours.weights is theirs.weights else (ours.weights + theirs.weights) / 2


def _said(value: float | None) -> float | None:
    # Adding nothing makes 0 of what would be shown as -0.
    return None if value is None else rounded(value) + 0.0
