"""Evidence of the past under the rules of today: what would have been decided, and why. Writes nothing."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from mltoolkit import files, gate, judging, terminal
from mltoolkit.archive import Kept
from mltoolkit.errors import MltoolkitError
from mltoolkit.evidence import Value
from mltoolkit.gate import Decision, Verdict
from mltoolkit.judging import Brief
from mltoolkit.ledger import Ledger
from mltoolkit.rules.base import Answer, Finding, Mode, Rule


class Again(Value, frozen=True, kw_only=True):
    """One kept evidence, decided again.

    Attributes:
        commit: The commit that the evidence was made from.
        at: When it was kept.
        then: What was decided.
        now: What the rules of today decide; None where they cannot be asked.
        rule: The rule that decides now, in words.
        reason: Its sentence, or why it cannot be asked.
        trials: What each rule in ``dry-run`` would have stopped, in words.
        strict: What would be decided if the rules in ``dry-run`` blocked.
    """

    commit: str
    at: str
    then: Decision
    now: Decision | None
    rule: str | None
    reason: str
    trials: tuple[str, ...] = ()
    strict: Decision | None = None


def decide(
    kept: Iterable[tuple[Kept, Path]], rules: tuple[Rule, ...], ledger: Ledger | str
) -> tuple[Again, ...]:
    """Decide kept evidence again, each as the look at its rows that it was.

    Args:
        kept: What is kept, with the folder that holds it.
        rules: The rules of today.
        ledger: The looks at evaluation rows so far, or why they cannot be read.
    """
    return tuple(_again(about, folder, rules, ledger) for about, folder in kept)


def _again(about: Kept, folder: Path, rules: tuple[Rule, ...], ledger: Ledger | str) -> Again:
    path = folder / "evidence.json"
    try:
        found = judging.evidence(path)
        verdict = Brief(
            evidence=found,
            digest=files.digest_file(path),
            numbers=judging.numbers(path, found),
            ledger=ledger,
            rules=rules,
        ).decide()
    except MltoolkitError as error:
        return Again(
            commit=about.commit, at=about.at, then=about.decision, now=None, rule=None, reason=error.what
        )
    trials = [each for each in verdict.findings if each.mode is Mode.DRY_RUN]
    blocking = [msgspec.structs.replace(each, mode=Mode.BLOCK) for each in trials]
    others = [each for each in verdict.findings if each.mode is not Mode.DRY_RUN]
    decided = deciding(verdict)
    return Again(
        commit=about.commit,
        at=about.at,
        then=about.decision,
        now=verdict.decision,
        rule=None if decided is None else decided.rule,
        reason=verdict.reason if decided is None else decided.reason,
        trials=tuple(
            f"{each.rule}: {each.reason}" for each in trials if each.answer in {Answer.FAIL, Answer.UNKNOWN}
        ),
        strict=gate.conclude((*others, *blocking))[0] if trials else None,
    )


def deciding(verdict: Verdict) -> Finding | None:
    """Return the finding that stops a challenger; None where it is promoted, or where nothing speaks for it.

    Args:
        verdict: What was decided.
    """
    match verdict.decision:
        case Decision.REJECT:
            return next((each for each in verdict.findings if each.rejects), None)
        case Decision.INCONCLUSIVE:
            return next((each for each in verdict.findings if each.leaves_open), None)
        case Decision.PROMOTE:
            return None


def text(found: tuple[Again, ...]) -> str:
    """Return what was found for a terminal: a line for each evidence, newest first, and the sums."""
    lines = []
    for each in found:
        now = each.now or "cannot be judged"
        change = f"{each.then}" if each.then == now else f"{each.then} -> {now}"
        rule = "" if each.rule is None else f"{each.rule}: "
        lines.append(f"{each.commit[:12]} {each.at[:10]} {change}: {terminal.line(f'{rule}{each.reason}')}")
        lines += [f"  dry-run would stop it: {terminal.line(trial)}" for trial in each.trials]
        if each.strict is not None and each.strict != each.now:
            lines.append(f"  if the rules in dry-run blocked: {each.strict}")
    then = sum(each.then is Decision.PROMOTE for each in found)
    today = sum(each.now is Decision.PROMOTE for each in found)
    changed = sum(each.then != each.now for each in found)
    return "\n".join([*lines, f"{len(found)} judged: {then} promoted then, {today} now; {changed} differ"])
