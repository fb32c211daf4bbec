"""Score a model directory on rows, in a process without secrets; the same model on the same rows once."""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from mltoolkit import files, proc
from mltoolkit.errors import CannotTellError, Location
from mltoolkit.models import ModelDirectory

_SCORER = Path(__file__).with_name("serving") / "scorer.py"
_MEMORY = 16 * 2**30
"""Bytes of address space; libraries reserve far more than they touch."""
_TIMEOUT = 900.0
_KEPT = 20
"""Scores in the cache; the oldest go."""


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What a model said.

    Attributes:
        answers: A Parquet file, one row for each row, one column or one for each class.
        request: The body of ``/invocations`` for the golden rows.
        predictions: What the model answered to it.
    """

    answers: Path
    request: dict[str, Any]
    predictions: tuple[Any, ...]


def score(
    model: ModelDirectory,
    rows: Path,
    *,
    rows_digest: str,
    golden: list[int],
    hidden: tuple[str, ...],
    cache: Path,
    python: str | None,
    fresh: bool,
) -> Scored:
    """Score a model on rows.

    Args:
        model: The model directory.
        rows: A Parquet file that holds the model's input columns.
        rows_digest: Of that file.
        golden: Positions of the rows to make requests of.
        hidden: Columns that a model without a signature must not see: the id and the target.
        cache: The folder for scores, by model, rows and interpreter.
        python: The interpreter; ours where none is given.
        fresh: Score anew, whatever the cache holds.

    Raises:
        CannotTellError: The model cannot be loaded, or does not answer for these rows.
    """
    interpreter = python or sys.executable
    key = {
        "model": model.digest,
        "rows": rows_digest,
        "scorer": files.digest_file(_SCORER),
        "python": _identity(interpreter),
        "golden": golden,
        "hidden": hidden,
    }
    folder = cache / files.short(files.digest_bytes(files.dump_json(key)))
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    if not (folder / "requests.json").exists():
        _run(model, rows, golden=golden, hidden=hidden, interpreter=interpreter, folder=folder)
        _prune(cache)
    known = json.loads((folder / "requests.json").read_bytes())
    return Scored(
        answers=folder / "answers.parquet", request=known["request"], predictions=tuple(known["predictions"])
    )


def _run(
    model: ModelDirectory,
    rows: Path,
    *,
    golden: list[int],
    hidden: tuple[str, ...],
    interpreter: str,
    folder: Path,
) -> None:
    files.ignored_folder(folder.parent)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        beside = Path(name).resolve() / "made"
        beside.mkdir()
        request = {
            "model": str(model.path.resolve()),
            "rows": str(rows.resolve()),
            "golden": golden,
            "hidden": hidden,
            "memory": _MEMORY,
            "answers": str(beside / "answers.parquet"),
            "requests": str(beside / "requests.json"),
        }
        asked = Path(name) / "request.json"
        files.write_bytes(asked, files.dump_json(request))
        done = proc.run(
            [interpreter, _SCORER.resolve(), asked.resolve()],
            env=proc.clean_environment(),
            cwd=Path(name),
            timeout=_TIMEOUT,
        )
        if done.code:
            said = done.tail().splitlines() or [f"ended with {done.code}"]
            raise CannotTellError(
                f"the model {files.short(model.digest)} cannot be scored: {said[-1]}",
                where=Location(path=str(model.path)),
                hint=f"it ran under {interpreter}; name another with `python:`" if len(said) > 1 else None,
            )
        # Renamed whole: a killed run leaves no half-made score that a later one would trust.
        if not folder.exists():
            beside.rename(folder)


def _identity(interpreter: str) -> list[object]:
    """Tell an environment from another: its path, and when its packages last changed."""
    root = Path(interpreter).parent.parent
    packages = sorted(root.glob("lib/python*/site-packages"))
    return [interpreter, *(int(folder.stat().st_mtime_ns) for folder in packages)]


def _prune(cache: Path) -> None:
    folders = sorted(
        (f for f in cache.iterdir() if f.is_dir()), key=lambda f: f.stat().st_mtime, reverse=True
    )
    for folder in folders[_KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)
