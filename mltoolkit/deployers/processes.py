"""Processes as the local targets need them: found by what they run, known by more than their number.

A process id is used again; id and start together are not. The start is counted in ticks since the
boot, which no change of the clock moves.
"""

import contextlib
import os
import platform
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from mltoolkit.errors import InputError
from mltoolkit.releases import Holder

if TYPE_CHECKING:
    import psutil

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_TICKS = 19
"""Where ``/proc/PID/stat`` has the start, counted behind the program's name in parentheses."""

_POLL = 0.02


def _psutil() -> ModuleType:
    try:
        import psutil
    except ModuleNotFoundError as error:
        raise InputError(
            "servers on this machine need psutil", hint="pip install 'mltoolkit[serve]'"
        ) from error
    return psutil


def started(pid: int) -> str | None:
    """Return when a process began, in a form that tells it from another with its id; None where it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        state, *fields = stat.rpartition(")")[2].split()
        return None if state in "ZX" else f"{_BOOT.read_text(encoding='ascii').strip()}:{fields[_TICKS - 1]}"
    except (FileNotFoundError, ProcessLookupError):
        pass
    if Path("/proc/self/stat").exists():
        return None
    door = _psutil()
    try:
        process = door.Process(pid)
        return None if process.status() == door.STATUS_ZOMBIE else str(process.create_time())
    except door.NoSuchProcess:
        return None


def ourselves() -> Holder:
    """Return the process that runs this code."""
    pid = os.getpid()
    return Holder(host=platform.node(), pid=pid, started=started(pid) or "")


def alive(holder: Holder) -> bool:
    """Tell whether a process still runs; one on another machine is taken to."""
    return holder.host != platform.node() or started(holder.pid) == holder.started


def running(script: Path, argument: Path) -> "list[psutil.Process]":
    """Return the processes that run a script with a path as their last argument."""
    found = []
    for process in _psutil().process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if str(script) in line[:-1] and line[-1] == str(argument) and process.info["status"] != "zombie":
            found.append(process)
    return found


def end(processes: "list[psutil.Process]", *, patience: float) -> None:
    """Ask processes to end, and kill those that still run after ``patience`` seconds.

    psutil compares the start before each signal, so that a number used again is not hit.
    """
    door = _psutil()
    for act in (door.Process.terminate, door.Process.kill):
        for process in processes:
            with contextlib.suppress(door.NoSuchProcess):
                act(process)
        deadline = time.monotonic() + patience
        # A process that nobody has waited for yet is gone for us; psutil would wait for its parent.
        while processes and time.monotonic() < deadline:
            processes = [process for process in processes if started(process.pid) is not None]
            time.sleep(_POLL)
