"""What the rollout engine asks of a target, whatever it is, and when its answers are the right ones."""

import math
import numbers
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from mltoolkit.releases import Endpoint, Revision


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a server says it is.

    Attributes:
        endpoint: The endpoint that it was started for.
        digest: Of the model that it loaded.
        version: The version's number on the endpoint.
        fence: Of the rollout that started it.
        pid: Its process id, where it has one.
    """

    endpoint: str
    digest: str
    version: int
    fence: int
    pid: int | None = None

    def is_of(self, revision: Revision) -> bool:
        """Tell whether this is a server of a revision, whichever process it is."""
        release = revision.release
        return (self.endpoint, self.digest, self.version, self.fence) == (
            release.endpoint,
            release.digest,
            revision.version,
            revision.fence,
        )

    def __str__(self) -> str:
        """Name version and digest."""
        return f"v{self.version} {self.digest} (fence {self.fence})"


class Deployer(Protocol):
    """Brings revisions onto an endpoint. Every act is idempotent under (endpoint, fence).

    A revision is *staged*: it runs and can be asked in private, and no user's request reaches it.
    ``switch`` lets requests reach it and keeps them from every other; ``back`` undoes that.
    Failures of the target are ``OutsideError``; a server that answers wrongly is ``RefusedError``.
    """

    def address(self, endpoint: Endpoint) -> str:
        """Return where the endpoint answers, or will answer. Changes nothing.

        Raises:
            InputError: The address is used by somebody else.
        """

    def stage(self, revision: Revision) -> None:
        """Bring the model to the target and start it, reachable in private only.

        A server with this fence that was started for something else is ended first.

        Raises:
            RefusedError: What arrived is not what was judged, or may not be loaded.
            OutsideError: It cannot be started.
        """

    def ready(self, revision: Revision) -> Identity:
        """Wait until the staged revision answers, and return who it says it is.

        Raises:
            OutsideError: It ended, or did not answer in time; with the end of its log.
        """

    def predict(self, revision: Revision, request: Mapping[str, Any]) -> list[Any]:
        """Ask the staged revision in private, with a body of ``/invocations``.

        Raises:
            RefusedError: It answers with something else than predictions.
            OutsideError: It does not answer.
        """

    def switch(self, revision: Revision) -> None:
        """Let the users' requests reach this revision, and no other.

        Raises:
            OutsideError: The target cannot do it.
        """

    def observe(self, address: str) -> Identity | None:
        """Ask who answers the users' requests now; None where nobody does."""

    def back(self, revision: Revision, before: Revision | None) -> None:
        """Undo ``switch``: requests reach ``before`` again, where there is one, and no longer this one.

        Raises:
            OutsideError: The target cannot do it.
        """

    def retire(self, endpoint: str, fence: int) -> None:
        """End the server of a fence within bounded time; its copy of the model stays.

        Raises:
            OutsideError: It cannot be ended, or still answers; named by its process.
        """

    def discard(self, endpoint: str, fence: int) -> None:
        """End the server of a fence and remove everything that it left.

        Raises:
            OutsideError: It cannot be ended, or still answers; then nothing is removed.
        """

    def found(self, endpoint: str) -> dict[int, bool]:
        """Return every fence of which something is on the target, and whether its server runs.

        It looks at the target alone: a fence that the journal does not know is among them.
        """

    def settle(self, endpoint: Endpoint) -> None:
        """End and remove what the journal no longer knows.

        Servers other than the live one's end; copies of versions that are not kept go. Fences above
        the endpoint's highest belong to rollouts that began since, and are left alone.

        Raises:
            OutsideError: A server cannot be ended.
        """


def difference(expected: Any, answered: Any, tolerance: float) -> str | None:
    """Return where an answer differs from the offline prediction, or None.

    Args:
        expected: A number, a label, or a list or mapping of such.
        answered: What the server said.
        tolerance: Allowed between numbers, absolutely or relative to the expected one; labels are equal.
    """
    if isinstance(expected, list | tuple) and isinstance(answered, list):
        if len(expected) != len(answered):
            return f"{len(answered)} answers where {len(expected)} are expected"
        pairs = enumerate(zip(expected, answered, strict=True))
        return next((f"[{at}] {d}" for at, (e, a) in pairs if (d := difference(e, a, tolerance))), None)
    if isinstance(expected, dict) and isinstance(answered, dict) and expected.keys() == answered.keys():
        return next(
            (f"{k}: {d}" for k, e in expected.items() if (d := difference(e, answered[k], tolerance))), None
        )
    if _number(expected) and _number(answered):
        # Written so that NaN is a difference.
        close = abs(answered - expected) <= tolerance * max(1.0, abs(expected))
        return None if close and math.isfinite(answered) else f"{answered!r}, offline {expected!r}"
    same = type(expected) is type(answered) and expected == answered
    return None if same else f"{answered!r}, offline {expected!r}"


def _number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
