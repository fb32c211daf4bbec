"""The folder of one worker of this machine: what it was started for, what it wrote, and its processes.

A worker is known by where it works and, once it is ready, by id and start; never by which installation
of this package started it, nor by the path that the project had then.
"""

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mltoolkit import http
from mltoolkit.deployers import processes
from mltoolkit.deployers.base import Identity
from mltoolkit.errors import OutsideError

if TYPE_CHECKING:
    import psutil

ASK = 10.0
"""Seconds that a question about identity or control may take."""
_PATIENCE = 15.0
"""Seconds from SIGTERM to SIGKILL; the worker itself gives requests 10 and itself 12."""

_T = TypeVar("_T", bound=msgspec.Struct)


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is started for; it reads them from its folder.

    Attributes:
        endpoint: What ``/-/model`` answers, with digest, version and fence.
        digest: Of the model.
        version: The version's number on the endpoint.
        fence: Of the rollout.
        host: Of the public address.
        port: Of the public address.
    """

    endpoint: str
    digest: str
    version: int
    fence: int
    host: str
    port: int


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

    @property
    def address(self) -> str:
        """Where it answers in private."""
        return f"http://127.0.0.1:{self.port}"


class WorkerFolder:
    """What is known of the worker of one fence.

    Args:
        path: The folder, without symbolic links.
        script: The program that a worker is; only its file's name counts.
        endpoint: The endpoint's name.
        fence: Of the rollout that started it.
    """

    def __init__(self, path: Path, script: Path, endpoint: str, fence: int) -> None:
        self.path = path
        self._script = script
        self._endpoint = endpoint
        self._fence = fence

    def settings(self) -> WorkerSettings | None:
        """Return what it was started for last; None where that is missing or damaged."""
        return _read(self.path / "worker.json", WorkerSettings)

    def ready(self) -> Ready | None:
        """Return what a worker that still runs wrote; a number used again by others is not it."""
        wrote = self._wrote()
        begun = None if wrote is None else processes.started(wrote.pid)
        if wrote is None or begun is None or wrote.started not in {None, begun}:
            return None
        return wrote if processes.known(wrote.pid, begun, self.path) else None

    def workers(self) -> "list[psutil.Process]":
        """Return its processes: those that say so, and the one that wrote the ready file."""
        found = processes.running(self._script, self.path)
        wrote = self._wrote()
        if wrote is not None and wrote.started is not None:
            process = processes.known(wrote.pid, wrote.started, self.path)
            if process is not None and process not in found:
                found.append(process)
        return found

    def end(self) -> None:
        """End its processes, and make sure that neither of its addresses answers for it any more.

        Raises:
            OutsideError: One cannot be ended, or answers still: it runs where we cannot see it.
        """
        workers, wrote, settings = self.workers(), self._wrote(), self.settings()
        for worker in processes.end(workers, patience=_PATIENCE):
            raise self._remains(f"process {worker.pid} cannot be ended")
        addresses = [] if wrote is None else [wrote.address]
        if settings is not None and (workers or wrote is not None):
            addresses.append(address(settings.host, settings.port))
        for each in addresses:
            identity = ask(each)
            if (
                identity is not None
                and (identity.endpoint, identity.fence) == (self._endpoint, self._fence)
                and (settings is None or identity.digest == settings.digest)
            ):
                raise self._remains(f"process {identity.pid} answers at {each}")
        for name in ("ready.json", "token"):
            (self.path / name).unlink(missing_ok=True)

    def _wrote(self) -> Ready | None:
        return _read(self.path / "ready.json", Ready)

    def _remains(self, why: str) -> OutsideError:
        return OutsideError(
            f"the server of {self._endpoint} with fence {self._fence} still runs: {why}",
            hint="end that process where it runs, then try again",
        )


def address(host: str, port: int) -> str:
    """Return ``http://host:port``."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def reachable(address: str) -> str:
    """Return an address to ask at: one that listens everywhere is asked on loopback."""
    return address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def ask(address: str) -> Identity | None:
    """Ask who answers at an address, on a fresh connection; None where nobody does or will say."""
    try:
        answer = http.request("GET", f"{reachable(address)}/-/model", timeout=ASK)
        return msgspec.json.decode(answer.body, type=Identity) if answer.status == HTTPStatus.OK else None
    except (OutsideError, msgspec.DecodeError):
        return None


def _read(path: Path, kind: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None
