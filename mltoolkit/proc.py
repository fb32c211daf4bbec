"""The one place that starts programs: argument lists, bounded time, a clean environment."""

import contextlib
import os
import signal
import subprocess
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
    sweep: bool = False,
) -> Completed:
    """Run a program to its end.

    Args:
        argv: The program and its arguments; never a shell.
        timeout: Seconds; then it is killed with everything that it started.
        cwd: The folder that it runs in.
        env: Its whole environment; ours with telemetry off where none is given.
        data: What it reads from standard input.
        sweep: End what it leaves behind in its process group too.

    Raises:
        OutsideError: It cannot be started, or time ran out.
    """
    words = [str(word) for word in argv]
    try:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=full_environment() if env is None else dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise OutsideError(
            f"cannot start {words[0]}: {error.strerror}", hint="is it installed, and on PATH?"
        ) from error
    try:
        out, err = process.communicate(data, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise OutsideError(f"{words[0]} took longer than {timeout:g} s and was stopped") from error
    finally:
        # Also on a signal to us: a child in its own session would outlive us otherwise. Asked by the return code,
        # which stays None until it is reaped: it may have ended, and its children hold the pipes.
        if process.returncode is None or sweep:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if process.returncode is None:
                process.communicate()
    return Completed(code=process.returncode, out=out, err=err)


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
