"""``mltoolkit register``: what the gate promoted, once, with the record of training made up."""

import contextlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mltoolkit import files, models
from mltoolkit.evidence import Tried
from mltoolkit.gate import Verdict
from mltoolkit.training import Leaderboard

# MLflow warns of itself when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def judged(toy: Path, judge: Callable[..., None]) -> Callable[..., Path]:
    """Judge the project's model, which is good, bad or unclear."""

    def make(quality: str = "good") -> Path:
        judge(toy, quality=quality)
        return toy

    return make


def runs(root: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(root / ".mltoolkit/mlflow/mlflow.db")) as database:
        return [name for (name,) in database.execute("select name from runs order by name")]


def test_a_promoted_model_is_registered_once_and_its_training_recorded(
    toy: Path,
    judged: Callable[..., Path],
    cli: Callable[..., Any],
    git: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    params = toy / "params.yaml"
    params.write_text(f"{params.read_text()}      leaderboard: leaderboard.json\n")
    git(toy, "commit", "--quiet", "-am", "A leaderboard")
    root = judged()
    digest = models.digest(root / "model")
    tried = Tried(estimator="forest", kind="random-forest", metrics={"brier": 0.1}, chosen=True)
    board = Leaderboard(metric="brier", tried=(tried,), model=digest, parameters={})
    files.write_bytes(root / "leaderboard.json", files.dump_json(board))
    monkeypatch.chdir(root)
    said = cli("register")
    assert (said.code, said.out.splitlines()[0]) == (0, f"toy version 1 registered: {digest}")
    assert f"mlflow ui --backend-store-uri sqlite:///{root}/.mltoolkit/mlflow/mlflow.db" in said.out
    again = json.loads(cli("register", "--json", "--project", root).out)
    assert (again["version"], again["digest"], again["created"]) == ("1", digest, False)
    # The files are the training run's: no run was made beside it.
    assert runs(root) == ["forest"]


def test_a_model_without_a_leaderboard_is_registered_too(
    judged: Callable[..., Path], cli: Callable[..., Any]
) -> None:
    root = judged()
    assert cli("register", "--project", root).code == 0
    assert runs(root) == [f"register-{files.short(models.digest(root / 'model'))}"]


def test_what_a_pull_request_says_of_itself_registers_nothing(
    toy: Path, judge: Callable[..., None], cli: Callable[..., Any]
) -> None:
    judge(toy, origin={"event": "pull_request_review", "ref": "refs/pull/7/merge"})
    assert cli("approve", "--project", toy, "--reason", "a reason").code == 0

    said = cli("register", "--project", toy)

    assert (said.code, "run, which is for show" in said.err) == (3, True)
    assert not (toy / ".mltoolkit/mlflow").exists()


@pytest.mark.parametrize(
    ("quality", "code", "message"),
    [("bad", 1, "the gate rejected this model: roc-auc is"), ("unclear", 3, "the gate could not tell")],
)
def test_what_was_not_promoted_is_not_registered(
    quality: str, code: int, message: str, judged: Callable[..., Path], cli: Callable[..., Any]
) -> None:
    root = judged(quality)
    said = cli("register", "--project", root)
    assert said.code == code
    assert message in said.err
    assert not (root / ".mltoolkit/mlflow").exists()


def test_what_a_person_approved_is_registered_with_the_name_and_the_reason(
    judged: Callable[..., Path], cli: Callable[..., Any]
) -> None:
    root = judged("unclear")
    assert cli("approve", "--project", root, "--reason", "the floor is old").code == 0
    assert cli("register", "--project", root).code == 0

    with contextlib.closing(sqlite3.connect(root / ".mltoolkit/mlflow/mlflow.db")) as database:
        tags = dict(database.execute("select key, value from model_version_tags"))
    assert tags["mltoolkit.verdict"] == "inconclusive"
    assert tags["mltoolkit.approval"] == "approved by Ada Lovelace <ada@example.org>: the floor is old"


def test_a_missing_or_damaged_or_other_verdict_cannot_tell(
    judged: Callable[..., Path], cli: Callable[..., Any]
) -> None:
    root = judged()
    path = root / "reports/toy/verdict.json"
    verdict = files.load(path, Verdict)
    path.write_bytes(files.dump_json(msgspec.structs.replace(verdict, challenger=f"sha256:{'0' * 64}")))
    assert cli("register", "--project", root).code == 3
    path.write_bytes(b"{")
    assert cli("register", "--project", root).code == 3
    path.unlink()
    said = cli("register", "--project", root)
    assert said.code == 3
    assert "run mltoolkit gate" in said.err


def test_a_server_that_is_away_is_the_world_outside(
    judged: Callable[..., Path], cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    said = cli("register", "--project", judged())
    assert said.code == 4
    assert "MLflow at http://127.0.0.1:9" in said.err
