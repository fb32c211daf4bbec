"""``kind: tests``: the project's own test run."""

from typing import Annotated

import msgspec

from mltoolkit.rules.base import Answer, Facts, Finding, Rule

_TOLD = 3
"""How many failed tests the sentence names."""


class ProjectTests(Rule, frozen=True, kw_only=True, tag="tests"):
    """The project's own tests pass. A test that did not run says nothing.

    Attributes:
        minimum: How many tests must have run.
        skipped_at_most: How many may have been skipped; without it, any number.
    """

    minimum: Annotated[int, msgspec.Meta(ge=1)] = 1
    skipped_at_most: Annotated[int, msgspec.Meta(ge=0)] | None = None

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        least = f", at least {self.minimum:,} of them" if self.minimum > 1 else ""
        most = "" if self.skipped_at_most is None else f", at most {self.skipped_at_most:,} skipped"
        return f"the project's own tests pass{least}{most}"

    def answer(self, facts: Facts) -> Finding:
        """Fail where a test failed; unknown where none ran, fewer than asked, or too many were skipped."""
        run = facts.evidence.tests
        if run is None:
            return self.finding(
                Answer.UNKNOWN, "no test report is named: write `tests:` with the path of a JUnit XML file"
            )
        if run.fault is not None:
            return self.finding(Answer.UNKNOWN, f"{run.path}: {run.fault}")
        if run.failures > 0:
            more = run.failures - len(run.failed[:_TOLD])
            names = ", ".join(run.failed[:_TOLD]) + (f" and {more} more" if more and run.failed else "")
            named = f": {names}" if run.failed else ""
            return self.finding(Answer.FAIL, f"{run.failures:,} of {run.tests:,} tests failed{named}")
        ran = run.tests - run.skipped
        if run.failures < 0 or run.skipped < 0 or ran < 0:
            return self.finding(Answer.UNKNOWN, f"{run.path}: its counts cannot be")
        if ran < self.minimum:
            asked = "" if self.minimum == 1 else f", and at least {self.minimum:,} are asked for"
            return self.finding(
                Answer.UNKNOWN,
                f"{f'{ran:,}' if ran else 'no'} tests ran{asked}: tests that did not run say nothing",
            )
        if self.skipped_at_most is not None and run.skipped > self.skipped_at_most:
            return self.finding(
                Answer.UNKNOWN,
                f"{run.skipped:,} tests were skipped, and at most {self.skipped_at_most:,} may be:"
                " tests that did not run say nothing",
            )
        skipped = f", {run.skipped:,} were skipped" if run.skipped else ""
        return self.finding(Answer.PASS, f"{ran:,} tests passed{skipped}")
