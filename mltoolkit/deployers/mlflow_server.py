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

from mltoolkit import files, http, models, proc, releases
from mltoolkit.config import EndpointSettings
from mltoolkit.deployers import processes
from mltoolkit.deployers.base import Identity
from mltoolkit.errors import InputError, Location, MltoolkitError, OutsideError, RefusedError
from mltoolkit.releases import Endpoint, Revision

WORKER = Path(__file__).parent.parent / "serving" / "worker.py"
_ASK = 10.0
"""Seconds that a question about identity or control may take."""
_PREDICT = 60.0
_PATIENCE = 15.0
"""Seconds from SIGTERM to SIGKILL; the worker itself gives requests 10 and itself 12."""
_TAIL = 2000
_POLL = 0.05
_OK = 200


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker writes when it answers.

    Attributes:
        pid: Its process id.
        port: The private port, on loopback.
        started: When it began, as ``processes.started`` says it; None where the worker cannot tell.
    """

    pid: int
    port: int
    started: str | None


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
        before = endpoint.live.revision if endpoint.live else None
        port = self._settings.port or (urlsplit(before.address).port if before else None) or 0
        ours = before is not None and urlsplit(before.address).port == port and self._process(before)
        if not ours:
            port = _free(host, port)
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{port}"

    def stage(self, revision: Revision) -> None:
        """Copy the model, prove the copy by its digest, and start a worker on it.

        Raises:
            RefusedError: The copy has another digest, or is not on our lists.
            OutsideError: The disk or the interpreter fails.
        """
        folder = self._folder(revision.release.endpoint, revision.fence)
        if self._process(revision):
            return
        try:
            self._copy(revision, folder)
        except OSError as error:
            raise OutsideError(f"the model cannot be copied: {error}") from error
        (folder / "ready.json").unlink(missing_ok=True)
        parts = urlsplit(revision.address)
        settings = {
            "endpoint": revision.release.endpoint,
            "digest": revision.release.digest,
            "version": revision.version,
            "fence": revision.fence,
            "host": parts.hostname,
            "port": parts.port,
        }
        files.write_bytes(folder / "worker.json", files.dump_json(settings))
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
        folder = self._folder(revision.release.endpoint, revision.fence)
        deadline = time.monotonic() + self._settings.start_timeout
        workers = processes.running(WORKER, folder)
        while not (folder / "ready.json").exists():
            if all(processes.started(worker.pid) is None for worker in workers):
                raise self._failed(revision, "ended before it was ready")
            if time.monotonic() > deadline:
                raise self._failed(revision, f"was not ready in {self._settings.start_timeout:g} s")
            time.sleep(_POLL)
        answer = http.request("GET", f"{self._private(revision)}/-/model", timeout=_ASK)
        identity = _identity(answer)
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
        for fence in self._fences(revision.release.endpoint):
            if fence != revision.fence and self._ready(revision.release.endpoint, fence):
                self._tell(revision.release.endpoint, fence, "close")

    def observe(self, address: str) -> Identity | None:
        """Ask the public address, on a fresh connection."""
        try:
            return _identity(http.request("GET", f"{reachable(address)}/-/model", timeout=_ASK))
        except OutsideError:
            return None

    def back(self, revision: Revision, before: Revision | None) -> None:
        """Open the address at the version before, and close it at this one.

        Raises:
            OutsideError: The version before runs and cannot be told.
        """
        name = revision.release.endpoint
        if before is not None and self._ready(name, before.fence):
            self._tell(name, before.fence, "open")
        if self._ready(name, revision.fence):
            self._tell(name, revision.fence, "close")

    def retire(self, endpoint: str, fence: int) -> None:
        """End a worker within 30 seconds; its copy of the model and its log stay."""
        folder = self._folder(endpoint, fence)
        processes.end(processes.running(WORKER, folder), patience=_PATIENCE)
        for name in ("ready.json", "token"):
            (folder / name).unlink(missing_ok=True)

    def discard(self, endpoint: str, fence: int) -> None:
        """End a worker and remove its folder."""
        self.retire(endpoint, fence)
        shutil.rmtree(self._folder(endpoint, fence), ignore_errors=True)

    def settle(self, endpoint: Endpoint) -> None:
        """End workers of other versions than the live one; remove copies that are not kept."""
        live = endpoint.live.revision.fence if endpoint.live and not endpoint.stopped else None
        for fence in self._fences(endpoint.name):
            if fence > endpoint.fence or fence == live:
                continue
            if fence in endpoint.kept:
                self.retire(endpoint.name, fence)
            else:
                self.discard(endpoint.name, fence)

    def log(self, revision: Revision) -> Path:
        """Return the worker's log."""
        return self._folder(revision.release.endpoint, revision.fence) / "worker.log"

    def _folder(self, endpoint: str, fence: int) -> Path:
        return releases.folder(self._state, endpoint, fence)

    def _fences(self, endpoint: str) -> list[int]:
        parent = self._folder(endpoint, 0).parent
        if not parent.is_dir():
            return []
        return sorted(int(each.name) for each in parent.iterdir() if each.name.isdecimal())

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

    def _ready(self, endpoint: str, fence: int) -> Ready | None:
        """Return what a worker that still runs wrote; a number used again by others is not it."""
        path = self._folder(endpoint, fence) / "ready.json"
        try:
            ready = msgspec.json.decode(path.read_bytes(), type=Ready)
        except (OSError, msgspec.DecodeError):
            return None
        begun = processes.started(ready.pid)
        return ready if begun is not None and ready.started in {None, begun} else None

    def _process(self, revision: Revision) -> bool:
        return bool(processes.running(WORKER, self._folder(revision.release.endpoint, revision.fence)))

    def _private(self, revision: Revision) -> str:
        ready = self._ready(revision.release.endpoint, revision.fence)
        if ready is None:
            raise self._failed(revision, "ended")
        return f"http://127.0.0.1:{ready.port}"

    def _tell(self, endpoint: str, fence: int, what: str) -> None:
        ready = self._ready(endpoint, fence)
        if ready is None:
            raise OutsideError(f"the server of {endpoint} with fence {fence} has ended")
        token = (self._folder(endpoint, fence) / "token").read_text(encoding="ascii")
        url = f"http://127.0.0.1:{ready.port}/-/{what}"
        answer = http.request("POST", url, headers={"Authorization": f"Bearer {token}"}, timeout=_ASK)
        if answer.status != _OK:
            raise OutsideError(
                f"the server cannot {what} its address: {answer.body.decode(errors='replace')}"
            )

    def _failed(self, revision: Revision, what: str) -> MltoolkitError:
        path = self.log(revision)
        said = path.read_text(encoding="utf-8", errors="replace").strip()[-_TAIL:] if path.exists() else ""
        hint = f"the end of its log:\n{said}" if said else None
        return OutsideError(f"the server of v{revision.version} {what}", hint=hint)


def reachable(address: str) -> str:
    """Return an address to ask at: one that listens everywhere is asked on loopback."""
    return address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _digest(copy: Path) -> str | None:
    try:
        return models.digest(copy)
    except InputError:
        return None


def _identity(answer: http.Answer) -> Identity | None:
    try:
        return msgspec.json.decode(answer.body, type=Identity) if answer.status == _OK else None
    except msgspec.DecodeError:
        return None


def _free(host: str, port: int) -> int:
    """Return a port that nobody listens on: this one, or for 0 any.

    Raises:
        InputError: Somebody listens there, or this machine has no such address.
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
