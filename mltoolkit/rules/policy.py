"""``kind: policy-changed``: whether a change alters the rules that it is judged by."""

from mltoolkit.rules.base import Answer, Facts, Finding, Mode, Rule


class PolicyChanged(Rule, frozen=True, kw_only=True, tag="policy-changed"):
    """What decides is what a person merged, and what the evidence was made for.

    Asked of every verdict that is judged against a base commit, and wherever something changed since the
    evidence was made, whether or not a project lists it. On a push nobody else is asked: what decides there
    was merged by a person.
    """

    def __post_init__(self) -> None:
        """Refuse another mode: a change could take the sting out of the rule that watches it."""
        if self.mode is not Mode.BLOCK:
            raise ValueError("a person has to approve a change of the rules; leave `mode` out")

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        return "rules, suites, programs and selection of rows are as they were merged"

    def answer(self, facts: Facts) -> Finding:
        """Pass where nothing changed; a change, and a base that cannot be read, takes a person."""
        policy = facts.policy
        if policy.stale:
            return self.finding(
                Answer.UNKNOWN,
                f"{', '.join(policy.stale)} changed since the evidence was made; run mltoolkit evaluate again",
            )
        if policy.reason is not None:
            return self.finding(
                Answer.UNKNOWN, f"what the change alters of the rules cannot be told: {policy.reason}"
            )
        if policy.changed:
            return self.finding(
                Answer.UNKNOWN,
                f"the change alters what it is judged by, which a person has to approve: {_told(policy.changed)}",
            )
        if policy.base is None:
            return self.finding(
                Answer.NOT_APPLICABLE, "not judged against a base commit: what decides here was merged"
            )
        fresh = (
            f"; the evaluation rows are others because their data are: {_told(policy.fresh)}"
            if policy.fresh
            else ""
        )
        return self.finding(Answer.PASS, f"nothing of them changed since {policy.base[:12]}{fresh}")


_TOLD = 3
"""How many changes the sentence tells; the verdict's ``policy`` has all."""


def _told(changed: tuple[str, ...]) -> str:
    more = len(changed) - _TOLD
    return "; ".join(changed[:_TOLD]) + (f"; and {more} more" if more > 0 else "")
