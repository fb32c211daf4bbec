"""``kind: reuse``: how often these rows have been looked at."""

from typing import Annotated, Literal

import msgspec

from mltoolkit.rules.base import Answer, Facts, Finding, Rule


class Reuse(Rule, frozen=True, kw_only=True, tag="reuse"):
    """The evaluation rows have not been looked at more often than was declared.

    Attributes:
        budget: Looks that are paid for: each decision's error is divided by it, for the first look and the last.
        disclose: ``coarse`` tells an estimate only where it clears its interval, so that choices made
            by what the gate told stay honest (Blum and Hardt 2015).
    """

    budget: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 20
    disclose: Literal["full", "coarse"] = "full"

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        return f"these rows are looked at no more than {self.budget} times"

    def answer(self, facts: Facts) -> Finding:
        """Pass within the budget; beyond it, and where the ledger cannot be read, nobody can tell."""
        if isinstance(facts.ledger, str):
            return self.finding(Answer.UNKNOWN, f"the ledger cannot be read: {facts.ledger}")
        return self.finding(Answer.UNKNOWN, "looks are not counted yet")
