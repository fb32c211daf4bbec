import pytest

from experiments.flights import Flights
from experiments.noise import JULY, NOVEMBER, band, broken, noise
from tests.experiments.conftest import SMALL

SEEDS = 4


def test_a_band_holds_99_of_100_sums() -> None:
    assert band([0.5] * 60) == (20, 40)
    assert band([0.0] * 60) == (0, 0)
    assert band([1.0] * 60) == (60, 60)


@pytest.mark.parametrize("name", [JULY, NOVEMBER])
def test_another_seed_is_never_rejected_and_inconclusive_as_often_as_planned(
    name: str, flights: Flights
) -> None:
    month = flights.month(name)
    models = [flights.predicted(name, seed=seed, rows=SMALL) for seed in range(SEEDS)]
    for n in (1000, 4000):
        # So small models differ by a point in truth; exchanged row by row they do not.
        line = noise(month, models, n, pairs=30, equal=True)
        assert line.rejected == 0
        assert line.promoted + line.inconclusive == line.pairs
        assert line.band[0] <= line.inconclusive <= line.band[1]
        # "new >= old" is a coin.
        assert 5 <= line.naive <= 25


@pytest.mark.parametrize("name", [JULY, NOVEMBER])
def test_a_broken_model_is_rejected_by_auc(name: str, flights: Flights) -> None:
    month = flights.month(name)
    models = [flights.predicted(name, seed=seed, rows=SMALL) for seed in range(SEEDS)]
    shuffled = [flights.predicted(name, rows=SMALL, shuffled=True)]
    lines = {line.how: line for line in broken(month, models, shuffled, 2000, pairs=20)}
    assert all(line.by_auc == line.pairs for line in lines.values())
    # Few flights are late in November: "on time" is as right as the good model.
    if name == NOVEMBER:
        assert lines["shuffled labels"].by_accuracy == 0
        assert lines["shuffled labels"].passed > 0
    else:
        assert lines["shuffled labels"].passed == 0
