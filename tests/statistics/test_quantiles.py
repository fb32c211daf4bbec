import pytest
from scipy import stats

from mltoolkit.statistics.quantiles import normal_quantile, normal_tails, t_quantile, t_tails

DEGREES = [0.7, 1.0, 2.7, 8.9, 29.0, 1999.0, 1e7]


@pytest.mark.parametrize("share", [1e-9, 0.025, 0.5, 0.975, 0.99999])
def test_quantiles_equal_those_of_scipy_stats(share: float) -> None:
    assert normal_quantile(share) == pytest.approx(stats.norm.ppf(share), rel=1e-9, abs=1e-12)
    for degrees in DEGREES:
        assert t_quantile(share, degrees) == pytest.approx(stats.t.ppf(share, degrees), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("off", [-40.0, -2.0, 0.0, 0.1, 5.0, float("inf")])
def test_tails_are_of_both_sides_and_equal_those_of_scipy_stats(off: float) -> None:
    assert normal_tails(off) == pytest.approx(2 * stats.norm.sf(abs(off)), rel=1e-9)
    for degrees in DEGREES:
        assert t_tails(off, degrees) == pytest.approx(2 * stats.t.sf(abs(off), degrees), rel=1e-7)


def test_a_quantile_and_its_tail_are_two_sides_of_one_thing() -> None:
    for degrees in DEGREES:
        assert t_tails(t_quantile(0.975, degrees), degrees) == pytest.approx(0.05)
