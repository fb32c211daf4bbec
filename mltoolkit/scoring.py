"""Score a model directory on rows, in a process without secrets; the same model on the same rows once."""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import msgspec

from mltoolkit import files, proc
from mltoolkit.errors import CannotTellError, InputError, Location
from mltoolkit.evidence import Costs
from mltoolkit.models import ModelDirectory
from mltoolkit.statistics.answers import rounded

_SCORER = Path(__file__).with_name("serving") / "scorer.py"
_MEMORY = 16 * 2**30
"""Bytes of address space; libraries reserve far more than they touch."""
_TIMEOUT = 900.0
_OUTPUTS = ("answers.parquet", "requests.json", "costs.json")
_KEPT = 20
"""Scores in the cache; the oldest go."""


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What a model said.

    Attributes:
        answers: A Parquet file, one row for each row, one column or one for each class.
        request: The body of ``/invocations`` for the golden rows.
        predictions: What the model answered to it.
        costs: What it took, where it was scored first.
    """

    answers: Path
    request: dict[str, Any]
    predictions: tuple[Any, ...]
    costs: Costs


class _Took(msgspec.Struct, frozen=True, kw_only=True):
    """What the scorer measured of itself."""

    memory: Annotated[int, msgspec.Meta(gt=0)]
    scoring: Annotated[float, msgspec.Meta(ge=0)]
    latency: Annotated[float, msgspec.Meta(ge=0)]


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
    alone: bool = False,
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
        alone: Whether nothing else is scored meanwhile, so that the costs are its own; scores that were made
            beside others are then not good enough.

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
        "alone": alone,
    }
    folder = cache / files.short(files.digest_bytes(files.dump_json(key)))
    known = None if fresh else _known(folder, model)
    if known is None:
        shutil.rmtree(folder, ignore_errors=True)
        _run(model, rows, golden=golden, hidden=hidden, interpreter=interpreter, folder=folder)
        _prune(cache)
        known = _known(folder, model)
    if known is None:
        raise CannotTellError(
            f"the scores of {files.short(model.digest)} were changed while they were read",
            where=Location(path=str(folder)),
        )
    return known


def _known(folder: Path, model: ModelDirectory) -> Scored | None:
    """Return the scores in a folder, where they are whole and as the scorer left them."""
    *outputs, made = (folder / name for name in (*_OUTPUTS, "made.json"))
    try:
        digests = json.loads(made.read_bytes())
        if digests != {path.name: files.digest_file(path) for path in outputs}:
            return None
        answers, requests, costs = outputs
        known = json.loads(requests.read_bytes())
        took = msgspec.json.decode(costs.read_bytes(), type=_Took)
        return Scored(
            answers=answers,
            request=known["request"],
            predictions=tuple(known["predictions"]),
            costs=Costs(
                size=model.size,
                memory=took.memory,
                scoring=rounded(took.scoring),
                latency=rounded(took.latency),
            ),
        )
    except (OSError, ValueError, InputError, msgspec.MsgspecError):
        return None


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
