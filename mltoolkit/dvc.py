"""The one place that starts DVC, as a program of its own: with this environment's tools first on the path."""

import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mltoolkit import proc
from mltoolkit.errors import (
    CannotTellError,
    InputError,
    MltoolkitError,
    OutsideError,
    RefusedError,
    SupersededError,
)

_TIMEOUT = 3600.0
_LOCK_WAIT = 30.0
_PAUSE = 1.0
_RAN = re.compile(r"^Running stage '(.+)':$", re.MULTILINE)
_EXITED = re.compile(r"failed to run: (?P<command>.*), exited with (?P<code>\d+)")
_LOCKED = re.compile(r"Unable to acquire lock|is busy, it is being blocked by")
_HOLDER = re.compile(r"\(PID (\d+)\): (.+)")
_STAGE_ERRORS: dict[int, type[MltoolkitError]] = {
    kind.exit_code: kind for kind in (InputError, CannotTellError)
}
"""What the exit codes of a stage mean; 1 is not among them, because any program may end with it."""
_CHECK = re.compile(r"\bmltoolkit check\b")
"""The stage that ends with 1 for one reason alone: its answer is no."""


def repro(
    root: Path, targets: Sequence[str] = (), *, timeout: float = _TIMEOUT, lock_wait: float = _LOCK_WAIT
) -> tuple[str, ...]:
    """Run the stages that have changed.

    Args:
        root: The folder with ``dvc.yaml``.
        targets: Stages to reproduce with all that they depend on; all where none is named.
        timeout: Seconds for all of them.
        lock_wait: Seconds to wait for another DVC that works in the same folder.

    Returns:
        The names of the stages that ran, in order; what was unchanged or came from the cache of runs
        is not among them.

    Raises:
        RefusedError: The data broke its contract, or the splits are not apart.
        InputError: A stage found its settings or its input unusable.
        CannotTellError: A stage could not tell.
        OutsideError: DVC or a stage failed otherwise, or time ran out.
        SupersededError: Another DVC holds the lock.
    """
    end = time.monotonic() + lock_wait
    while True:
        done = _dvc(root, "repro", "--", *targets, timeout=timeout)
        said = (done.out + b"\n" + done.err).decode(errors="replace")
        if not done.code:
            return tuple(_RAN.findall(said))
        if not _LOCKED.search(said):
            raise _failure(said)
        if time.monotonic() >= end:
            raise SupersededError(
                f"another DVC holds the lock of {root.resolve()}{_holder(root, said)}",
                hint="wait for it, or end it if it hangs",
            )
        time.sleep(_PAUSE)


def _dvc(root: Path, *words: str, timeout: float) -> proc.Completed:
    # `python` in dvc.yaml means the interpreter that runs us, whichever shell started it.
    here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return proc.run(
        [sys.executable, "-m", "dvc", *words],
        cwd=root,
        env=proc.full_environment({"PATH": here}),
        timeout=timeout,
    )


def _failure(said: str) -> MltoolkitError:
    """Return an error of the kind that the failed stage ended with."""
    kind: type[MltoolkitError] = OutsideError
    if ended := _EXITED.search(said):
        code = int(ended["code"])
        kind = _STAGE_ERRORS.get(code, OutsideError)
        if code == RefusedError.exit_code and _CHECK.search(ended["command"]):
            kind = RefusedError
    ran = _RAN.findall(said)
    stage = f" in the stage {ran[-1]!r}" if ran else ""
    return kind(f"dvc repro failed{stage}:\n{said.strip()[-4000:]}")


def _holder(root: Path, said: str) -> str:
    """Name who holds DVC's lock, where it can be told."""
    if found := _HOLDER.search(said):
        return f": process {found[1]}, {found[2]}"
    lock = root / ".dvc" / "tmp" / "lock"
    try:
        holder = lock.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
    return f": process {holder}" if holder.isdigit() else ""
