"""A whole month of the flagship's data is wrong, one of eleven: caught by name.

What is wrong with each value says so of itself, however many months there are. What only a mean or a share can
tell hides among ten good months: the suite asks it of each month beside January.
"""

import pytest

from mltoolkit.checks import Outcome, Source
from mltoolkit.contract import gx, suites
from tests.pipeline.planted import (
    BETWEEN,
    CLEAN,
    GREATER,
    MEAN,
    NOT_NULL,
    UNIQUE,
    Call,
    Found,
    Spoil,
    changed,
    checked,
    only,
)

WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")
EARLY = "expect_column_values_to_not_match_regex"
PRESENT = "expect_column_proportion_of_non_null_values_to_be_between"
SPREAD = "expect_column_proportion_of_unique_values_to_be_between"
COLDER = "(temp - 32) / 1.8 < 5"
FIRST_DAYS = "right(date, 2) <= '10'"


def wrong(month: str) -> dict[str, tuple[str, list[Found]]]:
    """Return for each kind of fault the query that plants it in a month, and all that must be found."""
    new = f"month = '{month}'"
    beside = f"of the rows where month IN (2013-01, {month})"

    def missing(*columns: str) -> list[Found]:
        found = [
            Found(NOT_NULL, (name,), f"{new} OR {name} IS NULL") for name in columns if name != "wind_gust"
        ]
        return found + [Found(PRESENT, ("wind_gust",), says=beside)] * ("wind_gust" in columns)

    # Nothing under 5 degrees is seen in July, not even in Celsius.
    cold = [Found(BETWEEN, ("temp",), f"{new} AND {COLDER}")] if month != "2013-07" else []
    return {
        "Celsius": (
            changed(new, temp="(temp - 32) / 1.8", dewp="(dewp - 32) / 1.8"),
            [Found(MEAN, ("temp",), says=beside), *cold],
        ),
        "the dew point in Celsius": (
            changed(new, dewp="(dewp - 32) / 1.8"),
            [
                Found(
                    BETWEEN,
                    ("dewp",),
                    f"{new} AND humid >= 85 AND temp >= 32",
                    "of the rows where humid >= 85 and temp >= 32",
                )
            ],
        ),
        "kilometres": (
            changed(new, distance="(distance * 1.609344)::BIGINT"),
            [
                Found(BETWEEN, ("distance",), f"{new} AND distance > 3728"),
                Found(BETWEEN, ("distance",), f"{new} AND dest = 'LAX'", "of the rows where dest == LAX"),
                Found(BETWEEN, ("distance",), f"{new} AND dest = 'BOS'", "of the rows where dest == BOS"),
            ],
        ),
        "hours": (
            changed(new, departure_minute="departure_minute // 60", arrival_minute="arrival_minute // 60"),
            [
                Found(BETWEEN, ("departure_minute",), new),
                Found(
                    GREATER,
                    ("arrival_minute", "departure_minute"),
                    f"{new} AND arrival_minute // 60 <= departure_minute // 60",
                ),
            ],
        ),
        "metres a second": (
            changed(new, wind_speed="wind_speed * 0.44704", wind_gust="wind_gust * 0.44704"),
            [
                Found(BETWEEN, ("wind_speed",), f"{new} AND wind_speed * 0.44704 BETWEEN 0.1 AND 3.4"),
                Found(BETWEEN, ("wind_gust",), f"{new} AND wind_gust * 0.44704 < 16"),
            ],
        ),
        "humidity as a share": (
            changed(new, humid="humid / 100"),
            [Found(BETWEEN, ("humid",), f"{new} AND humid IS NOT NULL")],
        ),
        "no weather": (changed(new, **dict.fromkeys(WEATHER, "NULL")), missing(*WEATHER)),
        "no weather at one airport": (
            changed(f"{new} AND origin = 'JFK'", **dict.fromkeys(WEATHER[:-2], "NULL"), visib="NULL"),
            [
                Found(NOT_NULL, (name,), f"{name} IS NULL OR {new} AND origin = 'JFK'")
                for name in WEATHER
                if name
                not in {"wind_gust", "pressure"}  # of which a third less is no more than other months lack
            ],
        ),
        "no pressure": (changed(new, pressure="NULL"), missing("pressure")),
        "no wind direction": (changed(new, wind_dir="NULL"), missing("wind_dir")),
        "no gusts": (changed(new, wind_gust="NULL"), missing("wind_gust")),
        "twice": (
            " UNION ALL ".join([CLEAN, only(new)]),
            [
                Found("row-id", ("row_id",), new),
                # Both rows of a key are not unique; November has 26,971.
                Found(UNIQUE, ("row_id",), 2 * 26_971),
                Found(SPREAD, ("date",), says=beside),
            ],
        ),
        "next to nothing": (
            only(f"NOT ({new} AND nth % 100 > 0)"),
            [Found(SPREAD, ("date",), says=beside)],
        ),
        "every other flight": (
            only(f"NOT ({new} AND nth % 2 > 0)"),
            [Found(SPREAD, ("date",), says=beside)],
        ),
        "three days": (
            only(f"NOT ({new} AND date > '{month}-03')"),
            [
                Found(
                    EARLY,
                    ("date",),
                    f"month = '2013-01' AND {FIRST_DAYS} OR date BETWEEN '{month}' AND '{month}-03'",
                    beside,
                )
            ],
        ),
        "twenty days": (
            only(f"NOT ({new} AND date > '{month}-20')"),
            [Found(EARLY, ("date",), f"month IN ('2013-01', '{month}') AND {FIRST_DAYS}", beside)],
        ),
        "nobody late": (changed(new, late="false"), [Found(MEAN, ("late",), says=beside)]),
        "everybody late": (changed(new, late="true"), [Found(MEAN, ("late",), says=beside)]),
        "late and in time the wrong way round": (
            changed(new, late="NOT late"),
            [Found(MEAN, ("late",), says=beside)],
        ),
    }


