from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from mltoolkit import approvals, gate
from mltoolkit.evidence import Evidence
from mltoolkit.gate import Decision, Verdict
from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import Mode
from mltoolkit.scalars import ScalarNumbers

DIGEST = f"sha256:{'d' * 64}"
OTHER = f"sha256:{'0' * 64}"
UNDEFINED = Absolute(metric="file:profit", at_least=0)


@pytest.fixture
def verdict(evidence: Callable[..., Evidence]) -> Verdict:
    """One that cannot tell: of its rules one is met, one warns, and of one nobody knows the number."""
    made = evidence()
    warning = Absolute(metric="file:size", at_most=1, mode=Mode.WARN)
    rules = (Absolute(metric="roc-auc", at_least=0.6), UNDEFINED, warning)
    return gate.decide(made, ScalarNumbers(evidence=made), rules, evidence_digest=DIGEST)


def signed(verdict: Verdict, **changes: Any) -> approvals.Approval:
    values = {"by": "Ada <ada@example.org>", "at": "2026-01-02T03:04:05+00:00", "reason": "a holiday"}
    return approvals.sign(verdict, DIGEST, **(values | changes))


def test_a_signature_names_what_nobody_knew(verdict: Verdict) -> None:
    assert verdict.decision is Decision.INCONCLUSIVE
    made = signed(verdict)

    assert made.unknown == (UNDEFINED.question,)
    assert approvals.fault(made, verdict, DIGEST) is None
    assert approvals.told(made) == "approved by Ada <ada@example.org>: a holiday"
    assert signed(verdict) == made


@pytest.mark.parametrize(
    "changes",
    [
        {"by": "Eve"},
        {"reason": "another"},
        {"at": "2026-01-02T03:04:06+00:00"},
        {"event": "push"},
        {"run": "https://elsewhere.example"},
        {"unknown": ()},
        {"verdict": OTHER},
        {"seal": OTHER},
    ],
)
def test_an_edit_is_found(verdict: Verdict, changes: dict[str, Any]) -> None:
    edited = msgspec.structs.replace(signed(verdict), **changes)

    assert approvals.fault(edited, verdict, DIGEST) == "the approval was edited"


def test_the_signature_of_another_verdict_is_none(verdict: Verdict) -> None:
    assert approvals.fault(signed(verdict), verdict, OTHER) == "the approval is of another verdict"
    told = msgspec.structs.replace(verdict, findings=verdict.findings[:1])
    assert approvals.fault(signed(verdict), told, DIGEST) == "the approval is of another verdict"


@pytest.mark.parametrize("changes", [{"reason": " "}, {"by": ""}])
def test_nobody_and_no_reason_are_no_signature(verdict: Verdict, changes: dict[str, str]) -> None:
    assert approvals.fault(signed(verdict, **changes), verdict, DIGEST) == (
        "the approval says neither who nor why"
    )
