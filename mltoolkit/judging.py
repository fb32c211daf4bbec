"""From files to the gate: evidence, the rows beside it, and everything else that a verdict rests on."""

import os
import posixpath
from pathlib import Path

import msgspec

from mltoolkit import basis, config, documents, files, gate, git, github, policies, project
from mltoolkit.archive import Archive
from mltoolkit.errors import CannotTellError, InputError, Location, MltoolkitError
from mltoolkit.evidence import Evidence
from mltoolkit.gate import Verdict
from mltoolkit.ledger import Ledger
from mltoolkit.project import Project
from mltoolkit.rules.base import Policy, Rule
from mltoolkit.rules.numbers import Numbers
from mltoolkit.rules.reuse import Reuse
from mltoolkit.scalars import ScalarNumbers
from mltoolkit.settings import ToolkitSettings

PULL_REQUESTS = ("pull_request", "pull_request_target")
"""Runs of changes that nobody has merged: the base commit's rules decide, and the verdict is for show."""


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate is given.

    Attributes:
        evidence: What was measured.
        digest: Of the evidence file.
        numbers: Estimates on it.
        ledger: The looks at evaluation rows so far, or why they cannot be read.
        policy: Whose rules decide.
        rules: Those rules; empty where the defaults of the task decide.
    """

    evidence: Evidence
    digest: str
    numbers: Numbers
    ledger: Ledger | str = Ledger()
    policy: Policy = Policy()
    rules: tuple[Rule, ...] = ()

    def decide(self) -> Verdict:
        """Return the gate's verdict: the same brief gives the same one."""
        return gate.decide(
            self.evidence,
            self.numbers,
            self.rules,
            evidence_digest=self.digest,
            ledger=self.ledger,
            policy=self.policy,
        )


def evidence(path: Path) -> Evidence:
    """Read evidence and make sure that the files beside it are those that it speaks of.

    Raises:
        CannotTellError: It is missing or damaged, or a file beside it is another.
    """
    found = files.load(path, Evidence, error=CannotTellError)
    for part in (found.predictions, found.golden):
        if part is None:
            continue
        beside = path.with_name(part.path)
        if not beside.is_file() or files.digest_file(beside) != part.digest:
            raise CannotTellError(
                "is missing" if not beside.is_file() else f"is not the file that {path} speaks of",
                where=Location(path=str(beside)),
                hint="run mltoolkit evaluate again",
            )
    return found


def numbers(path: Path, evidence: Evidence) -> Numbers:
    """Return the estimates on evidence: from its rows, or where it has none from its numbers.

    Args:
        path: The evidence file.
        evidence: What it holds.

    Raises:
        CannotTellError: The predictions are damaged or do not fit.
    """
    if evidence.predictions is None:
        return ScalarNumbers(evidence=evidence)
    # Numbers alone are judged without numpy, in half the time.
    from mltoolkit import predictions
    from mltoolkit.paired import PairedNumbers

    return PairedNumbers(evidence, predictions.read(path.with_name(evidence.predictions.path), evidence))


def read(
    path: Path, here: Project, model: str, *, base: str | None = None, ledger: Ledger | str | None = None
) -> Brief:
    """Read everything that the gate is given.

    Args:
        path: The evidence file.
        here: The project.
        model: The model's name in it.
        base: The commit whose rules decide, and not those that stand here.
        ledger: The looks at evaluation rows so far, or why they cannot be read; None for those of the journal.

    Raises:
        CannotTellError: Something is missing or damaged.
        InputError: A base was named, and there is no such commit.
    """
    found = evidence(path)
    whose, rules = policy(found, here, model, asked=base)
    if ledger is None:
        # No process is started for a ledger that no rule asks about.
        asked = any(isinstance(rule, Reuse) for rule in gate.effective(rules, found))
        ledger = Archive(here.state).ledger() if asked else Ledger()
    return Brief(
        evidence=found,
        digest=files.digest_file(path),
        numbers=numbers(path, found),
        ledger=ledger,
        policy=whose,
        rules=rules,
    )


def policy(
    evidence: Evidence, here: Project, model: str, *, asked: str | None
) -> tuple[Policy, tuple[Rule, ...]]:
    """Return whose rules decide, what the judged commit changed of them, and the rules.

    On a push the rules that stand here decide, since a person merged them. A pull request is judged by its
    base commit's, so that it cannot loosen the gate that judges it. Where those cannot be read, the ones
    here are asked, and the policy says why nobody can tell.

    Args:
        evidence: What is judged.
        here: The project.
        model: The model's name in it.
        asked: A commit, branch or tag whose rules decide, whatever started the run.

    Raises:
        InputError: ``asked`` is no commit here.
    """
    own = here.settings.models[model].rules
    run = github.context(os.environ)
    # Evidence comes from a job that ran the change's own code: what it says of its event can only add.
    if asked is None and not {run.event, evidence.provenance.event} & set(PULL_REQUESTS):
        return Policy(), own
    if asked is None and run.base is None:
        why = "the base of this pull request is not known here; name it with --base"
        return Policy(reason=why), own
    try:
        top = git.top(here.root)
        base, why_none = basis.base(top, asked)
    except InputError as error:
        if asked is not None:
            raise
        return Policy(reason=error.what), own
    if base is None:
        return Policy(reason=why_none), own
    then = _Then(top, base, here)
    try:
        settings = then.settings()
    except MltoolkitError as error:
        return Policy(base=base, reason=f"its {project.PARAMS} cannot be used: {error}"), own
    changed = _changed_since_evidence(evidence, here)
    if settings is None or model not in settings.models:
        what = f"the base commit knows no model {model}, so that the change's own rules decide"
        return Policy(base=base, changed=(what, *changed)), own
    changed = (*policies.changes(settings, here.settings, model), *then.suites(settings, model), *changed)
    return Policy(base=base, changed=changed), settings.models[model].rules


def _changed_since_evidence(evidence: Evidence, here: Project) -> tuple[str, ...]:
    """Tell whether evidence was made under other settings than those that are compared with the base's."""
    now = files.digest_file(here.root / project.PARAMS)
    if evidence.provenance.params == now:
        return ()
    return (f"the evidence was made with another {project.PARAMS} than the one here",)


class _Then:
    """A project as it was in a commit."""

    def __init__(self, top: Path, commit: str, here: Project) -> None:
        self._top = top
        self._commit = commit
        self._here = here
        self._inside = here.root.resolve().relative_to(top.resolve()).as_posix()

    def settings(self) -> ToolkitSettings | None:
        """Return the section ``mltoolkit:``, or None where there was no file."""
        data = self._read(project.PARAMS)
        if data is None:
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"not UTF-8 (byte {error.start})") from error
        return config.toolkit(documents.parse(text, project.PARAMS))

    def suites(self, settings: ToolkitSettings, model: str) -> tuple[str, ...]:
        """Tell which of the suites that decide have another content here.

        A suite that only the change names is told by the settings.
        """
        found = []
        for suite in sorted({each.suite for each in settings.models[model].data}):
            then, now = self._read(suite), self._here.root / suite
            if then is None:
                found.append(f"suite {suite}: not in the base commit")
            elif not now.is_file():
                found.append(f"suite {suite}: is gone")
            elif files.digest_file(now) != files.digest_bytes(then):
                found.append(f"suite {suite}: another content")
        return tuple(found)

    def _read(self, name: str) -> bytes | None:
        path = posixpath.normpath(posixpath.join(self._inside, name))
        return git.show(self._top, self._commit, path)
