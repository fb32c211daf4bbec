import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from mltoolkit import proc
from mltoolkit.errors import OutsideError

LEAVES = """
import pathlib, subprocess, sys, time
note, *how = sys.argv[1:]
to = None if "held" in how else subprocess.DEVNULL
sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
child = subprocess.Popen(sleeper, stdout=to, stderr=to, start_new_session="session" in how)
pathlib.Path(note).write_text(str(child.pid))
print("said", flush=True)
time.sleep(60 if "stay" in how else 0)
"""
"""A program that leaves another one behind, and notes its number."""


def gone(note: Path) -> bool:
    """Wait a little for a process to end; a zombie that nobody reaps here has."""
    pid = int(note.read_text())
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


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

    assert gone(note)


def test_children_that_hold_the_pipes_are_waited_for_until_time_runs_out(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="took longer than 2 s"):
        proc.run([sys.executable, "-c", LEAVES, tmp_path / "pid", "held"], timeout=2)

    assert gone(tmp_path / "pid")


def test_nobody_who_left_the_group_and_holds_the_pipes_is_waited_for_any_longer(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(OutsideError, match="took longer than 1 s"):
        proc.run([sys.executable, "-c", LEAVES, tmp_path / "pid", "held", "session"], timeout=1)

    # The one that it left sleeps for 60 s.
    assert time.monotonic() - start < 30
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("how", [("held",), ("session",), ("held", "session"), ()], ids=str)
def test_of_a_kept_program_nothing_is_left(tmp_path: Path, how: tuple[str, ...]) -> None:
    done = proc.run([sys.executable, "-c", LEAVES, tmp_path / "pid", *how], timeout=30, kept=True)

    assert (done.code, done.out) == (0, b"said\n")
    assert gone(tmp_path / "pid")


def test_a_kept_program_over_its_time_is_killed_with_whoever_left_its_group(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="took longer than 2 s"):
        proc.run([sys.executable, "-c", LEAVES, tmp_path / "pid", "session", "stay"], timeout=2, kept=True)

    assert gone(tmp_path / "pid")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_kept_program_ends_with_the_one_that_runs_it(tmp_path: Path, number: int) -> None:
    ours = (
        "import sys; from mltoolkit import proc;"
        "proc.run([sys.executable, '-c', *sys.argv[1:]], timeout=60, kept=True)"
    )
    ran = subprocess.Popen([sys.executable, "-c", ours, LEAVES, tmp_path / "pid", "session", "stay"])
    deadline = time.monotonic() + 20
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)

    ran.send_signal(number)
    ran.wait(30)

    assert gone(tmp_path / "pid")


@pytest.mark.parametrize("end", [0, 3, -9])
def test_a_kept_program_ends_as_it_would_alone(end: int) -> None:
    script = "import os, sys; print(input()); end = int(sys.argv[1]); os.kill(0, -end) if end < 0 else sys.exit(end)"
    done = proc.run([sys.executable, "-uc", script, str(end)], timeout=30, data=b"word\n", kept=True)

    assert (done.code, done.out) == (end, b"word\n")


def test_a_kept_program_that_is_not_there_is_the_same_error() -> None:
    with pytest.raises(OutsideError, match="cannot start no-such-program: No such file"):
        proc.run(["no-such-program"], timeout=30, kept=True)


def test_much_is_read_and_written_at_once() -> None:
    script = "import sys; sys.stdout.write(sys.stdin.read()); sys.stderr.write('e' * 10**6)"
    done = proc.run([sys.executable, "-c", script], timeout=60, data=b"x" * 10**7)

    assert (len(done.out), len(done.err)) == (10**7, 10**6)


def test_one_that_reads_nothing_is_no_fault() -> None:
    assert proc.run([sys.executable, "-c", "pass"], timeout=30, data=b"x" * 10**6).code == 0


def test_output_without_end_is_stopped_at_the_limit_and_its_errors_keep_their_end() -> None:
    with pytest.raises(OutsideError, match="printed more than 1,000 bytes and was stopped"):
        proc.run([sys.executable, "-c", "while True: print('x' * 10**5)"], timeout=60, limit=1000)

    script = "import sys; sys.stderr.write('x' * 10**6 + 'end')"
    done = proc.run([sys.executable, "-c", script], timeout=60, limit=1000)
    assert (len(done.err), done.err[-4:]) == (1000, b"xend")


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
