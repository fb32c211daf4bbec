"""Score a model directory on rows, in a process without secrets; the same model on the same rows once."""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from mltoolkit import files, proc
from mltoolkit.errors import CannotTellError, InputError, Location
from mltoolkit.models import ModelDirectory

_SCORER = Path(__file__).with_name("serving") / "scorer.py"
_MEMORY = 16 * 2**30
"""Bytes of address space; libraries reserve far more than they touch."""
_TIMEOUT = 900.0
_OUTPUTS = ("answers.parquet", "requests.json")
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
    known = None if fresh else _known(folder)
    if known is None:
        shutil.rmtree(folder, ignore_errors=True)
        _run(model, rows, golden=golden, hidden=hidden, interpreter=interpreter, folder=folder)
        _prune(cache)
        known = _known(folder)
    if known is None:
        raise CannotTellError(
            f"the scores of {files.short(model.digest)} were changed while they were read",
            where=Location(path=str(folder)),
        )
    return known


def _known(folder: Path) -> Scored | None:
    """Return the scores in a folder, where they are whole and as the scorer left them."""
    answers, requests, made = (folder / name for name in (*_OUTPUTS, "made.json"))
    try:
        digests = json.loads(made.read_bytes())
        if digests != {path.name: files.digest_file(path) for path in (answers, requests)}:
            return None
        known = json.loads(requests.read_bytes())
    except (OSError, ValueError, InputError):
        return None
    return Scored(answers=answers, request=known["request"], predictions=tuple(known["predictions"]))


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
            **{Path(name).stem: str(beside / name) for name in _OUTPUTS},
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
        if silent := [name for name in _OUTPUTS if not (beside / name).is_file()]:
            raise CannotTellError(
                f"the model {files.short(model.digest)} ended its process before {silent[0]} was written",
                where=Location(path=str(model.path)),
                hint=f"it ran under {interpreter}",
            )
        digests = {name: files.digest_file(beside / name) for name in _OUTPUTS}
        files.write_bytes(beside / "made.json", files.dump_json(digests))
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
