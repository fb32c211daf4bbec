import numpy as np
import pytest

from experiments.days import BY_ROW, PROMISED, Line, contradict, halved, pooled, shown
from experiments.flights import Flights, Month
from mltoolkit.rules.numbers import Estimate
from tests.experiments.conftest import SMALL

QUESTIONS = (("accuracy", "majority"), ("brier", "base-rate"), ("roc-auc", "base-rate"))


def between(low: float, high: float) -> Estimate:
    return Estimate(value=(low + high) / 2, low=low, high=high)


def test_intervals_contradict_each_other_from_further_apart_than_where_one_ends() -> None:
    # Two equal reaches of 1 are 1.41 together, so that intervals may overlap and contradict each other.
    assert contradict(between(0, 2), between(1.42, 3.42))
    assert contradict(between(1.42, 3.42), between(0, 2))
    assert not contradict(between(0, 2), between(1.4, 3.4))
    assert not contradict(between(0, 2), between(0, 2))
    with pytest.raises(ValueError, match="too few"):
        contradict(between(0, 2), Estimate(value=1, reason="too few"))


def test_halves_of_real_months_agree_by_days_and_not_by_rows(flights: Flights) -> None:
    month = flights.month("2013-11")
    said = flights.predicted("2013-11", rows=SMALL)
    lines = list(halved(month, said, said, halvings=25, questions=QUESTIONS))
    assert [line.halvings for line in lines] == [25, 25, 25]
    assert np.mean([line.by_day for line in lines]) <= PROMISED
    for line in lines:
        assert line.by_day <= PROMISED + 3 * (0.05 * 0.95 / 25) ** 0.5
        assert line.by_row > BY_ROW


def test_halves_of_days_that_are_all_alike_agree_by_rows_too() -> None:
    random = np.random.default_rng(4)
    truth = random.integers(0, 2, 6000)
    said = np.clip(0.5 + 0.2 * (truth - 0.5) + random.normal(0, 0.15, truth.size), 0.01, 0.99)
    days = np.arange(truth.size) % 30
    month = Month("alike", truth, days, 0.5)
    lines = list(halved(month, said, said, halvings=40, questions=QUESTIONS))
    assert all(line.by_row <= 0.05 + 3 * (0.05 * 0.95 / 40) ** 0.5 for line in lines)


def test_every_month_counts_the_same() -> None:
    lines = [
        Line("2013-07", "brier", "base-rate", 300, 0.02, 0.5, warned=False),
        Line("2013-08", "brier", "base-rate", 100, 0.04, 0.7, warned=True),
        Line("2013-08", "brier", "champion", 100, 0.0, 0.1, warned=False),
    ]
    both, other = pooled(lines)
    assert both[:4] == ("all", "brier", "base-rate", 400)
    assert both.by_day == pytest.approx(0.03)
    assert both.by_row == pytest.approx(0.6)
    assert both.warned
    assert other[3:] == lines[2][3:]
    assert (
        shown(both)
        == "all      brier     base-rate    3.0%   60.0%  warned: a few days carry most of the error"
    )
