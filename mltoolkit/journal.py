"""The journal: the append-only history of rollouts, the only truth about what is live.

It is kept in ``branches``: one branch for each endpoint, one commit for each event. A commit's tree
holds the event and the endpoint after it.
"""

import re
from pathlib import Path

from mltoolkit import files, releases
from mltoolkit.branches import Branches, Entry
from mltoolkit.errors import SupersededError
from mltoolkit.releases import Committed, Endpoint, Event, State, Tip
from mltoolkit.settings import TAKEN

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)


class Journal:
    """The history of a project's endpoints.

    Args:
        state: The project's state folder; the journal is made in it at the first append.
    """

    def __init__(self, state: Path) -> None:
        self._branches = Branches(state)

    def names(self) -> tuple[str, ...]:
        """Return the endpoints that have a history, sorted.

        Raises:
            InputError: The folder is not a journal of ours.
            CannotTellError: It is damaged.
        """
        return tuple(name for name in self._branches.names() if name not in TAKEN)

    def read(self, name: str) -> Tip:
        """Return the end of an endpoint's history.

        Raises:
            InputError: The journal, or this branch of it, is not ours or has another schema.
            CannotTellError: It is damaged.
        """
        nothing = Tip(commit=None, endpoint=Endpoint(name=name))
        if _NAME.fullmatch(name) is None or name in TAKEN:
            return nothing
        commit, (endpoint,) = self._branches.read(name, "endpoint.json")
        if commit is None:
            return nothing
        if endpoint is None:
            raise self._branches.damaged(name, "endpoint.json cannot be read")
        fold = self._branches.convert(endpoint, Endpoint, name)
        if fold.name != name:
            raise self._branches.foreign(name)
        return Tip(commit=commit, endpoint=fold)

    def endpoint(self, name: str) -> Endpoint:
        """Return an endpoint as it is now; without a history, one where nothing is live.

        Raises:
            InputError: The journal is not ours or has another schema.
            CannotTellError: It is damaged.
        """
        return self.read(name).endpoint

    def history(self, name: str) -> tuple[Event, ...]:
        """Return an endpoint's events, oldest first.

        Raises:
            InputError: The journal is not ours or has another schema.
            CannotTellError: It is damaged.
        """
        tip = self.read(name)
        if tip.commit is None:
            return ()
        found = self._branches.contents(self._branches.history(name, tip.commit), "event.json")
        if None in found:
            raise self._branches.damaged(name, "an event cannot be read")
        return tuple(self._branches.convert(each, Event, name) for each in found if each is not None)

    def append(self, tip: Tip, event: Event) -> Tip:
        """Record an event after ``tip``, durably, and return the new end.

        Raises:
            SupersededError: Somebody else recorded something since ``tip`` was read; nothing was changed.
            OutsideError: git cannot write.
        """
        endpoint = releases.apply(tip.endpoint, event)
        entry = Entry(
            files={"endpoint.json": files.dump_json(endpoint), "event.json": files.dump_json(event)},
            text=message(event, tip.endpoint),
            by=event.by,
            at=event.at,
        )
        commit = self._branches.append(event.endpoint, tip.commit, entry)
        if commit is None:
            raise self._lost(self.read(event.endpoint))
        return Tip(commit=commit, endpoint=endpoint)

    def _lost(self, now: Tip) -> SupersededError:
        name, running = now.endpoint.name, now.endpoint.running
        if running is not None:
            return SupersededError(releases.busy(running), hint="wait for it, then try again")
        last = self.history(name)[-1:]
        how = "".join(f": {each.state} by {each.by} at {each.at}" for each in last)
        return SupersededError(
            f"{name} was changed meanwhile{how}", hint=f"mltoolkit endpoints history {name}"
        )


def model_directory(state: Path, live: Committed) -> Path:
    """Return the kept copy of a version's model, below the project's state folder."""
    return releases.model_directory(state, live.revision)


def message(event: Event, before: Endpoint) -> str:
    """Return an event's commit message: what happened in a line, then why.

    Args:
        event: What happened.
        before: The endpoint before it.
    """
    running = before.running.revision if before.running else event.revision
    about = running or (before.live.revision if before.live else None)
    version = "" if about is None else f" v{about.version} {files.short(about.release.digest)}"
    name = f"{about.release.model}{version}" if about else event.endpoint
    share = "" if event.share is None else f" ({event.share} %)"
    subject = {
        State.PLANNED: f"{name} is to go to {event.endpoint}",
        State.LOCKED: f"{event.endpoint} is held for {name}, fence {event.fence}",
        State.STAGED: f"{name} starts beside the live version",
        State.READY: f"{name} answers and says who it is",
        State.PROBED: f"{name} answers as it did offline",
        State.SWITCHING: f"requests to {event.endpoint} go to {name}{share}",
        State.SWITCHED: f"requests to {event.endpoint} went to {name}{share}",
        State.BAKING: f"{name} is watched{share}",
        State.COMMITTED: f"{name} is live on {event.endpoint}",
        State.ABORTED: f"{name} did not go to {event.endpoint}",
        State.ROLLED_BACK: f"{name} was taken back from {event.endpoint}",
        State.STOPPED: f"{name} on {event.endpoint}",
        State.STARTED: f"{name} on {event.endpoint}",
        State.DELETED: event.endpoint,
        State.UNHELD: f"{files.short(event.digest or '')} may go to {event.endpoint} again",
    }[event.state]
    facts = [f"Fence: {event.fence}"]
    if about is not None:
        release = about.release
        facts += [f"Model: {release.digest}", f"Verdict: {release.verdict}", f"Commit: {release.commit}"]
    facts += [f"Run: {event.run}"] if event.run else []
    why = " ".join(event.reason.split())
    return f"{event.state}: {subject}\n\n{why}\n\n" + "\n".join(facts) + "\n"
