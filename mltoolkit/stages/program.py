"""How a stage runs as a program: one line when it went well, an error and its exit code when it did not."""

import os
import sys
import traceback
from collections.abc import Callable

from mltoolkit import __version__, proc
from mltoolkit.errors import INTERNAL_ERROR, MltoolkitError


def main(stage: Callable[[], str]) -> int:
    """Run a stage in the current folder and report as the command line does.

    Args:
        stage: Does the work and says in one line what came of it.

    Returns:
        The exit code.
    """
    # Whoever started us (a person's own `dvc repro`), no tool that a stage imports phones home.
    os.environ.update(proc.QUIET)
    for name, value in proc.THREADS.items():
        os.environ.setdefault(name, value)
    try:
        line = stage()
    except MltoolkitError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except Exception:  # noqa: BLE001 - the last door: whatever comes here is our bug
        traceback.print_exc()
        sys.stderr.write(f"this is a bug of mltoolkit {__version__}\n")
        return INTERNAL_ERROR
    sys.stdout.write(f"{line}\n")
    return 0
