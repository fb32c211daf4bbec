"""What a verdict tells under ``disclose: coarse``: numbers only where their interval clears what was asked.

Whoever chooses the next challenger by what the last verdict told fits the evaluation rows little by little.
Where only the numbers are told that clear their adjusted interval, what can be learned of the rows is bounded
by the looks that were paid for (Blum and Hardt 2015, "The Ladder").
"""

import msgspec

from mltoolkit.rules.base import Answer, Finding, Need
from mltoolkit.rules.comparing import above, number
from mltoolkit.rules.numbers import Estimate

WITHHELD = "withheld, because it does not clear its interval (`disclose: coarse`)"

_OF_ROWS = frozenset(
    {"absolute", "better-than-baseline", "no-worse-than", "better-than", "slice", "calibration", "custom"}
)
"""Kinds of rules whose numbers depend on the evaluation rows."""

_SAID = {Answer.PASS: "yes", Answer.FAIL: "no"}


def coarse(finding: Finding) -> Finding:
    """Return a finding with no more numbers than what was asked is worth.

    The answer stays, and how many rows and groups there are. How many would be needed stays too, rounded up
    to one digit: it follows from the spread, never from the difference seen.

    Args:
        finding: As a rule gave it.
    """
    if finding.kind not in _OF_ROWS:
        return finding
    parts = tuple(part for part in finding.parts if _cleared(part.estimate, part.answer, None))
    if finding.kind == "custom":
        # The program's own words may hold numbers; what it says of them is its answer.
        reason = (
            f"{finding.rule} says {finding.answer}; its numbers and reasons are withheld (`disclose: coarse`)"
        )
        return msgspec.structs.replace(
            finding, reason=reason, estimate=None if finding.estimate is None else _hidden(finding.estimate)
        )
    if _cleared(finding.estimate, finding.answer, finding.threshold):
        reason = finding.reason
        if finding.kind == "calibration" and finding.estimate is not None:
            # Its sentence tells two numbers and the calibration error, of which one has cleared its interval.
            reason = f"{finding.rule}: the answer is {_SAID[finding.answer]}, the {finding.metric} is {number(finding.estimate)}"
        return msgspec.structs.replace(finding, reason=reason, parts=parts)
    if finding.estimate is None and not finding.parts:
        return finding
    if finding.estimate is not None and finding.estimate.value is None:
        return msgspec.structs.replace(finding, parts=parts)
    needed = _rounded(finding.need)
    return msgspec.structs.replace(
        finding,
        reason=_sentence(finding, needed),
        estimate=None if finding.estimate is None else _hidden(finding.estimate),
        need=needed,
        parts=parts,
    )


def _cleared(estimate: Estimate | None, answer: Answer, threshold: float | None) -> bool:
    """Return whether an answer rests on an interval that lies wholly on one side of what was asked."""
    if estimate is None or answer not in {Answer.PASS, Answer.FAIL}:
        return False
    if estimate.low is None or estimate.high is None:
        return False
    return threshold is None or above(estimate, threshold) is not Answer.UNKNOWN


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
    return -(-count // unit) * unit


def _sentence(finding: Finding, needed: Need | None) -> str:
    estimate = finding.estimate
    rows = "" if estimate is None or estimate.n is None else f" on {estimate.n:,} rows"
    if estimate is not None and estimate.groups is not None:
        rows += f" in {estimate.groups:,} groups"
    said = f"the answer is {_SAID[finding.answer]}" if finding.answer in _SAID else "cannot tell"
    more = ""
    if needed is not None and needed.rows is not None:
        groups = "" if needed.groups is None else f" in {needed.groups:,} groups"
        more = f"; some {needed.rows:,} rows{groups} in all are planned for"
    return f"{finding.rule}: {said}{rows}, and the numbers are withheld (`disclose: coarse`){more}"
