import msgspec
import pytest

from mltoolkit import plans
from mltoolkit.rules.base import Answer, Finding, Rule
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.rules.numbers import Estimate
from mltoolkit.rules.relative import BetterThan, NoWorseThan
from mltoolkit.statistics import planning

AUC = NoWorseThan(metric="roc-auc", margin=0.01)
ACCURACY = NoWorseThan(metric="accuracy", margin=0.01)
SEEN = Estimate(value=0.3, low=0.2, high=0.4, confidence=0.95, n=1000, groups=30, spread=0.5)


def finding(rule: Rule, estimate: Estimate | None = SEEN) -> Finding:
    return rule.finding(Answer.UNKNOWN, "nobody can tell", estimate=estimate)


def planned(
    rule: plans.Compares, estimate: Estimate | None = SEEN, differ: float | None = None
) -> plans.Plan:
    return plans.plan(rule, finding(rule, estimate), disagreement=differ, group="day")


def test_the_rules_own_margin_is_planned_for_and_half_and_double() -> None:
    made = planned(AUC)

    assert [each.margin for each in made.sizes if each.power == 0.8] == [0.005, 0.01, 0.02, 0.04]
    assert made.distance == 0.01
    own = next(each for each in made.sizes if (each.margin, each.power) == (0.01, 0.8))
    assert planning.rows_needed(0.5, 0.01, confidence=0.95) < (own.rows or 0) < 40_000
    assert own.groups == planning.groups_needed(own.rows or 0, 1000, 30)


def test_a_plan_never_depends_on_the_difference_seen() -> None:
    other = msgspec.structs.replace(SEEN, value=-0.1, low=-0.2, high=0.0, p=0.3)

    assert planned(AUC, other) == planned(AUC)
    assert planned(ACCURACY, other, differ=0.02) == planned(ACCURACY, differ=0.02)


def test_disagreement_counts_for_accuracy_alone() -> None:
    assert planned(ACCURACY, differ=0.02).disagreement == 0.02
    assert planned(AUC, differ=0.02).disagreement is None
    told = planned(ACCURACY, differ=0.02).floor
    assert told is not None
    assert told.startswith("With 2 % disagreement on 1,000 rows in 30 days, a difference in accuracy under ")


def test_models_that_never_differed_still_need_the_rows_of_the_margin() -> None:
    none = msgspec.structs.replace(SEEN, spread=0.0, groups=None)
    own = next(each for each in planned(ACCURACY, none, differ=0.0).sizes if each.margin == 0.01)

    assert own.rows == planning.minimum_rows(0.01, confidence=0.95) == 381


def test_a_plan_never_contradicts_the_interval_that_the_answer_shows() -> None:
    """Twenty positives in 2,000 rows that never differ: the interval is +-0.161."""
    few = Estimate(value=0.0, low=-0.161, high=0.161, confidence=0.95, n=2000, rests=20, spread=0.0)
    made = planned(NoWorseThan(metric="roc-auc", margin=0.05), few)

    assert made.floor == "On 2,000 rows, a difference in roc-auc under 0.16 cannot be told from chance"
    assert [(size.margin, size.rows, size.now) for size in made.sizes if size.power == 0.8] == [
        (0.025, 15_000, 0.0),
        (0.05, 7300, 0.0),
        (0.1, 3500, 0.0),
        (0.2, 3000, 0.0),
    ]


def test_the_longer_side_of_tangos_interval_is_what_cannot_be_told() -> None:
    """One row in 1,000 differs, and it is lost."""
    rare = Estimate(value=-0.001, low=-0.005643, high=0.002831, confidence=0.95, n=1000, spread=0.001)
    made = planned(NoWorseThan(metric="accuracy", margin=0.005), rare, differ=0.001)

    assert "a difference in accuracy under 0.0046 cannot be told" in str(made.floor)


def test_recall_is_planned_by_the_positives_as_accuracy_is_by_rows() -> None:
    seen = Estimate(value=0.0, low=-0.02, high=0.02, confidence=0.95, n=10_000, rests=1000, spread=0.2)
    made = planned(NoWorseThan(metric="recall", margin=0.02), seen)
    own = next(each for each in made.sizes if (each.margin, each.power) == (0.02, 0.8))

    assert own.rows == 10 * planning.rows_needed_for_shares(0.02, 0.02, confidence=0.95)


def test_nothing_is_certain_and_no_number_is_absurd() -> None:
    sure = planned(ACCURACY, Estimate(value=0.0, low=-0.001, high=0.001, confidence=0.95, n=9999, spread=0.0))
    tiny = planned(NoWorseThan(metric="brier", margin=1e-9), SEEN)

    assert "> 99%" in plans.text((sure,))
    assert "100%" not in plans.text((sure,))
    assert {size.rows for size in tiny.sizes} == {None}
    assert plans.text((tiny,)).count("too many") == len(tiny.sizes)


def test_an_effect_is_planned_for_beyond_what_is_asked() -> None:
    made = planned(BetterThan(metric="roc-auc", by=0.01, effect=0.03))

    assert made.what == "effect"
    assert made.distance == pytest.approx(0.02)
    assert made.reason == "Effects are beyond the 0.01 asked for."


@pytest.mark.parametrize("spread", [0.5, 0.0])
def test_without_an_effect_there_are_examples_and_it_is_said(spread: float) -> None:
    rule = BetterThanBaseline(metric="brier", baseline="base-rate")
    made = planned(rule, msgspec.structs.replace(SEEN, spread=spread))

    assert made.distance is None
    assert made.sizes
    assert "no number of rows settles a tie" in str(made.reason)
    assert "*:" in plans.text((made,))
    assert " *" not in plans.text((made,)).split("*:")[0]


@pytest.mark.parametrize("estimate", [None, Estimate(n=1000, reason="withheld"), Estimate(value=0.1)])
def test_what_cannot_be_planned_says_why(estimate: Estimate | None) -> None:
    made = planned(AUC, estimate)

    assert made.sizes == ()
    assert made.reason == ("withheld" if estimate is not None and estimate.reason else "nobody can tell")
    assert plans.text((made,)).splitlines() == [AUC.question, f"  {made.reason}"]


def test_the_table_is_read_from_left_to_right() -> None:
    told = plans.text((planned(AUC),)).splitlines()

    assert told[0] == "roc-auc no worse than the champion by 0.01 (95 % intervals)"
    assert told[1].startswith("  On 1,000 rows in 30 days, a difference in roc-auc under ")
    assert told[2].split("  ") == [
        "",
        "margin",
        "power now",
        "rows for 80%",
        "groups",
        "rows for 90%",
        "groups",
    ]
    assert "  0.01 *" in told[4]
    assert len({len(line) for line in told[2:7]}) == 1


def test_without_rules_that_compare_there_is_nothing_to_plan() -> None:
    assert "nothing to plan" in plans.text(())
