"""The rollout engine: from a release to a version that answers, or back to the one before.

It takes a deployer and a history as values, and knows neither git nor processes. An entry is durable
before the side effect that it names, so that whoever comes after a crash knows what may be there.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from mltoolkit.deployers import proof
from mltoolkit.deployers.base import Deployer
from mltoolkit.errors import (
    CannotTellError,
    InputError,
    MltoolkitError,
    OutsideError,
    RefusedError,
    RolledBackError,
    SupersededError,
)
from mltoolkit.evidence import Golden
from mltoolkit.releases import (
    AFTER_SWITCH,
    WHOLE,
    Endpoint,
    Event,
    Holder,
    Release,
    Revision,
    State,
    Tip,
    busy,
)

_WATCHED = "the address is asked who answers there"
_GONE = "the process that ran it is gone"


class History(Protocol):
    """Where events are recorded durably, by compare-and-swap. ``journal.Journal`` is one."""

    def read(self, name: str) -> Tip:
        """Return the end of an endpoint's history."""

    def append(self, tip: Tip, event: Event) -> Tip:
        """Record an event after ``tip``, or raise SupersededError where the history went on since."""


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts, and what the engine has to know of the place where it runs.

    Attributes:
        by: A name, with an address in angle brackets where there is one.
        run: The address of the run, where there is one.
        holder: The process that acts.
        now: Tells the time.
        alive: Tells whether the process that runs a rollout still does.
    """

    by: str
    run: str | None
    holder: Holder
    now: Callable[[], datetime]
    alive: Callable[[Holder], bool]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a command on an endpoint ended.

    Attributes:
        endpoint: The endpoint after it.
        changed: Whether anything was recorded.
        unknown: Fences of servers that the journal did not know, and that were ended.
    """

    endpoint: Endpoint
    changed: bool
    unknown: tuple[int, ...] = ()


class _Record:
    """An endpoint's history while one command works on it."""

    def __init__(self, name: str, history: History, operator: Operator) -> None:
        self._name = name
        self._history = history
        self.operator = operator
        self.tip = history.read(name)

    @property
    def endpoint(self) -> Endpoint:
        return self.tip.endpoint

    def reload(self) -> None:
        self.tip = self._history.read(self._name)

    def newest(self) -> Endpoint:
        """Return the endpoint as the history has it now; what we act on stays what it was."""
        return self._history.read(self._name).endpoint

    def add(
        self,
        state: State,
        reason: str,
        *,
        revision: Revision | None = None,
        share: int | None = None,
        digest: str | None = None,
    ) -> None:
        event = Event(
            endpoint=self._name,
            state=state,
            fence=self.endpoint.fence if revision is None else revision.fence,
            at=self.operator.now().astimezone(UTC).isoformat(timespec="milliseconds"),
            by=self.operator.by,
            run=self.operator.run,
            reason=reason,
            revision=revision,
            holder=None if revision is None else self.operator.holder,
            share=share,
            digest=digest,
        )
        self.tip = self._history.append(self.tip, event)


def deploy(
    release: Release,
    golden: Golden,
    *,
    deployer: Deployer,
    history: History,
    operator: Operator,
    unhold: bool = False,
) -> Outcome:
    """Bring a release onto its endpoint, or leave the endpoint as it was.

    A rollout that a dead process left is brought to its end first. The same digest again changes
    nothing if it answers, and starts it if it does not.

    Args:
        release: What was judged, and where it goes.
        golden: Requests with the offline predictions.
        deployer: Acts on the target.
        history: Records.
        operator: Who acts.
        unhold: Let a digest go that was rolled back on this endpoint before.

    Raises:
        RefusedError: The version is held, or did not prove itself; the one before was never touched.
        CannotTellError: The verdict compared it with another version than the live one.
        InputError: The address is used by somebody else; nothing was recorded.
        OutsideError: It could not be started; the one before was never touched.
        RolledBackError: It did not answer on the public address; the one before does again.
        SupersededError: Another rollout runs, or was faster.
    """
    record = _take(release.endpoint, deployer, history, operator)
    live = record.endpoint.live
    if live is not None and live.digest == release.digest:
        return _start(record, deployer, "the live version was deployed again")
    _check(release, record.endpoint, unhold=unhold)
    _end_unknown(record, deployer)
    address = deployer.address(record.endpoint)
    if release.digest in record.endpoint.held:
        record.add(State.UNHELD, "asked for by a person", digest=release.digest)
    revision = Revision(
        release=release,
        version=record.endpoint.versions + 1,
        fence=record.endpoint.fence + 1,
        address=address,
    )
    try:
        record.add(State.PLANNED, release.reason, revision=revision)
        record.add(State.LOCKED, "no other rollout runs")
        _prove(record, revision, golden, deployer)
        record.add(State.SWITCHING, "it proved itself in private", share=WHOLE)
        deployer.switch(revision)
        record.add(State.SWITCHED, "the address is its own", share=WHOLE)
        record.add(State.BAKING, _WATCHED, share=WHOLE)
        proof.watch(deployer, revision)
        record.add(State.COMMITTED, release.reason)
    except BaseException as error:
        _undo(record, revision, deployer, error)
        raise
    deployer.settle(record.endpoint)
    return Outcome(endpoint=record.endpoint, changed=True)


