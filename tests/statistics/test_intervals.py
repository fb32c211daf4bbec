import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mltoolkit.statistics.intervals import Interval, interval, wider
from mltoolkit.statistics.planning import FEWEST_GROUPS

Floats = npt.NDArray[np.float64]


def found(value: float, rows: Any, **more: Any) -> Interval:
    return interval(
        value, np.asarray(rows, dtype=np.float64), **{"confidence": 0.95, "threshold": 0.0, **more}
    )


def further(t: float, parts: Floats) -> tuple[float, float]:
    """How many standard errors the ends are out: on the side of the parts' skewness more than t."""
    skewness = float(np.sum(parts**3) / np.sum(parts**2) ** 1.5)
    out = abs(skewness) * (2 * t * t + 1) / 6
    return t + (out if skewness < 0 else 0), t + (out if skewness > 0 else 0)


def sample(n: int, seed: int = 0) -> tuple[float, Floats]:
    drawn = np.random.default_rng(seed).normal(0.3, 2, n)
    return float(drawn.mean()), drawn - drawn.mean()


@pytest.mark.parametrize("n", [2, 3, 50, 3000])
def test_without_groups_it_is_students_interval_of_a_mean_and_further_on_the_side_of_the_skewness(
    n: int,
) -> None:
    value, rows = sample(n)
    wrong = stats.sem(rows)
    below, above = further(stats.t.ppf(0.975, n - 1), rows)

    got = found(value, rows)

    assert (got.low, got.high) == pytest.approx((value - below * wrong, value + above * wrong))
    assert got.spread == pytest.approx(np.var(rows, ddof=1))
    assert (got.degrees, got.groups, got.reason) == (n - 1, None, None)
    for end in (got.low, got.high):
        assert end is not None
        assert found(value, rows, threshold=end).p == pytest.approx(0.05)


def test_of_rows_without_skewness_it_is_students_interval_and_test() -> None:
    value, half = sample(100)
    rows = np.concatenate((half, -half))
    peer = stats.ttest_1samp(rows + value, 0.1)
    low, high = peer.confidence_interval(0.95)

    got = found(value, rows, threshold=0.1)

    assert (got.low, got.high, got.p) == pytest.approx((low, high, peer.pvalue))


def test_a_rare_class_has_the_interval_of_its_own_rows() -> None:
    """Recall is a mean over positives: the interval is Student's of the positives alone."""
    hits = np.array([1.0] * 30 + [0.0] * 9)
    n = 1000
    rows = np.zeros(n)
    rows[: hits.size] = (hits - hits.mean()) * n / hits.size
    below, above = further(stats.t.ppf(0.975, 38), hits - hits.mean())

    got = found(hits.mean(), rows, rare=hits.size)

    assert below > above
    assert got.low == pytest.approx(hits.mean() - below * stats.sem(hits))
    assert got.high == pytest.approx(hits.mean() + above * stats.sem(hits))
    assert got.degrees == 38


@pytest.mark.parametrize("seed", range(3))
def test_of_rows_that_are_kind_the_bootstrap_says_the_same(seed: int) -> None:
    value, rows = sample(400, seed)
    got = found(value, rows)
    assert got.low is not None
    assert got.high is not None
    for method in ("percentile", "BCa"):
        peer = stats.bootstrap((rows + value,), np.mean, method=method, rng=seed).confidence_interval
        assert got.low == pytest.approx(peer.low, abs=0.08 * (got.high - got.low))
        assert got.high == pytest.approx(peer.high, abs=0.08 * (got.high - got.low))


def test_of_one_sided_rows_the_truth_is_missed_less_often_than_by_student_and_by_the_bootstrap() -> None:
    """Means of 60 lognormal numbers, which are mostly too small: the upper end is what counts."""
    draw = np.random.default_rng(0)
    missed = {"own": 0, "student": 0, "percentile": 0}
    for _ in range(400):
        drawn = draw.lognormal(size=60)
        value = float(drawn.mean())
        got = found(value, drawn - value)
        peer = stats.bootstrap((drawn,), np.mean, method="percentile", n_resamples=400, rng=draw)
        ends = {
            "own": got.high or 0.0,
            "student": float(stats.ttest_1samp(drawn, 0).confidence_interval(0.95).high),
            "percentile": float(peer.confidence_interval.high),
        }
        for method, end in ends.items():
            missed[method] += end < math.exp(0.5)

    assert missed["own"] / 400 < 0.09
    assert missed["own"] < missed["student"] - 10
    assert missed["own"] < missed["percentile"] - 10


