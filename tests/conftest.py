"""What all tests share: an environment without surprises, real repositories, real models."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mltoolkit import files, gate, models, project
from mltoolkit.evidence import (
    BaselineValue,
    Evidence,
    FileRef,
    Golden,
    Measurement,
    Provenance,
    Rows,
    Subject,
    WorstRow,
)
from mltoolkit.metrics import Task
from mltoolkit.proc import QUIET

# Before anything imports MLflow or Great Expectations, here and in the programs that tests start.
os.environ.update(QUIET)
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(autouse=True)
def _no_surprises(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the user's git configuration nor a surrounding workflow may change what a test sees."""
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "MLFLOW_TRACKING", "GIT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada Lovelace")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")


@pytest.fixture
def git() -> Callable[..., str]:
    """Run real git in a folder: ``git(folder, "add", "-A")``."""

    def run(folder: Path, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def repository(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A git repository with one commit."""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch", "main")
    (root / ".gitignore").write_text("/reports/\n/.mltoolkit/\n")
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "-m", "First")
    return root


@pytest.fixture(scope="session")
def saved_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with real MLflow models and rows, made once in a process of its own.

    ``binary`` answers probabilities, ``labels`` only classes, ``shuffled`` was trained on shuffled
    labels, ``regression`` answers numbers, ``pickled`` is saved as cloudpickle; ``rows.parquet`` holds
    400 evaluation rows with ``row_id``, ``target``, ``number`` (regression target), ``a``, ``b``, ``group``.
    """
    folder = tmp_path_factory.mktemp("models")
    subprocess.run([sys.executable, str(Path(__file__).with_name("make_models.py")), str(folder)], check=True)
    return folder


PARAMS = """\
mltoolkit:
  models:
    toy:
      target: target
      model: model
      rows: rows.parquet
      slices: [group]
"""


@pytest.fixture
def toy(repository: Path, saved_models: Path, git: Callable[..., str]) -> Path:
    """A committed project without DVC: a model directory, rows, and the smallest ``params.yaml``."""
    shutil.copytree(saved_models / "binary", repository / "model")
    shutil.copy(saved_models / "rows.parquet", repository / "rows.parquet")
    (repository / "params.yaml").write_text(PARAMS)
    git(repository, "add", "-A")
    git(repository, "commit", "--quiet", "-m", "A model")
    return repository


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Call the command line in this process: ``cli("gate", "--project", folder)``."""
    from mltoolkit.cli import main

    class Called(msgspec.Struct, frozen=True):
        code: int
        out: str
        err: str

    def call(*words: object) -> Called:
        capfd.readouterr()
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return Called(code, out, err)

    return call


A_DIGEST = f"sha256:{'a' * 64}"
B_DIGEST = f"sha256:{'b' * 64}"


@pytest.fixture
def evidence() -> Callable[..., Evidence]:
    """Build evidence on a binary challenger that is better than its baselines; changes by keyword."""

    def build(**changes: Any) -> Evidence:
        values = {
            "challenger": {"roc-auc": 0.7, "brier": 0.12, "accuracy": 0.85},
            "base-rate": {"roc-auc": 0.5, "brier": 0.15},
            "majority": {"accuracy": 0.82},
        }
        measurements = tuple(
            Measurement(metric=metric, of=of, value=value, n=1000)
            for of, found in values.items()
            for metric, value in found.items()
        )
        made = Evidence(
            tool="mltoolkit test",
            model="toy",
            endpoint="local",
            task=Task.BINARY,
            positive="1",
            rows=Rows(path="rows.parquet", digest=A_DIGEST, count=1000, id="row_id", target="target"),
            challenger=Subject(digest=A_DIGEST, path="model", flavor="sklearn", probabilities=True),
            champion=None,
            no_champion="nothing is live on local yet",
            baselines=(
                BaselineValue(name="base-rate", source="training", value=(0.8, 0.2)),
                BaselineValue(name="majority", source="training", value="0"),
            ),
            measurements=measurements,
            leaderboard=(),
            worst=(WorstRow(id="r1", target="1", prediction="0 (p(1) = 0.010)", loss=1.9602),),
            predictions=FileRef(path="predictions.parquet", digest=B_DIGEST),
            golden=FileRef(path="golden.json", digest=B_DIGEST),
            provenance=Provenance(
                commit="c" * 40,
                dirty=False,
                event="push",
                ref="refs/heads/main",
                run=None,
                actor=None,
                data=A_DIGEST,
                params=None,
                lock=None,
                rules=B_DIGEST,
            ),
        )
        return msgspec.structs.replace(made, **changes)

    return build


GOLDEN = Golden(
    request={"dataframe_split": {"columns": ["a"], "data": [[1], [2]]}},
    predictions=(1.0, 2.0),
    ids=("r1", "r2"),
)


@pytest.fixture
def judge(evidence: Callable[..., Evidence]) -> Callable[..., None]:
    """Write made-up evidence on a toy project's model, and the verdict that the gate gives on it.

    ``judge(root, champion=digest, golden=..., brier=0.2)``: the model is the one in ``root/model``; a number
    by the name of a metric replaces the challenger's.
    """

    def write(
        root: Path, *, golden: Golden = GOLDEN, champion: str | None = None, **numbers: float | None
    ) -> None:
        here = project.load(root)
        name, settings = here.settings.model()
        reports = here.reports(name)
        files.write_bytes(reports / "golden.json", files.dump_json(golden))
        files.write_bytes(reports / "predictions.parquet", b"made up")
        made = evidence()
        rows = files.digest_file(root / settings.rows)

        def subject(digest: str) -> Subject:
            return msgspec.structs.replace(made.challenger, digest=digest)

        made = msgspec.structs.replace(
            made,
            challenger=subject(models.digest(root / settings.model)),
            champion=None if champion is None else subject(champion),
            rows=msgspec.structs.replace(made.rows, digest=rows),
            golden=FileRef(path="golden.json", digest=files.digest_file(reports / "golden.json")),
            predictions=FileRef(
                path="predictions.parquet", digest=files.digest_file(reports / "predictions.parquet")
            ),
            measurements=tuple(
                msgspec.structs.replace(m, value=numbers[m.metric])
                if m.of == "challenger" and m.metric in numbers
                else m
                for m in made.measurements
            ),
        )
        files.write_bytes(reports / "evidence.json", files.dump_json(made))
        digest = files.digest_file(reports / "evidence.json")
        verdict = gate.decide(made, settings.rules, evidence_digest=digest)
        files.write_bytes(reports / "verdict.json", files.dump_json(verdict))

    return write
