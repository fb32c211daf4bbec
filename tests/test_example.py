import shutil
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from mltoolkit import example, files, project
from mltoolkit.evidence import Prepared
from mltoolkit.metrics import Task

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