CASES = [
    *(pytest.param("2013-11", *case, id=name) for name, case in wrong("2013-11").items()),
    # In Celsius July is as warm as January is in Fahrenheit, and it has the fewest gusts.
    *(
        pytest.param("2013-07", *wrong("2013-07")[name], id=f"{name}, in July")
        for name in ("Celsius", "no gusts")
    ),
]


@pytest.mark.parametrize(("until", "sql", "expected"), CASES)
def test_a_month_that_is_wrong_is_caught_by_name(
    plant: Call, until: str, sql: str, expected: list[Found]
) -> None:
    plant(sql, expected, until=until)


def test_of_three_months_one_shows_in_the_mean_of_all_too(plant: Call) -> None:
    sql, expected = wrong("2013-03")["everybody late"]
    plant(sql, [*expected, Found(MEAN, ("late",), says="the mean is 0.50")])


@pytest.mark.parametrize("until", [f"2013-{month:02d}" for month in range(1, 13)])
def test_the_contract_holds_whatever_month_came_last(cli: Call, spoil: Spoil, until: str) -> None:
    code, out, findings = checked(cli, spoil(CLEAN, until=until))

    assert code == 0
    assert "data/flights.parquet: the contract holds (" in out
    assert {each.outcome for each in findings} == {Outcome.MET}
    # Great Expectations need not even be imported.
    assert {each.source for each in findings} == {Source.SCAN, Source.MLTOOLKIT}


def test_great_expectations_itself_says_the_same_of_the_suite(spoil: Spoil) -> None:
    root = spoil(CLEAN, until="2013-02")
    suite = suites.read(root / "expectations/flights.json")
    results = gx.validate(root / "data/flights.parquet", suite, suite.expectations, seconds=200, memory="1GB")

    assert len(results) == len(suite.expectations)
    assert [each for each in results if not each.success or each.exception] == []
