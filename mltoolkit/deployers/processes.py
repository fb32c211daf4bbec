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


def serving(script: Path) -> "list[tuple[psutil.Process, Path]]":
    """Return the processes that run a script on a folder, their last argument, and where it is now.

    The script is known by its file's name: another installation of this package starts another copy.
    """
    door = _psutil()
    found = []
    for process in door.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if len(line) > 1 and Path(line[-2]).name == script.name and process.info["status"] != "zombie":
            found.append((process, _place(process, Path(line[-1]))))
    return found


def running(script: Path, folder: Path) -> "list[psutil.Process]":
    """Return the processes that run a script on a folder."""
    return [process for process, place in serving(script) if place == folder]


def known(pid: int, begun: str, folder: Path) -> "psutil.Process | None":
    """Return the process with this id and start; None where it is gone, or works in another folder.

    The latter is what a copy of the folder knows: the server of the original.
    """
    door = _psutil()
    if started(pid) != begun:
        return None
    with contextlib.suppress(door.NoSuchProcess):
        process = door.Process(pid)
        return process if _place(process, folder) == folder else None
    return None


def _place(process: "psutil.Process", told: Path) -> Path:
    """Return the folder that a server was started in, which it follows when that is moved."""
    try:
        place = Path(process.cwd())
    except _psutil().Error:  # it has ended, or is not ours to look at
        return told
    return place if place.name == told.name else told


def end(processes: "list[psutil.Process]", *, patience: float) -> "list[psutil.Process]":
    """Ask processes to end, kill those that still run after ``patience`` seconds; return who is left.

    psutil compares the start before each signal, so that a number used again is not hit.
    """
    door = _psutil()
    for act in (door.Process.terminate, door.Process.kill):
        for process in processes:
            with contextlib.suppress(door.NoSuchProcess, door.AccessDenied):
                act(process)
        deadline = time.monotonic() + patience
        # A process that nobody has waited for yet is gone for us; psutil would wait for its parent.
        while processes and time.monotonic() < deadline:
            processes = [process for process in processes if started(process.pid) is not None]
            time.sleep(_POLL)
    return [process for process in processes if started(process.pid) is not None]
