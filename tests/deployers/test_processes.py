import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mltoolkit.deployers import processes


def test_this_process_is_alive_and_known_by_its_start() -> None:
    holder = processes.ourselves()

    assert holder.pid == os.getpid()
    assert processes.alive(holder)


def test_a_number_that_was_used_again_is_another_process() -> None:
    later = msgspec.structs.replace(processes.ourselves(), started="another boot:17")

    assert not processes.alive(later)


def test_a_process_that_ended_is_gone_even_before_somebody_waits_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert processes.started(process.pid) is None
    process.wait()


def test_a_process_on_another_machine_is_taken_to_be_alive() -> None:
    elsewhere = msgspec.structs.replace(processes.ourselves(), host="elsewhere", pid=1, started="x")

    assert processes.alive(elsewhere)


def test_a_program_is_found_by_its_script_and_last_argument_and_ended_for_good(tmp_path: Path) -> None:
    script = tmp_path / "stubborn.py"
    script.write_text(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, script, tmp_path / "1"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"

        assert processes.running(script, tmp_path / "11") == []
        found = processes.running(script, tmp_path / "1")
        assert [each.pid for each in found] == [process.pid]

        assert processes.end(found, patience=0.2) == []
        assert process.wait() == -signal.SIGKILL
    assert processes.running(script, tmp_path / "1") == []


SLEEPER = "import time\nprint('up', flush=True)\ntime.sleep(60)\n"


@contextlib.contextmanager
def sleeper(script: Path, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a script on a folder, in it, as a worker runs."""
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(SLEEPER)
    folder.mkdir(parents=True)
    with subprocess.Popen([sys.executable, script, folder], cwd=folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_program_of_another_installation_is_found_by_its_file_name(tmp_path: Path) -> None:
    with sleeper(tmp_path / "there" / "program.py", tmp_path / "1") as process:
        (found,) = processes.running(tmp_path / "here" / "program.py", tmp_path / "1")

        assert found.pid == process.pid
        assert processes.running(tmp_path / "there" / "other.py", tmp_path / "1") == []


def test_a_program_whose_folder_was_moved_is_found_where_it_is_and_nowhere_else(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    with sleeper(script, tmp_path / "old" / "1") as process:
        begun = processes.started(process.pid)
        assert begun is not None
        (tmp_path / "old").rename(tmp_path / "new")
        (tmp_path / "old" / "1").mkdir(parents=True)

        assert [each.pid for each in processes.running(script, tmp_path / "new" / "1")] == [process.pid]
        assert processes.running(script, tmp_path / "old" / "1") == []
        known = processes.known(process.pid, begun, tmp_path / "new" / "1")
        assert known is not None
        assert known.pid == process.pid
        assert processes.known(process.pid, begun, tmp_path / "old" / "1") is None
        assert processes.known(process.pid, "another boot:17", tmp_path / "new" / "1") is None


def test_a_program_whose_folder_was_removed_is_still_found(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    with sleeper(script, tmp_path / "gone" / "1") as process:
        shutil.rmtree(tmp_path / "gone")

        assert [each.pid for each in processes.running(script, tmp_path / "gone" / "1")] == [process.pid]
