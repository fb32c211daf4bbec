"""The one place that starts programs: argument lists, bounded time, a clean environment."""

import contextlib
import os
import select
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from mltoolkit.errors import OutsideError

QUIET = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PYTHONUNBUFFERED": "1",
}
"""Switches off the telemetry of every tool that we start."""

THREADS = {"GOMP_SPINCOUNT": "1000"}
"""Lets threads of OpenMP sleep soon when they wait. Spinning as long as they do by default, one training
of 10 s took 170 s where a second one wanted the same two cores; sleeping at once cost 5 s on idle ones."""

_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "SYSTEMROOT",
    "OMP_NUM_THREADS",
    "GOMP_SPINCOUNT",
    "VIRTUAL_ENV",
)
"""What a clean environment keeps: where programs and folders are, and nothing that could be a secret."""

_KEEPER = Path(__file__).with_name("serving") / "keeper.py"
_CHUNK = 2**18
"""Bytes that are read at once."""
_PATIENCE = 10.0
"""Seconds for what was killed to end; the keeper gives 5."""

_TAIL = 4000
"""Characters of a program's output that an error shows."""


class Completed(msgspec.Struct, frozen=True, kw_only=True):
    """How a program ended.

    Attributes:
        code: Its exit code; negative for a signal.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
    """

    code: int
    out: bytes
    err: bytes

    def tail(self) -> str:
        """Return the end of what it said, for an error."""
        return (self.err or self.out).decode(errors="replace").strip()[-_TAIL:]


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment without secrets, for code that we did not write.

    Job identifiers are dropped too: a workflow runner kills every process that carries its own.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**THREADS, **kept, **QUIET, **(extra or {})}


def full_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return our own environment with telemetry off, for tools that need credentials."""
    return {**THREADS, **os.environ, **QUIET, **(extra or {})}


def run(
    argv: Sequence[str | Path],
    *,
    timeout: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    data: bytes = b"",
    limit: int | None = None,
    kept: bool = False,
) -> Completed:
    """Run a program to its end.

    Args:
        argv: The program and its arguments; never a shell.
        timeout: Seconds; then it is killed with its process group.
        cwd: The folder that it runs in.
        env: Its whole environment; ours with telemetry off where none is given.
        data: What it reads from standard input.
        limit: Bytes of standard output after which it is killed; of standard error as many are kept, the last.
        kept: Run it under ``serving/keeper.py``: what it started ends with it, and with us, however we end. Outside
            of Linux a daemon that left its group stays, and so does the program when we get SIGKILL.

    Raises:
        OutsideError: It cannot be started, time ran out, or it printed too much.
    """
    words = [str(word) for word in argv]
    status, told = os.pipe()
    try:
        keeper = [sys.executable, "-I", "-S", str(_KEEPER.resolve()), str(os.getpid()), str(told)]
        try:
            process = subprocess.Popen(
                [*keeper, *words] if kept else words,
                cwd=cwd,
                env=full_environment() if env is None else dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=(told,) if kept else (),
            )
        except OSError as error:
            raise _cannot_start(words[0], error) from error
        finally:
            os.close(told)
        out, err = _exchange(process, data, words[0], timeout=timeout, limit=limit, kept=kept)
        code = process.returncode
        if kept:
            what, _, number = os.read(status, 100).decode().partition(" ")
            if what == "errno":
                raise _cannot_start(words[0], OSError(int(number), os.strerror(int(number))))
            code = int(number) if what == "exit" else code
    finally:
        os.close(status)
    return Completed(code=code, out=out, err=err)


def _cannot_start(program: str, error: OSError) -> OutsideError:
    return OutsideError(f"cannot start {program}: {error.strerror}", hint="is it installed, and on PATH?")


def _exchange(
    process: subprocess.Popen[bytes],
    data: bytes,
    name: str,
    *,
    timeout: float,
    limit: int | None,
    kept: bool,
) -> tuple[bytes, bytes]:
    """Feed and read a program until it ends. ``communicate`` has no limit, and waits for whoever holds the pipes."""
    pipes = [pipe for pipe in (process.stdin, process.stdout, process.stderr) if pipe is not None]
    fed, said, complained = pipes
    out, err = bytearray(), bytearray()
    left = memoryview(data)
    end = time.monotonic() + timeout
    late = OutsideError(f"{name} took longer than {timeout:g} s and was stopped")
    try:
        with selectors.DefaultSelector() as waiting:
            waiting.register(fed, selectors.EVENT_WRITE)
            waiting.register(said, selectors.EVENT_READ, out)
            waiting.register(complained, selectors.EVENT_READ, err)
            while waiting.get_map():
                ready = waiting.select(max(0.0, end - time.monotonic()))
                if time.monotonic() >= end:
                    raise late
                for key, _ in ready:
                    if key.data is None:
                        # As much as a pipe that can be written takes without waiting.
                        with contextlib.suppress(BrokenPipeError):
                            left = left[os.write(key.fd, left[: select.PIPE_BUF]) :]
                            if left:
                                continue
                    elif chunk := os.read(key.fd, _CHUNK):
                        key.data.extend(chunk)
                        if limit is not None and len(out) > limit:
                            raise OutsideError(f"{name} printed more than {limit:,} bytes and was stopped")
                        if limit is not None:
                            del err[:-limit]
                        continue
                    waiting.unregister(key.fileobj)
                    if key.data is None:
                        fed.close()
        try:
            process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise late from error
    finally:
        # Also on a signal to us: a child in its own session would outlive us otherwise.
        _end(process, kept=kept)
        for pipe in pipes:
            with contextlib.suppress(OSError):
                pipe.close()
    return bytes(out), bytes(err)


def _end(process: subprocess.Popen[bytes], *, kept: bool) -> None:
    """End a program with its group, if it has not been waited for: its number is then still its own."""
    if kept and process.returncode is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)


def start(argv: Sequence[str | Path], *, log: Path, env: Mapping[str, str], cwd: Path) -> int:
    """Start a program that outlives us, and return its process id.

    It gets a session of its own, no standard input, and ``log`` for both outputs.

    Raises:
        OutsideError: It cannot be started.
    """
    words = [str(word) for word in argv]
    with log.open("ab") as output:
        try:
            process = subprocess.Popen(
                words,
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise OutsideError(f"cannot start {words[0]}: {error.strerror}") from error
    # Its end is its own affair; without this Python warns that a child still runs.
    process.returncode = 0
    return process.pid
