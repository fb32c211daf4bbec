"""The ad-hoc way, without DVC: any MLflow model directory goes evaluate, gate, register, deploy."""

import json
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mltoolkit import files
from mltoolkit.evidence import Golden

# MLflow's own affairs.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)

Call = Callable[..., Any]


@pytest.fixture
def deployed(cli: Call, toy: Path) -> Iterator[Path]:
    for command in ("evaluate", "gate", "register", "deploy"):
        called = cli(command, "--project", toy)
        assert called.code == 0, called.err
    yield toy
    cli("endpoints", "stop", "local", "--project", toy)


def test_curl_gets_the_offline_prediction(cli: Call, deployed: Path) -> None:
    line = json.loads(cli("deploy", "--project", deployed, "--json").out)["curl"]
    answer = subprocess.run(shlex.split(line), capture_output=True, check=True).stdout
    golden = files.load(deployed / "reports" / "toy" / "golden.json", Golden)

    assert json.loads(answer)["predictions"][0] == pytest.approx(list(golden.predictions[0]), abs=1e-9)


def test_the_story_stands_in_the_journal_for_us_and_for_plain_git(cli: Call, deployed: Path) -> None:
    told = cli("endpoints", "history", "local", "--project", deployed).out
    log = subprocess.run(
        [
            "git",
            "--git-dir",
            str(deployed / ".mltoolkit" / "journal.git"),
            "log",
            "--format=%an: %s",
            "mltoolkit/local",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    for state in ("planned", "locked", "staged", "ready", "probed", "switching", "switched", "committed"):
        assert state in told
        assert state in log
    assert "Ada Lovelace" in log
    assert "2 of 2 blocking rules passed" in told


def test_the_next_model_meets_the_live_one(cli: Call, deployed: Path, saved_models: Path) -> None:
    called = cli("evaluate", "--project", deployed, "--model-dir", saved_models / "other")
    assert "champion" in called.out
    assert cli("gate", "--project", deployed).code == 0
    assert cli("report", "--project", deployed).code == 0

    assert "| against champion |" in (deployed / "reports" / "toy" / "report.md").read_text().replace(
        "\n", " "
    )


def test_a_model_that_the_gate_rejects_is_neither_registered_nor_deployed(
    cli: Call, deployed: Path, saved_models: Path
) -> None:
    cli("evaluate", "--project", deployed, "--model-dir", saved_models / "shuffled")
    assert cli("gate", "--project", deployed).code == 1

    assert cli("deploy", "--project", deployed, "--model-dir", saved_models / "shuffled").code == 1
    # The directory that params.yaml names is another model than the one that was judged.
    assert cli("register", "--project", deployed).code == 3
    assert (
        json.loads(cli("endpoints", "describe", "local", "--project", deployed, "--json").out)["version"] == 1
    )


def test_an_older_verdict_does_not_outlive_the_champion_that_it_was_made_against(
    cli: Call, toy: Path, saved_models: Path, tmp_path: Path
) -> None:
    for command in ("evaluate", "gate"):
        assert cli(command, "--project", toy).code == 0
    kept = tmp_path / "first"
    (toy / "reports" / "toy").rename(kept)
    other = ("--model-dir", saved_models / "other")
    try:
        assert cli("evaluate", "--project", toy, *other).code == 0
        assert cli("gate", "--project", toy).code == 0
        assert cli("deploy", "--project", toy, *other).code == 0
        for path in kept.iterdir():
            path.replace(toy / "reports" / "toy" / path.name)
        called = cli("deploy", "--project", toy)
        assert called.code == 3
        assert "judge again" in called.err
    finally:
        cli("endpoints", "stop", "local", "--project", toy)
