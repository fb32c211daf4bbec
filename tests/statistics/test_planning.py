import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from mltoolkit.statistics import planning
from mltoolkit.statistics.proportions import tango


def test_381_rows_are_the_fewest_for_one_point() -> None:
    assert planning.minimum_rows(0.01, confidence=0.95) == 381
    for margin in (0.3, 0.05, 0.01, 0.002):
        n = planning.minimum_rows(margin, confidence=0.95)
        ends = [tango(0, 0, rows, confidence=0.95, threshold=0.0).low for rows in (n - 1, n)]
        assert ends[0] is not None
        assert ends[1] is not None
        assert ends[0] <= -margin < ends[1]


def test_rows_are_those_of_the_formula_of_the_disagreement() -> None:
    """(z + z_power)^2 d / m^2 rows for 2 % disagreement and a margin of one point."""
    wanted = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2 * 0.02 / 0.01**2

    assert planning.rows_needed(0.02, 0.01, confidence=0.95) == np.ceil(wanted)
    assert planning.groups_needed(1570, 1000, 30) == 48


@pytest.mark.parametrize(("differ", "margin"), [(0.04, 0.02), (0.2, 0.02), (0.01, 0.01)])
def test_as_many_rows_as_planned_settle_as_often_as_planned(differ: float, margin: float) -> None:
    n = planning.rows_needed_for_shares(differ, margin, confidence=0.95)
    draw = np.random.default_rng(0)
    settled = 0
    for _ in range(1500):
        gained, lost, _ = draw.multinomial(n, [differ / 2, differ / 2, 1 - differ])
        low = tango(int(gained), int(lost), n, confidence=0.95, threshold=-margin).low
        assert low is not None
        settled += low > -margin

    assert planning.power(differ, n, margin, confidence=0.95, differ=differ) == pytest.approx(0.8, abs=0.002)
    assert settled / 1500 == pytest.approx(0.8, abs=0.03)


def test_the_smallest_effect_is_what_so_many_rows_are_needed_for() -> None:
    effect = planning.smallest_effect(0.3, 5000, confidence=0.99, power=0.9)

    assert planning.rows_needed(0.3, effect, confidence=0.99, power=0.9) == pytest.approx(5000, abs=1)


def test_sizes_say_rows_and_groups_for_every_margin_and_power() -> None:
    found = planning.sizes(0.02, 1000, 30, margins=(0.01, 0.02), powers=(0.8, 0.9), confidence=0.95)

    assert [(each.margin, each.power) for each in found] == [
        (0.01, 0.8),
        (0.01, 0.9),
        (0.02, 0.8),
        (0.02, 0.9),
    ]
    assert [(each.rows, each.groups) for each in found] == [(1646, 50), (2177, 66), (430, 13), (563, 17)]
    assert found[0].now == pytest.approx(0.576, abs=0.001)
    assert found[2].now > 0.99


@pytest.mark.parametrize("groups", [10, 12, 30])
def test_few_groups_need_what_students_interval_needs(groups: int) -> None:
    (size,) = planning.sizes(0.02, 1000, groups, margins=(0.01,), powers=(0.8,), confidence=0.95)
    assert size.rows is not None
    assert size.groups is not None
    degrees, wrong = size.groups - 1, (0.02 / size.rows) ** 0.5
    reached = stats.t.ppf(0.975, degrees) * wrong

    assert stats.norm.cdf((0.01 - reached) / wrong) == pytest.approx(0.81, abs=0.015)
    assert planning.power(0.02, size.rows, 0.01, confidence=0.95, groups=size.groups) == pytest.approx(
        stats.norm.cdf((0.01 - reached) / wrong), abs=0.001
    )


def test_fewer_than_ten_groups_are_never_enough() -> None:
    (size,) = planning.sizes(0.001, 2000, 20, margins=(0.05,), powers=(0.8,), confidence=0.95)
    (now,) = planning.sizes(0.001, 2000, 9, margins=(0.05,), powers=(0.8,), confidence=0.95)

    assert planning.FEWEST_GROUPS == 10
    assert (size.rows, size.groups) == (1000, 10)
    assert (now.groups, now.now) == (10, 0.0)


