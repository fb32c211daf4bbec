import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit import files
from mltoolkit.checks import CheckedFile, Outcome, Source
from mltoolkit.contract import checking, scan
from mltoolkit.errors import InputError
from mltoolkit.settings import CheckSettings, DataSettings, ModelSettings, SplitSettings

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
Hold = Callable[..., CheckedFile]


@pytest.fixture
def hold(tmp_path: Path) -> Hold:
    pq.write_table(
        pa.table({"id": [1, 2, 3], "a": [1.0, 2.0, None], "b": ["x", "y", "y"]}), tmp_path / "data.parquet"
    )

    def call(*expectations: dict[str, Any], **settings: Any) -> CheckedFile:
        suite = {"name": "s", "expectations": list(expectations), "meta": {}}
        (tmp_path / "suite.json").write_text(json.dumps(suite))
        data = DataSettings(path=settings.pop("path", "data.parquet"), suite="suite.json", **settings)
        return checking.check_file(tmp_path, data, CheckSettings(), now=NOW).file

    return call


def expectation(kind: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": kind, "kwargs": kwargs}


def outcomes(found: CheckedFile) -> dict[str, Outcome]:
    return {each.rule: each.outcome for each in found.findings}


def test_suite_and_settings_are_answered_together(hold: Hold, tmp_path: Path) -> None:
    found = hold(expectation("expect_column_values_to_not_be_null", column="a"), id="id")

    assert found.rows == 3
    assert found.digest == files.digest_file(tmp_path / "data.parquet")
    assert outcomes(found) == {
        "minimum-rows": Outcome.MET,
        "suite-not-empty": Outcome.MET,
        "column-names": Outcome.MET,
        "column-not-empty": Outcome.MET,
        "row-id": Outcome.MET,
        "expect_column_values_to_not_be_null": Outcome.VIOLATED,
    }


def test_great_expectations_answers_in_the_order_of_the_suite(hold: Hold) -> None:
    found = hold(
        expectation("expect_column_values_to_match_regex", column="b", regex="(?!z)."),
        expectation("expect_column_values_to_be_unique", column="id"),
        expectation("expect_column_values_to_match_regex", column="b", regex="(?=x)x"),
    )
    own = [each for each in found.findings if each.line is not None]

    assert [each.source for each in own] == [
        Source.GREAT_EXPECTATIONS,
        Source.SCAN,
        Source.GREAT_EXPECTATIONS,
    ]
    assert [each.outcome for each in own] == [Outcome.MET, Outcome.MET, Outcome.VIOLATED]
    assert own[2].unexpected == 2


def test_another_file_shows_drift_of_the_schema(hold: Hold, tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1], "a": [1.0], "c": ["x"]}), tmp_path / "before.parquet")
    found = hold(expectation("expect_column_values_to_be_unique", column="id"), like="before.parquet")

    assert outcomes(found)["schema"] is Outcome.VIOLATED


def test_an_unknown_expectation_is_an_error_with_its_line(hold: Hold) -> None:
    with pytest.raises(InputError, match=r"suite\.json:1.*expect_column_values_to_be_nul`") as caught:
        hold(expectation("expect_column_values_to_be_nul", column="a"))

    assert "did you mean" in str(caught.value)


def test_a_file_that_changes_meanwhile_is_refused(
    hold: Hold, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data.parquet"
    other = pa.table({"id": [1, 2, 3], "a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]})
    pq.write_table(other, tmp_path / "other.parquet")
    real = scan.measured

    def replaced(*words: Any, **more: Any) -> dict[str, Any]:
        values: dict[str, Any] = real(*words, **more)
        (tmp_path / "other.parquet").replace(path)
        return values

    monkeypatch.setattr(scan, "measured", replaced)
    with pytest.raises(InputError, match="changed while it was checked"):
        hold(expectation("expect_column_values_to_be_unique", column="id"))


def test_splits_take_what_is_missing_from_the_model(tmp_path: Path) -> None:
    rows: dict[str, list[Any]] = {"row_id": [1, 2], "late": [True, False], "x": [1.0, 2.0]}
    pq.write_table(pa.table(rows), tmp_path / "train.parquet")
    pq.write_table(pa.table(rows), tmp_path / "evaluation.parquet")
    model = ModelSettings(target="late", rows="evaluation.parquet")
    found = checking.check_splits(tmp_path, model, SplitSettings(train="train.parquet"), CheckSettings())

    leaks = {each.rule: (each.outcome, each.unexpected) for each in found.findings}
    assert leaks["leak-by-id"] == (Outcome.VIOLATED, 2)
    assert found.evaluation == "evaluation.parquet"
    assert any(each.blocks for each in found.findings)

    lenient = SplitSettings(train="train.parquet", mode="warn")
    found = checking.check_splits(tmp_path, model, lenient, CheckSettings())
    assert {each.rule for each in found.findings if each.blocks and each.rule.startswith("leak")} == set()
