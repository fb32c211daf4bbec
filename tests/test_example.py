import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from mltoolkit import documents, example, files, project
from mltoolkit.metrics import Task
from mltoolkit.training import Prepared

ROOT = Path(__file__).parent.parent


def test_the_flagship_is_the_root_of_a_checkout() -> None:
    assert example.flagship() == ROOT


def test_the_copy_holds_sources_and_nothing_that_the_pipeline_makes(tmp_path: Path) -> None:
    example.copy(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {
        ".dvc", ".gitignore", "dvc.yaml", "params.yaml", "pipeline", "expectations",
    }  # fmt: skip
    assert project.load(tmp_path).settings.model()[0] == "flights-late"


def test_labels_are_dealt_out_anew_and_nothing_else_changes(tmp_path: Path, saved_models: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    shutil.copy(saved_models / "rows.parquet", source / "train.parquet")
    prepared = Prepared(
        task=Task.BINARY, id="row_id", target="target", positive="1", numeric=("a",), categorical=(), impute={},
        splits={}, classes={}, mean=None, digests={"train": files.digest_file(source / "train.parquet")},
    )  # fmt: skip
    files.write_bytes(source / "prepared.json", files.dump_json(prepared))
    example.shuffle_labels(source, target)
    before, after = (pq.read_table(folder / "train.parquet") for folder in (source, target))
    every_tenth = before.take(list(range(0, before.num_rows, 10)))

    assert after.drop_columns(["target"]).equals(every_tenth.drop_columns(["target"]))
    assert after["target"].to_pylist() != every_tenth["target"].to_pylist()
    assert Counter(after["target"].to_pylist()) == Counter(every_tenth["target"].to_pylist())
    made = files.load(target / "prepared.json", Prepared)
    assert made.digests["train"] == files.digest_file(target / "train.parquet")


def test_a_month_arrives_in_the_settings_alone(tmp_path: Path) -> None:
    example.copy(tmp_path)
    before = (tmp_path / "params.yaml").read_text()
    example.arrive(tmp_path, "2013-07")

    assert (tmp_path / "params.yaml").read_text() == before.replace("until: 2013-11", "until: 2013-07")
    assert "until: 2013-07" in (tmp_path / "params.yaml").read_text()


def test_a_commit_needs_no_author_and_no_change(repository: Path, git: Callable[..., str]) -> None:
    (repository / "new").write_text("x")
    example.commit(repository, "Something is new")
    example.commit(repository, "Nothing is new")

    assert git(repository, "log", "--format=%s", "-2").split("\n") == ["Nothing is new", "Something is new"]
    assert git(repository, "status", "--porcelain") == ""


def test_the_project_with_broken_labels_tries_one_estimator(tmp_path: Path, saved_models: Path) -> None:
    example.copy(tmp_path)
    (tmp_path / "data").mkdir()
    shutil.copy(saved_models / "rows.parquet", tmp_path / "data" / "train.parquet")
    prepared = Prepared(
        task=Task.BINARY, id="row_id", target="target", positive="1", numeric=("a",), categorical=(), impute={},
        splits={}, classes={}, mean=None, digests={},
    )  # fmt: skip
    files.write_bytes(tmp_path / "data" / "prepared.json", files.dump_json(prepared))
    broken = example.break_labels(tmp_path)

    settings = documents.parse((broken / "params.yaml").read_text(), "params.yaml").values["train"]
    assert list(settings["estimators"]) == ["logistic"]
    assert (broken / "data" / "train.parquet").exists()
