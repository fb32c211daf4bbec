"""A deployer without processes, for tests of the engine: it passes the same contract as the real one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mltoolkit.deployers.base import Identity
from mltoolkit.errors import OutsideError
from mltoolkit.releases import Endpoint, Revision


@dataclass
class MemoryDeployer:
    """Servers are entries of a dictionary; what goes wrong is set by the test."""

    answers: list[Any] = field(default_factory=lambda: [1.0])
    servers: dict[tuple[str, int], Identity] = field(default_factory=dict)
    copies: set[tuple[str, int]] = field(default_factory=set)
    public: tuple[str, int] | None = None
    faults: dict[str, BaseException] = field(default_factory=dict)
    says: Identity | None = None
    deaf: bool = False
    unending: bool = False

    def _act(self, name: str) -> None:
        if name in self.faults:
            raise self.faults[name]

    def address(self, _endpoint: Endpoint) -> str:
        self._act("address")
        return "http://127.0.0.1:5001"

    def stage(self, revision: Revision) -> None:
        key = _key(revision)
        if key in self.servers and not self.servers[key].is_of(revision):
            self.retire(*key)
        self.copies.add(key)
        self._act("stage")
        self.servers[key] = Identity(
            endpoint=revision.release.endpoint,
            digest=revision.release.digest,
            version=revision.version,
            fence=revision.fence,
        )

    def ready(self, revision: Revision) -> Identity:
        self._act("ready")
        return self.says or self._server(revision)

    def predict(self, revision: Revision, request: Mapping[str, Any]) -> list[Any]:
        self._act("predict")
        self._server(revision)
        return self.answers[: len(request["dataframe_split"]["data"])]

    def switch(self, revision: Revision) -> None:
        self._server(revision)
        self._act("switch")
        self.public = _key(revision)

    def observe(self, _address: str) -> Identity | None:
        return None if self.public is None or self.deaf else self.servers.get(self.public)

    def back(self, _revision: Revision, before: Revision | None) -> None:
        alive = before is not None and _key(before) in self.servers
        self.public = _key(before) if before is not None and alive else None
        self.deaf = False

    def retire(self, endpoint: str, fence: int) -> None:
        if self.unending:
            return
        self.servers.pop((endpoint, fence), None)
        if self.public == (endpoint, fence):
            self.public = None

    def discard(self, endpoint: str, fence: int) -> None:
        self.retire(endpoint, fence)
        self.copies.discard((endpoint, fence))

    def found(self, endpoint: str) -> dict[int, bool]:
        fences = sorted(fence for name, fence in self.copies if name == endpoint)
        return {fence: (endpoint, fence) in self.servers for fence in fences}

    def settle(self, endpoint: Endpoint) -> None:
        live = endpoint.live.revision.fence if endpoint.live and not endpoint.stopped else None
        for name, fence in list(self.copies):
            if name != endpoint.name or fence > endpoint.fence or fence == live:
                continue
            if fence in endpoint.kept:
                self.retire(name, fence)
            else:
                self.discard(name, fence)

    def _server(self, revision: Revision) -> Identity:
        if _key(revision) not in self.servers:
            raise OutsideError("the server has ended")
        return self.servers[_key(revision)]


def _key(revision: Revision) -> tuple[str, int]:
    return revision.release.endpoint, revision.fence
