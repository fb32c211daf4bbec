import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mltoolkit import files, gate, ledger
from mltoolkit.evidence import Checked, Evidence, Measurement
from mltoolkit.gate import Decision, Verdict
from mltoolkit.paired import PairedNumbers, Predictions
from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import Answer, Finding, Mode, Policy, Rule
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.rules.budget import Budget
from mltoolkit.rules.calibration import Calibration
from mltoolkit.rules.contract import Contract
from mltoolkit.rules.custom import Custom
from mltoolkit.rules.numbers import Estimate, Line, Numbers
from mltoolkit.rules.relative import BetterThan, NoWorseThan
from mltoolkit.rules.reuse import Reuse
from mltoolkit.rules.slices import Slice
from mltoolkit.scalars import ScalarNumbers
from mltoolkit.statistics.answers import Answers
from tests.rules import made
from tests.rules.made import Told, between

DIGEST = f"sha256:{'e' * 64}"
BRIER = BetterThanBaseline(metric="brier", baseline="base-rate")
AUC = NoWorseThan(metric="roc-auc", margin=0.01)
SLICES = Slice(metrics=("accuracy",))
GOOD, BAD, UNSURE = between(0.01, 0.02), between(-0.3, -0.2), between(-0.3, 0.2)


def decide(
    *rules: Rule, numbers: Numbers | None = None, evidence: Evidence | None = None, **changes: Any
) -> Verdict:
    return gate.decide(
        evidence or made.evidence(), numbers or Told(estimate=GOOD), rules, evidence_digest=DIGEST, **changes
    )


def dry(rule: Rule, mode: Mode = Mode.DRY_RUN) -> Rule:
    return msgspec.structs.replace(rule, mode=mode)


def test_a_challenger_that_clears_every_blocking_rule_is_promoted() -> None:
    verdict = decide(BRIER, AUC)

    assert verdict.decision is Decision.PROMOTE
    assert verdict.reason == (
        "brier is 0.015 better than the baseline base-rate's (95 % interval of the gain 0.01 to 0.02,"
        " 5,000 rows): better (2 of 2 blocking rules passed)"
    )


def test_one_blocking_fail_rejects_with_its_sentence_also_beside_an_unknown() -> None:
    verdict = decide(BRIER, AUC, numbers=Told(by={"brier": UNSURE, "roc-auc": BAD}))

    assert verdict.decision is Decision.REJECT
    assert verdict.reason.startswith("roc-auc is 0.25 worse than the champion's")
    assert verdict.reason.endswith("(1 of 2 blocking rules failed)")


def test_an_unknown_is_inconclusive_with_what_would_settle_it() -> None:
    verdict = decide(BRIER, AUC, numbers=Told(by={"brier": GOOD, "roc-auc": UNSURE}))

    assert verdict.decision is Decision.INCONCLUSIVE
    assert "7,849 rows in all would settle it" in verdict.reason
    assert verdict.reason.endswith("(1 of 2 blocking rules cannot tell)")


def test_a_warning_is_told_and_a_dry_run_changes_nothing() -> None:
    numbers = Told(by={"brier": GOOD, "roc-auc": BAD})
    warned, dried = (
        decide(BRIER, dry(AUC, Mode.WARN), numbers=numbers),
        decide(BRIER, dry(AUC), numbers=numbers),
    )

    assert warned.decision is dried.decision is Decision.PROMOTE
    assert warned.reason.endswith("(1 of 1 blocking rule passed; 1 warning)")
    assert dried.reason.endswith("(1 of 1 blocking rule passed)")
    assert warned.findings[1].answer is dried.findings[1].answer is Answer.FAIL


def test_rules_that_only_warn_can_promote_nothing() -> None:
    assert decide(dry(BRIER, Mode.WARN)).decision is Decision.INCONCLUSIVE


def test_no_champion_leaves_relative_rules_out_and_a_floor_decides() -> None:
    first = made.evidence(champion=None, no_champion="nothing is live yet")

    assert decide(AUC, evidence=first).decision is Decision.INCONCLUSIVE
    assert "no blocking rule applies" in decide(AUC, evidence=first).reason
    both = decide(AUC, BRIER, dry(BetterThan(metric="brier"), Mode.WARN), evidence=first)
    assert both.decision is Decision.PROMOTE
    assert both.reason.endswith("(1 of 1 blocking rule, 1 not applicable, passed)")


