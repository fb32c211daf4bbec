import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from mltoolkit import proc
from mltoolkit.errors import OutsideError


def test_a_program_is_run_to_its_end() -> None:
    done = proc.run(
        [sys.executable, "-c", "import sys; print(input()); sys.exit(3)"], timeout=30, data=b"word\n"
    )

    assert (done.code, done.out) == (3, b"word\n")


def test_a_program_that_is_not_there_is_an_error_and_not_a_traceback() -> None:
    with pytest.raises(OutsideError, match="cannot start no-such-program"):
        proc.run(["no-such-program"], timeout=5)


def test_a_program_over_its_time_is_killed_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = (
        "import subprocess, sys, time, pathlib;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid)); time.sleep(60)"
    )

    with pytest.raises(OutsideError, match="took longer than 3 s"):
        proc.run([sys.executable, "-c", script], timeout=3)

    child = int(note.read_text())
    deadline = time.monotonic() + 5
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("held", [True, False])
def test_children_of_a_program_that_has_ended_are_ended_too(tmp_path: Path, *, held: bool) -> None:
    note = tmp_path / "pid"
    out = "None" if held else "subprocess.DEVNULL"
    script = (
        "import subprocess, sys, pathlib;"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], stdout={out}, stderr={out});"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid))"
    )

    if held:  # the pipes stay open until time runs out
        with pytest.raises(OutsideError, match="took longer than 2 s"):
            proc.run([sys.executable, "-c", script], timeout=2)
    else:
        assert proc.run([sys.executable, "-c", script], timeout=30, sweep=True).code == 0

    child = int(note.read_text())
    deadline = time.monotonic() + 5
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_clean_environment_holds_no_secrets_and_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "RUNNER_TRACKING_ID", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(name, "secret")

    clean = proc.clean_environment({"EXTRA": "1"})

    assert "secret" not in clean.values()
    assert clean["EXTRA"] == "1"
    assert clean["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize("make", [proc.clean_environment, proc.full_environment])
def test_telemetry_is_off_in_everything_we_start(make: object) -> None:
    assert callable(make)
    environment = make()

    assert environment["DVC_NO_ANALYTICS"] == "1"
    assert environment["GX_ANALYTICS_ENABLED"] == "false"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_started_program_outlives_the_one_that_started_it(tmp_path: Path) -> None:
    note, log = tmp_path / "pid", tmp_path / "log"
    script = (
        "import sys; from pathlib import Path; from mltoolkit import proc;"
        "pid = proc.start([sys.executable, '-c', 'print(1, flush=True); import time; time.sleep(30)'],"
        f" log=Path({str(log)!r}), env=proc.clean_environment(), cwd=Path({str(tmp_path)!r}));"
        f"Path({str(note)!r}).write_text(str(pid))"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    process = psutil.Process(int(note.read_text()))
    try:
        assert process.is_running()
        assert os.getsid(process.pid) == process.pid
        deadline = time.monotonic() + 10
        while not log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert log.read_text() == "1\n"
    finally:
        process.kill()
