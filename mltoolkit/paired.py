"""Numbers on rows: challenger and whom it is compared with, row by row, with intervals."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from mltoolkit import measured, slices
from mltoolkit.evidence import BaselineValue, Evidence
from mltoolkit.measured import Measured, ScoreInterval
from mltoolkit.metrics import FROM_FILE, METRICS, Better, Task
from mltoolkit.rules.numbers import CHALLENGER, Estimate, LeftOut, Line, reach
from mltoolkit.scalars import ScalarNumbers
from mltoolkit.slices import Column, Found, Slice
from mltoolkit.statistics import intervals
from mltoolkit.statistics.answers import Answers, Codes, Floats, constant, rounded
from mltoolkit.statistics.calibration import binned_error, recalibrate
from mltoolkit.statistics.influence import Influence, influence

_MEANS = frozenset({"accuracy", "brier", "log-loss", "mse", "mae", "pinball"})
"""Metrics that are means over rows of a loss that depends on the row alone: of a slice, and of groups in it,
they are sums of the same values as of all rows."""

_Both = tuple[Influence, Influence]


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
    slices: Mapping[str, Column]


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the rows, or all.

    Attributes:
        key: The slice's name; None for all rows.
        count: How many they are.
        groups: (m,) or None.
        places: (m,) where they stand among all rows; None for all.
    """

    key: str | None
    count: int
    groups: Codes | None
    places: npt.NDArray[np.intp] | None


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
        self._whole = _Part(key=None, count=rows.truth.size, groups=rows.groups, places=None)
        self._part = self._whole
        # Several rules ask for the same: of all rows everything is kept, of a slice only what came of it.
        self._influences: dict[tuple[str, str], Influence | str] = {}
        self._gains: dict[tuple[str, str], tuple[float, Floats]] = {}
        self._moves: dict[str, npt.NDArray[np.int8] | None] = {}
        self._measured: dict[tuple[str, str | None, str | None], Measured | str] = {}

    @cached_property
    def slices(self) -> tuple[str, ...]:
        """Every slice with enough rows, pairs of columns among them, up to ``slices.LIMIT``."""
        return tuple(self._found)

    @property
    def left_out(self) -> LeftOut:
        """Values of too few rows, and what is over the limit."""
        found = self._search
        return LeftOut(rare=found.rare, fewest=slices.MINIMUM_ROWS, beyond=found.beyond, most=slices.LIMIT)

    @cached_property
    def _search(self) -> Found:
        return slices.find(self.rows.slices)

    @cached_property
    def _found(self) -> Mapping[str, Slice]:
        return {each.name: each for each in self._search.slices}

    def level(
        self, metric: str, *, confidence: float, threshold: float, slice_: str | None = None
    ) -> Estimate:
        """Return the challenger's metric with its interval.

        Accuracy, recall and precision are shares of rows: Wilson's score interval, by which no share of few
        rows is certain; where rows come in groups, the union of it and the interval by groups.
        """
        if metric.startswith(FROM_FILE):
            return self._from_file.level(metric, confidence=confidence, threshold=threshold, slice_=slice_)
        found = self._once(metric, None, slice_, self._level)
        return _estimate(found, confidence=confidence, threshold=threshold)

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
        found = self._once(metric, over, slice_, lambda metric, part: self._gain(metric, over, part))
        return _estimate(found, confidence=confidence, threshold=threshold)

    def calibration(self, *, confidence: float) -> Line | str:
        """Return the challenger's recalibration line, or why there is none."""
        said = self.rows.answers.get(CHALLENGER)
        table = None if said is None else said.probabilities
        if self.evidence.task is not Task.BINARY or table is None:
            return "calibration is asked of the probabilities of two classes, and the model gives none"
        positive, share = self.rows.truth == self._at, table[:, self._at]
        line = recalibrate(positive, share)
        if isinstance(line, str):
            return line

        def parameter(value: float, rows: Floats, calibrated: float) -> Estimate:
            return Measured(
                value=value,
                n=rows.size,
                spread=intervals.spread(rows, groups=self.rows.groups, rare=line.rare),
                rests=line.rare,
                remark=line.reason,
            ).estimate(confidence=confidence, threshold=calibrated)

        error, of_perfect = binned_error(positive, share)
        return Line(
            intercept=parameter(line.intercept, line.intercept_rows, 0.0),
            slope=parameter(line.slope, line.slope_rows, 1.0),
            error=rounded(error),
            error_of_perfect=rounded(of_perfect),
        )

    def disagreement(self, over: str) -> float | None:
        """Return the share of rows that only one has right, challenger or other; None where labels are not told."""
        moved = self._moved(over)
        return None if moved is None else rounded(np.count_nonzero(moved) / moved.size)

    @property
    def _from_file(self) -> ScalarNumbers:
        return ScalarNumbers(evidence=self.evidence)

    @property
    def _at(self) -> int:
        """The code of the positive class."""
        named = self.evidence.positive
        return len(self.classes) - 1 if named is None else self.classes.index(named)

    def _once(
        self,
        metric: str,
        over: str | None,
        slice_: str | None,
        measure: Callable[[str, _Part], Measured | str],
    ) -> Measured | str:
        key = metric, over, slice_
        if key not in self._measured:
            part = self._rows(slice_)
            self._measured[key] = part if isinstance(part, str) else measure(metric, part)
        return self._measured[key]

    def _level(self, metric: str, part: _Part) -> Measured | str:
        found = self._influence(metric, CHALLENGER, part)
        if isinstance(found, str):
            return found
        score, rests = None, part.count if found.rare is None else found.rare
        if metric in {"accuracy", "precision", "recall"}:
            score = measured.share(round(found.value * rests), rests, part.count)
        return Measured(
            value=found.value,
            n=part.count,
            spread=intervals.spread(found.rows, groups=part.groups, weights=found.weights, rare=found.rare),
            score=score,
            least=self._least(metric, found, part),
            rests=rests,
            reach=reach(metric, self.evidence.task),
            unmoved=measured.unmoved(metric, found.rows, self._truth(part)),
            ends=METRICS[metric].ends,
        )

    def _gain(self, metric: str, over: str, part: _Part) -> Measured | str:
        if part.places is not None and metric in _MEANS:
            return self._gain_of_means(metric, over, part)
        both = self._both(metric, over, part)
        if isinstance(both, str):
            return both
        rests = min(part.count if each.rare is None else each.rare for each in both)
        said = [self._answers(who, part) for who in (CHALLENGER, over)]
        value, rows = _better(metric, *both)
        return Measured(
            value=value,
            n=part.count,
            spread=intervals.spread(rows, groups=part.groups, weights=_mean_weights(*both), rare=rests),
            score=self._score(metric, over, part),
            least=self._least_gain(metric, over, both, part),
            rests=rests,
            reach=reach(metric, self.evidence.task),
            unmoved=measured.unmoved(metric, rows, self._truth(part), said),
            gain=True,
        )

    def _gain_of_means(self, metric: str, over: str, part: _Part) -> Measured | str:
        """Return the gain in a slice, in a metric that is a mean over rows: from the differences of all rows."""
        if (metric, over) not in self._gains:
            both = self._both(metric, over, self._whole)
            if isinstance(both, str):
                return both
            self._gains[metric, over] = _better(metric, *both)
        value, rows = self._gains[metric, over]
        rows = rows[part.places]
        shift = float(rows.mean())
        return Measured(
            value=value + shift,
            n=part.count,
            spread=intervals.spread(rows - shift, groups=part.groups),
            score=self._score(metric, over, part),
            rests=part.count,
            reach=reach(metric, self.evidence.task),
            gain=True,
        )

    def _both(self, metric: str, over: str, part: _Part) -> _Both | str:
        ours = self._influence(metric, CHALLENGER, part)
        if isinstance(ours, str):
            return f"of the challenger: {ours}"
        theirs = self._influence(metric, over, part)
        return f"of the {over}: {theirs}" if isinstance(theirs, str) else (ours, theirs)

    def _rows(self, name: str | None) -> _Part | str:
        """Return all rows, or those of a slice: the last one is kept, as its next metric is asked next."""
        if name is None:
            return self._whole
        if self._part.key == name:
            return self._part
        found = self._found.get(name) or slices.locate(self.rows.slices, name)
        if found is None or not found.count:
            return f"no row is in {name}"
        places = np.flatnonzero(slices.rows(self.rows.slices, found.terms))
        groups = self.rows.groups
        self._part = _Part(
            key=name,
            count=places.size,
            groups=None if groups is None else groups[places],
            places=places,
        )
        return self._part

    def _truth(self, part: _Part) -> npt.NDArray[Any]:
        return self.rows.truth if part.places is None else self.rows.truth[part.places]

    def _influence(self, metric: str, who: str, part: _Part) -> Influence | str:
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
            truth=self._truth(part),
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
            return said if part.places is None else said.take(part.places)
        for baseline in self.evidence.baselines:
            if baseline.name == who:
                return self._constant(baseline, part.count)
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

    def _score(self, metric: str, over: str, part: _Part) -> ScoreInterval | None:
        """Return Tango's interval, for a gain in a share of rows that does not depend on what is answered."""
        if metric not in {"accuracy", "recall"} or (moved := self._moved(over)) is None:
            return None
        if part.places is not None:
            moved = moved[part.places]
        if metric == "recall":
            moved = moved[self._truth(part) == self._at]
        gained, lost = int(np.count_nonzero(moved > 0)), int(np.count_nonzero(moved < 0))
        return measured.difference(gained, lost, moved.size, part.count)

    def _least(self, metric: str, found: Influence, part: _Part) -> ScoreInterval | None:
        """Return an interval that a level is never narrower than: few rows without a fault are not certain."""
        if metric == "roc-auc" and found.rare is not None:
            return measured.area(found.value, found.rare, part.count - found.rare)
        if metric == "rmse" and not isinstance(squares := self._influence("mse", CHALLENGER, part), str):
            return measured.root(squares.value, intervals.spread(squares.rows, groups=part.groups))
        if metric == "balanced-accuracy" and not isinstance(said := self._answers(CHALLENGER, part), str):
            return measured.recalls(self._truth(part), said.labels, len(self.classes))
        return None

    def _least_gain(self, metric: str, over: str, both: _Both, part: _Part) -> ScoreInterval | None:
        """Return an interval that a gain is never narrower than."""
        if metric == "precision":
            return measured.precisions(*both)
        total = sum(each.value for each in both)
        if metric != "rmse" or not total or isinstance(squares := self._both("mse", over, part), str):
            return None
        gain, rows = _better("mse", *squares)
        return measured.root_gain(gain, intervals.spread(rows, groups=part.groups), total)

    def _moved(self, over: str) -> npt.NDArray[np.int8] | None:
        """Return (n,) 1 where only the challenger is right, -1 where only the other is, and 0 elsewhere."""
        if over not in self._moves:
            right = [
                None if isinstance(said, str) or said.labels is None else said.labels == self.rows.truth
                for said in (self._answers(who, self._whole) for who in (CHALLENGER, over))
            ]
            ours, theirs = right
            self._moves[over] = (
                None if ours is None or theirs is None else ours.astype(np.int8) - theirs.astype(np.int8)
            )
        return self._moves[over]


def _estimate(found: Measured | str, *, confidence: float, threshold: float) -> Estimate:
    if isinstance(found, str):
        return Estimate(reason=found)
    return found.estimate(confidence=confidence, threshold=threshold)


def _better(metric: str, ours: Influence, theirs: Influence) -> tuple[float, Floats]:
    """Return the gain and its (n,) influence values, positive for better."""
    if METRICS[metric].better is Better.LOWER:
        ours, theirs = theirs, ours
    return ours.value - theirs.value, ours.rows - theirs.rows


def _mean_weights(ours: Influence, theirs: Influence) -> Floats | None:
    one, other = ours.weights, theirs.weights
    if one is None or other is None:
        alone = other if one is None else one
        return None if alone is None else (1 + alone) / 2
    return (one + other) / 2
