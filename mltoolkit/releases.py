"""Releases, rollouts and endpoints as values: the states, the legal changes, and nothing that acts.

An endpoint is the fold of its events. ``apply`` makes the next fold, or refuses the event.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from mltoolkit.errors import SupersededError
from mltoolkit.evidence import Digest, Finite, Value

KEPT = 3
"""How many versions before the live one stay, so that there is a way back."""

WHOLE = 100
"""The share of all requests, in percent."""

Instant = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$")]
"""A UTC time in ISO 8601."""


class State(StrEnum):
    """What an event says happened. An entry is durable before the side effect that it names."""

    PLANNED = "planned"
    LOCKED = "locked"
    STAGED = "staged"
    READY = "ready"
    PROBED = "probed"
    SWITCHING = "switching"
    SWITCHED = "switched"
    BAKING = "baking"
    COMMITTED = "committed"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled-back"
    STOPPED = "stopped"
    STARTED = "started"
    DELETED = "deleted"
    UNHELD = "unheld"


_BEFORE_SWITCH = (State.PLANNED, State.LOCKED, State.STAGED, State.READY, State.PROBED)
AFTER_SWITCH = (State.SWITCHING, State.SWITCHED, State.BAKING)
"""States in which users' requests may reach the new version."""

_FROM = {
    State.LOCKED: (State.PLANNED,),
    State.STAGED: (State.LOCKED,),
    State.READY: (State.STAGED,),
    State.PROBED: (State.READY,),
    State.SWITCHING: (State.PROBED, State.SWITCHED, State.BAKING),
    State.SWITCHED: (State.SWITCHING,),
    State.BAKING: (State.SWITCHED,),
    State.COMMITTED: (State.SWITCHED, State.BAKING),
    State.ABORTED: _BEFORE_SWITCH,
    State.ROLLED_BACK: AFTER_SWITCH,
}
"""Which states of a rollout each one may follow."""


class Release(Value, frozen=True, kw_only=True):
    """Intent: this model, to this endpoint, on the strength of this verdict.

    Attributes:
        endpoint: Where it goes.
        model: Its name in ``params.yaml``.
        digest: Of the model directory.
        champion: Digest of the model that the verdict compared it with, or None.
        verdict: Digest of the verdict file.
        evidence: Digest of the evidence file.
        golden: Digest of the golden file.
        commit: The commit that the evidence was made from, 40 hex digits.
        reason: The verdict's reason, or who approved it and why.
        approval: Digest of the approval of an inconclusive verdict; None where the gate promoted.
        tolerance: How far, absolutely and relatively, an answer may be from the offline prediction.
    """

    endpoint: str
    model: str
    digest: Digest
    champion: Digest | None
    verdict: Digest
    evidence: Digest
    golden: Digest
    commit: str
    reason: str
    approval: Digest | None = None
    tolerance: Finite = 1e-6


class Revision(Value, frozen=True, kw_only=True):
    """A release with its place on the endpoint.

    Attributes:
        release: The intent.
        version: Counts the versions that users' requests could reach on this endpoint, from 1.
        fence: Counts the rollouts of this endpoint, from 1; a smaller one may change nothing.
        address: Where it answers: ``http://host:port``.
    """

    release: Release
    version: int
    fence: int
    address: str


class Holder(Value, frozen=True, kw_only=True):
    """The process that runs a rollout.

    Attributes:
        host: The machine's name.
        pid: Its process id.
        started: When it began, in a form that tells it from a later process with the same id.
    """

    host: str
    pid: int
    started: str


class Rollout(Value, frozen=True, kw_only=True):
    """What happens to a release now.

    Attributes:
        revision: The release and its place.
        state: The last state that was recorded.
        share: Percent of the requests that the new version gets.
        since: When it was planned.
        by: Who asked for it.
        holder: The process that runs it.
    """

    revision: Revision
    state: State
    share: int
    since: Instant
    by: str
    holder: Holder


class Committed(Value, frozen=True, kw_only=True):
    """A version that was proved on the public address.

    Attributes:
        revision: The release and its place.
        since: When it was committed.
        by: Who asked for it.
    """

    revision: Revision
    since: Instant
    by: str

    @property
    def digest(self) -> str:
        """The model's digest."""
        return self.revision.release.digest


