"""Keeps one program: whoever ends first, what it started ends too. A script of the standard library alone.

``python keeper.py PARENT STATUS PROGRAM ARGUMENT...``: the process that asked for it, and a file descriptor to
which is written how it ended, ``exit CODE`` or ``errno NUMBER`` where it could not be started.

On Linux also what left the program's session is found (``PR_SET_CHILD_SUBREAPER``: an orphan becomes ours), and
a parent that is killed takes everything along (``PR_SET_PDEATHSIG``). Elsewhere only the program's own process
group is ended: a daemon that left it stays, and so does the program of a parent that got SIGKILL.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

_PDEATHSIG = 1
_SUBREAPER = 36
_PATIENCE = 5.0
"""Seconds for killed processes to end; one that hangs in the kernel does not."""


def main(parent: int, status: int, words: list[str]) -> None:
    """Run a program to its end, or to ours.

    Args:
        parent: The process that waits for us.
        status: Where to write how it ended.
        words: The program and its arguments.
    """
    signal.signal(signal.SIGTERM, _stop)
    _control(_SUBREAPER, 1)
    _control(_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        return  # it ended before we asked to be told
    process = None
    try:
        # A session of its own, so that what it sends to its group does not reach us.
        process = subprocess.Popen(words, start_new_session=True, preexec_fn=_end_with_us)  # noqa: PLW1509 - one thread
        code = process.wait()
    except OSError as error:
        os.write(status, f"errno {error.errno}".encode())
        return
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if process is not None:
            _end(process.pid)
    os.write(status, f"exit {code}".encode())


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(1)


def _end_with_us() -> None:
    _control(_PDEATHSIG, signal.SIGKILL)


def _control(option: int, value: int) -> None:
    """Ask the kernel for something that Python has no words for."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end(group: int) -> None:
    """Kill the program's group, then our children until there are none: orphans of killed ones become ours."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if ended:
            continue
        for child in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
        time.sleep(0.005)


def _children() -> list[int]:
    """Return our children, as Linux lists them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            # After the name in brackets, which may hold anything: its state and its parent.
            parent = path.read_bytes().rpartition(b")")[2].split()[1]
            if int(parent) == os.getpid():
                found.append(int(path.parent.name))
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
