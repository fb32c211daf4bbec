import shutil
from pathlib import Path

import pytest

from experiments import november
from experiments.flights import Flights
from experiments.november import NAME, decided
from mltoolkit import example
from mltoolkit.gate import Decision
from mltoolkit.rules.base import Answer


def test_one_month_cannot_show_that_its_model_beats_the_base_rate_and_rows_alone_claim_it(
    flights: Flights,
) -> None:
    month, said = flights.month(NAME), flights.predicted(NAME)
    days, rows = (decided(month, said, by_day=by_day) for by_day in (True, False))
    assert days.decision is Decision.INCONCLUSIVE
    brier, accuracy = days.findings
    assert brier.answer is Answer.UNKNOWN
    assert accuracy.estimate is not None
    assert accuracy.estimate.value is not None
    assert accuracy.estimate.value < 0, "less accurate than always on time"
    assert rows.decision is not Decision.INCONCLUSIVE
    assert rows.findings[0].answer is Answer.PASS


def test_the_flagship_is_judged_by_days_until_that_is_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = tmp_path / "params.yaml"
    shutil.copy(example.flagship() / "params.yaml", params)
    monkeypatch.setattr(november, "commit", lambda _: None)
    settings = params.read_text()
    november.by_row(tmp_path)
    assert len(settings.splitlines()) == len(params.read_text().splitlines())
    assert settings != params.read_text()
    with pytest.raises(ValueError, match="no line"):
        november.by_row(tmp_path)
