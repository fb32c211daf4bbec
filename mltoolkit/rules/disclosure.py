"""What a verdict tells under ``disclose: coarse``: the answers, and no number that the models' answers move.

Whoever chooses the next challenger by what the last verdict told fits the evaluation rows little by little. It is not
enough to hide the numbers that do not clear what was asked (Blum and Hardt 2015, "The Ladder", tell one only where it
beats all that was told before): a wide margin, a floor far below, or an anchor that everybody beats is cleared at
each look, and its numbers then rank all challengers, for every other rule on the same rows too.
"""

import msgspec

from mltoolkit.rules.base import Answer, Finding, Need
from mltoolkit.rules.numbers import Estimate

WITHHELD = "withheld (`disclose: coarse`)"
"""The reason of an estimate that is not told."""

_NOT_OF_ROWS = frozenset({"budget", "contract", "leakage", "tests", "reuse", "policy-changed"})
"""Kinds of rules whose numbers do not depend on what models answer about the evaluation rows."""

_SAID = {Answer.PASS: "yes", Answer.FAIL: "no"}


def coarse(finding: Finding) -> Finding:
    """Return a finding that tells its answer, and else only what follows from the rule and the size of the rows.

    How many rows would be needed stays, rounded up to 1, 2 or 5 times a power of ten: it follows from how much the
    rows vary, never from the difference seen. Which slice or side of a rule decided is a number too, and is not told.

    Args:
        finding: As a rule gave it.
    """
    if finding.kind in _NOT_OF_ROWS:
        return finding
    if finding.kind == "custom":
        # The program's own words may hold numbers; what it says of them is its answer.
        reason = (
            f"{finding.rule} says {finding.answer}; its numbers and reasons are withheld (`disclose: coarse`)"
        )
        return msgspec.structs.replace(
            finding, reason=reason, estimate=None if finding.estimate is None else _hidden(finding.estimate)
        )
    if not finding.parts and (finding.estimate is None or finding.estimate.value is None):
        # Nothing was measured, and the sentence says why.
        return finding
    # Of calibration it would say whether the slope or the intercept was near.
    needed = None if finding.kind == "calibration" else _rounded(finding.need)
    told = msgspec.structs.replace(
        finding, reason=_sentence(finding, needed), estimate=None, need=needed, parts=()
    )
    if finding.kind == "slice":
        return msgspec.structs.replace(told, metric=None, slice=None)
    if finding.estimate is not None:
        told = msgspec.structs.replace(told, estimate=_hidden(finding.estimate))
    if finding.kind == "calibration":
        return msgspec.structs.replace(told, metric=None, threshold=None)
    # Of a floor and a ceiling it would say which of them was near; the rule's own words name both.
    return msgspec.structs.replace(told, threshold=None) if finding.kind == "absolute" else told


def _hidden(estimate: Estimate) -> Estimate:
    return Estimate(n=estimate.n, groups=estimate.groups, confidence=estimate.confidence, reason=WITHHELD)


def _rounded(need: Need | None) -> Need | None:
    if need is None or need.rows is None:
        return need
    return Need(rows=_up(need.rows), groups=None if need.groups is None else _up(need.groups))


def _up(count: int) -> int:
    if count < 1:
        return count
    unit = int(10 ** (len(str(count)) - 1))
    return next(step * unit for step in (1, 2, 5, 10) if count <= step * unit)


def _sentence(finding: Finding, needed: Need | None) -> str:
    # Of slices the estimate is that of one of them, and how many rows it has would name it.
    estimate = None if finding.kind == "slice" else finding.estimate
    rows = "" if estimate is None or estimate.n is None else f" on {estimate.n:,} rows"
    if estimate is not None and estimate.groups is not None:
        rows += f" in {estimate.groups:,} groups"
    said = f"the answer is {_SAID[finding.answer]}" if finding.answer in _SAID else "cannot tell"
    what = "where and by how much is" if finding.kind == "slice" else "the numbers are"
    more = ""
    if needed is not None and needed.rows is not None:
        groups = "" if needed.groups is None else f" in {needed.groups:,} groups"
        more = f"; some {needed.rows:,} rows{groups} in all are planned for"
    elif needed is not None and needed.reason is not None:
        more = f"; {needed.reason}"
    return f"{finding.rule}: {said}{rows}, and {what} withheld (`disclose: coarse`){more}"