def tipton(y: Floats, groups: npt.NDArray[np.int64], weights: Floats | None = None) -> tuple[float, float]:
    """Variance and degrees by Pustejovsky and Tipton's matrices, for a regression on a constant.

    Working model: independent rows whose variance is one over their weight. Of the matrices that make the
    variance unbiased it is McCaffrey, Bell and Botts' (2001), which is the symmetric one for equal weights.
    """
    n = y.size
    w = np.ones(n) if weights is None else weights
    x, big_w, phi = np.ones((n, 1)), np.diag(w), np.diag(1 / w)
    bread = np.linalg.inv(x.T @ big_w @ x)
    hat = x @ bread @ x.T @ big_w
    left = np.eye(n) - hat
    errors = left @ y
    variance, vectors = 0.0, []
    for group in np.unique(groups):
        own = np.flatnonzero(groups == group)
        d = np.sqrt(phi[np.ix_(own, own)])
        back = np.linalg.inv(d)
        values, axes = np.linalg.eigh(back @ (left @ phi @ left.T)[np.ix_(own, own)] @ back)
        root = axes @ np.diag([v**-0.5 if v > 1e-10 else 0.0 for v in values]) @ axes.T
        adjust = d @ root @ back
        row = bread @ x[own].T @ big_w[np.ix_(own, own)] @ adjust
        variance += (row @ errors[own]).item() ** 2
        vectors.append((row @ left[own]).ravel())
    p = np.array(vectors)
    table = p @ phi @ p.T
    return variance, float(np.trace(table) ** 2 / np.sum(table**2))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
def test_with_groups_it_is_cr2_with_satterthwaites_degrees(seed: int, weighted: bool) -> None:  # noqa: FBT001 - a case
    draw = np.random.default_rng(seed)
    groups = np.repeat(np.arange(14), draw.integers(1, 12, 14))
    y = draw.normal(0, 1, groups.size) + draw.normal(0, 2, 14)[groups]
    weights = draw.uniform(0.2, 3, groups.size) if weighted else None
    w = np.ones(groups.size) if weights is None else weights
    value = float(np.average(y, weights=w))
    variance, degrees = tipton(y, groups, weights)

    # Codes with gaps: those that no row has are no groups.
    got = found(value, w / w.mean() * (y - value), groups=3 * groups + 2, weights=weights)

    assert got.spread == pytest.approx(variance * y.size)
    assert got.degrees == pytest.approx(degrees)
    below, above = further(
        stats.t.ppf(0.975, degrees), np.bincount(groups, w * (y - value)).astype(np.float64)
    )
    wrong = variance**0.5
    assert (got.low, got.high) == pytest.approx((value - below * wrong, value + above * wrong))
    flat = value - wrong if below < above else value + wrong
    straight = found(value, w / w.mean() * (y - value), groups=groups, weights=weights, threshold=flat)
    assert straight.p == pytest.approx(2 * stats.t.sf(1, degrees))
    assert got.groups == 14


def test_groups_of_one_row_are_rows() -> None:
    value, rows = sample(40)
    one, each = found(value, rows), found(value, rows, groups=np.arange(40))

    assert (each.low, each.high, each.p) == pytest.approx((one.low, one.high, one.p))


def test_groups_that_balance_each_other_do_not_make_it_narrower() -> None:
    value, rows = sample(40)
    rows[20:] = -rows[:20]
    got = found(value, rows, groups=np.tile(np.arange(20), 2), threshold=0.5)

    one = found(value, rows, threshold=0.5)
    assert (got.low, got.high, got.p, got.spread) == (one.low, one.high, one.p, one.spread)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.integers(0, 40), st.floats(0, 5)), min_size=1, max_size=80),
    st.floats(-2, 2),
    st.sampled_from([0.5, 0.95, 0.9999]),
)
def test_it_is_a_true_interval_or_says_why_it_is_none(
    rows: list[tuple[float, int, float]], threshold: float, confidence: float
) -> None:
    numbers, groups, weights = (np.array(part) for part in zip(*rows, strict=True))
    asked: dict[str, Any] = {"threshold": threshold, "confidence": confidence}
    for more in (
        {},
        {"groups": groups},
        {"groups": groups, "weights": weights},
        {"groups": groups, "rare": 5},
    ):
        got = found(0.25, numbers, **more, **asked)
        if got.low is None:
            assert got.reason
            assert got.high is got.p is None
            continue
        alone = found(0.25, numbers, **asked)
        assert got.high is not None
        assert got.p is not None
        assert alone.low is not None
        assert alone.high is not None
        assert alone.p is not None
        assert got.low <= 0.25 <= got.high
        assert all(map(math.isfinite, (got.low, got.high, got.p)))
        assert got.low <= alone.low
        assert got.high >= alone.high
        assert got.p >= alone.p
        off = min(abs(got.low - threshold), abs(got.high - threshold))
        if off > 1e-6 * (1 + abs(got.high - got.low)):
            assert (got.p >= 1 - confidence) == (got.low <= threshold <= got.high)


