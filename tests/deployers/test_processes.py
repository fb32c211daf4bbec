import os
import signal
import subprocess
import sys
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

        processes.end(found, patience=0.2)
        assert process.wait() == -signal.SIGKILL
    assert processes.running(script, tmp_path / "1") == []
