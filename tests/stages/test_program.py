"""A stage as a program: its line, its errors, its exit codes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mltoolkit.errors import CannotTellError, Location
from mltoolkit.stages import program


def test_a_line_and_zero_when_it_went_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(lambda: "12 rows") == 0
    assert capsys.readouterr().out == "12 rows\n"


def test_threads_sleep_while_they_wait_unless_somebody_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    program.main(lambda: os.environ["GOMP_SPINCOUNT"])
    assert os.environ["GOMP_SPINCOUNT"] == "1000"
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    program.main(lambda: "done")
    assert os.environ["GOMP_SPINCOUNT"] == "7"


def test_an_error_keeps_its_place_and_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    def stage() -> str:
        raise CannotTellError("one class only", where=Location(path="params.yaml", line=3))

    assert program.main(stage) == 3
    assert capsys.readouterr().err == "error: params.yaml:3: one class only\n"


def test_a_bug_of_ours_shows_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    def stage() -> str:
        raise ZeroDivisionError

    assert program.main(stage) == 70
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["prepare", "train", "evaluate"])
def test_every_stage_runs_as_a_module_and_names_what_is_missing(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"mltoolkit.stages.{name}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: params.yaml: no such file")
    assert "Traceback" not in done.stderr