def test_what_says_nothing_of_the_model_s_quality_promotes_nothing_alone() -> None:
    evidence = made.evidence(checks=(Checked(what="data", met=1, asked=1),))
    alone = decide(Budget(size="50MB"), Contract(), evidence=evidence)

    assert [finding.answer for finding in alone.findings] == [Answer.PASS, Answer.PASS]
    assert alone.decision is Decision.INCONCLUSIVE
    assert "budget, contract passed and say nothing of it" in alone.reason
    assert decide(Budget(size="50MB"), Contract(), AUC, evidence=evidence).decision is Decision.PROMOTE


@pytest.mark.parametrize(
    ("bounds", "speaks"),
    [
        ({"metric": "roc-auc", "at_most": 0.9}, False),
        ({"metric": "roc-auc", "at_least": 0.6}, True),
        ({"metric": "roc-auc", "at_least": 0.6, "at_most": 0.9}, True),
        ({"metric": "brier", "at_least": 0.6}, False),
        ({"metric": "brier", "at_most": 0.9}, True),
        ({"metric": "brier", "at_least": 0.6, "at_most": 0.9}, True),
    ],
)
def test_a_bound_speaks_for_a_model_only_on_the_side_where_the_metric_gets_worse(
    *, bounds: dict[str, Any], speaks: bool
) -> None:
    verdict = decide(Absolute(**bounds), numbers=Told(estimate=between(0.7, 0.8)))

    assert verdict.findings[0].answer is Answer.PASS
    assert verdict.decision is (Decision.PROMOTE if speaks else Decision.INCONCLUSIVE)
    if not speaks:
        assert f"{Absolute(**bounds).question} passed and say nothing of it" in verdict.reason
        assert "add a bound on the side where the metric gets worse" in verdict.reason


def test_of_a_number_from_a_file_nobody_says_which_side_is_good() -> None:
    evidence = made.numbers_alone(profit=(2.0, None))
    for rule in (Absolute(metric="file:profit", at_least=1.0), Absolute(metric="file:profit", at_most=3.0)):
        verdict = decide(rule, evidence=evidence, numbers=ScalarNumbers(evidence=evidence))
        assert verdict.decision is Decision.PROMOTE


def test_a_slice_rule_that_cannot_tell_stops_the_verdict_only_where_proof_is_asked() -> None:
    proof = msgspec.structs.replace(SLICES, require_proof=True)

    assert decide(BRIER, SLICES).findings[1].answer is Answer.UNKNOWN
    assert decide(BRIER, SLICES).decision is Decision.PROMOTE
    assert decide(BRIER, SLICES).reason.endswith("(1 of 2 blocking rules passed, 1 cannot tell and need not)")
    assert decide(SLICES).decision is Decision.INCONCLUSIVE
    assert decide(BRIER, proof).decision is Decision.INCONCLUSIVE


def test_without_rules_the_defaults_of_the_task_decide() -> None:
    verdict = decide()

    assert [finding.kind for finding in verdict.findings] == [
        "better-than-baseline",
        "no-worse-than",
        "better-than-baseline",
        "no-worse-than",
        "reuse",
    ]


def test_numbers_alone_have_no_defaults_and_nothing_promotes_them_by_itself() -> None:
    evidence = made.numbers_alone(profit=(2.0, 1.0))
    numbers = ScalarNumbers(evidence=evidence)
    better = BetterThan(metric="file:profit", better="higher")

    assert decide(evidence=evidence, numbers=numbers).decision is Decision.INCONCLUSIVE
    verdict = decide(better, evidence=evidence, numbers=numbers)
    assert verdict.decision is Decision.PROMOTE
    assert "no confidence available" in verdict.reason
    assert (verdict.challenger, verdict.rows, verdict.look) == (None, None, None)


def test_a_verdict_names_what_it_rests_on_and_the_look_that_it_is() -> None:
    rows = made.rows(sketch=ledger.sketch(["a", "b"]))
    verdict = decide(BRIER, evidence=made.evidence(rows=rows, suites=made.C))

    assert (verdict.evidence, verdict.challenger, verdict.champion) == (DIGEST, made.A, made.B)
    assert (verdict.anchor, verdict.rows, verdict.suites, verdict.lock) == (made.C, made.A, made.C, made.A)
    assert (verdict.commit, verdict.event, verdict.dirty) == ("c" * 40, "push", False)
    assert verdict.look is not None
    assert (verdict.look.challenger, verdict.look.rows) == (made.A, made.A)
    assert decide(BRIER).look is None


