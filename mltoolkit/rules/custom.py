"""``kind: custom``: what a program of the project's own answers."""

from typing import Annotated

import msgspec

from mltoolkit import terminal
from mltoolkit.evidence import ProgramRun
from mltoolkit.rules.base import Answer, Facts, Finding, Rule
from mltoolkit.rules.numbers import Estimate

_TOLD = 500
"""Characters of a program's own words in a sentence."""


class Custom(Rule, frozen=True, kw_only=True, tag="custom"):
    """A program says pass, fail or unknown. ``evaluate`` runs it; its failure is "unknown".

    Attributes:
        name: What the program answers, in a word or two.
        command: The program and its arguments, word by word: no shell reads them.
        seconds: How long it may take.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    command: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1)], ...], msgspec.Meta(min_length=1, max_length=100)
    ]
    seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 60.0

    def __post_init__(self) -> None:
        """Refuse a name that would not be one in a line of a report."""
        if not terminal.fits(self.name):
            raise ValueError(f"name {self.name!r} has a line break or control characters")

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        return f"program {self.name}"

    def answer(self, facts: Facts) -> Finding:
        """Pass and fail are the program's; a run that is missing or failed, and one of other words, is unknown."""
        found = [run for run in facts.evidence.programs if run.name == self.name]
        run = next((run for run in found if run.command == self.command), None)
        if run is None:
            why = (
                "the evidence has no run of it" if not found else "what ran by that name was another command"
            )
            return self.finding(Answer.UNKNOWN, f"{self.name}: {why}; run mltoolkit evaluate again")
        estimate = None if run.value is None else Estimate(value=run.value)
        if run.fault is not None or run.answer is None:
            why = run.fault or "it gave no answer"
            return self.finding(Answer.UNKNOWN, f"{self.name}: {why}", estimate=estimate)
        return self.finding(Answer(run.answer), _sentence(self.name, run), estimate=estimate)


def _sentence(name: str, run: ProgramRun) -> str:
    said = terminal.line(run.reason or "")
    if len(said) > _TOLD:
        said = said[: _TOLD - 1] + "…"
    number = "" if run.value is None else f" ({run.value:g})"
    return f"{name} says {run.answer}{number}{f': {said}' if said else ''}"
