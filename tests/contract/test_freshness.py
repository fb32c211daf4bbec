import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.checks import ContractFinding, Outcome
from mltoolkit.contract import freshness, scan, sources
from mltoolkit.settings import FreshnessSettings

NOW = dt.datetime(2024, 5, 10, 12, tzinfo=dt.UTC)


def fresh(tmp_path: Path, values: list[Any], kind: pa.DataType, within: str = "36h") -> ContractFinding:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"t": pa.array(values, kind)}), path)
    settings = FreshnessSettings(column="t", within=within)
    with sources.opened(path) as table:
        column = table.columns[0]
        measured = scan.measured(table, freshness.asks(column, NOW))
        return freshness.finding(column, settings, NOW, measured)


def at(day: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2024, 5, day, hour)  # noqa: DTZ001 - what a file without a zone holds


UNITS = [pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC")]


@pytest.mark.parametrize("kind", UNITS, ids=str)
@pytest.mark.parametrize(
    ("newest", "outcome"),
    [
        (at(9, 0), Outcome.MET),  # 36 h: as old as it may be
        (at(8, 23), Outcome.VIOLATED),
        (at(10, 12), Outcome.MET),
        (at(11, 12), Outcome.MET),  # the clock of some zone
        (at(11, 13), Outcome.VIOLATED),
    ],
)
def test_the_newest_time_decides(
    tmp_path: Path, kind: pa.DataType, newest: dt.datetime, outcome: Outcome
) -> None:
    found = fresh(tmp_path, [at(1), newest, None], kind)

    assert found.outcome is outcome, found.reason
    assert (found.rule, found.columns, found.looked) == ("fresh", ("t",), 2)


def test_the_age_is_told_and_no_value(tmp_path: Path) -> None:
    found = fresh(tmp_path, [at(7, 12)], pa.timestamp("us"))

    assert found.reason == "the newest row is 3 d 0 h old; at most 36h is allowed"


def test_a_zone_is_heeded(tmp_path: Path) -> None:
    # Noon in Honolulu is ten hours later than noon in UTC.
    late = [dt.datetime.fromisoformat("2024-05-08T23:00:00-10:00")]

    assert fresh(tmp_path, late, pa.timestamp("us", "Pacific/Honolulu")).outcome is Outcome.MET


@pytest.mark.parametrize(
    ("day", "outcome"), [(8, Outcome.VIOLATED), (9, Outcome.MET), (11, Outcome.MET), (12, Outcome.VIOLATED)]
)
def test_a_date_is_as_old_as_its_end(tmp_path: Path, day: int, outcome: Outcome) -> None:
    found = fresh(tmp_path, [dt.date(2024, 5, day)], pa.date32(), within="24h")

    assert found.outcome is outcome, found.reason


def test_one_time_far_ahead_does_not_make_old_data_fresh(tmp_path: Path) -> None:
    found = fresh(tmp_path, [at(1), dt.datetime(2999, 1, 1)], pa.timestamp("us"))  # noqa: DTZ001 - as in a file

    assert (found.outcome, found.unexpected, found.looked) == (Outcome.VIOLATED, 1, 2)
    assert "future" in found.reason


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("2024-05-09T00:00:00Z", Outcome.MET),
        ("2024-05-08T23:59:59Z", Outcome.VIOLATED),
        ("2024-05-09 00:00", Outcome.MET),
        ("2024-05-08T23:00:00-01:00", Outcome.MET),
        ("2024-05-09T00:30:00+0100", Outcome.VIOLATED),
        ("2024-05-09T00:00:00.123456789+00", Outcome.MET),
        ("2024-05-08", Outcome.MET),  # ended 36 h ago
        ("2024-05-07", Outcome.VIOLATED),
        ("2024-02-31", Outcome.NOT_EVALUATED),
        ("10.05.2024", Outcome.NOT_EVALUATED),
        ("infinity", Outcome.NOT_EVALUATED),
        ("epoch", Outcome.NOT_EVALUATED),
        ("", Outcome.NOT_EVALUATED),
    ],
)
def test_texts_are_read_as_iso_8601(tmp_path: Path, text: str, outcome: Outcome) -> None:
    found = fresh(tmp_path, ["2024-05-01T00:00:00Z", text, None], pa.string())

    assert found.outcome is outcome, found.reason


def test_texts_mean_the_same_in_every_zone_of_the_machine(tmp_path: Path) -> None:
    pq.write_table(pa.table({"t": ["2024-05-09T00:00:00"]}), tmp_path / "data.parquet")
    settings = FreshnessSettings(column="t", within="36h")
    said = set()
    with sources.opened(tmp_path / "data.parquet") as table:
        for zone in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
            table.connection.execute(f"SET TimeZone = '{zone}'")
            measured = scan.measured(table, freshness.asks(table.columns[0], NOW))
            said.add(freshness.finding(table.columns[0], settings, NOW, measured).reason)

    assert said == {"the newest row is 1 d 12 h old; at most 36h is allowed"}


def test_texts_that_are_no_times_are_counted(tmp_path: Path) -> None:
    found = fresh(tmp_path, ["2024-05-10", "soon", "later"], pa.string())

    assert (found.outcome, found.unexpected, found.looked) == (Outcome.NOT_EVALUATED, 2, 3)
    assert "soon" not in found.reason


def test_nulls_have_no_age(tmp_path: Path) -> None:
    found = fresh(tmp_path, [None, None], pa.timestamp("us"))

    assert (found.outcome, found.reason) == (Outcome.NOT_EVALUATED, "`t` is null in all 2 rows")


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.bool_(), pa.time64("us"), pa.null()], ids=str)
def test_what_is_no_time_is_not_taken_for_one(tmp_path: Path, kind: pa.DataType) -> None:
    found = fresh(tmp_path, [None], kind)

    assert found.outcome is Outcome.NOT_EVALUATED
    assert "neither a date" in found.reason


def test_dates_beyond_all_clocks_are_no_crash(tmp_path: Path) -> None:
    found = fresh(tmp_path, [0, 2**31 - 2], pa.int32())
    assert found.outcome is Outcome.NOT_EVALUATED

    days = pa.array([0, 100_000_000, 2**31 - 2], pa.int32()).cast(pa.date32())
    pq.write_table(pa.table({"t": days}), tmp_path / "data.parquet")
    settings = FreshnessSettings(column="t", within="36h")
    with sources.opened(tmp_path / "data.parquet") as table:
        measured = scan.measured(table, freshness.asks(table.columns[0], NOW))
        found = freshness.finding(table.columns[0], settings, NOW, measured)

    assert found.outcome is not Outcome.MET


def test_what_could_not_be_measured_was_not_evaluated(tmp_path: Path) -> None:
    pq.write_table(pa.table({"t": [at(10)]}), tmp_path / "data.parquet")
    settings = FreshnessSettings(column="t", within="36h")
    with sources.opened(tmp_path / "data.parquet") as table:
        found = freshness.finding(table.columns[0], settings, NOW, {"count(*)": 1})

    assert found.outcome is Outcome.NOT_EVALUATED