def test_a_change_of_the_rules_is_asked_about_whether_or_not_a_rule_does() -> None:
    changed = decide(BRIER, policy=Policy(base="b" * 40, changed=("rules: less",)))
    same = decide(BRIER, policy=Policy(base="b" * 40))

    assert changed.decision is Decision.INCONCLUSIVE
    assert same.decision is Decision.PROMOTE
    assert same.findings[-1].kind == "policy-changed"


def test_under_coarse_disclosure_a_verdict_tells_no_number_that_does_not_clear() -> None:
    coarse = Reuse(disclose="coarse")
    verdict = decide(coarse, AUC, numbers=Told(estimate=between(-0.0312, 0.0512)))
    text = files.dump_json(verdict).decode()

    assert verdict.decision is Decision.INCONCLUSIVE
    assert "0.0312" not in text
    assert "0.0512" not in text
    assert (
        "0.0312"
        in files.dump_json(decide(dry(coarse), AUC, numbers=Told(estimate=between(-0.0312, 0.0512)))).decode()
    )


FINDINGS = st.builds(
    Finding,
    rule=st.just("r"),
    kind=st.sampled_from(["absolute", "no-worse-than", "slice", "custom", "budget", "reuse", "tests", "new"]),
    mode=st.sampled_from(Mode),
    answer=st.sampled_from(Answer),
    reason=st.just("because"),
    blocks_when_unknown=st.booleans(),
)


@given(st.lists(FINDINGS, max_size=8).map(tuple))
def test_the_truth_table(findings: tuple[Finding, ...]) -> None:
    decision, reason = gate.conclude(findings)
    blocking = [each for each in findings if each.mode is Mode.BLOCK]
    fails = any(each.answer is Answer.FAIL for each in blocking)
    unknown = any(each.answer is Answer.UNKNOWN and each.blocks_when_unknown for each in blocking)
    good = any(
        each.answer is Answer.PASS and each.kind in {"absolute", "no-worse-than", "slice", "custom"}
        for each in blocking
    )

    assert reason
    assert (decision is Decision.REJECT) == fails
    assert (decision is Decision.PROMOTE) == (good and not unknown and not fails)


@given(st.lists(FINDINGS, max_size=8).map(tuple))
def test_what_only_warns_or_runs_dry_changes_no_decision(findings: tuple[Finding, ...]) -> None:
    blocking = tuple(each for each in findings if each.mode is Mode.BLOCK)

    assert gate.conclude(findings)[0] is gate.conclude(blocking)[0]


NOT_FINITE = (math.nan, math.inf, -math.inf)
SEEMS_GOOD = between(0.6, 0.8)
DAMAGES: tuple[dict[str, Any], ...] = (
    *({key: bad} for key in ("value", "low", "high") for bad in (None, math.nan, math.inf, -math.inf)),
    {"low": None, "high": None},
    {"low": None, "high": None, "confidence": None},
    {"low": 0.8, "high": 0.6},
    {"n": 0},
    {"n": -1},
)
HURT = (Estimate(reason="not defined"), *(between(0.6, 0.8, **changes) for changes in DAMAGES))
"""Numbers that are missing, undefined or damaged, though all that is left of them looks good."""
ALL = (
    Absolute(metric="roc-auc", at_least=0.5, confidence=0.95),
    BRIER,
    AUC,
    NoWorseThan(metric="roc-auc", margin=0.01, over="anchor"),
    BetterThan(metric="roc-auc"),
    Calibration(),
)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.question)
@pytest.mark.parametrize("hurt", HURT)
def test_no_damaged_number_promotes(rule: Rule, hurt: Estimate) -> None:
    numbers = Told(estimate=hurt, line=Line(slope=hurt, intercept=between(-0.05, 0.05)))

    assert decide(rule, numbers=numbers).decision is Decision.INCONCLUSIVE
    assert (
        decide(rule, Custom(name="a", command=("true",)), numbers=numbers).decision is Decision.INCONCLUSIVE
    )


