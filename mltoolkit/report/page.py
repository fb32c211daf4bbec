"""The whole report on one challenger, within what GitHub takes as a comment."""

from mltoolkit.approvals import Approval
from mltoolkit.evidence import Evidence
from mltoolkit.gate import Verdict
from mltoolkit.report import findings, measured, origin, summary
from mltoolkit.report.origin import Comparison, Contract
from mltoolkit.training import Prepared

LIMIT = 60_000
"""Characters; GitHub refuses a comment of 65,536."""


def render(
    evidence: Evidence,
    verdict: Verdict,
    *,
    comparison: Comparison,
    prepared: Prepared | None = None,
    contract: Contract | None = None,
    approval: Approval | str | None = None,
    coarse: bool = False,
) -> str:
    """Return the report on one challenger.

    Args:
        evidence: What was measured.
        verdict: What was decided on it.
        comparison: What changed since the base commit.
        prepared: What the training rows were, where that is known.
        contract: What is known of the data contract, where there is one.
        approval: A person's answer to a "cannot tell", or why what lies there is none.
        coarse: Whether only what the verdict discloses may be told of the evaluation rows.
    """
    sections = [
        summary.headline(evidence, verdict, approval),
        findings.table_of(verdict.findings),
        findings.pictures(verdict.findings, evidence.rows),
        summary.policy(verdict.policy),
        findings.slices(verdict.findings),
        origin.contract(contract),
        measured.withheld() if coarse else measured.metrics(evidence),
        measured.leaderboard(evidence),
        *([] if coarse else [measured.slices(evidence), measured.worst(evidence)]),
        origin.changes(comparison),
        origin.data(evidence, prepared),
        origin.provenance(evidence, verdict),
    ]
    return _fit([section for section in sections if section])


def _fit(sections: list[str]) -> str:
    """Join sections up to the limit; what is left out is said."""
    kept, left = "", 0
    for section in sections:
        if len(kept) + len(section) > LIMIT - 200:
            left += 1
        else:
            kept += f"{section}\n\n"
    if left:
        kept += f"*{left} more sections did not fit; the whole is in evidence.json and verdict.json.*\n"
    return kept.rstrip() + "\n"
