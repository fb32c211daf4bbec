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

    parts = (
        "2013-07 arrives",
        "promote (exit 0)",
        "v1 ",
        "as the model of 2013-07 did offline",
        "2013-11 arrives",
        "inconclusive (exit 3)",
        "as the model of 2013-07 did offline",
        "mltoolkit approve",
        "somebody broke the labels",
        "reject (exit 1)",
        "the report",
    )
    at = 0
    for part in parts:
        assert part in out[at:]
        at = out.index(part, at) + len(part)


def test_thirty_days_of_november_cannot_show_that_the_model_beats_the_base_rate(
    told: tuple[Path, str],
) -> None:
    folder, _ = told
    verdict = files.load(folder / "reports" / "flights-late" / "verdict.json", Verdict)
    brier, accuracy = (
        next(f for f in verdict.findings if (f.metric, f.kind) == (metric, "better-than-baseline"))
        for metric in ("brier", "accuracy")
    )

    assert verdict.decision == "inconclusive"
    assert brier.answer == "unknown"
    assert brier.estimate is not None
    assert brier.estimate.groups == 30
    assert brier.estimate.low is not None
    assert brier.estimate.low < 0 < (brier.estimate.value or 0)
    assert accuracy.estimate is not None
    assert (accuracy.estimate.value or 0) < 0  # less accurate than always saying "on time"
    content = (folder / "reports" / "flights-late" / "report.md").read_text()
    assert "26,971 rows in 30 days cannot show that this model beats the base rate in brier" in content


def test_whoever_was_live_stays_live(told: tuple[Path, str]) -> None:
    folder, _ = told
    evidence = files.load(folder / "reports" / "flights-late" / "evidence.json", Evidence)

    assert evidence.champion is not None
    assert evidence.challenger is not None
    assert evidence.champion.digest != evidence.challenger.digest
    assert evidence.challenger.digest == models.digest(folder / "model")
    assert not evidence.provenance.dirty


def test_the_broken_model_was_rejected(told: tuple[Path, str]) -> None:
    folder, _ = told
    verdict = files.load(folder / "reports" / "broken" / "verdict.json", Verdict)

    ranked = next(f for f in verdict.findings if f.metric == "roc-auc" and f.over == "champion")

    assert verdict.decision == "reject"
    assert ranked.answer == "fail"


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

    assert log.count("committed: flights-late") == 1


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
