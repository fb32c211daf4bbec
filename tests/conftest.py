"""What all tests share: an environment without surprises, real repositories, real models."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import pytest

from mltoolkit import checked_data, files, judging, ledger, models, predictions, project
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
from mltoolkit.paired import Predictions
from mltoolkit.proc import QUIET
from mltoolkit.rules import catalogue
from mltoolkit.rules.base import Rule
from mltoolkit.statistics.answers import Answers

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
      rules:
        - {kind: absolute, metric: roc-auc, at-least: 0.6, confidence: 0.95}
        - {kind: better-than-baseline, metric: brier, baseline: base-rate}
      slices: [group]
"""


@pytest.fixture
def toy(repository: Path, saved_models: Path, git: Callable[..., str]) -> Path:
    """A committed project without DVC: a model directory, 400 rows, and rules that so few rows can answer."""
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


ROWS = 1000
"""Rows of evidence that is made up."""

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
            Measurement(metric=metric, of=of, value=value, n=ROWS)
            for of, found in values.items()
            for metric, value in found.items()
        )
        made = Evidence(
            tool="mltoolkit test",
            model="toy",
            endpoint="local",
            task=Task.BINARY,
            positive="1",
            rows=Rows(
                path="rows.parquet",
                digest=A_DIGEST,
                count=ROWS,
                id="row_id",
                target="target",
                classes=("0", "1"),
            ),
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


Quality = Literal["good", "bad", "unclear"]


def said(quality: Quality) -> Predictions:
    """Make up what a challenger, and a champion a little worse than it, say about ``ROWS`` binary rows.

    By the rules of ``PARAMS`` a good challenger is promoted and a bad one rejected (it ranks at random);
    an unclear one ranks as well as the floor asks for, so that its interval has the floor in it.
    """
    generator = np.random.default_rng(7)
    signal = generator.normal(size=ROWS)
    slope = 0.35 if quality == "unclear" else 1.5
    truth = (slope * signal + generator.logistic(size=ROWS) > 0).astype(np.int64)
    told = generator.permutation(signal) if quality == "bad" else signal
    worse = told + generator.normal(scale=0.1, size=ROWS)

    def answers(known: Any) -> Answers:
        positive = 1 / (1 + np.exp(-slope * known))
        table = np.column_stack([1 - positive, positive])
        return Answers(probabilities=table, labels=table.argmax(axis=1))

    return Predictions(
        truth=truth,
        answers={"challenger": answers(told), "champion": answers(worse)},
        groups=None,
        slices={},
    )


def tied(root: Path, made: Evidence, **origin: Any) -> Evidence:
    """Return evidence as if it had been made under the settings and on the data that stand in a project."""
    here = project.load(root)
    _, settings = here.settings.model()
    rules: tuple[Rule, ...] = settings.rules
    rows, lock = made.rows, root / project.LOCK
    if made.task is not None and made.challenger is not None:
        rules = catalogue.effective(rules, made.task, probabilities=made.challenger.probabilities)
    if rows is not None:
        rows = msgspec.structs.replace(
            rows, path=settings.rows, digest=files.digest_file(root / settings.rows), group=settings.group
        )
    standing = {
        "params": files.digest_file(root / project.PARAMS),
        "lock": files.digest_file(lock) if lock.exists() else None,
        "rules": catalogue.digest(rules),
    }
    return msgspec.structs.replace(
        made,
        rows=rows,
        suites=checked_data.suites(root, settings),
        provenance=msgspec.structs.replace(made.provenance, **{**standing, **origin}),
    )


@pytest.fixture
def tie() -> Callable[[Path], None]:
    """Tie a project's evidence to the settings and data that stand there, as if it had been made anew."""

    def write(root: Path) -> None:
        here = project.load(root)
        path = here.reports(here.settings.model()[0]) / "evidence.json"
        files.write_bytes(path, files.dump_json(tied(root, files.load(path, Evidence))))

    return write


@pytest.fixture
def judge(evidence: Callable[..., Evidence]) -> Callable[..., None]:
    """Write made-up evidence on a toy project's model, and the verdict that the gate gives on it.

    ``judge(root, champion=digest, golden=..., quality="bad")``: the model is the one in ``root/model``;
    ``origin`` replaces fields of the provenance, such as ``origin={"dirty": True}``.
    """

    def write(
        root: Path,
        *,
        golden: Golden = GOLDEN,
        champion: str | None = None,
        quality: Quality = "good",
        origin: dict[str, Any] | None = None,
    ) -> None:
        here = project.load(root)
        name, settings = here.settings.model()
        reports = here.reports(name)
        made = evidence()
        assert made.rows is not None
        assert made.challenger is not None
        model_made_up, rows = made.challenger, said(quality)
        if champion is None:
            rows = msgspec.structs.replace(rows, answers={"challenger": rows.answers["challenger"]})
        ids = [f"r{at}" for at in range(ROWS)]
        files.write_bytes(
            reports / "predictions.parquet",
            predictions.write(rows, ids, task=Task.BINARY, classes=made.rows.classes, positive=made.positive),
        )
        files.write_bytes(reports / "golden.json", files.dump_json(golden))

        def subject(digest: str) -> Subject:
            return msgspec.structs.replace(model_made_up, digest=digest)

        def beside(file: str) -> FileRef:
            return FileRef(path=file, digest=files.digest_file(reports / file))

        share = float(rows.truth.mean())
        made = msgspec.structs.replace(
            made,
            baselines=(
                BaselineValue(name="base-rate", source="training", value=(1 - share, share)),
                BaselineValue(name="majority", source="training", value="1" if share > 1 / 2 else "0"),
            ),
            challenger=subject(models.digest(root / settings.model)),
            champion=None if champion is None else subject(champion),
            rows=msgspec.structs.replace(made.rows, sketch=ledger.sketch(ids)),
            golden=beside("golden.json"),
            predictions=beside("predictions.parquet"),
        )
        made = tied(root, made, **(origin or {}))
        files.write_bytes(reports / "evidence.json", files.dump_json(made))
        verdict = judging.read(reports / "evidence.json", here, name).decide()
        files.write_bytes(reports / "verdict.json", files.dump_json(verdict))

    return write
