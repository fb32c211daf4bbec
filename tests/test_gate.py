from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit import files, gate
from mltoolkit.evidence import Evidence, Measurement
from mltoolkit.gate import Answer, Decision, Finding, Verdict
from mltoolkit.metrics import Baseline
from mltoolkit.rules import Absolute, BetterThanBaseline, Mode, Rule

DIGEST = f"sha256:{'e' * 64}"
BRIER = BetterThanBaseline(metric="brier", baseline=Baseline.BASE_RATE)
AUC = Absolute(metric="roc-auc", at_least=0.6)
Build = Callable[..., Evidence]


def decide(evidence: Evidence, *rules: Rule) -> Verdict:
    return gate.decide(evidence, rules, evidence_digest=DIGEST)


def with_values(evidence: Evidence, **values: float | None) -> Evidence:
    """Replace the challenger's numbers."""
    named = {name.replace("_", "-"): value for name, value in values.items()}
    changed = tuple(
        msgspec.structs.replace(m, value=named[m.metric]) if m.of == "challenger" and m.metric in named else m
        for m in evidence.measurements
    )
    return msgspec.structs.replace(evidence, measurements=changed)


def test_a_challenger_that_clears_every_blocking_rule_is_promoted(evidence: Build) -> None:
    verdict = decide(evidence(), BRIER, AUC)

    assert verdict.decision is Decision.PROMOTE
    assert [finding.answer for finding in verdict.findings] == [Answer.PASS, Answer.PASS]
    assert verdict.reason == "all 2 blocking rules passed"


def test_one_blocking_fail_rejects_with_its_numbers(evidence: Build) -> None:
    verdict = decide(with_values(evidence(), roc_auc=0.51), BRIER, AUC)

    assert verdict.decision is Decision.REJECT
    assert verdict.reason == "roc-auc is 0.51, under the floor 0.6"


def test_a_warning_is_told_and_does_not_block(evidence: Build) -> None:
    warn = msgspec.structs.replace(AUC, mode=Mode.WARN)
    verdict = decide(with_values(evidence(), roc_auc=0.51), BRIER, warn)

    assert verdict.decision is Decision.PROMOTE
    assert verdict.reason.endswith("1 warning")
    assert verdict.findings[1].answer is Answer.FAIL


def test_a_dry_run_is_answered_and_changes_nothing(evidence: Build) -> None:
    dry = msgspec.structs.replace(AUC, mode=Mode.DRY_RUN)
    verdict = decide(with_values(evidence(), roc_auc=0.51), BRIER, dry)

    assert verdict.decision is Decision.PROMOTE
    assert "warning" not in verdict.reason
    assert verdict.findings[1].answer is Answer.FAIL


def test_rules_that_only_warn_can_promote_nothing(evidence: Build) -> None:
    verdict = decide(evidence(), msgspec.structs.replace(AUC, mode=Mode.WARN))

    assert verdict.decision is Decision.INCONCLUSIVE


def test_a_metric_without_a_value_is_unknown_and_never_a_pass(evidence: Build) -> None:
    verdict = decide(with_values(evidence(), roc_auc=None), BRIER, AUC)

    assert verdict.decision is Decision.INCONCLUSIVE
    assert verdict.findings[1].answer is Answer.UNKNOWN


def test_a_metric_that_was_not_measured_is_unknown(evidence: Build) -> None:
    verdict = decide(evidence(measurements=()), BRIER, AUC, Absolute(metric="file:profit", at_least=0))

    assert verdict.decision is Decision.INCONCLUSIVE
    assert {finding.answer for finding in verdict.findings} == {Answer.UNKNOWN}


def test_a_missing_baseline_is_unknown(evidence: Build) -> None:
    left = tuple(m for m in evidence().measurements if m.of == "challenger")
    verdict = decide(evidence(measurements=left), BRIER)

    assert verdict.findings[0].answer is Answer.UNKNOWN
    assert "baseline base-rate has no brier" in verdict.findings[0].reason


def test_a_fail_outweighs_an_unknown(evidence: Build) -> None:
    verdict = decide(with_values(evidence(), roc_auc=None, brier=0.2), BRIER, AUC)

    assert verdict.decision is Decision.REJECT


@pytest.mark.parametrize(
    ("value", "answer"), [(0.15, Answer.FAIL), (0.1499, Answer.PASS), (0.16, Answer.FAIL)]
)
def test_a_lower_loss_is_better_than_the_baseline_and_a_tie_is_not(
    evidence: Build, value: float, answer: Answer
) -> None:
    assert decide(with_values(evidence(), brier=value), BRIER).findings[0].answer is answer


def test_a_margin_over_the_baseline_has_to_be_cleared(evidence: Build) -> None:
    by = BetterThanBaseline(metric="accuracy", baseline=Baseline.MAJORITY, by=0.05)

    assert decide(evidence(), by).findings[0].answer is Answer.FAIL
    assert decide(with_values(evidence(), accuracy=0.9), by).findings[0].answer is Answer.PASS


def test_a_ceiling_is_held(evidence: Build) -> None:
    verdict = decide(evidence(), Absolute(metric="brier", at_most=0.1))

    assert verdict.findings[0].answer is Answer.FAIL
    assert verdict.findings[0].threshold == 0.1


def test_a_slice_is_asked_by_name_and_an_unknown_one_never_passes(evidence: Build) -> None:
    sliced = Measurement(metric="roc-auc", of="challenger", slice="a=b", value=0.55, n=40)
    made = evidence(measurements=(*evidence().measurements, sliced))

    on = decide(made, Absolute(metric="roc-auc", at_least=0.6, slice="a=b"))
    nowhere = decide(made, Absolute(metric="roc-auc", at_least=0.6, slice="a=c"))

    assert on.decision is Decision.REJECT
    assert nowhere.decision is Decision.INCONCLUSIVE


def test_without_rules_the_defaults_of_the_task_decide(evidence: Build) -> None:
    verdict = decide(evidence())

    assert [finding.metric for finding in verdict.findings] == ["brier", "accuracy"]
    assert verdict.decision is Decision.PROMOTE


def test_a_verdict_names_what_it_rests_on(evidence: Build) -> None:
    made = evidence()
    verdict = decide(made, BRIER)

    assert verdict.evidence == DIGEST
    assert verdict.challenger == made.challenger.digest
    assert verdict.rows == made.rows.digest
    assert (verdict.commit, verdict.event, verdict.dirty) == ("c" * 40, "push", False)


def test_the_same_input_gives_the_same_bytes(evidence: Build) -> None:
    assert files.dump_json(decide(evidence(), BRIER, AUC)) == files.dump_json(decide(evidence(), BRIER, AUC))


finding = st.builds(
    Finding,
    rule=st.just("r"),
    kind=st.just("absolute"),
    mode=st.sampled_from(Mode),
    answer=st.sampled_from(Answer),
    metric=st.just("m"),
    estimate=st.none(),
    threshold=st.none(),
    n=st.none(),
    reason=st.just("because"),
)


@given(st.lists(finding, max_size=8).map(tuple))
def test_promotion_needs_a_blocking_pass_and_nothing_blocking_else(findings: tuple[Finding, ...]) -> None:
    decision, reason = gate.conclude(findings)
    blocking = [each.answer for each in findings if each.mode is Mode.BLOCK]

    assert reason
    if decision is Decision.PROMOTE:
        assert Answer.PASS in blocking
        assert Answer.FAIL not in blocking
        assert Answer.UNKNOWN not in blocking
    assert (decision is Decision.REJECT) == (Answer.FAIL in blocking)
