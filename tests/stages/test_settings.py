"""The sections of params.yaml: what does not fit is refused with file, line and advice."""

from pathlib import Path

import pytest

from mltoolkit.errors import InputError
from mltoolkit.stages.settings import ByTime, Constant, PrepareSettings, TrainSettings, read

PREPARE = """\
prepare:
  input: data/table.parquet
  task: binary
  target: late
  numeric: [size]
  impute:
    features:
      size: {constant: 0}
  split:
    by: time
    column: month
"""
TRAIN = """\
train:
  select: brier
  estimators:
    one:
      kind: random-forest
      parameters: {n_estimators: 5}
"""


def section_of(text: str, name: str, kind: type, folder: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.chdir(folder)
    (folder / "params.yaml").write_text(text)
    return read(name, kind)[0]


def test_the_smallest_sections_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = section_of(PREPARE, "prepare", PrepareSettings, tmp_path, monkeypatch)
    assert isinstance(prepare, PrepareSettings)
    assert prepare.split == ByTime(column="month")
    assert prepare.impute.features == {"size": Constant(constant=0.0)}
    train = section_of(TRAIN, "train", TrainSettings, tmp_path, monkeypatch)
    assert isinstance(train, TrainSettings)
    assert train.estimators["one"].parameters == {"n_estimators": 5}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  target: late", "  targte: late", r"params.yaml:4: prepare.targte: unknown key\n.*did you mean"),
        ("task: binary", "task: binry", r"params.yaml:3: prepare.task: .*\n.*did you mean `binary`"),
        ("by: time", "by: tiem", r"params.yaml:\d+: prepare.split.*"),
        ("column: month", "colum: month", r"params.yaml:11: prepare.split.colum: unknown key"),
        ("by: time\n    column: month", "by: random", r"params.yaml:\d+: prepare.split: `reason` is missing"),
        ("{constant: 0}", "medium", r"params.yaml:8: prepare.impute.features.size: "),
        (
            "by: time\n    column: month",
            "by: group\n    column: c\n    evaluate: 0.5\n    validate: 0.5",
            r"prepare.split: .*nothing to train on",
        ),
    ],
)
def test_a_wrong_key_of_prepare_names_its_line(
    old: str, new: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert old in PREPARE
    with pytest.raises(InputError, match=message):
        section_of(PREPARE.replace(old, new), "prepare", PrepareSettings, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("select: brier", "select: brie", r"params.yaml:\d+: train: .*did you mean `brier`"),
        ("kind: random-forest", "kind: random-tree", r"train.estimators.one.kind: .*\n.*`random-forest`"),
        (
            "    one:\n      kind: random-forest\n      parameters: {n_estimators: 5}",
            "    {}",
            "at least one",
        ),
        ("    one:", "    One!:", "is not a name"),
    ],
)
def test_a_wrong_key_of_train_names_its_line(
    old: str, new: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert old in TRAIN
    with pytest.raises(InputError, match=message):
        section_of(TRAIN.replace(old, new), "train", TrainSettings, tmp_path, monkeypatch)


def test_a_missing_section_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"no section `train:`"):
        section_of(PREPARE, "train", TrainSettings, tmp_path, monkeypatch)
