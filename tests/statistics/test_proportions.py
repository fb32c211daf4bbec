import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from mltoolkit.statistics.intervals import Interval
from mltoolkit.statistics.planning import minimum_rows
from mltoolkit.statistics.proportions import area, mean_share, newcombe, tango, wilson

Z = 1.959963984540054


def paired(gained: int, lost: int, n: int, confidence: float = 0.95, threshold: float = 0.0) -> Interval:
    return tango(gained, lost, n, confidence=confidence, threshold=threshold)


@pytest.mark.parametrize(
    ("gained", "lost", "n", "confidence", "low", "high"),
    [
        (12, 2, 50, 0.95, 0.0611, 0.3447),  # Newcombe 1998, Statistics in Medicine 17, 2635-2650, example a
        (28, 25, 618, 0.90, -0.0148, 0.0247),  # R, PropCIs::scoreci.mp(25, 28, 618, 0.90)
        (60, 20, 1000, 0.95, 0.0231, 0.0584),  # R, PropCIs::scoreci.mp(20, 60, 1000, 0.95)
        (48, 41, 549, 0.90, -0.0157, 0.0414),  # R, PropCIs::scoreci.mp(41, 48, 549, 0.90)
    ],
)
def test_published_intervals(
    gained: int, lost: int, n: int, confidence: float, low: float, high: float
) -> None:
    found = paired(gained, lost, n, confidence)

    assert found.low == pytest.approx(low, abs=5.1e-5)
    assert found.high == pytest.approx(high, abs=5.1e-5)


def brute(gained: int, lost: int, n: int, difference: float) -> float:
    """The score statistic with the most likely shares found by search, and no formula for them."""

    def loss(share_lost: float) -> float:
        share_gained = share_lost + difference
        same = 1 - share_lost - share_gained
        parts = ((gained, share_gained), (lost, share_lost), (n - gained - lost, same))
        return -sum(count * math.log(max(share, 1e-300)) for count, share in parts if count)

    ends = max(0.0, -difference), (1 - difference) / 2
    found = optimize.minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-12})
    variance = n * (2 * found.x + difference - difference**2)
    return float((gained - lost - n * difference) / math.sqrt(variance))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 100))
def test_at_both_ends_the_score_statistic_by_brute_force_is_the_quantile(
    gained: int, lost: int, same: int
) -> None:
    n = gained + lost + same
    found = paired(gained, lost, n)
    assert found.low is not None
    assert found.high is not None

    assert brute(gained, lost, n, found.low) == pytest.approx(Z, abs=2e-4)
    assert brute(gained, lost, n, found.high) == pytest.approx(-Z, abs=2e-4)


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 200), st.floats(-1, 1))
@example(0, 0, 0, -7.9e-300)
def test_interval_and_p_agree_whatever_the_counts(
    gained: int, lost: int, same: int, threshold: float
) -> None:
    n = max(gained + lost + same, 1)
    found = paired(gained, lost, n, threshold=threshold)
    assert found.low is not None
    assert found.high is not None
    assert found.p is not None

    assert -1 <= found.low <= (gained - lost) / n <= found.high <= 1
    assert found.low < found.high
    assert 0 <= found.p <= 1
    if min(abs(found.low - threshold), abs(found.high - threshold)) > 1e-9:
        assert (found.p >= 0.05) == (found.low <= threshold <= found.high)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 200))
def test_the_other_way_round_is_the_mirror(gained: int, lost: int, same: int) -> None:
    one, other = paired(gained, lost, gained + lost + same), paired(lost, gained, gained + lost + same)

    assert one.low == pytest.approx(-(other.high or 0.0), abs=1e-12)
    assert one.p == pytest.approx(other.p)


def test_no_difference_in_few_rows_shows_nothing() -> None:
    for n in (1, 50, 380, 381, 100_000):
        found = paired(0, 0, n, threshold=-0.01)
        end = Z**2 / (n + Z**2)
        assert (found.low, found.high) == pytest.approx((-end, end))
        assert ((found.low or 0.0) > -0.01) == (n >= minimum_rows(0.01, confidence=0.95))
    assert paired(0, 0, 0).low is None


@pytest.mark.parametrize("threshold", [-1.0, 1.0, -3.0, 7.0])
def test_thresholds_at_and_beyond_what_can_be(threshold: float) -> None:
    assert paired(3, 1, 20, threshold=threshold).p == 0
    assert paired(0, 1, 1, threshold=-1.0).p == 1
    assert paired(20, 0, 20, threshold=1.0).p == 1


def test_every_row_gained_or_lost() -> None:
    assert paired(5, 0, 5).high == pytest.approx(1)
    assert paired(0, 5, 5).low == pytest.approx(-1)
    assert (paired(0, 5, 5).high or 0.0) < 0
    assert paired(25, 25, 50).spread == 1


