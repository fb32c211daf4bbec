"""Whom a challenger is compared with: the champion that is live, and the anchor that is kept.

The anchor is an earlier champion. Endpoints keep the last few versions only, so a copy of its own is kept in
``STATE/anchors/``: made while the version's copy is there, known by its digest.
"""

import shutil
import tempfile
from pathlib import Path

import msgspec

from mltoolkit import files, journal, models
from mltoolkit.errors import InputError, Location, MltoolkitError, OutsideError
from mltoolkit.models import ModelDirectory
from mltoolkit.releases import Committed, Endpoint, State, model_directory
from mltoolkit.settings import ModelSettings

FIRST = "first"
"""The anchor of a project that names none: the first version that was promoted."""


class Contender(msgspec.Struct, frozen=True, kw_only=True):
    """A model to compare with, or why there is none, or why the one there is cannot be compared with.

    Attributes:
        model: Its directory, as it was deployed.
        python: The interpreter that it runs under; None for ours.
        absent: Why there is none.
        fault: Why the one that is known cannot be scored.
    """

    model: ModelDirectory | None = None
    python: str | None = None
    absent: str | None = None
    fault: str | None = None


def champion(state: Path, settings: ModelSettings, endpoint: str | None) -> Contender:
    """Return the model that the journal says is live on an endpoint.

    Args:
        state: The project's state folder.
        settings: The model's section.
        endpoint: Where the challenger asks to go.

    Raises:
        InputError: The kept copy is gone or was changed, or the journal is not ours.
        CannotTellError: The journal is damaged.
    """
    if endpoint is None:
        return Contender(absent="the model has no endpoint")
    live = journal.Journal(state).endpoint(endpoint).live
    if live is None:
        return Contender(absent=f"nothing is live on {endpoint} yet")
    kept = journal.model_directory(state, live)
    model = models.read(kept, allow_pickle=settings.allow_pickle)
    if model.digest != live.digest:
        raise InputError(
            f"the kept copy of the live model has the digest {files.short(model.digest)}, "
            f"and the journal says {files.short(live.digest)}",
            where=Location(path=str(kept)),
            hint=f"somebody changed it; `mltoolkit endpoints delete {endpoint}` ends it, and the next deploy starts anew",
        )
    return Contender(model=model, python=settings.endpoints[endpoint].python)


def anchor(state: Path, settings: ModelSettings, endpoint: str | None) -> Contender:
    """Return the earlier champion that many small losses are counted from.

    Args:
        state: The project's state folder.
        settings: The model's section.
        endpoint: Where the challenger asks to go.

    Raises:
        InputError: The journal is not ours.
        CannotTellError: The journal is damaged.
    """
    if endpoint is None:
        return Contender(absent="the model has no endpoint")
    digest = _wanted(journal.Journal(state), settings, endpoint)
    if digest is None:
        return Contender(absent=f"nothing was promoted on {endpoint} yet")
    python = settings.endpoints[endpoint].python
    copy = place(state, digest)
    if not copy.exists():
        return Contender(fault=f"no copy of {files.short(digest)} is kept here")
    try:
        model = models.read(copy, allow_pickle=settings.allow_pickle)
    except InputError as error:
        return Contender(fault=f"its kept copy {copy.name[:12]} cannot be used: {error.what}")
    if model.digest != digest:
        return Contender(fault=f"its kept copy {copy.name[:12]} was changed")
    return Contender(model=model, python=python)


def keep(state: Path, settings: ModelSettings, endpoint: str) -> None:
    """Keep a copy of the anchor, if there is none yet and the endpoint still has one.

    Args:
        state: The project's state folder.
        settings: The model's section.
        endpoint: The endpoint.

    Raises:
        InputError: The journal is not ours.
        CannotTellError: The journal is damaged.
        OutsideError: The disk fails.
    """
    history = journal.Journal(state)
    digest = _wanted(history, settings, endpoint)
    if digest is None or _digest(place(state, digest)) == digest:
        return
    source = next(
        (copy for copy in _copies(state, history.endpoint(endpoint)) if _digest(copy) == digest), None
    )
    if source is None:
        return
    target = place(state, digest)
    try:
        files.ignored_folder(state)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as beside:
            made = Path(beside) / "model"
            shutil.copytree(source, made, symlinks=True)
            if target.exists():  # changed by somebody: what it was is what the journal says
                shutil.rmtree(target)
            made.rename(target)
    except OSError as error:
        raise OutsideError(f"the anchor cannot be kept: {error}") from error


def place(state: Path, digest: str) -> Path:
    """Return where the copy of an anchor is kept."""
    return state / "anchors" / digest.removeprefix("sha256:")


def _wanted(history: journal.Journal, settings: ModelSettings, endpoint: str) -> str | None:
    """Return the digest of the anchor: the one that is named, or the first that was committed."""
    if settings.anchor != FIRST:
        return settings.anchor
    planned: dict[int, str] = {}
    for event in history.history(endpoint):
        if event.revision is not None:
            planned[event.fence] = event.revision.release.digest
        if event.state is State.COMMITTED:
            return planned.get(event.fence)
    return None


def _copies(state: Path, endpoint: Endpoint) -> list[Path]:
    """Return the copies that the endpoint keeps of its versions."""
    live: tuple[Committed, ...] = () if endpoint.live is None else (endpoint.live,)
    return [model_directory(state, each.revision) for each in (*live, *endpoint.previous)]


def _digest(copy: Path) -> str | None:
    try:
        return models.digest(copy)
    except MltoolkitError:
        return None
