"""``kind: contract`` and ``kind: leakage``: what ``mltoolkit check`` found."""

from typing import Literal

from mltoolkit.rules.base import Answer, Facts, Finding, Rule

_TOLD = 3
"""How many broken rules the sentence names; the report has all."""


class Contract(Rule, frozen=True, kw_only=True, tag="contract"):
    """The data contract holds for the data that the model was made and judged with."""

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        return "the data contract holds"

    def answer(self, facts: Facts) -> Finding:
        """Pass where everything that blocks is met; a check that is missing or of other data is unknown."""
        return _found(self, facts, "data", "the data contract")


class Leakage(Rule, frozen=True, kw_only=True, tag="leakage"):
    """The evaluation rows share nothing with the training rows that they must not."""

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        return "training and evaluation rows do not know each other"

    def answer(self, facts: Facts) -> Finding:
        """Pass where no leak was found; a check that is missing or of other rows is unknown."""
        return _found(self, facts, "splits", "training and evaluation rows")


def _found(rule: Rule, facts: Facts, what: Literal["data", "splits"], name: str) -> Finding:
    checks = [check for check in facts.evidence.checks if check.what == what]
    if not checks:
        return rule.finding(
            Answer.UNKNOWN, f"{name}: nothing was checked; run mltoolkit check, then evaluate"
        )
    faults = [check.fault for check in checks if check.fault is not None]
    # Of a check with a fault nobody knows whether what it found is of these data.
    broken = [each for check in checks if check.fault is None for each in check.broken]
    if broken:
        more = f"; and {len(broken) - _TOLD} more" if len(broken) > _TOLD else ""
        return rule.finding(Answer.FAIL, f"{name}: {'; '.join(broken[:_TOLD])}{more}")
    if faults:
        return rule.finding(Answer.UNKNOWN, f"{name}: {faults[0]}")
    asked, met = sum(check.asked for check in checks), sum(check.met for check in checks)
    if any(check.asked < 1 for check in checks):
        return rule.finding(Answer.UNKNOWN, f"{name}: nothing was asked, so nothing is known")
    if any(not 0 <= check.met <= check.asked for check in checks):
        return rule.finding(Answer.UNKNOWN, f"{name}: {met} of {asked} rules are met, which cannot be")
    warned = asked - met
    only = f"; the other {warned} only warn" if warned else ""
    return rule.finding(Answer.PASS, f"{name}: {met} of {asked} rules are met{only}")
