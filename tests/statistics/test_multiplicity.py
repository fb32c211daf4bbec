import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.statistics.multiplicity import holm, one_sided

NORMAL = NormalDist()


def test_the_walk_ends_at_the_first_that_is_not_under_its_level() -> None:
    steps = holm([0.001, 0.02, 0.009, None], error=0.05)

    assert [step.rejected for step in steps] == [True, False, False, False]
    assert [step.error for step in steps] == pytest.approx([0.05 / 4, 0.05 / 3, 0.05 / 3, 0.05 / 3])


def test_each_of_those_that_are_rejected_has_the_level_of_its_own_step() -> None:
    steps = holm([0.0012, 0.0001, 0.002], error=0.05)

    assert all(step.rejected for step in steps)
    assert [step.error for step in steps] == pytest.approx([0.05 / 2, 0.05 / 3, 0.05])


@pytest.mark.parametrize("nothing", [None, math.nan, -0.1, math.inf])
def test_what_is_not_known_counts_and_is_never_rejected(nothing: float | None) -> None:
    steps = holm([0.02, nothing], error=0.05)

    assert not any(step.rejected for step in steps)
    assert holm([0.02], error=0.05)[0].rejected
    assert holm([], error=0.05) == ()


def test_a_tie_with_the_level_is_no_harm() -> None:
    assert not holm([0.025], error=0.05)[0].rejected


def adjusted(p: list[float]) -> list[float]:
    """Holm's adjusted p-values by their definition: each is the greatest of (M - j + 1) p_(j) up to its own."""
    found = []
    for each in p:
        under = sorted(p)[: sorted(p).index(each) + 1]
        found.append(max((len(p) - at) * value for at, value in enumerate(under)))
    return found


P = st.floats(1e-12, 1)


@given(st.lists(P, min_size=1, max_size=12, unique=True), st.sampled_from([0.05, 0.1, 0.0025]))
def test_decisions_equal_those_by_adjusted_p_values(p: list[float], error: float) -> None:
    bounds = adjusted(p)
    if any(math.isclose(bound, error / 2, rel_tol=1e-9) for bound in bounds):
        return  # at the level itself rounding decides

    assert [step.rejected for step in holm(p, error=error)] == [bound < error / 2 for bound in bounds]


@given(
    st.lists(st.tuples(st.floats(-6, 6), st.floats(0.01, 3)), min_size=1, max_size=30),
    st.sampled_from([0.05, 0.1, 0.2, 0.0025]),
    st.floats(0, 2),
)
def test_every_printed_interval_agrees_with_its_decision(
    gains: list[tuple[float, float]], error: float, margin: float
) -> None:
    """A gain and its standard error: harm is shown exactly where the whole interval is under the margin."""
    p = [NORMAL.cdf((value + margin) / wrong) for value, wrong in gains]

    for (value, wrong), step in zip(gains, holm(p, error=error), strict=True):
        high = value + wrong * NORMAL.inv_cdf(1 - step.error / 2)
        if math.isclose(high, -margin, rel_tol=1e-7, abs_tol=1e-7):
            continue
        assert (high < -margin) == step.rejected


@given(st.lists(st.none() | P, min_size=1, max_size=12))
def test_no_interval_is_wider_than_bonferronis_nor_narrower_than_one_alone(p: list[float | None]) -> None:
    for step in holm(p, error=0.05):
        assert 0.05 / len(p) <= step.error <= 0.05


def test_a_one_sided_p_is_small_where_the_number_is_under_the_threshold() -> None:
    assert one_sided(0.02, value=-0.1, threshold=-0.05) == pytest.approx(0.01)
    assert one_sided(0.02, value=0.1, threshold=-0.05) == pytest.approx(0.99)
    assert one_sided(1.0, value=-0.05, threshold=-0.05) == pytest.approx(0.5)
