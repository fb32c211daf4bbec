"""Every number of evidence on rows: everybody's metrics on all rows and on slices, baselines, worst rows."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from mltoolkit import slices
from mltoolkit.errors import InputError
from mltoolkit.evidence import BaselineValue, Measurement, WorstRow
from mltoolkit.metrics import METRICS, Baseline, Task
from mltoolkit.rows import Frame
from mltoolkit.statistics.answers import Answers, constant, losses, rounded
from mltoolkit.statistics.influence import measure
from mltoolkit.training import Prepared

_WORST_ROWS = 10
_NOT_DEFINED = "not defined on these rows (one class, or no predicted positive)"


def measurements(frame: Frame, of: str, answers: Answers, *, quantile: float | None) -> list[Measurement]:
    """Return every metric of somebody on all rows, and on each slice that is worth showing.

    Args:
        frame: The rows.
        of: Who answered.
        answers: What they said.
        quantile: The quantile that is predicted, where the settings name one.
    """
    made = list(_measured(frame, of, answers, quantile=quantile))
    for name, rows in slices.slices(frame.slices):
        made += _measured(frame, of, answers, quantile=quantile, slice_=name, rows=rows)
    return made


def _measured(
    frame: Frame,
    of: str,
    answers: Answers,
    *,
    quantile: float | None,
    slice_: str | None = None,
    rows: npt.NDArray[np.bool_] | None = None,
) -> Iterator[Measurement]:
    found = measure(
        task=frame.task,
        truth=frame.truth if rows is None else frame.truth[rows],
        answers=answers if rows is None else answers.take(rows),
        classes=frame.classes,
        positive=frame.positive,
        quantile=quantile,
    )
    n = len(frame.ids) if rows is None else int(rows.sum())
    for metric, value in found.items():
        why = None if value is not None else _NOT_DEFINED
        yield Measurement(metric=metric, of=of, slice=slice_, value=value, n=n, reason=why)


def baselines(
    frame: Frame, training: Prepared | None, *, quantile: float | None = None
) -> tuple[BaselineValue, ...]:
    """Return the trivial predictors: those that know the training target alone, and columns of the rows.

    Args:
        frame: The rows.
        training: What the training rows were; what it does not tell is the best constant on these rows.
        quantile: The quantile that is predicted, where the settings name one.

    Raises:
        InputError: The training rows hold none of the classes.
    """
    columns = tuple(BaselineValue(name=name, source="column", value=None) for name in frame.columns)
    if frame.task is Task.REGRESSION:
        mean = None if training is None else training.mean
        own = [_number(Baseline.MEAN, mean, float(frame.truth.mean()))]
        for name, share in ((Baseline.MEDIAN, 0.5), (Baseline.QUANTILE, quantile)):
            if share is not None:
                learned = None if training is None else training.quantile(share)
                # The smallest number that is such a quantile: of all constants none loses less.
                best = np.quantile(frame.truth, share, method="inverted_cdf")
                own.append(_number(name, learned, float(best)))
        return (*own, *columns)
    source: Literal["evaluation", "training"] = "evaluation" if training is None else "training"
    counts = np.bincount(frame.truth, minlength=len(frame.classes)).astype(np.float64)
    if training is not None:
        counts = np.array([training.classes.get(name, 0) for name in frame.classes], dtype=np.float64)
        if not counts.sum():
            raise InputError(
                f"the training rows hold none of the classes {', '.join(frame.classes)}",
                hint="`training:` names the summary of other rows",
            )
    shares = tuple(float(share) for share in counts / counts.sum())
    always = [] if frame.positive is None else [(Baseline.POSITIVE, frame.positive)]
    labels = [(Baseline.MAJORITY, frame.classes[int(counts.argmax())]), *always]
    return (
        BaselineValue(name=Baseline.BASE_RATE, source=source, value=shares),
        *(BaselineValue(name=name, source=source, value=value) for name, value in labels),
        *columns,
    )


def _number(name: Baseline, learned: float | None, best: float) -> BaselineValue:
    if learned is None:
        return BaselineValue(name=name, source="evaluation", value=rounded(best))
    return BaselineValue(name=name, source="training", value=rounded(learned))


def of_baseline(frame: Frame, baseline: BaselineValue, *, quantile: float | None) -> list[Measurement]:
    """Return the metrics of a trivial predictor on all rows: of a constant those that it is a bar for.

    Args:
        frame: The rows.
        baseline: The predictor.
        quantile: The quantile that is predicted, where the settings name one.
    """
    if baseline.value is None:
        column = frame.columns[baseline.name]
        said = [] if isinstance(column, str) else [column]
        return [
            each for answers in said for each in _measured(frame, baseline.name, answers, quantile=quantile)
        ]
    answers = constant(task=frame.task, n=len(frame.ids), value=baseline.value, classes=frame.classes)
    return [
        each
        for each in _measured(frame, baseline.name, answers, quantile=quantile)
        if METRICS[each.metric].baseline == baseline.name
    ]


def worst(frame: Frame, answers: Answers) -> tuple[WorstRow, ...]:
    """Return the rows that the challenger got most wrong, worst first.

    Args:
        frame: The rows.
        answers: What it said.
    """
    lost = losses(truth=frame.truth, answers=answers)
    # Stable, so that equal losses keep the order of the rows.
    order = np.argsort(-lost, kind="stable")[:_WORST_ROWS]
    return tuple(
        WorstRow(
            id=frame.ids[at],
            target=_say_truth(frame, at),
            prediction=_say(frame, answers, at),
            loss=rounded(float(lost[at])),
        )
        for at in order.tolist()
        if lost[at] > 0
    )


def _say_truth(frame: Frame, at: int) -> str:
    return f"{frame.truth[at]:.6g}" if frame.task is Task.REGRESSION else frame.classes[frame.truth[at]]


def _say(frame: Frame, answers: Answers, at: int) -> str:
    if answers.values is not None:
        return f"{answers.values[at]:.6g}"
    code = -1 if answers.labels is None else int(answers.labels[at])
    name = frame.classes[code] if code >= 0 else "unknown class"
    if answers.probabilities is None:
        return name
    shown = code if frame.positive is None else frame.classes.index(frame.positive)
    return f"{name} (p({frame.classes[shown]}) = {answers.probabilities[at, shown]:.3f})"