class Event(Value, frozen=True, kw_only=True):
    """One entry of the journal.

    Attributes:
        schema: Name and version of this file's format.
        endpoint: What it is about.
        state: What happened.
        fence: Of the rollout that it belongs to; otherwise the highest one so far.
        at: When.
        by: Who: a name, with an address in angle brackets where there is one.
        run: The address of the run that did it, where there is one.
        reason: Why, in one sentence.
        revision: What is rolled out (``planned`` only).
        holder: The process that runs the rollout (``planned`` only).
        share: Percent of the requests (``switching``, ``switched`` and ``baking`` only).
        digest: What a ``rolled-back`` event holds, and an ``unheld`` one lets go.
        details: Numbers and names for people.
    """

    schema: Literal["mltoolkit.event/1"] = "mltoolkit.event/1"
    endpoint: str
    state: State
    fence: int
    at: Instant
    by: str
    run: str | None = None
    reason: str
    revision: Revision | None = None
    holder: Holder | None = None
    share: int | None = None
    digest: Digest | None = None
    details: dict[str, Any] = msgspec.field(default_factory=dict)


class Endpoint(Value, frozen=True, kw_only=True):
    """The fold of an endpoint's events.

    Attributes:
        schema: Name and version of this file's format.
        name: The endpoint.
        live: The version that answers, or should.
        previous: Those before it, newest first, at most ``KEPT``.
        running: The rollout that is under way.
        fence: The highest one that was given.
        versions: How many versions users' requests could reach so far.
        held: Digests that were rolled back; only a person lets them go.
        stopped: Whether a person stopped the server.
        deleted: Whether a person deleted the endpoint.
    """

    schema: Literal["mltoolkit.endpoint/1"] = "mltoolkit.endpoint/1"
    name: str
    live: Committed | None = None
    previous: tuple[Committed, ...] = ()
    running: Rollout | None = None
    fence: int = 0
    versions: int = 0
    held: tuple[Digest, ...] = ()
    stopped: bool = False
    deleted: bool = False

    @property
    def kept(self) -> tuple[int, ...]:
        """The fences whose copies stay: the live version's and those before it."""
        live = () if self.live is None else (self.live,)
        return tuple(each.revision.fence for each in (*live, *self.previous))


class Tip(Value, frozen=True, kw_only=True):
    """The end of an endpoint's history.

    Attributes:
        commit: 40 hex digits; None where there is no history yet.
        endpoint: The fold of all events.
    """

    commit: str | None
    endpoint: Endpoint


class IllegalChangeError(ValueError):
    """An event that cannot follow: a bug of ours, never a person's mistake."""


def apply(endpoint: Endpoint, event: Event) -> Endpoint:
    """Return the endpoint after an event.

    Raises:
        SupersededError: The event belongs to a rollout that is over, or to a moment when another runs.
        IllegalChangeError: The event cannot follow on what was.
    """
    if event.endpoint != endpoint.name:
        raise IllegalChangeError(f"an event of {event.endpoint} on {endpoint.name}")
    match event.state:
        case State.PLANNED:
            return _plan(endpoint, event)
        case State.STOPPED | State.STARTED | State.DELETED | State.UNHELD:
            return _manage(endpoint, event)
        case _:
            return _advance(endpoint, event)


def _plan(endpoint: Endpoint, event: Event) -> Endpoint:
    _refuse_running(endpoint)
    revision, holder = event.revision, event.holder
    if revision is None or holder is None:
        raise IllegalChangeError("planned without a revision and its holder")
    if not event.fence == revision.fence == endpoint.fence + 1:
        raise SupersededError(f"fence {event.fence} does not follow {endpoint.fence} on {endpoint.name}")
    if revision.release.endpoint != endpoint.name or revision.version != endpoint.versions + 1:
        raise IllegalChangeError(f"v{revision.version} for {revision.release.endpoint} does not follow")
    if revision.release.digest in endpoint.held:
        raise IllegalChangeError("planned a digest that is held")
    running = Rollout(
        revision=revision, state=State.PLANNED, share=0, since=event.at, by=event.by, holder=holder
    )
    return msgspec.structs.replace(endpoint, running=running, fence=event.fence)


