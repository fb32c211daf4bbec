"""From files to the gate: evidence, the rows beside it, and everything else that a verdict rests on.

What only some verdicts need (rows, a ledger, a base commit) is imported where it is needed: a gate on numbers
alone starts in half the time.
"""

import os
from pathlib import Path

import msgspec

from mltoolkit import events, files, gate, github, project, question
from mltoolkit.errors import CannotTellError, InputError, Location, MltoolkitError
from mltoolkit.evidence import Evidence
from mltoolkit.gate import Verdict
from mltoolkit.ledger import Ledger
from mltoolkit.project import Project
from mltoolkit.rules.base import Policy, Rule
from mltoolkit.rules.numbers import Numbers
from mltoolkit.rules.reuse import Reuse
from mltoolkit.scalars import ScalarNumbers


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
    if found.fault is not None:
        raise CannotTellError(
            found.fault, where=Location(path=str(path)), hint="run mltoolkit evaluate again"
        )
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
        InputError: A base was named, and there is no such commit, or it is not the pull request's.
    """
    found = evidence(path)
    whose, rules = policy(found, here, model, asked=base)
    if ledger is None:
        # No process is started for a ledger that no rule asks about.
        asked = any(isinstance(rule, Reuse) for rule in gate.effective(rules, found))
        ledger = _recorded(here) if asked else Ledger()
    return Brief(
        evidence=found,
        digest=files.digest_file(path),
        numbers=numbers(path, found),
        ledger=ledger,
        policy=whose,
        rules=rules,
    )


def _recorded(here: Project) -> Ledger | str:
    from mltoolkit.archive import Archive

    return Archive(here.state).ledger()


def policy(
    evidence: Evidence, here: Project, model: str, *, asked: str | None
) -> tuple[Policy, tuple[Rule, ...]]:
    """Return whose rules decide, what the judged commit changed of them, and the rules.

    On a push the rules that stand here decide, since a person merged them; where a run checked out another
    commit than it is about, those of the commit that it is about. A change that nobody has merged
    is judged by its base commit's, so that it cannot loosen the gate that judges it. Where those cannot be
    read, the ones here are asked, and the policy says why nobody can tell. Whoever started the run, evidence
    counts for the settings that it was made under, and for no others.

    Args:
        evidence: What is judged.
        here: The project.
        model: The model's name in it.
        asked: A commit, branch or tag whose rules decide, whatever started the run.

    Raises:
        CannotTellError: A suite cannot be read.
        InputError: ``asked`` is no commit here, or in a pull request's run another than its base.
    """
    settings = here.settings.models[model]
    stale = tuple(what for what, _, _ in question.differences(evidence, here, settings))
    run, made = github.context(os.environ), evidence.provenance
    own = None if asked is not None or run.unmerged else _elsewhere(run, here)
    # Evidence comes from a job that ran the change's own code: what it says of its event can only add.
    if asked is None and own is None and not run.unmerged and not events.unmerged(made.event, made.ref):
        return Policy(stale=stale), settings.rules
    from mltoolkit import git, policies
    from mltoolkit.merged import Merged

    base, reason = _base(run, evidence, here, asked) if own is None else _known(own, here)
    if base is None or reason is not None:
        return Policy(base=base, reason=reason, stale=stale), settings.rules
    then = Merged(git.top(here.root), base, here)
    try:
        judging = then.settings()
        if judging is None or model not in judging.models:
            what = f"the base commit knows no model {model}, so that the change's own rules decide"
            return Policy(base=base, changed=(what,), stale=stale), settings.rules
        merged = judging.models[model]
        rows, fresh = then.rows(evidence, merged)
    except MltoolkitError as error:
        why = f"its {project.PARAMS} or {project.LOCK} cannot be used: {error}"
        return Policy(base=base, reason=why, stale=stale), settings.rules
    changed = (
        *policies.changes(judging, here.settings, model),
        *then.suites(merged),
        *then.programs(merged.rules),
        *rows,
    )
    return Policy(base=base, changed=changed, stale=stale, fresh=fresh), merged.rules


def _elsewhere(run: github.Context, here: Project) -> str | None:
    """Return the commit that a run is about, where another is checked out; None where it is that one.

    A workflow that a comment, a schedule or another workflow starts is about its branch, whatever code it
    checks out then: a branch's rules decide about what was not merged into it.
    """
    if run.commit is None:
        return None
    from mltoolkit import git

    return None if git.head(git.top(here.root)) == run.commit else run.commit


def _known(commit: str, here: Project) -> tuple[str | None, str | None]:
    from mltoolkit import git

    found = git.resolve(git.top(here.root), commit)
    return found, None if found else f"the commit that this run is about, {commit[:12]}, was not fetched"


def _base(
    run: github.Context, evidence: Evidence, here: Project, asked: str | None
) -> tuple[str | None, str | None]:
    """Return the commit whose rules decide, or why that cannot be told; or both, where it decides nothing.

    Raises:
        InputError: ``asked`` is no commit here, or in a pull request's run another than its base.
    """
    if asked is None and run.base is None:
        return None, "the base of this pull request is not known here; name it with --base"
    from mltoolkit import basis, git

    try:
        top = git.top(here.root)
        base, why = basis.base(top, asked)
        # The workflow that names a base may be the change's own.
        checked = asked is not None and run.unmerged
        own = basis.base(top, None)[0] if checked and run.base is not None else None
    except InputError as error:
        if asked is not None:
            raise
        return None, error.what
    if checked and own is None:
        return (
            base,
            f"whether {asked} is the base of this pull request cannot be told: its target is not here",
        )
    if checked and own is not None and base != own:
        raise InputError(
            f"a pull request to {run.base} is judged by the commit that they share, {own[:12]}, and not by {asked}",
            hint="leave --base out",
        )
    if base is not None and base == evidence.provenance.commit:
        return base, "the base is the commit that is judged, so that nothing was compared"
    return base, why