def stop(name: str, *, deployer: Deployer, history: History, operator: Operator) -> Outcome:
    """End an endpoint's server; its copy of the model and its history stay.

    So does every server of the endpoint that the journal does not know.

    Raises:
        InputError: Nothing is live there, and nothing runs.
        OutsideError: The server cannot be ended, or answers still.
        SupersededError: A rollout runs.
    """
    record = _take(name, deployer, history, operator)
    unknown = _end_unknown(record, deployer)
    if record.endpoint.live is None and not unknown:
        raise InputError(f"nothing is live on {name}")
    changed = _stop(record, deployer)
    return Outcome(endpoint=record.endpoint, changed=changed, unknown=unknown)


def start(name: str, *, deployer: Deployer, history: History, operator: Operator) -> Outcome:
    """Bring an endpoint's live version back from its kept copy, if it does not answer.

    Raises:
        InputError: Nothing is live there, or its address is used by somebody else.
        RefusedError: The kept copy was changed, or nobody answers.
        OutsideError: It cannot be started, or another server answers.
        SupersededError: A rollout runs.
    """
    record = _take(name, deployer, history, operator)
    if record.endpoint.live is None:
        raise InputError(f"nothing is live on {name}", hint=f"mltoolkit deploy --endpoint {name}")
    return _start(record, deployer, "asked for by a person")


def delete(name: str, *, deployer: Deployer, history: History, operator: Operator) -> Outcome:
    """End an endpoint's servers and remove the copies of its models; the history stays.

    Raises:
        OutsideError: A server cannot be ended, or answers still; it is not recorded as deleted.
        SupersededError: A rollout runs.
    """
    record = _take(name, deployer, history, operator)
    unknown = _end_unknown(record, deployer, remove=True)
    changed = record.endpoint.fence > 0 and not record.endpoint.deleted
    if changed:
        # Stopped first: what cannot be ended stays known, and is asked again the next time.
        _stop(record, deployer)
        record.add(State.DELETED, "asked for by a person")
    deployer.settle(record.endpoint)
    return Outcome(endpoint=record.endpoint, changed=changed, unknown=unknown)


def _take(name: str, deployer: Deployer, history: History, operator: Operator) -> _Record:
    """Read the history, and bring what a dead process left to its end."""
    record = _Record(name, history, operator)
    running = record.endpoint.running
    if running is not None:
        if operator.alive(running.holder):
            raise SupersededError(busy(running), hint="wait for it, then try again")
        if running.state in AFTER_SWITCH:
            _finish(record, running.revision, running.state, deployer)
        else:
            record.add(State.ABORTED, _GONE)
            deployer.discard(name, running.revision.fence)
    deployer.settle(record.endpoint)
    return record


def _end_unknown(record: _Record, deployer: Deployer, *, remove: bool = False) -> tuple[int, ...]:
    """End what runs with a fence that was never given: its journal was removed, or put back.

    Returns:
        The fences whose server ran.
    """
    name = record.endpoint.name
    found = deployer.found(name)
    # Read after looking: a rollout that began since has recorded its fence before it started anything.
    given = record.newest().fence
    unknown = [fence for fence in found if fence > given]
    for fence in unknown:
        if remove:
            deployer.discard(name, fence)
        else:
            deployer.retire(name, fence)
    return tuple(fence for fence in unknown if found[fence])


def _stop(record: _Record, deployer: Deployer) -> bool:
    """End the live version's server, where there is one; tell whether that was recorded."""
    live = record.endpoint.live
    if live is None:
        return False
    changed = not record.endpoint.stopped
    if changed:
        record.add(State.STOPPED, "asked for by a person")
    deployer.retire(record.endpoint.name, live.revision.fence)
    proof.gone(deployer, live.revision)
    return changed


