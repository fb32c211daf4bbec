from typing import Any

import msgspec
import numpy as np
import pytest

from mltoolkit import gate
from mltoolkit.metrics import Task
from mltoolkit.paired import PairedNumbers, Predictions
from mltoolkit.rules import disclosure, slices
from mltoolkit.rules.base import Answer, Facts, Finding, Mode, Rule
from mltoolkit.rules.relative import NoWorseThan
from mltoolkit.rules.slices import Slice
from mltoolkit.statistics.answers import Answers
from tests.rules import made


def paired(rows: Predictions, **changes: Any) -> PairedNumbers:
    rows_of = made.rows(count=rows.truth.size, group=() if rows.groups is None else ("day",))
    return PairedNumbers(made.evidence(rows=rows_of, **changes), rows)


def verdict(numbers: PairedNumbers, *rules: Rule) -> gate.Verdict:
    return gate.decide(numbers.evidence, numbers, rules, evidence_digest=made.A)


def finding(numbers: PairedNumbers, *rules: Rule) -> Finding:
    """Return the finding of the first rule, among the others."""
    return verdict(numbers, *rules).findings[0]


def rows(
    count: int,
    seed: int,
    *,
    wrong: float = 0.1,
    harmed: Any = None,
    harm: float = 0.0,
    groups: int | None = None,
) -> Predictions:
    """Make up rows on which both models err independently, and the challenger more often where it is harmed."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, count)
    columns = {
        "carrier": (rng.integers(0, 4, count), ("AA", "B6", "DL", "UA")),
        "origin": (rng.integers(0, 3, count), ("EWR", "JFK", "LGA")),
    }
    more = np.zeros(count)
    if harmed is not None:
        inside = np.ones(count, dtype=bool)
        for column, code in harmed.items():
            inside &= columns[column][0] == code
        more[inside] = harm

    def answers(share: Any) -> Answers:
        labels = np.where(rng.random(count) < share, 1 - truth, truth)
        table = np.column_stack([labels == 0, labels == 1]) * 0.5 + 0.25
        return Answers(labels=labels, probabilities=table)

    return Predictions(
        truth=truth,
        answers={
            who: answers(wrong + extra)
            for who, extra in (("challenger", more), ("champion", 0), ("anchor", 0))
        },
        groups=None if groups is None else rng.integers(0, groups, count),
        slices=columns,
    )


def test_a_bad_pair_that_nobody_named_is_found() -> None:
    found = finding(
        paired(rows(6000, seed=1, harmed={"carrier": 3, "origin": 1}, harm=0.3)), Slice(metrics=("accuracy",))
    )

    assert found.answer is Answer.FAIL
    assert found.slice == "carrier=UA & origin=JFK"
    assert found.metric == "accuracy"
    worst = found.parts[0]
    assert (worst.slice, worst.answer, worst.estimate) == (found.slice, Answer.FAIL, found.estimate)
    assert worst.estimate.high is not None
    assert worst.estimate.high < -0.05
    assert found.reason.startswith(
        "accuracy on carrier=UA & origin=JFK is 0.3458 worse than the champion's ("
    )
    assert "adjusted for 19 comparisons, -0.4227 to -0.2659" in found.reason
    # The two values that it is a pair of hold its rows too.
    assert found.reason.endswith("beyond the margin of 0.05; so are 2 more of 19 comparisons")
    # 7 values and 12 pairs, and the interval is that of Holm's step among them.
    assert worst.estimate.confidence == pytest.approx(1 - 0.05 / 19)
    assert len(found.parts) == 19


def test_slices_that_all_clear_the_margin_pass() -> None:
    found = finding(paired(rows(60_000, seed=2, wrong=0.02)), Slice(metrics=("accuracy",)))

    assert found.answer is Answer.PASS
    assert found.reason.startswith(
        "in 19 comparisons no slice is worse by 0.05 or more; the least sure: accuracy on "
    )
    lows = [part.estimate.low for part in found.parts]
    assert lows == sorted(lows, key=lambda low: 0.0 if low is None else low)
    assert all(part.answer is Answer.PASS for part in found.parts)


@pytest.mark.parametrize(
    ("proof", "decision"), [(False, gate.Decision.PROMOTE), (True, gate.Decision.INCONCLUSIVE)]
)
def test_a_slice_that_cannot_be_told_stops_the_verdict_only_where_proof_is_required(
    *, proof: bool, decision: gate.Decision
) -> None:
    numbers = paired(rows(6000, seed=3, wrong=0.02))
    rule = Slice(metrics=("accuracy",), margin=0.03, require_proof=proof)

    found = verdict(numbers, rule, NoWorseThan(metric="accuracy", margin=0.05))

    assert [each.answer for each in found.findings] == [Answer.UNKNOWN, Answer.PASS]
    assert found.findings[0].reason.startswith("no harm is shown, but ")
    assert found.decision is decision


def test_a_slice_rule_alone_that_cannot_tell_promotes_nothing() -> None:
    found = verdict(paired(rows(6000, seed=3)), Slice(metrics=("accuracy",)))

    assert found.findings[0].answer is Answer.UNKNOWN
    assert found.decision is gate.Decision.INCONCLUSIVE


def test_harm_rejects() -> None:
    numbers = paired(rows(6000, seed=1, harmed={"carrier": 3}, harm=0.3))

    found = verdict(numbers, Slice(metrics=("accuracy",)), NoWorseThan(metric="accuracy", margin=0.5))

    assert found.decision is gate.Decision.REJECT


def test_all_slice_rules_of_a_verdict_share_one_error() -> None:
    numbers = paired(rows(6000, seed=1, harmed={"carrier": 3, "origin": 1}, harm=0.3))
    first, second = (
        Slice(metrics=("accuracy", "recall")),
        Slice(metrics=("brier",), over="anchor", mode=Mode.WARN),
    )

    alone, together = finding(numbers, first), finding(numbers, first, second)

    def surest(found: Finding) -> float:
        return max(part.estimate.confidence or 0 for part in found.parts)

    assert len(alone.parts) == 38
    assert surest(alone) == pytest.approx(1 - 0.05 / 38)
    assert surest(together) == pytest.approx(1 - 0.05 / 57)
    assert "adjusted for 57 comparisons" in together.reason
    # And looks divide it further.
    harms = slices.harms((first,), numbers, numbers.evidence, looks=20)[first]
    assert max(part.estimate.confidence or 0 for part in harms) == pytest.approx(1 - 0.05 / 38 / 20)


def test_the_printed_interval_of_a_step_that_is_not_rejected_is_that_where_the_walk_ended() -> None:
    numbers = paired(rows(6000, seed=1, harmed={"carrier": 3}, harm=0.3))

    found = finding(numbers, Slice(metrics=("accuracy",)))

    failed = [part for part in found.parts if part.answer is Answer.FAIL]
    others = [part for part in found.parts if part.answer is not Answer.FAIL]
    assert {"carrier=UA", *(f"carrier=UA & origin={each}" for each in ("EWR", "JFK", "LGA"))} <= {
        part.slice for part in failed
    }
    steps = sorted(part.estimate.confidence or 0 for part in failed)
    assert steps == pytest.approx([1 - 0.05 / left for left in range(20 - len(failed), 20)])
    assert [part.estimate.confidence for part in others] == pytest.approx(
        [1 - 0.05 / len(others)] * len(others)
    )


def test_equal_models_are_shown_to_harm_nobody() -> None:
    rule = Slice(metrics=("accuracy", "brier"), margin=0.02)
    failed = 0
    for seed in range(200):
        numbers = paired(rows(1500, seed=seed))
        failed += any(
            part.answer is Answer.FAIL
            for part in slices.harms((rule,), numbers, numbers.evidence, looks=1)[rule]
        )

    # In truth equal, and the error allowed is 2.5 % at the margin itself.
    assert failed == 0


def test_models_that_are_worse_by_the_margin_everywhere_fail_as_often_as_is_allowed() -> None:
    rule = Slice(metrics=("accuracy",), margin=0.05)
    failed = 0
    for seed in range(200):
        numbers = paired(rows(1500, seed=seed, harmed={}, harm=0.05))
        failed += any(
            part.answer is Answer.FAIL
            for part in slices.harms((rule,), numbers, numbers.evidence, looks=1)[rule]
        )

    # Of 200 at 2.5 %: more than 11 would happen once in a thousand times.
    assert failed <= 11


def test_few_groups_and_few_rows_cannot_be_told() -> None:
    few_groups = finding(paired(rows(6000, seed=1, groups=8)), Slice(metrics=("accuracy",)))
    few_rows = finding(paired(rows(90, seed=1)), Slice(metrics=("accuracy",)))
    bare = msgspec.structs.replace(rows(6000, seed=1), slices={})
    nothing = finding(paired(bare), Slice(metrics=("accuracy",)))

    assert few_groups.answer is Answer.UNKNOWN
    assert "there are 8 groups" in few_groups.reason
    assert all(part.estimate.low is None for part in few_groups.parts)
    assert few_rows.answer is Answer.UNKNOWN
    assert few_rows.reason == "no slice has enough rows to be compared: 7 values of fewer than 100 rows"
    assert nothing.reason == "no slice has enough rows to be compared: name columns as `slices`"
    assert few_rows.parts == ()


def test_identical_answers_in_too_few_rows_are_no_proof() -> None:
    made_up = rows(1500, seed=1)
    same = msgspec.structs.replace(
        made_up, answers=dict.fromkeys(("challenger", "champion"), made_up.answers["champion"])
    )

    found = finding(paired(same), Slice(metrics=("accuracy",)))

    told = {part.slice: part.answer for part in found.parts}
    # 19 comparisons at five points need 171 rows: the values have them, the pairs do not.
    assert all((answer is Answer.PASS) == (" & " not in slice_) for slice_, answer in told.items())
    assert found.answer is Answer.UNKNOWN


def test_what_is_listed_is_bounded_and_what_is_counted_is_not() -> None:
    found = finding(
        paired(rows(6000, seed=1, harmed={"carrier": 3}, harm=0.3)),
        Slice(metrics=("accuracy", "brier", "recall", "f1")),
    )

    assert len(found.parts) == slices.SHOWN
    assert "76 comparisons" in found.reason
    answers = [part.answer is Answer.FAIL for part in found.parts]
    assert answers == sorted(answers, reverse=True)


def many(values: int, *, each: int, inverted: int | None = None, rare: int = 0) -> Predictions:
    """Make up rows of a column with many values, in one of which the challenger says the contrary of the truth."""
    dest = np.concatenate([np.repeat(np.arange(values), each), np.full(rare, values)])
    truth = np.random.default_rng(1).integers(0, 2, dest.size)
    said = np.where(dest == inverted, 1 - truth, truth)
    texts = tuple(f"v{at:03}" for at in range(values)) + (("rare",) if rare else ())
    return Predictions(
        truth=truth,
        answers={"challenger": Answers(labels=said), "champion": Answers(labels=truth)},
        groups=None,
        slices={"dest": (dest, texts)},
    )


def test_every_value_of_a_column_is_looked_at() -> None:
    found = verdict(
        paired(many(30, each=200, inverted=25)),
        Slice(metrics=("accuracy",)),
        NoWorseThan(metric="accuracy", margin=0.1),
    )

    assert found.decision is gate.Decision.REJECT
    assert found.findings[0].slice == "dest=v025"


@pytest.mark.parametrize(
    ("made_up", "left"),
    [
        (many(20, each=300, rare=99), "1 value of fewer than 100 rows"),
        (many(210, each=300), "10 more than the 200 that are compared at once"),
    ],
    ids=["rare", "beyond"],
)
@pytest.mark.parametrize("proof", [False, True])
def test_what_is_not_compared_is_told_and_is_no_proof(
    made_up: Predictions, left: str, *, proof: bool
) -> None:
    rule = Slice(metrics=("accuracy",), margin=0.1, require_proof=proof)

    found = finding(paired(made_up), rule, NoWorseThan(metric="accuracy", margin=0.1))

    assert f"; not compared: {left}" in found.reason
    assert found.answer is (Answer.UNKNOWN if proof else Answer.PASS)
    assert (found.need is not None) is proof
    told = disclosure.coarse(found)
    assert (left in told.reason) is proof


def test_without_a_champion_it_does_not_apply() -> None:
    numbers = paired(rows(3000, seed=1), champion=None, no_champion="nothing is live yet")
    faulty = paired(rows(3000, seed=1), faults={"champion": "its folder is gone"})

    assert finding(numbers, Slice(metrics=("accuracy",))).answer is Answer.NOT_APPLICABLE
    found = finding(faulty, Slice(metrics=("accuracy",)))
    assert found.answer is Answer.UNKNOWN
    assert found.blocks_when_unknown
    assert "its folder is gone" in found.reason


def test_a_metric_of_another_task_cannot_be_told_and_stops_the_verdict() -> None:
    numbers = paired(rows(3000, seed=1))

    found = finding(numbers, Slice(metrics=("accuracy", "rmse")))

    assert (found.answer, found.blocks_when_unknown) == (Answer.UNKNOWN, True)
    assert "rmse" in found.reason
    assert numbers.evidence.task is Task.BINARY


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"metrics": ()}, "needs `metrics`"),
        ({"metrics": ("acuracy",)}, "did you mean `accuracy`"),
        ({"metrics": ("file:profit",)}, "has no slices"),
        ({"metrics": ("brier", "brier")}, "names a metric twice"),
        ({"metrics": ("brier",), "margin": 5}, "must be below 1"),
        ({"metrics": ("brier",), "margin": -0.1}, "> 0"),
        ({"metrics": ("brier",), "confidence": 95}, "< 1"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(words: dict[str, Any], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert({"kind": "slice", **words}, Slice)


def test_what_it_answers_does_not_depend_on_the_order_of_rules() -> None:
    numbers = paired(rows(4000, seed=9, groups=20))
    first, second = Slice(metrics=("accuracy",)), Slice(metrics=("brier",), margin=0.02)

    one, other = (
        Facts(
            evidence=numbers.evidence,
            numbers=numbers,
            harms=slices.harms(order, numbers, numbers.evidence, looks=1),
        )
        for order in ((first, second), (second, first))
    )

    for rule in (first, second):
        assert rule.answer(one) == rule.answer(other)
