from collections.abc import Callable
from typing import Any

import pytest

from mltoolkit.evidence import Evidence
from mltoolkit.gate import Verdict, conclude
from mltoolkit.report import page
from mltoolkit.report.origin import Comparison
from mltoolkit.rules.base import Answer, Finding, Mode, Policy
from mltoolkit.rules.numbers import Estimate

NOTHING = Comparison(reason="this is the first commit")


def found(answer: Answer = Answer.PASS, **changes: Any) -> Finding:
    """A finding on the Brier score's gain over the base rate; changes by keyword."""
    values: dict[str, Any] = {
        "rule": "brier better than base-rate",
        "kind": "better-than-baseline",
        "mode": Mode.BLOCK,
        "answer": answer,
        "reason": "brier is 0.007 better than base-rate's",
        "metric": "brier",
        "over": "base-rate",
        "threshold": 0.0,
        "estimate": Estimate(
            value=0.007, low=-0.001, high=0.015, confidence=0.95, n=1000, groups=30, p=0.08, spread=0.5
        ),
    }
    return Finding(**(values | changes))


def judged(evidence: Evidence, *findings: Finding, **changes: Any) -> Verdict:
    """The verdict that such findings come to on evidence; changes by keyword."""
    decision, reason = conclude(findings)
    origin = evidence.provenance
    values: dict[str, Any] = {
        "tool": "mltoolkit test",
        "decision": decision,
        "reason": reason,
        "model": evidence.model,
        "endpoint": evidence.endpoint,
        "challenger": None if evidence.challenger is None else evidence.challenger.digest,
        "champion": None if evidence.champion is None else evidence.champion.digest,
        "anchor": None,
        "evidence": f"sha256:{'e' * 64}",
        "rules": f"sha256:{'f' * 64}",
        "policy": Policy(),
        "suites": None,
        "rows": None if evidence.rows is None else evidence.rows.digest,
        "look": None,
        "commit": origin.commit,
        "dirty": origin.dirty,
        "event": origin.event,
        "ref": origin.ref,
        "run": origin.run,
        "lock": origin.lock,
        "findings": findings,
    }
    return Verdict(**(values | changes))


@pytest.fixture
def finding() -> Callable[..., Finding]:
    return found


@pytest.fixture
def verdict() -> Callable[..., Verdict]:
    return judged


@pytest.fixture
def render() -> Callable[..., str]:
    """Render a report on evidence and findings; the other arguments are the page's own."""

    def make(evidence: Evidence, *findings: Finding, **others: Any) -> str:
        verdict = judged(evidence, *(findings or (found(),)))
        return page.render(evidence, verdict, **({"comparison": NOTHING} | others))

    return make