def _finish(record: _Record, revision: Revision, state: State, deployer: Deployer) -> None:
    """Finish a switch that a dead process began: the version had proved itself before."""
    try:
        deployer.switch(revision)
        if state is State.SWITCHING:
            record.add(State.SWITCHED, f"{_GONE}; its switch was finished", share=WHOLE)
        if state is not State.BAKING:
            record.add(State.BAKING, _WATCHED, share=WHOLE)
        proof.watch(deployer, revision)
        record.add(State.COMMITTED, f"{_GONE}; its switch was finished")
    except (RefusedError, OutsideError) as error:
        _take_back(record, revision, deployer, f"{_GONE}, and {_reason(error)}", hold=False)


def _check(release: Release, endpoint: Endpoint, *, unhold: bool) -> None:
    if release.digest in endpoint.held and not unhold:
        raise RefusedError(
            f"the model {release.digest} was rolled back on {endpoint.name} and is held",
            hint=f"see mltoolkit endpoints history {endpoint.name}; --unhold lets it go there again",
        )
    live = None if endpoint.live is None else endpoint.live.digest
    if release.champion != live:
        raise CannotTellError(
            f"the verdict compared the model with {release.champion or 'no champion'}, "
            f"and {live or 'nothing'} is live on {endpoint.name}",
            hint="judge again: mltoolkit evaluate, then mltoolkit gate",
        )


def _prove(record: _Record, revision: Revision, golden: Golden, deployer: Deployer) -> None:
    """Start the revision where no user reaches it; it must say who it is and answer as offline."""
    record.add(State.STAGED, "it gets a copy of the model and a private address")
    deployer.stage(revision)
    identity = proof.identify(deployer, revision)
    record.add(State.READY, f"it says that it is {identity}")
    count = proof.compare(deployer, revision, golden)
    tolerance = revision.release.tolerance
    record.add(State.PROBED, f"{count} golden rows answered as offline within {tolerance:g}")


def _undo(record: _Record, revision: Revision, deployer: Deployer, error: BaseException) -> None:
    """Bring a rollout that failed to its end: aborted before the switch, rolled back after it."""
    # Where a cancellation met an append, only the history knows whether it was recorded.
    record.reload()
    running = record.endpoint.running
    if running is None or running.revision != revision or running.holder != record.operator.holder:
        return
    if running.state not in AFTER_SWITCH:
        record.add(State.ABORTED, _reason(error))
        deployer.discard(revision.release.endpoint, revision.fence)
        return
    # Held is what a version did itself; a cancellation or a busy machine says nothing about it.
    _take_back(record, revision, deployer, _reason(error), hold=isinstance(error, RefusedError))
    if isinstance(error, MltoolkitError):
        raise RolledBackError(
            f"v{revision.version} was rolled back: {error.what}",
            hint=f"mltoolkit endpoints history {revision.release.endpoint}",
        ) from error


def _take_back(record: _Record, revision: Revision, deployer: Deployer, reason: str, *, hold: bool) -> None:
    live = record.endpoint.live
    record.add(State.ROLLED_BACK, reason, digest=revision.release.digest if hold else None)
    deployer.back(revision, None if live is None else live.revision)
    deployer.discard(revision.release.endpoint, revision.fence)


def _start(record: _Record, deployer: Deployer, reason: str) -> Outcome:
    live = record.endpoint.live
    if live is None:
        raise InputError(f"nothing is live on {record.endpoint.name}")
    identity = deployer.observe(live.revision.address)
    if identity is not None and identity.is_of(live.revision):
        return Outcome(endpoint=record.endpoint, changed=False)
    _end_unknown(record, deployer)
    address = deployer.address(record.endpoint)
    if address != live.revision.address:
        raise InputError(
            f"{record.endpoint.name} was live at {live.revision.address}, and params.yaml says {address}",
            hint="put the address back, or deploy another version to the new one",
        )
    record.add(State.STARTED, reason)
    try:
        deployer.stage(live.revision)
        proof.identify(deployer, live.revision)
        deployer.switch(live.revision)
        proof.watch(deployer, live.revision)
    except BaseException:
        deployer.retire(record.endpoint.name, live.revision.fence)
        raise
    return Outcome(endpoint=record.endpoint, changed=True)


def _reason(error: BaseException) -> str:
    """Return one line for the journal: never a log, which may hold anything."""
    match error:
        case KeyboardInterrupt():
            return "cancelled"
        case MltoolkitError():
            return error.what.splitlines()[0][:300]
        case _:
            return f"a bug of mltoolkit: {type(error).__name__}"
