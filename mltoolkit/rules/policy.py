"""``kind: policy-changed``: whether a change alters the rules that it is judged by."""

from mltoolkit.rules.base import Answer, Facts, Finding, Mode, Rule


class PolicyChanged(Rule, frozen=True, kw_only=True, tag="policy-changed"):
    """Rules, suites and the selection of rows are those of the commit that a change is compared with.

    Asked of every verdict that is judged against a base commit, whether or not a project lists it. On a
    push nobody is asked: what decides there was merged by a person.
    """

    def __post_init__(self) -> None:
        """Refuse another mode: a change could take the sting out of the rule that watches it."""
        if self.mode is not Mode.BLOCK:
            raise ValueError("a person has to approve a change of the rules; leave `mode` out")

    @property
    def question(self) -> str:
        """The rule in words; it names the finding."""
        return "rules, suites and selection of rows are as in the base commit"

    def answer(self, facts: Facts) -> Finding:
        """Pass where nothing changed; a change, and a base that cannot be read, takes a person."""
        policy = facts.policy
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
        return self.finding(Answer.PASS, f"nothing of them changed since {policy.base[:12]}")


_TOLD = 3
"""How many changes the sentence tells; the verdict's ``policy`` has all."""


def _told(changed: tuple[str, ...]) -> str:
    more = len(changed) - _TOLD
    return "; ".join(changed[:_TOLD]) + (f"; and {more} more" if more > 0 else "")
