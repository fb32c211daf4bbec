"""``kind: reuse``: how often these rows have been looked at."""

from typing import Annotated, Literal

import msgspec

from mltoolkit import ledger
from mltoolkit.ledger import Look
from mltoolkit.rules.base import Answer, Facts, Finding, Rule

_WARN = 0.8
"""From this share of the budget on it is told that it runs out."""


class Reuse(Rule, frozen=True, kw_only=True, tag="reuse"):
    """The evaluation rows have not been looked at more often than was declared.

    Every decision pays its share of the error for all looks of the budget, the first as the last: of so many
    challengers that were not built from earlier verdicts on these rows, the best is still called good by mistake no
    more often than one may be. Whoever builds challengers from verdicts is held back only by how little they tell.

    Attributes:
        budget: Looks that are paid for: each decision's error is divided by it, for the first look and the last.
        disclose: ``coarse`` tells the answers of rules alone. Numbers that are not told cannot be fitted to; answers
            can, one bit a rule and a look, so that it is safe for small budgets only.
    """

    budget: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 20
    disclose: Literal["full", "coarse"] = "full"

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        return f"these rows are looked at no more than {self.budget} times"

    def answer(self, facts: Facts) -> Finding:
        """Pass within the budget; beyond it, and where the ledger cannot be read, nobody can tell."""
        rows, challenger = facts.evidence.rows, facts.evidence.challenger
        if rows is None or challenger is None:
            return self.finding(Answer.NOT_APPLICABLE, "there are only numbers, no rows that could wear out")
        if rows.sketch is None:
            return self.finding(
                Answer.UNKNOWN,
                "the evidence does not say which rows these are, so looks at them cannot be counted; evaluate again",
            )
        if (why := ledger.fault(rows.sketch)) is not None:
            return self.finding(Answer.UNKNOWN, f"which rows these are cannot be told: {why}")
        if isinstance(facts.ledger, str):
            return self.finding(Answer.UNKNOWN, f"the ledger of earlier looks cannot be read: {facts.ledger}")
        look = Look(challenger=challenger.digest, rows=rows.digest, sketch=rows.sketch)
        number = ledger.place(facts.ledger, look)
        what = f"this is look {number} of {self.budget} at these rows"
        if number > self.budget:
            return self.finding(
                Answer.UNKNOWN,
                f"{what}: their luck is used up, and a pass would mean nothing; judge on fresh rows",
            )
        if number > _WARN * self.budget:
            left = self.budget - number
            return self.finding(Answer.PASS, f"{what}: {left or 'none'} left, prepare fresh rows")
        return self.finding(Answer.PASS, what)