def test_a_number_that_rests_on_few_rows_needs_rows_that_hold_more_of_them() -> None:
    (size,) = planning.sizes(
        0.0, 2000, None, margins=(0.05,), powers=(0.8,), confidence=0.95, fewest=73, rests=20, reach=0.161
    )

    assert (size.rows, size.now) == (7300, 0.0)


def test_a_spread_of_any_size_has_a_plan_or_none() -> None:
    (size,) = planning.sizes(5e306, 35, None, margins=(0.01,), powers=(0.8,), confidence=0.95)

    assert size.rows is None
    assert size.now == pytest.approx(0.025, abs=0.001)


def test_an_interval_that_does_not_clear_is_not_called_sure_to() -> None:
    assert planning.power(0.0, 1000, 0.01, confidence=0.95, reach=0.02) == 0
    assert planning.power(1e-6, 1000, 0.01, confidence=0.95, reach=0.02) < 0.001
    assert planning.power(1e-6, 1000, 0.01, confidence=0.95, reach=0.005) > 0.99


def test_shares_of_rows_need_what_tangos_interval_needs_and_groups_what_they_need() -> None:
    alone, together = (
        planning.sizes(spread, 1000, 30, margins=(0.01,), confidence=0.95, differ=0.02)
        for spread in (0.02, 0.2)
    )

    assert [each.rows for each in alone] == [
        planning.rows_needed_for_shares(0.02, 0.01, confidence=0.95, power=each) for each in (0.8, 0.9)
    ]
    assert (alone[0].rows or 0) > 1570
    assert 16_500 > (together[0].rows or 0) > planning.rows_needed(0.2, 0.01, confidence=0.95)
    assert together[0].now < 0.15


def test_models_that_never_differ_need_rows_too() -> None:
    few = planning.sizes(0.0, 100, None, margins=(0.01,), confidence=0.95, differ=0.0)
    enough = planning.sizes(0.0, 400, None, margins=(0.01,), confidence=0.95, differ=0.0)
    unbounded = planning.sizes(0.0, 100, None, margins=(0.01,), confidence=0.95, fewest=30)

    assert [(each.rows, each.groups, each.now) for each in few] == [(381, None, 0.0)] * 2
    assert enough[0].now == 1
    assert (unbounded[0].rows, unbounded[0].now) == (30, 1)


@pytest.mark.parametrize("tiny", [1e-300, 5e-324])
def test_a_margin_of_almost_nothing_needs_more_rows_than_anybody_has(tiny: float) -> None:
    assert planning.rows_needed(0.5, tiny, confidence=0.95) == 10**15
    assert planning.minimum_rows(tiny, confidence=0.95) == 10**15
    assert planning.rows_needed_for_shares(0.5, tiny, confidence=0.95) == 10**15
    assert planning.power(0.5, 1000, tiny, confidence=0.95, differ=0.5) == 0


@pytest.mark.parametrize(
    ("spread", "groups", "differ", "words"),
    [
        (
            0.02,
            30,
            0.02,
            "With 2 % disagreement on 1,000 rows in 30 days, a difference in accuracy under 0.0088 cannot be told",
        ),
        (0.0, None, 0.0, "With 0 % disagreement on 1,000 rows, a difference in accuracy under 0.0038"),
        (0.5, 1, None, "On 1,000 rows in 1 day, a difference in accuracy under 0.044"),
        (0.0, None, None, "On 1,000 rows, accuracy does not vary at all, so that nothing is known of chance"),
    ],
)
def test_the_noise_floor_is_told_in_words(
    spread: float, groups: int | None, differ: float | None, words: str
) -> None:
    told = planning.noise_floor("accuracy", spread, 1000, groups, confidence=0.95, group="day", differ=differ)

    assert told.startswith(words)


def test_the_noise_floor_is_no_less_than_the_interval_that_is_shown() -> None:
    told = planning.noise_floor("brier", 0.0, 2000, None, confidence=0.95, reach=0.001917)

    assert told == "On 2,000 rows, a difference in brier under 0.0019 cannot be told from chance"


def test_it_needs_neither_numpy_nor_scipy() -> None:
    program = """
import sys
from mltoolkit.statistics import planning
planning.sizes(0.02, 1000, 30, margins=(0.01,), confidence=0.95, differ=0.02)
print({"numpy", "scipy"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
