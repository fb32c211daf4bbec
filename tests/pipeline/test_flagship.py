"""The flagship's dvc.yaml with real DVC: what runs when, and a clean clone with the cache at hand."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mltoolkit import config, documents, dvc, files, project
from mltoolkit.checks import Check
from mltoolkit.errors import RefusedError
from mltoolkit.stages import settings

ROOT = Path(__file__).parents[2]

SMALL = """\
import numpy as np
import pandas as pd
from pathlib import Path

random = np.random.default_rng(1)
n = 800
made = pd.DataFrame({
    "row_id": [f"r{at}" for at in range(n)],
    "month": [f"2013-{1 + at * 4 // n:02d}" for at in range(n)],
    "temp": random.normal(size=n),
    "carrier": random.choice(["UA", "B6"], n),
})
made["late"] = made["temp"] + random.normal(size=n) > 0
Path("data").mkdir(exist_ok=True)
made.to_parquet("data/flights.parquet", index=False)
"""
PARAMS = """\
ingest:
  until: 2013-04
prepare:
  input: data/flights.parquet
  task: binary
  target: late
  numeric: [temp]
  categorical: [carrier]
  split: {by: time, column: month}
train:
  select: brier
  estimators:
    logistic: {kind: logistic-regression}
evaluate:
  metrics: metrics.json
mltoolkit:
  models:
    flights-late:
      target: late
      rows: data/evaluation.parquet
      data: [{path: data/flights.parquet, suite: expectations/flights.json, minimum-rows: 500, id: row_id}]
      splits: {train: data/train.parquet, time: month, ignore: [split]}
      rules: [{kind: absolute, metric: roc-auc, at-least: 0.6}]
"""
SUITE = """{"name": "flights", "meta": {}, "expectations": [
  {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "carrier", "value_set": ["UA", "B6"]}}
]}
"""
STAGES = ("ingest", "check", "prepare", "separate", "train", "evaluate")


@pytest.fixture(scope="module")
def flagship(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flagship's pipeline over a small table, reproduced and committed."""
    root = tmp_path_factory.mktemp("flagship")
    (root / "pipeline").mkdir()
    (root / "pipeline/ingest.py").write_text(SMALL)
    (root / "params.yaml").write_text(PARAMS)
    (root / "expectations").mkdir()
    (root / "expectations/flights.json").write_text(SUITE)
    shutil.copy(ROOT / "dvc.yaml", root)
    _git(root, "init", "--quiet")
    shutil.copytree(ROOT / ".dvc", root / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    assert dvc.repro(root) == STAGES
    ignored = root / ".gitignore"
    ignored.write_text(f"{ignored.read_text()}/.mltoolkit/\n/reports/\n")
    _git(root, "add", "-A")
    _git(root, "commit", "--quiet", "-m", "Trained")
    return root


def _git(folder: Path, *words: str) -> str:
    person = ("-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.org")
    return subprocess.run(
        ["git", "-C", str(folder), *person, *words],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_small_files_are_in_git_and_large_ones_are_not(flagship: Path) -> None:
    tracked = _git(flagship, "ls-files").split()
    assert {"metrics.json", "leaderboard.json", "dvc.lock", "data/.gitignore", ".dvc/config"} <= set(tracked)
    assert not [name for name in tracked if name.startswith("model/") or name.endswith(".parquet")]


def test_a_clean_clone_with_the_cache_runs_nothing_and_stays_clean(flagship: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    _git(tmp_path, "clone", "--quiet", str(flagship), str(clone))
    (clone / ".dvc/config.local").write_text(f"[cache]\n    dir = {flagship / '.dvc/cache'}\n")
    subprocess.run([sys.executable, "-m", "dvc", "checkout", "--quiet"], cwd=clone, check=True)
    assert dvc.repro(clone) == ()
    assert _git(clone, "status", "--porcelain") == ""
    assert (clone / "model/MLmodel").read_bytes() == (flagship / "model/MLmodel").read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "stages"),
    [
        ("at-least: 0.6", "at-least: 0.7", set()),
        ("{kind: logistic-regression}", "{kind: logistic-regression, parameters: {C: 0.01}}", {"train"}),
        ("until: 2013-04", "until: 2013-05", {"ingest"}),
        ("minimum-rows: 500", "minimum-rows: 600", {"check"}),
    ],
)
def test_a_changed_rule_retrains_nothing_and_a_changed_parameter_does(
    old: str, new: str, stages: set[str], flagship: Path
) -> None:
    assert old in PARAMS
    (flagship / "params.yaml").write_text(PARAMS.replace(old, new))
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "status", "--json"],
        cwd=flagship,
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(json.loads(done.stdout)) == stages


@pytest.mark.parametrize(
    ("old", "new", "stage", "ran"),
    [
        ("minimum-rows: 500", "minimum-rows: 900", "check", "ingest check"),
        ("time: month", "group: [carrier]", "separate", "ingest check prepare separate"),
    ],
)
def test_what_breaks_the_contract_stops_the_pipeline_with_a_no(
    old: str, new: str, stage: str, ran: str, flagship: Path, tmp_path: Path
) -> None:
    root = tmp_path / "broken"
    shutil.copytree(flagship, root, ignore=shutil.ignore_patterns("cache", "tmp"))
    (root / "dvc.lock").unlink()
    (root / "params.yaml").write_text(PARAMS.replace(old, new))
    with pytest.raises(RefusedError, match=f"in the stage '{stage}'") as caught:
        dvc.repro(root)
    assert "BLOCKS" in str(caught.value)
    said = str(caught.value)
    assert [name for name in STAGES if f"Running stage '{name}'" in said] == ran.split()
    found = files.load(root / f"reports/flights-late/{'check' if stage == 'check' else 'splits'}.json", Check)
    assert not found.kept


def test_the_committed_settings_are_read_by_every_stage() -> None:
    document = documents.parse((ROOT / "params.yaml").read_text(), "params.yaml")

    prepare = config.section(document, ("prepare",), settings.PrepareSettings)
    train = config.section(document, ("train",), settings.TrainSettings)
    config.section(document, ("evaluate",), settings.EvaluateSettings)
    name, model = project.load(ROOT).settings.model()
    assert name == "flights-late"
    assert model.model == train.model
    assert model.rows == f"{prepare.output}/evaluation.parquet"
    assert (model.id, model.target) == (prepare.id, prepare.target)
    assert set(model.slices) <= {*prepare.categorical, *prepare.keep}
    assert isinstance(document.values["ingest"]["until"], str)


def test_the_committed_lock_knows_what_the_pipeline_is_made_of() -> None:
    """A clone whose first reproduction changes dvc.lock could not deploy what it made."""
    stages = documents.parse((ROOT / "dvc.lock").read_text(), "dvc.lock").values["stages"]
    recorded = {dep["path"]: dep["md5"] for stage in stages.values() for dep in stage.get("deps", ())}
    listed = [
        {"md5": _md5(path.read_bytes()), "relpath": path.relative_to(ROOT / "expectations").as_posix()}
        for path in sorted((ROOT / "expectations").rglob("*.json"))
    ]

    assert recorded["pipeline/ingest.py"] == _md5((ROOT / "pipeline/ingest.py").read_bytes())
    assert recorded["expectations"] == f"{_md5(json.dumps(listed, sort_keys=True).encode())}.dir"


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
