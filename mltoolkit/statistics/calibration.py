"""Whether probabilities mean what they say: the line through their logits, and the error over bins."""

import msgspec
import numpy as np
import numpy.typing as npt

from mltoolkit.statistics.answers import Floats

CLIP = 1e-6
"""Probabilities nearer to 0 or 1 have no finite logit, or one that outweighs all others."""

BINS = 10
"""Of the expected calibration error."""

_STEPS = 50
_HALVINGS = 30


class Recalibration(msgspec.Struct, frozen=True, kw_only=True):
    """The logistic line that the truth asks for: ``logit(p') = intercept + slope logit(p)`` (Cox 1958).

    Attributes:
        intercept: 0 for a calibrated model.
        slope: 1 for a calibrated model; under 1 it is too sure of itself.
        intercept_rows: (n,) influence values of the intercept, which sum to zero.
        slope_rows: (n,) influence values of the slope, which sum to zero.
        rare: How many rows the line rests on: those of the rarer class.
        reason: A remark: how many probabilities were too near to 0 or 1.
    """

    intercept: float
    slope: float
    intercept_rows: Floats
    slope_rows: Floats
    rare: int
    reason: str | None = None


def recalibrate(positive: npt.NDArray[np.bool_], probability: Floats) -> Recalibration | str:
    """Return the line of a logistic regression of the truth on the logits of probabilities.

    Its influence values are the inverse of the information times each row's score, so that intervals may
    be had with and without groups.

    Args:
        positive: (n,) whether each row is positive.
        probability: (n,) of being positive, between 0 and 1.

    Returns:
        The line, or why there is none.
    """
    there = int(np.count_nonzero(positive))
    rare = min(there, positive.size - there)
    if not rare:
        return "there is only one class on these rows"
    held = np.clip(probability, CLIP, 1 - CLIP)
    moved = int(np.count_nonzero(held != probability))
    if not np.isfinite(held).all():
        return "a probability is not a number"
    logit = np.log(held) - np.log1p(-held)
    if logit.min() == logit.max():
        return "the model says the same of every row, so there is no line through it"
    if (why := _separated(logit, positive)) is not None:
        return why
    # Around their mean the two parameters hardly depend on each other, and Newton's steps stay exact.
    middle = float(logit.mean())
    centred = logit - middle
    y = positive.astype(np.float64)
    fitted = _newton(centred, y)
    if fitted is None:
        return "the line through the logits could not be found"
    base, slope = fitted
    says = _expit(base + slope * centred)
    information = _information(centred, says)
    score = np.stack((y - says, (y - says) * centred))
    base_rows, slope_rows = positive.size * np.linalg.solve(information, score)
    return Recalibration(
        intercept=base - slope * middle,
        slope=slope,
        intercept_rows=base_rows - middle * slope_rows,
        slope_rows=slope_rows,
        rare=rare,
        reason=f"{moved} probabilities nearer than {CLIP:g} to 0 or 1 were moved there" if moved else None,
    )


def binned_error(
    positive: npt.NDArray[np.bool_], probability: Floats, *, bins: int = BINS
) -> tuple[float, float]:
    """Return the expected calibration error, and what a perfectly calibrated model would show.

    The error is the mean distance, over rows, of a bin's share of positives from its mean probability
    (Naeini, Cooper and Hauskrecht 2015). Chance alone makes it positive: if probabilities are right, a bin's
    sum of ``y - p`` is nearly normal with variance ``sum p (1 - p)``, whose mean size is ``sqrt(2 / pi)``
    standard deviations, and never more than twice the positives, or the others, that are expected in it.

    Args:
        positive: (n,) whether each row is positive; n at least 1.
        probability: (n,) of being positive, between 0 and 1.
        bins: Filled with equally many rows, but equal probabilities are not divided.

    Returns:
        Both between 0 and 1.
    """
    n = probability.size
    ends = np.sort(probability)[[n * at // bins for at in range(1, bins)]]
    which = np.searchsorted(ends, probability, side="right")
    off = np.bincount(which, weights=positive - probability, minlength=bins)
    variance = np.bincount(which, weights=probability * (1 - probability), minlength=bins)
    there = np.bincount(which, weights=probability, minlength=bins)
    others = np.bincount(which, weights=1 - probability, minlength=bins)
    chance = np.minimum(np.sqrt(variance * 2 / np.pi), 2 * np.minimum(there, others))
    return float(np.abs(off).sum() / n), float(chance.sum() / n)


def _separated(logit: Floats, positive: npt.NDArray[np.bool_]) -> str | None:
    """Return why no line is the most likely one (Albert and Anderson 1984, for one variable)."""
    ours, others = logit[positive], logit[~positive]
    if ours.min() >= others.max() or others.min() >= ours.max():
        return "the probabilities tell the classes apart without a fault, so every steeper line fits better"
    return None


def _newton(x: Floats, y: Floats) -> tuple[float, float] | None:
    """Return intercept and slope of the most likely line, or None where Newton's steps do not settle."""
    line = np.array([0.0, 1.0])
    loss = _loss(line, x, y)
    for _ in range(_STEPS):
        says = _expit(line[0] + line[1] * x)
        gradient = np.array([np.sum(y - says), _dot(y - says, x)])
        information = _information(x, says)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            return None
        if not np.isfinite(step).all():
            return None
        for _ in range(_HALVINGS):
            tried = _loss(line + step, x, y)
            if tried <= loss:
                break
            step = step / 2
        else:
            # No shorter step gets nearer: this is the best that floats can say.
            step = np.zeros(2)
            tried = loss
        line, loss = line + step, tried
        if float(np.max(np.abs(step))) <= 1e-10 * (1 + float(np.max(np.abs(line)))):
            return float(line[0]), float(line[1])
    return None


def _information(x: Floats, says: Floats) -> Floats:
    weight = says * (1 - says)
    cross = _dot(weight, x)
    return np.array([[np.sum(weight), cross], [cross, _dot(weight * x, x)]])


def _dot(one: Floats, other: Floats) -> float:
    # Not by np.dot, whose threads add up in another order on another machine.
    return float(np.einsum("i,i->", one, other))


def _loss(line: Floats, x: Floats, y: Floats) -> float:
    at = line[0] + line[1] * x
    return float(np.sum(np.logaddexp(0, at) - y * at))


def _expit(at: Floats) -> Floats:
    # By the hyperbolic tangent, which does not overflow.
    says: Floats = 0.5 * (1 + np.tanh(at / 2))
    return says