@pytest.mark.parametrize(("threshold", "p"), [(0.2, 1.0), (0.1, 0.0)])
def test_where_no_row_differs_the_interval_is_the_number(threshold: float, p: float) -> None:
    nothing = np.zeros(60)
    for more in ({}, {"groups": np.arange(60) % 20}):
        got = found(0.2, nothing, threshold=threshold, **more)
        assert (got.low, got.high, got.spread, got.p) == (0.2, 0.2, 0.0, p)


@pytest.mark.parametrize(
    ("rows", "more", "reason"),
    [
        ([], {}, "rests on 0 rows"),
        ([0.0], {}, "rests on 1 row,"),
        ([1.0, -1.0, 0.0], {"rare": 1}, "rests on 1 row,"),
        ([1.0, -1.0, 0.0], {"rare": 0}, "rests on 0 rows"),
        ([1.0, -1.0], {"groups": np.array([0, 5])}, "there are 2 groups, and at least 10"),
        ([0.0] * 9, {"groups": np.arange(9)}, "there are 9 groups"),
        (
            np.ones(40),
            {"groups": np.arange(40), "weights": (np.arange(40) < 3).astype(np.float64)},
            "there are 3 groups with rows that count",
        ),
        (
            np.ones(40),
            {"groups": np.arange(40), "weights": np.where(np.arange(40) == 0, 1.0, 1e-30)},
            "one group holds all",
        ),
        ([1.0, math.nan], {}, "not finite"),
        ([1.0, math.inf], {}, "not finite"),
        ([1.0, -1.0], {"threshold": math.nan}, "not finite"),
        ([1e200, -1e200, 1e199], {}, "too large"),
    ],
)
def test_no_interval_and_why(rows: Any, more: dict[str, Any], reason: str) -> None:
    got = found(0.5, rows, **more)

    assert got.low is got.high is got.p is got.spread is None
    assert reason in (got.reason or "")
    assert found(math.nan, [1.0, -1.0]).low is None


def test_ten_groups_are_enough_and_one_may_hold_most_rows() -> None:
    groups = np.concatenate([np.arange(10), np.zeros(990, dtype=np.int64)])
    value, rows = sample(1000)
    got = found(value, rows, groups=groups)

    assert groups.max() + 1 == FEWEST_GROUPS
    assert got.low is not None
    assert got.degrees is not None
    assert 0.9 < got.degrees < 1.2


def test_numbers_of_any_size_keep_their_interval() -> None:
    value, rows = sample(200)
    one = found(value, rows)
    for scale in (1e-150, 1e140):
        got = found(value * scale, rows * scale)
        assert (got.low, got.p) == pytest.approx(((one.low or 0.0) * scale, one.p), rel=1e-9, abs=0)


def test_a_few_rows_that_carry_most_of_the_error_are_told() -> None:
    value, rows = sample(2000)
    assert found(value, rows).reason is None

    rows[7] = 400
    assert (found(value, rows - rows.mean()).reason or "").startswith("a few rows carry most")
    grouped = found(value, rows - rows.mean(), groups=np.arange(2000) % 30)
    assert (grouped.reason or "").startswith("a few groups carry most")


def test_the_union_of_two_methods_is_as_careful_as_both() -> None:
    one = Interval(low=-1.0, high=0.5, p=0.3, spread=2.0)
    other = Interval(low=-0.5, high=0.6, p=0.4, spread=1.0, degrees=7.0, groups=12, reason="a warning")

    both = wider(one, other)

    assert both == Interval(low=-1.0, high=0.6, p=0.4, spread=2.0, groups=12, reason="a warning")
    assert wider(one, Interval(reason="too few groups")) == Interval(reason="too few groups")


def test_a_few_groups_that_carry_the_variance_leave_few_degrees_and_are_told() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 50)
    even = rng.normal(size=1500)
    heavy = even + np.where(groups < 3, np.array([4.0, -5.0, 4.5])[groups % 3], 0.0)

    def degrees(rows: npt.NDArray[np.float64]) -> Interval:
        return interval(0.0, rows - rows.mean(), confidence=0.95, threshold=0.0, groups=groups)

    assert degrees(even).degrees == pytest.approx(29)
    assert degrees(even).reason is None
    assert (degrees(heavy).degrees or 99) < 12
    assert "a few groups carry most of the error" in str(degrees(heavy).reason)
