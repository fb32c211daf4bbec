import json
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mltoolkit import files, models, scoring
from mltoolkit.errors import CannotTellError
from mltoolkit.scoring import Scored


def score(model: Path, rows: Path, cache: Path, **changes: Any) -> Scored:
    options: dict[str, Any] = {
        "rows_digest": files.digest_file(rows),
        "golden": [0, 5],
        "hidden": ("row_id", "target"),
        "cache": cache,
        "python": None,
        "fresh": False,
    }
    return scoring.score(models.read(model), rows, **(options | changes))


def test_a_model_is_scored_in_a_process_of_its_own(saved_models: Path, tmp_path: Path) -> None:
    scored = score(saved_models / "binary", saved_models / "rows.parquet", tmp_path / "cache")
    table = pq.read_table(scored.answers)

    assert (table.num_rows, table.num_columns) == (400, 2)
    assert scored.request["dataframe_split"]["columns"] == ["a", "b"]
    offline = [[column[at].as_py() for column in table.columns] for at in (0, 5)]
    assert [list(row) for row in scored.predictions] == [pytest.approx(row, abs=1e-12) for row in offline]


def test_the_same_model_on_the_same_rows_is_scored_once(saved_models: Path, tmp_path: Path) -> None:
    arguments = (saved_models / "binary", saved_models / "rows.parquet", tmp_path / "cache")
    first = score(*arguments)
    stamp = first.answers.stat().st_mtime_ns

    assert score(*arguments).answers.stat().st_mtime_ns == stamp
    assert score(*arguments, fresh=True).answers.stat().st_mtime_ns != stamp
    assert score(saved_models / "other", *arguments[1:]).answers != first.answers
    assert score(*arguments, golden=[1]).answers != first.answers


def test_what_a_model_takes_is_measured_where_it_is_scored(saved_models: Path, tmp_path: Path) -> None:
    scored = score(saved_models / "binary", saved_models / "rows.parquet", tmp_path / "cache")
    again = score(saved_models / "binary", saved_models / "rows.parquet", tmp_path / "cache")

    assert scored.costs.size == models.read(saved_models / "binary").size
    assert 50 * 2**20 < scored.costs.memory < 4 * 2**30
    assert 0 < scored.costs.scoring < 60
    assert 0 < scored.costs.latency < 60
    # Kept with the scores: the same run gives the same evidence.
    assert again.costs == scored.costs


def test_a_model_that_is_scored_beside_others_is_scored_again_where_costs_count(
    saved_models: Path, tmp_path: Path
) -> None:
    arguments = (saved_models / "binary", saved_models / "rows.parquet", tmp_path / "cache")

    assert score(*arguments).answers != score(*arguments, alone=True).answers


@pytest.mark.parametrize(
    "content",
    ['{"memory": 1, "scoring": NaN, "latency": 1}', '{"memory": -1, "scoring": 1, "latency": 1}', "{}", "[]"],
)
def test_costs_that_cannot_be_are_not_believed(saved_models: Path, tmp_path: Path, content: str) -> None:
    arguments = (saved_models / "binary", saved_models / "rows.parquet", tmp_path / "cache")
    folder = score(*arguments).answers.parent
    (folder / "costs.json").write_text(content)
    made = json.loads((folder / "made.json").read_bytes())
    made["costs.json"] = files.digest_file(folder / "costs.json")
    (folder / "made.json").write_text(json.dumps(made))

    assert score(*arguments).costs.memory > 1


def test_a_model_that_cannot_be_read_is_an_error_in_seconds_with_its_own_words(
    saved_models: Path, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(saved_models / "binary", tmp_path / "broken"))
    (broken / "model.skops").write_bytes(b"not a zip archive")

    with pytest.raises(CannotTellError, match=r"cannot be scored: .*zip"):
        score(broken, saved_models / "rows.parquet", tmp_path / "cache")

    assert not list((tmp_path / "cache").glob("*/answers.parquet"))


def test_rows_that_lack_a_column_of_the_model_name_it(saved_models: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.parquet"
    pq.write_table(pq.read_table(saved_models / "rows.parquet").drop_columns(["a"]), rows)

    with pytest.raises(CannotTellError, match="lack the model's columns a"):
        score(saved_models / "binary", rows, tmp_path / "cache")


def test_the_scoring_process_sees_no_secrets(
    saved_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = tmp_path / "bin" / "python"
    note = tmp_path / "environment"
    spy.parent.mkdir()
    spy.write_text(f"#!/bin/sh\nenv > {note}\nexit 1\n")
    spy.chmod(0o755)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")

    with pytest.raises(CannotTellError):
        score(saved_models / "binary", saved_models / "rows.parquet", tmp_path / "cache", python=str(spy))

    assert "PATH=" in note.read_text()
    assert "hunter2" not in note.read_text()


def test_a_model_over_its_memory_is_stopped(
    saved_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_MEMORY", 64 * 2**20)

    with pytest.raises(CannotTellError, match="cannot be scored"):
        score(saved_models / "binary", saved_models / "rows.parquet", tmp_path / "cache")


@pytest.mark.parametrize("name", ["answers.parquet", "requests.json", "costs.json", "made.json"])
@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_scores_that_are_not_as_they_were_made_are_made_again(
    saved_models: Path, tmp_path: Path, name: str, damage: str
) -> None:
    arguments = (saved_models / "binary", saved_models / "rows.parquet", tmp_path / "cache")
    first = score(*arguments)
    whole = first.answers.read_bytes()
    path = first.answers.with_name(name)
    if damage == "changed":
        path.write_bytes(path.read_bytes()[:-3])
    else:
        path.unlink()

    again = score(*arguments)

    assert again.answers.read_bytes() == whole
    assert again.predictions == first.predictions


def test_a_process_that_ends_well_and_writes_nothing_is_an_error(saved_models: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(CannotTellError, match=r"before answers\.parquet was written"):
            score(
                saved_models / "binary", saved_models / "rows.parquet", tmp_path / "cache", python="/bin/true"
            )


def test_the_cache_keeps_the_newest(
    saved_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_KEPT", 1)
    first = score(saved_models / "binary", saved_models / "rows.parquet", tmp_path / "cache")
    os.utime(first.answers.parent, (1, 1))
    second = score(saved_models / "other", saved_models / "rows.parquet", tmp_path / "cache")

    assert not first.answers.exists()
    assert second.answers.exists()