@given(
    values=st.tuples(*[st.none() | st.floats(allow_nan=True, allow_infinity=True)] * 2),
    lower=st.booleans(),
)
def test_no_damaged_number_from_a_file_promotes(
    values: tuple[float | None, float | None],
    lower: bool,  # noqa: FBT001 - a case
) -> None:
    evidence = made.numbers_alone(profit=values)
    numbers = ScalarNumbers(evidence=evidence)
    better = NoWorseThan(metric="file:profit", margin=0.1, better="lower" if lower else "higher")
    verdict = decide(better, Absolute(metric="file:profit", at_least=0), evidence=evidence, numbers=numbers)

    # A champion that nobody measured leaves the relative rule out; the floor still asks for a number.
    if any(value is not None and not math.isfinite(value) for value in values) or values[0] is None:
        assert verdict.decision is not Decision.PROMOTE
    assert files.dump_json(verdict) == files.dump_json(
        decide(better, Absolute(metric="file:profit", at_least=0), evidence=evidence, numbers=numbers)
    )


def rows(
    seed: int, *, n: int = 1000, noise: float = 0.1, shuffled: bool = False, grouped: bool = False
) -> Predictions:
    """Make up what a challenger and a champion say of n rows of which the champion knows the truth's odds."""
    generator = np.random.default_rng(seed)
    signal = generator.normal(size=n)
    truth = (1.5 * signal + generator.logistic(size=n) > 0).astype(np.int64)

    def said(known: Any) -> Answers:
        positive = 1 / (1 + np.exp(-1.5 * known))
        return Answers(
            probabilities=np.column_stack([1 - positive, positive]), labels=(positive > 0.5).astype(np.int64)
        )

    ours = signal + generator.normal(scale=noise, size=n)
    return Predictions(
        truth=truth,
        answers={
            "challenger": said(generator.permutation(ours) if shuffled else ours),
            "champion": said(signal),
            "anchor": said(signal),
        },
        groups=np.arange(n) % 40 if grouped else None,
        slices={},
    )


def on_rows(predictions: Predictions, *rules: Rule) -> Verdict:
    n = int(predictions.truth.size)
    evidence = made.evidence(rows=made.rows(count=n))
    return decide(*rules, evidence=evidence, numbers=PairedNumbers(evidence, predictions))


@pytest.mark.parametrize("grouped", [False, True])
def test_on_rows_a_good_model_is_promoted_and_one_of_shuffled_labels_rejected(grouped: bool) -> None:  # noqa: FBT001 - a case
    good = on_rows(rows(1, n=4000, noise=0.01, grouped=grouped), *ALL)
    bad = on_rows(rows(1, n=4000, shuffled=True, grouped=grouped), *ALL)

    assert [finding.answer for finding in good.findings[:4]] == [Answer.PASS] * 4
    assert on_rows(rows(1, n=4000, noise=0.01, grouped=grouped), *ALL[:4]).decision is Decision.PROMOTE
    assert bad.decision is Decision.REJECT
    assert bad.findings[2].answer is Answer.FAIL


def test_on_rows_the_same_model_is_never_better_and_on_few_rows_nothing_is_known() -> None:
    same = on_rows(rows(2, noise=0.0), BetterThan(metric="roc-auc"), BetterThan(metric="accuracy"))
    few = on_rows(rows(2, n=100, noise=0.0), AUC, NoWorseThan(metric="accuracy", margin=0.01))

    assert {finding.answer for finding in same.findings} == {Answer.UNKNOWN}
    assert {finding.answer for finding in few.findings} == {Answer.UNKNOWN}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), grouped=st.booleans())
def test_the_same_input_gives_the_same_bytes_and_every_number_is_rounded(seed: int, grouped: bool) -> None:  # noqa: FBT001 - a case
    first, second = (files.dump_json(on_rows(rows(seed, grouped=grouped), *ALL)) for _ in range(2))

    assert first == second
    verdict = msgspec.json.decode(first, type=Verdict)
    for finding in verdict.findings:
        for number in msgspec.structs.astuple(finding.estimate or Estimate()):
            if isinstance(number, float):
                assert number == float(f"{number:.6g}")


def test_a_measurement_that_is_missing_is_unknown_for_every_rule_on_files() -> None:
    evidence = made.evidence(
        measurements=(Measurement(metric="file:profit", of="challenger", reason="is text"),)
    )
    verdict = decide(
        Absolute(metric="file:profit", at_least=0),
        Absolute(metric="file:other", at_least=0),
        evidence=evidence,
        numbers=ScalarNumbers(evidence=evidence),
    )

    assert [finding.answer for finding in verdict.findings] == [Answer.UNKNOWN, Answer.UNKNOWN]
    assert "is text" in verdict.findings[0].reason