def _manage(endpoint: Endpoint, event: Event) -> Endpoint:
    _refuse_running(endpoint)
    if event.fence != endpoint.fence:
        raise SupersededError(f"fence {event.fence} is not {endpoint.name}'s, which is {endpoint.fence}")
    if event.state is State.UNHELD:
        if event.digest not in endpoint.held:
            raise IllegalChangeError("unheld a digest that was not held")
        held = tuple(digest for digest in endpoint.held if digest != event.digest)
        return msgspec.structs.replace(endpoint, held=held)
    if event.state is State.DELETED:
        if endpoint.deleted:
            raise IllegalChangeError("deleted twice")
        return msgspec.structs.replace(endpoint, live=None, previous=(), stopped=False, deleted=True)
    if endpoint.live is None:
        raise IllegalChangeError(f"{event.state} where nothing is live")
    return msgspec.structs.replace(endpoint, stopped=event.state is State.STOPPED)


def _advance(endpoint: Endpoint, event: Event) -> Endpoint:
    running = endpoint.running
    if running is None or event.fence != running.revision.fence:
        raise SupersededError(
            f"the rollout with fence {event.fence} on {endpoint.name} is over",
            hint=f"mltoolkit endpoints history {endpoint.name}",
        )
    if running.state not in _FROM[event.state]:
        raise IllegalChangeError(f"{event.state} cannot follow {running.state}")
    share = _share(running, event)
    match event.state:
        case State.COMMITTED:
            live = Committed(revision=running.revision, since=event.at, by=running.by)
            before = () if endpoint.live is None else (endpoint.live,)
            return msgspec.structs.replace(
                endpoint,
                live=live,
                previous=(*before, *endpoint.previous)[:KEPT],
                running=None,
                stopped=False,
                deleted=False,
            )
        case State.ABORTED:
            return msgspec.structs.replace(endpoint, running=None)
        case State.ROLLED_BACK:
            held = endpoint.held
            if event.digest is not None and event.digest not in held:
                held = (*held, event.digest)
            return msgspec.structs.replace(endpoint, running=None, held=held)
        case _:
            versions = endpoint.versions
            if event.state is State.SWITCHING:
                versions = max(versions, running.revision.version)
            running = msgspec.structs.replace(running, state=event.state, share=share)
            return msgspec.structs.replace(endpoint, running=running, versions=versions)


def _share(running: Rollout, event: Event) -> int:
    """Return the share after the event: it grows when switching, and stays otherwise."""
    if event.state is State.COMMITTED and running.share != WHOLE:
        raise IllegalChangeError(f"committed at a share of {running.share} %")
    if event.state not in AFTER_SWITCH:
        return running.share
    if event.share is None or not 0 < event.share <= WHOLE:
        raise IllegalChangeError(f"{event.state} with a share of {event.share} %")
    grows = event.state is State.SWITCHING
    if event.share <= running.share if grows else event.share != running.share:
        raise IllegalChangeError(f"{event.state} at {event.share} % after {running.share} %")
    return event.share


def _refuse_running(endpoint: Endpoint) -> None:
    """Only one rollout at a time; who runs it is what the loser wants to know."""
    if (running := endpoint.running) is not None:
        raise SupersededError(busy(running), hint="wait for it, then try again")


def busy(running: Rollout) -> str:
    """Say who holds an endpoint."""
    revision = running.revision
    return (
        f"a rollout to {revision.release.endpoint} is {running.state}: v{revision.version} "
        f"by {running.by} since {running.since}, process {running.holder.pid} on {running.holder.host}"
    )


def folder(state: Path, endpoint: str, fence: int) -> Path:
    """Return where a target on this machine keeps what belongs to one rollout."""
    return state / "endpoints" / endpoint / str(fence)


def model_directory(state: Path, revision: Revision) -> Path:
    """Return where the copy of a revision's model is kept."""
    return folder(state, revision.release.endpoint, revision.fence) / "model"
