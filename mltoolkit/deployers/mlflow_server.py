"""An endpoint as a real MLflow model server on this machine, one process for each revision.

What belongs to a revision stands in ``STATE/endpoints/NAME/FENCE/``: its own copy of the model, so that
what was judged is what is served and the workspace may go; the server's settings, token and log.
"""

import errno
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from mltoolkit import files, http, models, proc, project, releases
from mltoolkit.deployers import processes
from mltoolkit.deployers.base import Identity
from mltoolkit.deployers.worker_folder import ASK, WorkerFolder, WorkerSettings, address, ask
from mltoolkit.errors import InputError, Location, MltoolkitError, OutsideError, RefusedError
from mltoolkit.releases import Endpoint, Revision
from mltoolkit.settings import EndpointSettings

WORKER = Path(__file__).parent.parent / "serving" / "worker.py"
_PREDICT = 60.0
_TAIL = 2000
_POLL = 0.05
_OK = 200


class MlflowServer:
    """Serves revisions of one endpoint on this machine.

    Args:
        state: The project's state folder.
        settings: Of the endpoint.
        source: The model directory to take a new revision from; None where only kept ones are started.
        allow_pickle: Whether the model may be saved in a format that runs code when it is read.
    """

    def __init__(
        self,
        state: Path,
        settings: EndpointSettings,
        *,
        source: Path | None = None,
        allow_pickle: bool = False,
    ) -> None:
        self._state = state.resolve()
        self._settings = settings
        self._source = source
        self._allow_pickle = allow_pickle

    def address(self, endpoint: Endpoint) -> str:
        """Return ``http://host:port``: as configured, else as before, else with a free port.

        Raises:
            InputError: Somebody else listens there, or the host is not one of this machine.
        """
        host = self._settings.host
        key = f"endpoints.{endpoint.name}.host"
        if not host.isprintable() or not host.strip():
            raise InputError(f"{host!r} is no host", where=Location(path=project.PARAMS, key=key))
        before = endpoint.live.revision if endpoint.live else None
        port = self._settings.port or (urlsplit(before.address).port if before else None) or 0
        same = before is not None and urlsplit(before.address).port == port
        if before is None or not same or not self._at(endpoint.name, before.fence).workers():
            try:
                port = _free(host, port)
            except UnicodeError as error:
                raise InputError(
                    f"{host!r} is no host: {error}", where=Location(path=project.PARAMS, key=key)
                ) from error
        return address(host, port)

    def stage(self, revision: Revision) -> None:
        """Copy the model, prove the copy by its digest, and start a worker on it.

        A worker that runs for exactly this revision is left as it is; any other one in its place is
        ended first.

        Raises:
            RefusedError: The copy has another digest, or is not on our lists.
            OutsideError: The disk or the interpreter fails.
        """
        parts = urlsplit(revision.address)
        wanted = WorkerSettings(
            endpoint=revision.release.endpoint,
            digest=revision.release.digest,
            version=revision.version,
            fence=revision.fence,
            host=parts.hostname or "",
            port=parts.port or 0,
        )
        place = self._of(revision)
        folder = place.path
        if place.workers() and place.settings() == wanted:
            return
        place.end()
        try:
            self._copy(revision, folder)
        except OSError as error:
            raise OutsideError(f"the model cannot be copied: {error}") from error
        files.write_bytes(folder / "worker.json", files.dump_json(wanted))
        _write_private(folder / "token", secrets.token_urlsafe(32))
        python = self._settings.python or sys.executable
        proc.start(
            [python, "-u", WORKER, folder],
            log=folder / "worker.log",
            env=proc.clean_environment(),
            cwd=folder,
        )

    def ready(self, revision: Revision) -> Identity:
        """Wait for the worker's ready file, then ask it who it is.

        Raises:
            OutsideError: It ended or was not ready in time; with the end of its log.
        """
        place = self._of(revision)
        deadline = time.monotonic() + self._settings.start_timeout
        workers = place.workers()
        while not (place.path / "ready.json").exists():
            if all(processes.started(worker.pid) is None for worker in workers):
                raise self._failed(revision, "ended before it was ready")
            if time.monotonic() > deadline:
                raise self._failed(revision, f"was not ready in {self._settings.start_timeout:g} s")
            time.sleep(_POLL)
        identity = ask(self._private(revision))
        if identity is None:
            raise self._failed(revision, "does not say who it is")
        return identity

    def predict(self, revision: Revision, request: Mapping[str, Any]) -> list[Any]:
        """Post a request to ``/invocations`` on the private port.

        Raises:
            RefusedError: It answers with something else than predictions.
            OutsideError: It does not answer.
        """
        url = f"{self._private(revision)}/invocations"
        answer = http.request("POST", url, body=dict(request), timeout=_PREDICT)
        if answer.status != _OK:
            said = answer.body.decode(errors="replace")[:300]
            raise RefusedError(f"it answers the golden rows with {answer.status}: {said}")
        try:
            content = msgspec.json.decode(answer.body)
        except msgspec.DecodeError as error:
            raise RefusedError("it answers the golden rows with something that is not JSON") from error
        predictions = content.get("predictions") if isinstance(content, dict) else None
        if not isinstance(predictions, list):
            raise RefusedError("it answers the golden rows without predictions")
        return predictions

    def switch(self, revision: Revision) -> None:
        """Open the public address at the new worker, then close it at all others.

        Raises:
            OutsideError: A worker that runs cannot be told.
        """
        self._tell(revision.release.endpoint, revision.fence, "open")
        for fence in self.found(revision.release.endpoint):
            if fence != revision.fence and self._at(revision.release.endpoint, fence).ready():
                self._tell(revision.release.endpoint, fence, "close")

    def observe(self, address: str) -> Identity | None:
        """Ask the public address, on a fresh connection."""
        return ask(address)

    def back(self, revision: Revision, before: Revision | None) -> None:
        """Open the address at the version before, and close it at this one.

        Raises:
            OutsideError: The version before runs and cannot be told.
        """
        name = revision.release.endpoint
        if before is not None and self._of(before).ready():
            self._tell(name, before.fence, "open")
        if self._of(revision).ready():
            self._tell(name, revision.fence, "close")

    def retire(self, endpoint: str, fence: int) -> None:
        """End a worker within 30 seconds; its copy of the model and its log stay.

        Raises:
            OutsideError: It cannot be ended, or answers still: it runs where we cannot see it.
        """
        self._at(endpoint, fence).end()

    def discard(self, endpoint: str, fence: int) -> None:
        """End a worker and remove its folder.

        Raises:
            OutsideError: It cannot be ended, or answers still; its folder stays.
        """
        self._at(endpoint, fence).end()
        shutil.rmtree(self._at(endpoint, fence).path, ignore_errors=True)

    def found(self, endpoint: str) -> dict[int, bool]:
        """Return the fences that have a folder or a worker, sorted, and whether a worker runs."""
        parent = releases.folder(self._state, endpoint, 0).parent
        folders = list(parent.iterdir()) if parent.is_dir() else []
        places = [place for _, place in processes.serving(WORKER) if place.parent == parent]
        served = {int(each.name) for each in places if each.name.isdecimal()}
        fences = served | {int(each.name) for each in folders if each.name.isdecimal()}
        return {
            fence: fence in served or self._at(endpoint, fence).ready() is not None
            for fence in sorted(fences)
        }

    def settle(self, endpoint: Endpoint) -> None:
        """End workers of other versions than the live one; remove copies that are not kept.

        Raises:
            OutsideError: A worker cannot be ended.
        """
        live = endpoint.live.revision.fence if endpoint.live and not endpoint.stopped else None
        for fence in self.found(endpoint.name):
            if fence > endpoint.fence or fence == live:
                continue
            if fence in endpoint.kept:
                self.retire(endpoint.name, fence)
            else:
                self.discard(endpoint.name, fence)

    def log(self, revision: Revision) -> Path:
        """Return the worker's log."""
        return self._of(revision).path / "worker.log"

    def _at(self, endpoint: str, fence: int) -> WorkerFolder:
        return WorkerFolder(releases.folder(self._state, endpoint, fence), WORKER, endpoint, fence)

    def _of(self, revision: Revision) -> WorkerFolder:
        return self._at(revision.release.endpoint, revision.fence)

    def _copy(self, revision: Revision, folder: Path) -> None:
        copy = folder / "model"
        if self._source is not None and _digest(copy) != revision.release.digest:
            files.ignored_folder(self._state)
            beside = folder / "model.part"
            # Left by a crash, or by a journal that somebody removed.
            for left in (beside, copy):
                shutil.rmtree(left, ignore_errors=True)
            shutil.copytree(self._source, beside, symlinks=True)
            beside.rename(copy)
        elif not copy.exists():
            raise OutsideError(f"the kept copy of v{revision.version} is gone", hint="deploy a model again")
        try:
            digest = models.read(copy, allow_pickle=self._allow_pickle).digest
        except InputError as error:
            raise RefusedError(f"the model may not be loaded: {error.what}", where=error.where) from error
        if digest != revision.release.digest:
            raise RefusedError(
                f"the copy of the model has the digest {files.short(digest)}, "
                f"and {files.short(revision.release.digest)} was judged",
                where=Location(path=str(copy)),
            )

    def _private(self, revision: Revision) -> str:
        ready = self._of(revision).ready()
        if ready is None:
            raise self._failed(revision, "ended")
        return ready.address

    def _tell(self, endpoint: str, fence: int, what: str) -> None:
        place = self._at(endpoint, fence)
        ready = place.ready()
        if ready is None:
            raise OutsideError(f"the server of {endpoint} with fence {fence} has ended")
        try:
            token = (place.path / "token").read_text(encoding="ascii")
        except OSError as error:
            raise OutsideError(f"the server with fence {fence} cannot be told: {error}") from error
        url = f"{ready.address}/-/{what}"
        answer = http.request("POST", url, headers={"Authorization": f"Bearer {token}"}, timeout=ASK)
        if answer.status != _OK:
            raise OutsideError(
                f"the server cannot {what} its address: {answer.body.decode(errors='replace')}"
            )

    def _failed(self, revision: Revision, what: str) -> MltoolkitError:
        path = self.log(revision)
        said = path.read_text(encoding="utf-8", errors="replace").strip()[-_TAIL:] if path.exists() else ""
        hint = f"the end of its log:\n{said}" if said else None
        return OutsideError(f"the server of v{revision.version} {what}", hint=hint)


def _digest(copy: Path) -> str | None:
    try:
        return models.digest(copy)
    except InputError:
        return None


def _free(host: str, port: int) -> int:
    """Return a port that nobody listens on: this one, or for 0 any.

    Raises:
        InputError: Somebody listens there, or this machine has no such address.
        UnicodeError: The host cannot be the name of one.
    """
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # Connections of an earlier server that linger are no reason to refuse.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            return int(probe.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                f"port {port} on {host} is used by another program",
                hint="stop it, or choose another `port` for the endpoint in params.yaml",
            ) from error
        raise InputError(f"cannot listen on {host}:{port}: {error.strerror}") from error


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
