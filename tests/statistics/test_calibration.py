import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from mltoolkit.statistics.calibration import CLIP, Recalibration, binned_error, recalibrate
from mltoolkit.statistics.intervals import interval

Floats = npt.NDArray[np.float64]


def drawn(n: int, seed: int = 0, slope: float = 1.0, intercept: float = 0.0) -> tuple[Any, Floats]:
    """Truth and probabilities whose line has the slope and the intercept."""
    draw = np.random.default_rng(seed)
    logit = draw.normal(-1, 1.5, n)
    return draw.random(n) < expit(intercept + slope * logit), expit(logit)


def expit(at: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-at)), dtype=np.float64)


def line(positive: Any, probability: Any) -> Recalibration:
    found = recalibrate(np.asarray(positive, dtype=np.bool_), np.asarray(probability, dtype=np.float64))
    assert isinstance(found, Recalibration), found
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_line_is_that_of_scikit_learn_without_a_penalty(seed: int) -> None:
    positive, probability = drawn(500, seed, slope=0.7, intercept=0.4)
    logit = np.log(probability / (1 - probability))
    # So weak a penalty is none to seven digits; its name for none has changed between versions.
    peer = LogisticRegression(C=1e10, tol=1e-12, max_iter=1000).fit(logit[:, None], positive)

    found = line(positive, probability)

    assert found.intercept == pytest.approx(peer.intercept_[0], abs=1e-5)
    assert found.slope == pytest.approx(peer.coef_[0, 0], abs=1e-5)
    assert found.rare == min(positive.sum(), 500 - positive.sum())
    assert found.reason is None


def weighted(positive: Any, logit: Floats, weights: Floats) -> Floats:
    """The most likely line where rows have weights, by a general search."""

    def loss(at: Floats) -> float:
        score = at[0] + at[1] * logit
        return float(np.sum(weights * (np.logaddexp(0, score) - positive * score)))

    def slope(at: Floats) -> Floats:
        off = weights * (expit(at[0] + at[1] * logit) - positive)
        return np.array([off.sum(), off @ logit])

    found = optimize.minimize(loss, [0.0, 1.0], jac=slope, method="BFGS", options={"gtol": 1e-11})
    return np.asarray(found.x, dtype=np.float64)


def test_influence_is_the_derivative_by_the_weight_of_a_row() -> None:
    positive, probability = drawn(80, 3)
    logit = np.log(probability / (1 - probability))
    found = line(positive, probability)

    for row in (0, 7, 41, 79):
        step = 1e-4
        up, down = np.ones(80), np.ones(80)
        up[row] += step
        down[row] -= step
        moved = 80 * (weighted(positive, logit, up) - weighted(positive, logit, down)) / (2 * step)
        assert found.intercept_rows[row] == pytest.approx(moved[0], rel=1e-3, abs=1e-3)
        assert found.slope_rows[row] == pytest.approx(moved[1], rel=1e-3, abs=1e-3)
    assert abs(found.intercept_rows.sum()) < 1e-9 * 80
    assert abs(found.slope_rows.sum()) < 1e-9 * 80


def test_intervals_of_the_line_hold_the_truth_and_tell_a_model_that_is_too_sure() -> None:
    held = 0
    for seed in range(200):
        found = line(*drawn(1000, seed))
        got = interval(found.slope, found.slope_rows, confidence=0.95, threshold=1.0, rare=found.rare)
        assert got.low is not None
        assert got.high is not None
        held += got.low <= 1 <= got.high
    assert 0.91 <= held / 200 <= 0.985

    sure = line(*drawn(1000, 0, slope=0.5))
    got = interval(sure.slope, sure.slope_rows, confidence=0.95, threshold=1.0, rare=sure.rare)
    assert got.high is not None
    assert got.high < 1


@pytest.mark.parametrize(
    ("positive", "probability", "reason"),
    [
        ([1, 1, 1], [0.2, 0.5, 0.9], "only one class"),
        ([0, 0, 0], [0.2, 0.5, 0.9], "only one class"),
        ([], [], "only one class"),
        ([0, 1, 0, 1], [0.3, 0.3, 0.3, 0.3], "the same of every row"),
        ([0, 1], [0.0, 1e-9], "the same of every row"),
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], "without a fault"),
        ([0, 0, 1, 1], [0.9, 0.8, 0.2, 0.1], "without a fault"),
        ([0, 0, 1, 1], [0.1, 0.5, 0.5, 0.9], "without a fault"),
        ([0, 1, 0, 1], [0.1, math.nan, 0.5, 0.9], "not a number"),
    ],
)
def test_where_there_is_no_line_the_reason_is_told(
    positive: list[int], probability: list[float], reason: str
) -> None:
    found = recalibrate(np.array(positive, dtype=np.bool_), np.array(probability, dtype=np.float64))

    assert isinstance(found, str)
    assert reason in found


def test_probabilities_of_0_and_1_are_moved_and_told() -> None:
    positive, probability = drawn(300)
    probability[:2] = 0.0, 1.0
    clipped = np.clip(probability, CLIP, 1 - CLIP)

    found, peer = line(positive, probability), line(positive, clipped)

    assert found.slope == peer.slope
    assert (found.reason or "").startswith("2 probabilities nearer than 1e-06")
    assert peer.reason is None


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=40))
def test_any_rows_have_a_line_of_finite_numbers_or_a_reason(rows: list[tuple[bool, float]]) -> None:
    positive = np.array([each for each, _ in rows], dtype=np.bool_)
    found = recalibrate(positive, np.array([each for _, each in rows], dtype=np.float64))

    if isinstance(found, str):
        assert found
        return
    assert math.isfinite(found.intercept)
    assert math.isfinite(found.slope)
    assert np.isfinite(found.intercept_rows).all()
    assert np.isfinite(found.slope_rows).all()


def test_the_binned_error_equals_that_by_scikit_learns_bins() -> None:
    positive, probability = drawn(1000, 1, slope=0.6)
    share, said = calibration_curve(positive, probability, n_bins=10, strategy="quantile")

    error, _ = binned_error(positive, probability)

    # Its bins hold 100 rows each, but for one or two where the end is interpolated.
    assert error == pytest.approx(float(np.mean(np.abs(share - said))), abs=2e-3)


@pytest.mark.parametrize("scale", [1.0, 0.02], ids=["common", "rare"])
@pytest.mark.parametrize("n", [200, 5000])
def test_a_perfect_model_shows_what_is_said_of_it(n: int, scale: float) -> None:
    draw = np.random.default_rng(7)
    probability = scale * draw.beta(1, 3, n)
    _, said = binned_error(np.zeros(n, dtype=np.bool_), probability)
    shown = [binned_error(draw.random(n) < probability, probability)[0] for _ in range(400)]

    assert said == pytest.approx(float(np.mean(shown)), rel=0.2 if scale < 1 else 0.05)


def test_equal_probabilities_are_one_bin_whatever_the_order_of_rows() -> None:
    positive = np.array([True] * 30 + [False] * 70)
    probability = np.full(100, 0.3)

    assert binned_error(positive, probability)[0] == pytest.approx(0, abs=1e-12)
    assert binned_error(positive[:3], probability[:3])[0] == pytest.approx(0.7)
