"""The journal: the append-only history of rollouts, the only truth about what is live.

It is a bare git repository, one branch for each endpoint, one commit for each event. A commit's tree
holds the event, the endpoint after it, and a marker that names the format. A branch advances only by
compare-and-swap, and an entry is on the disk before ``append`` returns.
"""

import contextlib
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from mltoolkit import files, git, releases
from mltoolkit.errors import (
    CannotTellError,
    InputError,
    Location,
    MltoolkitError,
    OutsideError,
    SupersededError,
)
from mltoolkit.evidence import Value
from mltoolkit.releases import Committed, Endpoint, Event, State, Tip

_FOLDER = "journal.git"
_MARKER = "journal.json"
_BRANCHES = "refs/heads/mltoolkit/"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)
_NEVER = "0" * 40

_DURABLE = ("-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync", "-c", "core.filesRefLockTimeout=5000")
"""An entry survives a power cut before the side effect that it names begins."""

ValueT = TypeVar("ValueT", bound=msgspec.Struct)


class Marker(Value, frozen=True, kw_only=True):
    """Tells our journals from other repositories.

    Attributes:
        schema: Name and version of the journal's format.
    """

    schema: Literal["mltoolkit.journal/1"] = "mltoolkit.journal/1"


class Journal:
    """The history of a project's endpoints.

    Args:
        state: The project's state folder; the journal is made in it at the first append.
    """

    def __init__(self, state: Path) -> None:
        self.path = state / _FOLDER
        self._state = state

    def names(self) -> tuple[str, ...]:
        """Return the endpoints that have a history, sorted.

        Raises:
            InputError: The folder is not a journal of ours.
            CannotTellError: It is damaged.
        """
        if not self._exists():
            return ()
        listed = self._read_git("the journal", "for-each-ref", "--format=%(refname)", _BRANCHES)
        return tuple(line.removeprefix(_BRANCHES) for line in listed.splitlines())

    def read(self, name: str) -> Tip:
        """Return the end of an endpoint's history.

        Raises:
            InputError: The journal, or this branch of it, is not ours or has another schema.
            CannotTellError: It is damaged.
        """
        nothing = Tip(commit=None, endpoint=Endpoint(name=name))
        if _NAME.fullmatch(name) is None or not self._exists():
            return nothing
        ref = _BRANCHES + name
        # The commit is asked for first: if the branch moves in between, the compare-and-swap that
        # follows fails, where the other order would let a stale fold win.
        names = ref, f"{ref}:{_MARKER}", f"{ref}:endpoint.json"
        commit, marker, endpoint = self._objects(*names)
        if commit is None and (self.path / ref).exists():
            # Somebody may have begun the history since; once more it is there, or its file is damaged:
            # git calls such a branch "missing", and would let us write over it.
            commit, marker, endpoint = self._objects(*names)
            if commit is None:
                raise self._damaged(name, "its branch cannot be read")
        if commit is None:
            return nothing
        if marker is None:
            raise self._foreign(name)
        self._convert(marker[1], Marker, name)
        if endpoint is None:
            raise self._damaged(name, "endpoint.json cannot be read")
        fold = self._convert(endpoint[1], Endpoint, name)
        if fold.name != name:
            raise self._foreign(name)
        return Tip(commit=commit[0], endpoint=fold)

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
        # The first commit is the marker alone.
        listed = self._read_git(name, "rev-list", "--reverse", "--first-parent", tip.commit)
        _, *commits = listed.splitlines()
        found = self._objects(*(f"{commit}:event.json" for commit in commits))
        if None in found:
            raise self._damaged(name, "an event cannot be read")
        return tuple(self._convert(each[1], Event, name) for each in found if each is not None)

    def append(self, tip: Tip, event: Event) -> Tip:
        """Record an event after ``tip``, durably, and return the new end.

        Raises:
            SupersededError: Somebody else recorded something since ``tip`` was read; nothing was changed.
            OutsideError: git cannot write.
        """
        endpoint = releases.apply(tip.endpoint, event)
        self._make()
        with _uninterrupted():
            marker = self._store(files.dump_json(Marker()))
            parent = tip.commit or self._commit(
                {_MARKER: marker}, None, f"journal of {event.endpoint}\n\nFormat: {Marker().schema}\n", event
            )
            tree = {
                "endpoint.json": self._store(files.dump_json(endpoint)),
                "event.json": self._store(files.dump_json(event)),
                _MARKER: marker,
            }
            commit = self._commit(tree, parent, message(event, tip.endpoint), event)
            ref = _BRANCHES + event.endpoint
            moved = git.git(
                self.path, *_DURABLE, "--git-dir=.", "update-ref", ref, commit, tip.commit or _NEVER
            )
        if not moved.code:
            return Tip(commit=commit, endpoint=endpoint)
        now = self.read(event.endpoint)
        if now.commit == commit:
            return now
        if now.commit == tip.commit:
            raise OutsideError(
                f"the journal cannot be written: {moved.tail()}",
                hint=f"if no git is running, remove {self.path / ref}.lock",
            )
        raise self._lost(now)

    def _lost(self, now: Tip) -> SupersededError:
        name, running = now.endpoint.name, now.endpoint.running
        if running is not None:
            return SupersededError(releases.busy(running), hint="wait for it, then try again")
        last = self.history(name)[-1:]
        how = "".join(f": {each.state} by {each.by} at {each.at}" for each in last)
        return SupersededError(
            f"{name} was changed meanwhile{how}", hint=f"mltoolkit endpoints history {name}"
        )

    def _exists(self) -> bool:
        if not self.path.exists() and not self.path.is_symlink():
            return False
        marker = self.path / _MARKER
        if not marker.is_file():
            raise InputError(
                "is not a journal of ours, and is left as it is",
                where=Location(path=str(self.path)),
                hint="move it away, or choose another `state` folder in params.yaml",
            )
        files.load(marker, Marker)
        return True

    def _make(self) -> None:
        """Make the repository beside and rename it, so that there is a whole one or none."""
        if self._exists():
            return
        files.ignored_folder(self._state)
        beside = Path(tempfile.mkdtemp(dir=self._state, prefix=f".{_FOLDER}."))
        try:
            git.output(beside, "init", "--bare", "--quiet", "--initial-branch=journal", "--template=", ".")
            files.write_bytes(beside / _MARKER, files.dump_json(Marker()))
            with contextlib.suppress(OSError):  # somebody else made it first
                beside.rename(self.path)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        self._exists()

    def _git(self, *words: str, data: bytes = b"", env: dict[str, str] | None = None) -> str:
        # With --git-dir also where git is told to trust no bare repository that it comes across.
        return git.output(self.path, *_DURABLE, "--git-dir=.", *words, data=data, env=env)

    def _read_git(self, name: str, *words: str) -> str:
        """Run git where all that it needs is in the journal: what it cannot read is damaged."""
        done = git.git(self.path, "--git-dir=.", *words)
        if done.code:
            raise self._damaged(name, done.tail())
        return done.out.decode().strip()

    def _store(self, data: bytes) -> str:
        return self._git("hash-object", "-w", "--stdin", data=data)

    def _commit(self, tree: dict[str, str], parent: str | None, text: str, event: Event) -> str:
        listing = "".join(f"100644 blob {blob}\t{name}\n" for name, blob in sorted(tree.items()))
        made = self._git("mktree", data=listing.encode())
        name, email = _author(event.by)
        env = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", email), ("DATE", event.at))
        }
        parents = () if parent is None else ("-p", parent)
        return self._git("commit-tree", *parents, made, data=text.encode(), env=env)

    def _objects(self, *names: str) -> list[tuple[str, bytes] | None]:
        """Return id and content of each object, None for those that are missing, with one process."""
        asked = "".join(f"{name}\n" for name in names).encode()
        done = git.git(self.path, "--git-dir=.", "cat-file", "--batch", data=asked)
        found: list[tuple[str, bytes] | None] = []
        rest = done.out
        for name in names:
            head, newline, rest = rest.partition(b"\n")
            if not newline:
                raise self._damaged(name, done.tail())
            if head.endswith((b" missing", b" ambiguous")):
                found.append(None)
                continue
            identity, _, size = head.decode().split(" ")
            found.append((identity, rest[: int(size)]))
            rest = rest[int(size) + 1 :]
        return found

    def _convert(self, data: bytes, kind: type[ValueT], name: str) -> ValueT:
        where = self._where(name)
        plain = files.parse_json(data, where, error=CannotTellError)
        wanted = next(field for field in msgspec.structs.fields(kind) if field.name == "schema").default
        schema = plain.get("schema") if isinstance(plain, dict) else None
        if schema != wanted:
            raise InputError(
                f"schema is {schema!r}, and this version reads {wanted!r}",
                where=where,
                hint="use the version of mltoolkit that wrote this journal",
            )
        try:
            return msgspec.convert(plain, kind, strict=True)
        except msgspec.ValidationError as error:
            raise self._damaged(name, str(error)) from error

    def _where(self, name: str) -> Location:
        return Location(path=str(self.path), key=name)

    def _foreign(self, name: str) -> MltoolkitError:
        return InputError(
            "this branch is not a journal of ours, and is left as it is",
            where=self._where(name),
            hint="move it away, or choose another `state` folder in params.yaml",
        )

    def _damaged(self, name: str, why: str) -> MltoolkitError:
        return CannotTellError(
            f"the journal is damaged: {why}",
            where=self._where(name),
            hint=f"look with: git --git-dir {self.path} fsck; it is left as it is",
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


def _author(by: str) -> tuple[str, str]:
    """Split ``Name <address>``; git refuses an empty name and these characters."""
    name, _, email = by.partition("<")
    cleaned = [re.sub(r"[<>\n\0]", "", part).strip(" .,:;\"'\\") for part in (name, email)]
    return cleaned[0] or "unknown", cleaned[1]


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a cancellation wait: a git that is killed in the middle leaves its lock behind."""
    waiting = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, waiting)
