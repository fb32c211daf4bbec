import pytest

from experiments.reuse import ALPHA, adaptive, independent

CHANCE = 3 * (ALPHA * (1 - ALPHA) / 40) ** 0.5
SMALL = {"teams": 40, "models": 60, "rows": 500}
"""Teams that take seconds."""


@pytest.mark.parametrize("budget", [60, 20])
def test_the_best_of_equal_models_is_called_better_no_more_often_than_one(budget: int) -> None:
    assert independent(budget=budget, **SMALL) <= ALPHA + CHANCE


def test_looks_that_nobody_pays_for_find_a_better_one() -> None:
    assert independent(budget=None, **SMALL) > ALPHA + CHANCE


def test_choosing_by_verdicts_that_tell_little_learns_nothing() -> None:
    assert adaptive(disclose="coarse", **SMALL) <= ALPHA + CHANCE


def test_a_wide_margin_tells_no_more_of_equal_models_than_a_narrow_one() -> None:
    assert adaptive(teams=10, disclose="coarse", margin=0.25) <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / 10) ** 0.5


def test_choosing_by_all_numbers_learns_the_rows() -> None:
    assert adaptive(teams=6, disclose="full") > 0.5


def test_an_answer_that_every_second_model_gets_tells_enough_to_learn_the_rows() -> None:
    assert adaptive(teams=10, disclose="coarse", margin=0.08) > ALPHA + 3 * (ALPHA * (1 - ALPHA) / 10) ** 0.5
