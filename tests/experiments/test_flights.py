import numpy as np
import pandas as pd

from experiments.flights import Flights
from tests.experiments.conftest import SMALL


def test_a_month_has_its_days_and_the_rate_of_all_months_before(flights: Flights) -> None:
    november = flights.month("2013-11")
    table = flights.table
    assert november.truth.size == november.days.size == (table["month"] == "2013-11").sum()
    assert sorted(set(november.days.tolist())) == list(range(30))
    assert november.rate == table["late"][table["month"] < "2013-11"].mean()
    assert november.truth.mean() == table["late"][table["month"] == "2013-11"].mean()


def test_a_prediction_is_kept_and_belongs_to_its_settings(flights: Flights) -> None:
    said = flights.predicted("2013-11", rows=SMALL)
    kept = sorted(flights.cache.glob("*.npy"))
    again = Flights(flights.cache)
    assert np.array_equal(again.predicted("2013-11", rows=SMALL), said)
    assert sorted(flights.cache.glob("*.npy")) == kept
    assert flights.month("2013-11").truth.size == said.size
    assert not np.array_equal(again.predicted("2013-11", rows=SMALL // 2), said)


def test_the_table_is_that_of_the_pipeline(flights: Flights) -> None:
    assert isinstance(flights.table, pd.DataFrame)
    assert flights.table["row_id"].is_unique
    assert {*flights.prepare.numeric, *flights.prepare.categorical} <= set(flights.table.columns)
