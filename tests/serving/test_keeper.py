import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mltoolkit.serving import keeper


def keep(parent: int, *words: str) -> tuple[str, bytes]:
    """Run the script as ``proc`` does, and return how it says that the program ended, and what that printed."""
    status, told = os.pipe()
    script = str(Path(keeper.__file__).resolve())
    argv = [sys.executable, "-I", "-S", script, str(parent), str(told), *words]
    done = subprocess.run(argv, pass_fds=(told,), check=True, capture_output=True, timeout=60)
    os.close(told)
    with os.fdopen(status) as read:
        return read.read(), done.stdout


@pytest.mark.parametrize("end", [0, 7, -signal.SIGTERM])
def test_it_tells_how_the_program_ended(end: int) -> None:
    script = f"import os; os.kill(os.getpid(), -{end}) if {end} < 0 else os._exit({end})"

    assert keep(os.getpid(), sys.executable, "-c", script) == (f"exit {end}", b"")


def test_one_that_cannot_be_started_is_told_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")

    assert keep(os.getpid(), str(tmp_path / "none")) == ("errno 2", b"")
    assert keep(os.getpid(), str(tmp_path / "plain")) == ("errno 13", b"")


def test_nothing_is_started_for_a_parent_that_has_ended() -> None:
    assert keep(os.getpid() + 1, sys.executable, "-c", "print(1)") == ("", b"")


def test_a_group_is_signalled_without_its_keeper() -> None:
    script = "import os, signal; print(1, flush=True); os.killpg(0, signal.SIGKILL)"

    assert keep(os.getpid(), sys.executable, "-c", script) == ("exit -9", b"1\n")
