"""A bare git repository whose branches only advance: what may be added to, and never be changed.

One commit is one entry. Its tree holds what the entry says and a marker that names the format; the first
commit of a branch is the marker alone. A branch advances only by compare-and-swap, and an entry is on the
disk before ``append`` returns.
"""

import contextlib
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from mltoolkit import files, git
from mltoolkit.errors import CannotTellError, InputError, Location, MltoolkitError, OutsideError, of_disk
from mltoolkit.evidence import Value

_FOLDER = "journal.git"
_MARKER = "journal.json"
_BRANCHES = "refs/heads/mltoolkit/"
_NEVER = "0" * 40
_WHOLE = 600.0
"""Seconds that git may take to write or read one large file."""

_DURABLE = ("-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync", "-c", "core.filesRefLockTimeout=5000")
"""An entry survives a power cut before the side effect that it names begins."""

ValueT = TypeVar("ValueT", bound=msgspec.Struct)


class Marker(Value, frozen=True, kw_only=True):
    """Tells our repositories from others.

    Attributes:
        schema: Name and version of the format.
    """

    schema: Literal["mltoolkit.journal/1"] = "mltoolkit.journal/1"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be added to a branch.

    Attributes:
        files: Content by name.
        text: The commit message.
        by: Who adds it: ``Name <address>``.
        at: When, in ISO 8601.
        over: Whether files of the entry before it stay beside its own.
    """

    files: Mapping[str, bytes]
    text: str
    by: str
    at: str
    over: bool = False


class Branches:
    """The branches of a project's journal.

    Args:
        state: The project's state folder; the repository is made in it at the first entry.
    """

    def __init__(self, state: Path) -> None:
        self.path = state / _FOLDER
        self._state = state

    def names(self) -> tuple[str, ...]:
        """Return the branches that there are, sorted.

        Raises:
            InputError: The folder is not a journal of ours.
            CannotTellError: It is damaged.
        """
        if not self._exists():
            return ()
        listed = self._read_git("the journal", "for-each-ref", "--format=%(refname)", _BRANCHES)
        return tuple(line.removeprefix(_BRANCHES) for line in listed.splitlines())

    def read(self, name: str, *wanted: str) -> tuple[str | None, list[bytes | None]]:
        """Return the last entry of a branch: its commit, and of its files those that are wanted.

        Args:
            name: The branch.
            wanted: Names of files.

        Returns:
            No commit where there is no such branch, and None for a file that the entry does not have.

        Raises:
            InputError: The journal, or this branch of it, is not ours or has another schema.
            CannotTellError: It is damaged.
        """
        nothing: list[bytes | None] = [None] * len(wanted)
        if not self._exists():
            return None, nothing
        ref = _BRANCHES + name
        # The commit is asked for first: if the branch moves in between, the compare-and-swap that
        # follows fails, where the other order would let what is old win.
        names = [ref, *(f"{ref}:{each}" for each in (_MARKER, *wanted))]
        commit, marker, *found = self._objects(*names)
        if commit is None and (self.path / ref).exists():
            # Somebody may have begun the history since; once more it is there, or its file is damaged:
            # git calls such a branch "missing", and would let us write over it.
            commit, marker, *found = self._objects(*names)
            if commit is None:
                raise self.damaged(name, "its branch cannot be read")
        if commit is None:
            return None, nothing
        if marker is None:
            raise self.foreign(name)
        self.convert(marker[1], Marker, name)
        return commit[0], [None if each is None else each[1] for each in found]

    def history(self, name: str, commit: str) -> list[str]:
        """Return the entries up to a commit, oldest first.

        Raises:
            CannotTellError: The branch is damaged.
        """
        listed = self._read_git(name, "rev-list", "--reverse", "--first-parent", commit)
        # The first commit is the marker alone.
        return listed.splitlines()[1:]

    def contents(self, commits: list[str], file: str) -> list[bytes | None]:
        """Return a file of each of several entries, None where it is not there or cannot be read.

        Raises:
            CannotTellError: git cannot read the journal.
        """
        found = self._objects(*(f"{commit}:{file}" for commit in commits))
        return [None if each is None else each[1] for each in found]

    def tree(self, name: str, commit: str) -> dict[str, str]:
        """Return the files of an entry by name, as git knows their contents.

        Raises:
            CannotTellError: The branch is damaged.
        """
        listed = self._read_git(name, "ls-tree", "-z", commit)
        lines = [line.partition("\t") for line in listed.split("\0") if line]
        return {file: kind.split(" ")[2] for kind, _, file in lines}

    def append(self, name: str, before: str | None, entry: Entry) -> str | None:
        """Add an entry after the commit ``before``, durably.

        Args:
            name: The branch.
            before: Its last commit, as it was read; None where it has none.
            entry: What to add.

        Returns:
            The new commit; None if somebody else added something since, and nothing was changed.

        Raises:
            InputError: The journal is not ours.
            CannotTellError: It is damaged.
            OutsideError: git cannot write.
        """
        self._make()
        with _uninterrupted():
            marker = self._store(files.dump_json(Marker()))
            parent = before or self._commit(
                {_MARKER: marker}, None, f"journal of {name}\n\nFormat: {Marker().schema}\n", entry
            )
            tree = self.tree(name, parent) if entry.over else {}
            tree |= {file: self._store(data) for file, data in entry.files.items()}
            commit = self._commit({**tree, _MARKER: marker}, parent, entry.text, entry)
            ref = _BRANCHES + name
            moved = git.git(self.path, *_DURABLE, "--git-dir=.", "update-ref", ref, commit, before or _NEVER)
        if not moved.code:
            return commit
        now, _ = self.read(name)
        if now == before:
            raise OutsideError(
                f"the journal cannot be written: {moved.tail()}",
                hint=f"make room if its disk is full; if no git is running, remove {self.path / ref}.lock",
            )
        return commit if now == commit else None

    def convert(self, data: bytes, kind: type[ValueT], name: str) -> ValueT:
        """Return a file of ours as its type.

        Args:
            data: The file.
            kind: A struct with a ``schema`` field of one literal value.
            name: The branch that it is in, for errors.

        Raises:
            InputError: It has another schema.
            CannotTellError: It is damaged.
        """
        where = self._where(name)
        plain = files.parse_json(data, where, error=CannotTellError)
        return files.convert(
            plain,
            kind,
            other=lambda what: InputError(
                what, where=where, hint="use the version of mltoolkit that wrote this journal"
            ),
            unusable=lambda what: self.damaged(name, what),
        )

    def foreign(self, name: str) -> MltoolkitError:
        """Return the error that a branch is somebody else's."""
        return InputError(
            "this branch is not a journal of ours, and is left as it is",
            where=self._where(name),
            hint="move it away, or choose another `state` folder in params.yaml",
        )

    def damaged(self, name: str, why: str) -> MltoolkitError:
        """Return the error that a branch is damaged."""
        return CannotTellError(
            f"the journal is damaged: {why}",
            where=self._where(name),
            hint=f"look with: git --git-dir {self.path} fsck; it is left as it is",
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
        try:
            beside = Path(tempfile.mkdtemp(dir=self._state, prefix=f".{_FOLDER}."))
        except OSError as error:
            why, where = f"cannot be written: {error.strerror}", Location(path=str(self._state))
            raise of_disk(error, str(self._state)) or InputError(why, where=where) from error
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
        done = git.git(self.path, *_DURABLE, "--git-dir=.", *words, data=data, env=env, timeout=_WHOLE)
        if done.code:
            raise OutsideError(
                f"the journal cannot be written: git {words[0]}: {done.tail()}",
                where=Location(path=str(self.path)),
                hint="nothing was added to it; make room if its disk is full, or let it be written, and do it again",
            )
        return done.out.decode(errors="surrogateescape").removesuffix("\n")

    def _read_git(self, name: str, *words: str) -> str:
        """Run git where all that it needs is in the journal: what it cannot read is damaged."""
        done = git.git(self.path, "--git-dir=.", *words)
        if done.code:
            raise self.damaged(name, done.tail())
        return done.out.decode().strip()

    def _store(self, data: bytes) -> str:
        return self._git("hash-object", "-w", "--stdin", data=data)

    def _commit(self, tree: dict[str, str], parent: str | None, text: str, entry: Entry) -> str:
        listing = "".join(f"100644 blob {blob}\t{name}\n" for name, blob in sorted(tree.items()))
        made = self._git("mktree", data=listing.encode())
        name, email = _author(entry.by)
        env = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", email), ("DATE", entry.at))
        }
        parents = () if parent is None else ("-p", parent)
        return self._git("commit-tree", *parents, made, data=text.encode(), env=env)

    def _objects(self, *names: str) -> list[tuple[str, bytes] | None]:
        """Return id and content of each object, None for those that are missing, with one process."""
        asked = "".join(f"{name}\n" for name in names).encode()
        done = git.git(self.path, "--git-dir=.", "cat-file", "--batch", data=asked, timeout=_WHOLE)
        found: list[tuple[str, bytes] | None] = []
        at = 0
        for name in names:
            end = done.out.find(b"\n", at)
            if end < 0:
                raise self.damaged(name, done.tail())
            head = done.out[at:end]
            at = end + 1
            if head.endswith((b" missing", b" ambiguous")):
                found.append(None)
                continue
            identity, _, size = head.decode().split(" ")
            found.append((identity, done.out[at : at + int(size)]))
            at += int(size) + 1
        return found

    def _where(self, name: str) -> Location:
        return Location(path=str(self.path), key=name)


def _author(by: str) -> tuple[str, str]:
    """Split ``Name <address>``; git refuses an empty name and these characters."""
    name, _, email = by.partition("<")
    cleaned = [re.sub(r"[<>\n\0]", "", part).strip(" .,:;\"'\\") for part in (name, email)]
    return cleaned[0] or "unknown", cleaned[1]


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a cancellation wait: a git that is killed in the middle leaves its lock behind."""
    waiting = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, waiting)
