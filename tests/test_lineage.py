import pytest

from mltoolkit import lineage
from mltoolkit.errors import InputError

LOCK = """\
schema: '2.0'
stages:
  fetch:
    cmd: python fetch.py
    deps:
    - {path: fetch.py, hash: md5, md5: f1, size: 1}
    - {path: raw.csv, hash: md5, md5: r1, size: 1}
    outs:
    - {path: data/all.parquet, hash: md5, md5: a1, size: 1}
  split:
    cmd: python split.py
    deps:
    - {path: data/all.parquet, hash: md5, md5: a1, size: 1}
    params:
      params.yaml:
        split: {by: month, last: 1}
    outs:
    - {path: data/rows, hash: md5, md5: s1.dir, size: 1}
  train:
    cmd: python train.py
    deps:
    - {path: data/rows/train.parquet, hash: md5, md5: t1, size: 1}
    outs:
    - {path: model, hash: md5, md5: m1.dir, size: 1}
"""
ROWS = "data/rows/evaluation.parquet"


def stages(text: str = LOCK) -> dict[str, lineage.Stage]:
    return lineage.stages(text.encode(), "dvc.lock")


def test_a_file_comes_from_stages_and_from_what_none_made() -> None:
    found = lineage.origin(stages(), stages(), f"./{ROWS}")

    assert found == lineage.Origin(
        changed=(), stages=("split", "fetch"), sources={"fetch.py": True, "raw.csv": True}
    )
    assert lineage.maker(stages(), ROWS) == ("split", "data/rows")
    assert lineage.maker(stages(), "data/rows.parquet") is None
    assert lineage.stages(None, "dvc.lock") == {}


def test_other_data_are_no_other_choice() -> None:
    later = LOCK.replace("r1", "r2").replace("a1", "a2").replace("s1", "s2")
    found = lineage.origin(stages(), stages(later), ROWS)

    assert found.changed == ()
    assert found.sources == {"fetch.py": True, "raw.csv": False}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "python split.py",
            "python split.py --easy",
            "stage split: python split.py -> python split.py --easy",
        ),
        ("python fetch.py", "python f.py", "stage fetch: python fetch.py -> python f.py"),
        ("last: 1", "last: true", "stage split: split.last: 1 -> true"),
        ("last: 1", "last: '1'", "stage split: split.last: 1 -> 1"),
        ("last: 1", "last: 1, easy: x", "stage split: split.easy: not set -> x"),
        ("path: raw.csv", "path: easy.csv", "stage fetch: no longer reads raw.csv"),
        ("  split:\n", "  divide:\n", f"{ROWS} comes from the stage split -> the stage divide"),
        ("path: data/rows,", "path: data/others,", f"{ROWS} comes from the stage split -> no stage"),
    ],
)
def test_another_way_to_make_it_is_told(before: str, after: str, said: str) -> None:
    assert before in LOCK
    assert said in lineage.origin(stages(), stages(LOCK.replace(before, after)), ROWS).changed


def test_what_other_stages_do_is_of_no_matter() -> None:
    other = LOCK.replace("python train.py", "python train.py --more")

    assert lineage.origin(stages(), stages(other), ROWS) == lineage.origin(stages(), stages(), ROWS)


@pytest.mark.parametrize(
    "text", ["stages: [1]", "stages: {a: {deps: []}}", "stages: {a: {cmd: x, outs: [1]}}", "["]
)
def test_a_damaged_lock_is_wrong_input(text: str) -> None:
    with pytest.raises(InputError):
        stages(text)


def test_a_dvc_file_names_what_it_is_about() -> None:
    assert lineage.tracked(b"outs:\n- md5: abc.dir\n  path: model\n", "model") == "abc.dir"
    assert lineage.tracked(b"outs: []\n", "model") is None