def test_tango_covers_where_the_usual_interval_does_not() -> None:
    """Every outcome of 300 rows with true shares 0.4 % gained and 0.2 % lost, weighed by its probability."""
    n, gain, loss = 300, 0.004, 0.002
    covered = {"tango": 0.0, "wald": 0.0}
    for gained in range(12):
        for lost in range(10):
            share = stats.multinomial.pmf([gained, lost, n - gained - lost], n, [gain, loss, 1 - gain - loss])
            found = paired(gained, lost, n)
            assert found.low is not None
            assert found.high is not None
            covered["tango"] += share * (found.low <= gain - loss <= found.high)
            off = (gained - lost) / n
            reach = Z * np.sqrt(((gained + lost) / n - off**2) / n)
            covered["wald"] += share * (abs(off - gain + loss) <= reach)

    assert covered["tango"] > 0.93
    assert covered["wald"] < 0.85


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from([0.9, 0.95, 0.999]))
def test_wilson_equals_scipys(hits: int, misses: int, confidence: float) -> None:
    n = max(hits + misses, 1)
    found = wilson(hits, n, confidence=confidence, threshold=0.5)
    peer = stats.binomtest(hits, n).proportion_ci(confidence, method="wilson")

    assert (found.low, found.high) == pytest.approx((peer.low, peer.high), abs=1e-12)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.high
    assert found.p is not None
    if min(abs(found.low - 0.5), abs(found.high - 0.5)) > 1e-9:
        assert (found.p >= 1 - confidence) == (found.low <= 0.5 <= found.high)


def test_a_perfect_share_has_a_width() -> None:
    found = wilson(10, 10, confidence=0.95, threshold=1.0)

    assert found.high == 1
    assert found.low == pytest.approx(10 / (10 + Z**2))
    assert found.p == 1
    assert wilson(0, 10, confidence=0.95, threshold=0.0).low == 0
    assert wilson(9, 10, confidence=0.95, threshold=1.0).p == 0
    assert wilson(0, 0, confidence=0.95, threshold=0.5).low is None


@pytest.mark.parametrize(
    ("ours", "theirs", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_newcombes_published_intervals(
    ours: tuple[int, int], theirs: tuple[int, int], low: float, high: float
) -> None:
    found = newcombe(ours, theirs, correlation=0.0, confidence=0.95, threshold=0.0)

    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


COUNTS = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: (pair[0], sum(pair) + 1))


@given(ours=COUNTS, theirs=COUNTS, correlation=st.floats(-1, 1), threshold=st.floats(-1, 1))
def test_an_interval_of_two_shares_ends_where_its_p_says(
    ours: tuple[int, int], theirs: tuple[int, int], correlation: float, threshold: float
) -> None:
    value = ours[0] / ours[1] - theirs[0] / theirs[1]
    asked = {"correlation": correlation, "confidence": 0.95}
    found = newcombe(ours, theirs, threshold=threshold, **asked)

    assert found.low is not None
    assert found.high is not None
    assert found.p is not None
    assert found.low <= value <= found.high
    if min(abs(threshold - found.low), abs(threshold - found.high)) > 1e-9:
        assert (found.low < threshold < found.high) == (found.p > 0.05)


def test_shares_of_the_same_rows_vary_together() -> None:
    apart, same = (
        newcombe((90, 100), (90, 100), correlation=each, confidence=0.95, threshold=0.0) for each in (0, 1)
    )

    assert apart.low is not None
    assert same.low is not None
    assert apart.low < -0.08 < -0.04 < same.low


def test_a_mean_of_one_share_is_wilsons_and_of_equal_shares_narrower() -> None:
    asked = {"confidence": 0.9, "threshold": 0.5}
    one, plain = mean_share([(8, 10)], **asked), wilson(8, 10, **asked)

    assert (one.low, one.high) == pytest.approx((plain.low, plain.high))
    assert one.p == pytest.approx(plain.p, abs=1e-6)
    four = mean_share([(8, 10)] * 4, **asked)
    assert four.low is not None
    assert plain.low is not None
    assert 0.8 - four.low == pytest.approx((0.8 - plain.low) / 2)


@given(value=st.floats(0, 1), positives=st.integers(1, 300), others=st.integers(1, 300), true=st.floats(0, 1))
def test_an_area_ends_where_hanley_and_mcneils_error_of_the_end_says(
    value: float, positives: int, others: int, true: float
) -> None:
    found = area(value, positives, others, confidence=0.95, threshold=true)

    assert found.low is not None
    assert found.high is not None
    assert found.low <= value <= found.high
    for end in (found.low, found.high):
        if 1e-6 < end < 1 - 1e-6:
            # Their formula as printed, with both counts averaged.
            q1, q2, pairs = end / (2 - end), 2 * end**2 / (1 + end), (positives + others) / 2 - 1
            squared = end * (1 - end) + pairs * (q1 - end**2) + pairs * (q2 - end**2)
            assert abs(value - end) == pytest.approx(Z * math.sqrt(squared / positives / others), rel=1e-5)
    assert found.p is not None
    if min(abs(true - found.low), abs(true - found.high)) > 1e-9:
        assert (found.low < true < found.high) == (found.p > 0.05)
