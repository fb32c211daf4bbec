"""What the journal keeps of verdicts: who has looked at which rows, and the evidence that was judged.

Two branches beside those of endpoints. ``mltoolkit/ledger`` has one commit for each look; its tree holds the
whole ledger, as ``git show mltoolkit/ledger:ledger.json`` prints it: one for all models, since rows wear out
whatever those who are judged on them are called. ``mltoolkit/evidence`` has one commit for each evidence; its
tree holds that evidence alone, with the verdict and the rules that decided.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from mltoolkit import files, ledger
from mltoolkit.branches import Branches, Entry
from mltoolkit.errors import CannotTellError, InputError, MltoolkitError, SupersededError
from mltoolkit.evidence import Digest, Evidence, Value
from mltoolkit.gate import Decision, Verdict
from mltoolkit.ledger import Ledger
from mltoolkit.rules.base import Rule

LEDGER = "ledger"
EVIDENCE = "evidence"

_Commit = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40}$")]
_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z]+\.(json|parquet)$")]

_LEDGER = "ledger.json"
_ABOUT = "kept.json"
_VERDICT = "verdict.json"
_RULES = "rules.json"
_TRIES = 20
"""How often somebody else may be faster. Each time one does, another entry is safe."""


class Kept(Value, frozen=True, kw_only=True):
    """What is kept of one verdict.

    Attributes:
        schema: Name and version of this file's format.
        model: The model's name in ``params.yaml``.
        commit: The commit that the evidence was made from.
        evidence: Digest of the evidence file.
        decision: What was decided.
        at: When it was kept, in ISO 8601.
        by: By whom.
        files: The files beside this one.
    """

    schema: Literal["mltoolkit.kept/1"] = "mltoolkit.kept/1"
    model: str
    commit: _Commit
    evidence: Digest
    decision: Decision
    at: str
    by: str
    files: tuple[_Name, ...]


class Archive:
    """The looks and the evidence of a project's models.

    Args:
        state: The project's state folder.
    """

    def __init__(self, state: Path) -> None:
        self._branches = Branches(state)

    def ledger(self) -> Ledger | str:
        """Return the looks at evaluation rows so far, of all models, or why they cannot be read."""
        try:
            return self._ledger()[1]
        except MltoolkitError as error:
            return error.what

    def record(self, verdict: Verdict, *, by: str, at: str) -> int | None:
        """Add the look that a verdict is to the ledger, and return which one it is at these rows.

        A look that is in it stays as it is. Of two that are added at once both are kept.

        Args:
            verdict: What was decided.
            by: Who asks: ``Name <address>``.
            at: When, in ISO 8601.

        Returns:
            None where the verdict is no look at rows: numbers alone were judged.

        Raises:
            InputError: The journal is not ours.
            CannotTellError: It is damaged; nothing was changed.
            OutsideError: git cannot write.
            SupersededError: Others were faster each time.
        """
        look = verdict.look
        if look is None:
            return None

        def entry() -> tuple[str | None, Entry | None]:
            commit, before = self._ledger()
            after = ledger.recorded(before, look)
            place = ledger.place(after, look)
            text = (
                f"{verdict.model}: {files.short(look.challenger)} is look {place} at rows {files.short(look.rows)}"
                f"\n\n{verdict.decision}: {' '.join(verdict.reason.split())}\n\n{_trailers(verdict)}"
            )
            made = Entry(files={_LEDGER: files.dump_json(after)}, text=text, by=by, at=at, over=True)
            return commit, None if after == before else made

        self._add(LEDGER, entry)
        return ledger.place(self._ledger()[1], look)

    def keep(self, verdict: Verdict, source: Path, *, rules: tuple[Rule, ...], by: str, at: str) -> bool:
        """Keep judged evidence with its verdict and the rules that decided.

        Args:
            verdict: What was decided.
            source: The evidence file; what it speaks of lies beside it.
            rules: The rules that decided.
            by: Who asks: ``Name <address>``.
            at: When, in ISO 8601.

        Returns:
            Whether it was kept now, and not before.

        Raises:
            InputError: The journal is not ours.
            CannotTellError: It is damaged, or the evidence is not what was judged; nothing was changed.
            OutsideError: git cannot write.
            SupersededError: Others were faster each time.
        """
        contents = _judged(source, verdict)
        contents[_VERDICT] = files.dump_json(verdict)
        contents[_RULES] = files.dump_json({"digest": verdict.rules, "rules": rules})
        about = Kept(
            model=verdict.model,
            commit=verdict.commit,
            evidence=verdict.evidence,
            decision=verdict.decision,
            at=at,
            by=by,
            files=tuple(sorted(contents)),
        )
        contents[_ABOUT] = files.dump_json(about)
        text = (
            f"{verdict.model}: {verdict.decision} at {verdict.commit[:12]}"
            f"\n\n{' '.join(verdict.reason.split())}\n\n{_trailers(verdict)}"
        )
        made = Entry(files=contents, text=text, by=by, at=at)

        def entry() -> tuple[str | None, Entry | None]:
            commit, kept = self._kept()
            known = any((each.model, each.evidence) == (about.model, about.evidence) for _, each in kept)
            return commit, None if known else made

        return self._add(EVIDENCE, entry)

    def last(self, model: str, count: int, folder: Path) -> tuple[tuple[Kept, Path], ...]:
        """Return what is kept of the last commits that have evidence, newest first, in folders.

        Args:
            model: The model's name in ``params.yaml``.
            count: How many commits; of several evidences of one commit the newest stands for it.
            folder: Where to put the files: one folder for each, by the commit's name.

        Raises:
            InputError: The journal is not ours.
            CannotTellError: It is damaged.
        """
        _, kept = self._kept()
        newest: dict[str, tuple[str, Kept]] = {}
        for entry, about in reversed(kept):
            if about.model == model:
                newest.setdefault(about.commit, (entry, about))
        found = []
        for entry, about in [*newest.values()][:count]:
            place = folder / about.commit
            for name in about.files:
                (data,) = self._branches.contents([entry], name)
                if data is None:
                    raise self._branches.damaged(EVIDENCE, f"{name} of {about.commit[:12]} cannot be read")
                files.write_bytes(place / name, data)
            found.append((about, place))
        return tuple(found)

    def _ledger(self) -> tuple[str | None, Ledger]:
        commit, (data,) = self._branches.read(LEDGER, _LEDGER)
        if data is None:
            # git calls "missing" also what it cannot read; taken for no looks, it would start the count anew.
            if commit is not None and _LEDGER in self._branches.tree(LEDGER, commit):
                raise self._branches.damaged(LEDGER, f"{_LEDGER} cannot be read")
            return commit, Ledger()
        return commit, self._branches.convert(data, Ledger, LEDGER)

    def _kept(self) -> tuple[str | None, list[tuple[str, Kept]]]:
        """Return the last entry, and of all what they are about, oldest first."""
        commit, _ = self._branches.read(EVIDENCE)
        if commit is None:
            return None, []
        entries = self._branches.history(EVIDENCE, commit)
        found = self._branches.contents(entries, _ABOUT)
        if None in found:
            raise self._branches.damaged(EVIDENCE, f"{_ABOUT} of an entry cannot be read")
        return commit, [
            (entry, self._branches.convert(data, Kept, EVIDENCE))
            for entry, data in zip(entries, found, strict=True)
            if data is not None
        ]

    def _add(self, branch: str, entry: Callable[[], tuple[str | None, Entry | None]]) -> bool:
        """Add what ``entry`` makes of the branch as it is, again where somebody was faster."""
        for _ in range(_TRIES):
            before, made = entry()
            if made is None:
                return False
            if self._branches.append(branch, before, made) is not None:
                return True
        raise SupersededError(
            f"others added to the branch {branch} of the journal {_TRIES} times meanwhile", hint="try again"
        )


def read_ledger(path: Path) -> Ledger | str:
    """Return a ledger that was exported, or why it cannot be read.

    Args:
        path: The file.
    """
    try:
        return files.load(path, Ledger)
    except InputError as error:
        return str(error)


def _judged(source: Path, verdict: Verdict) -> dict[str, bytes]:
    """Read evidence and what lies beside it, as it was judged."""
    found: dict[str, bytes] = {"evidence.json": files.read_bytes(source, error=CannotTellError)}
    evidence = files.load(source, Evidence, error=CannotTellError)
    digests = {"evidence.json": verdict.evidence}
    for part in (evidence.predictions, evidence.golden):
        if part is not None:
            beside = source.with_name(part.path)
            with files.reading(beside, error=CannotTellError):
                found[part.path] = beside.read_bytes()
            digests[part.path] = part.digest
    for name, digest in digests.items():
        if files.digest_bytes(found[name]) != digest:
            raise CannotTellError(f"{name} changed since it was judged", hint="run mltoolkit gate again")
    return found


def _trailers(verdict: Verdict) -> str:
    facts = {
        "Model": verdict.challenger,
        "Rows": verdict.rows,
        "Evidence": verdict.evidence,
        "Commit": verdict.commit,
        "Run": verdict.run,
    }
    return "".join(f"{name}: {value}\n" for name, value in facts.items() if value is not None)
