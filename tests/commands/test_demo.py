import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mltoolkit import files, models
from mltoolkit.evidence import Evidence
from mltoolkit.gate import Verdict


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The whole demo, as a newcomer runs it, in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("demo") / "my demo"
    done = subprocess.run(
        [sys.executable, "-m", "mltoolkit", "demo", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return folder, done.stdout


def test_the_story_is_told_step_by_step(told: tuple[Path, str]) -> None:
    _, out = told

    for part in (
        "2013-10 arrives",
        "2013-11 arrives",
        "v1 ",
        "v2 ",
        "as offline",
        "reject (exit 1)",
        "the report",
    ):
        assert part in out


def test_the_month_that_humbles_accuracy_is_shown(told: tuple[Path, str]) -> None:
    folder, out = told
    verdict = files.load(folder / "reports" / "flights-late" / "verdict.json", Verdict)
    accuracy = next(finding for finding in verdict.findings if finding.metric == "accuracy")

    assert accuracy.answer == "fail"
    assert accuracy.mode == "warn"
    assert accuracy.reason in out


def test_the_second_month_is_judged_beside_the_champion(told: tuple[Path, str]) -> None:
    folder, _ = told
    evidence = files.load(folder / "reports" / "flights-late" / "evidence.json", Evidence)

    assert evidence.champion is not None
    assert evidence.champion.digest != evidence.challenger.digest
    assert evidence.challenger.digest == models.digest(folder / "model")
    assert "champion" in (folder / "reports" / "flights-late" / "report.md").read_text()
    assert not evidence.provenance.dirty


def test_the_broken_model_was_rejected(told: tuple[Path, str]) -> None:
    folder, _ = told
    verdict = files.load(folder / "reports" / "broken" / "verdict.json", Verdict)

    assert verdict.decision == "reject"


def test_nothing_is_left_running(told: tuple[Path, str]) -> None:
    folder, _ = told
    left = [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in process.info["cmdline"] or [])
    ]

    assert left == []


def test_the_journal_tells_the_story_to_plain_git(told: tuple[Path, str]) -> None:
    folder, _ = told
    log = subprocess.run(
        [
            "git",
            "--git-dir",
            str(folder / ".mltoolkit" / "journal.git"),
            "log",
            "--format=%s",
            "mltoolkit/local",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert log.count("committed: flights-late") == 2
    assert "v2" in log


def test_data_docs_and_the_mlflow_store_are_there(told: tuple[Path, str]) -> None:
    folder, _ = told

    assert (folder / "reports" / "flights-late" / "data-docs" / "index.html").exists()
    assert (folder / ".mltoolkit" / "mlflow" / "mlflow.db").exists()


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("irreplaceable")
    done = subprocess.run(
        [sys.executable, "-m", "mltoolkit", "demo", str(tmp_path), "--json"], capture_output=True, check=False
    )

    assert done.returncode == 2
    assert "is not empty" in json.loads(done.stdout)["error"]["what"]
    assert (tmp_path / "thesis.tex").read_text() == "irreplaceable"
