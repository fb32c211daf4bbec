import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.metrics import Task
from mltoolkit.rules import comparing
from mltoolkit.rules.base import Answer, Need
from mltoolkit.rules.numbers import Estimate
from mltoolkit.statistics import planning
from tests.rules import made
from tests.rules.made import between

ANYTHING = st.floats(allow_nan=True, allow_infinity=True)
MAYBE = st.none() | ANYTHING
ESTIMATES = st.builds(
    Estimate,
    value=MAYBE,
    low=MAYBE,
    high=MAYBE,
    confidence=st.none() | st.just(0.95),
    n=st.none() | st.integers(-1, 10_000),
    groups=st.none() | st.integers(0, 50),
    spread=MAYBE,
)


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (0.1, 0.2, Answer.PASS),
        (-0.2, -0.1, Answer.FAIL),
        (-0.1, 0.1, Answer.UNKNOWN),
        (0.0, 0.1, Answer.UNKNOWN),
        (-0.1, 0.0, Answer.UNKNOWN),
        (0.0, 0.0, Answer.UNKNOWN),
    ],
)
def test_the_whole_interval_decides_and_a_tie_at_the_bound_cannot_tell(
    low: float, high: float, answer: Answer
) -> None:
    assert comparing.above(between(low, high), 0.0) is answer


@pytest.mark.parametrize(("value", "answer"), [(1, Answer.PASS), (-1, Answer.FAIL), (0, Answer.UNKNOWN)])
def test_a_number_without_any_confidence_decides_itself_only_where_it_stands_alone(
    value: float, answer: Answer
) -> None:
    assert comparing.above(Estimate(value=value), 0, alone=True) is answer
    assert comparing.above(Estimate(value=value), 0) is Answer.UNKNOWN


@given(ESTIMATES, ANYTHING)
def test_no_number_that_is_damaged_is_above_or_below_anything(estimate: Estimate, bound: float) -> None:
    said = comparing.above(estimate, bound, alone=True)

    if said is not Answer.UNKNOWN:
        assert comparing.sound(estimate)
        assert math.isfinite(estimate.value or 0.0)
        assert estimate.n is None or estimate.n >= 1
        assert not math.isnan(bound)


@given(ESTIMATES)
def test_words_for_any_number_are_never_missing(estimate: Estimate) -> None:
    assert comparing.number(estimate)
    assert comparing.interval(estimate).startswith(" (")
    comparing.told(comparing.need(estimate, 0.01), estimate)


def test_yes_and_no_change_places_where_less_is_asked() -> None:
    assert comparing.flipped(Answer.PASS) is Answer.FAIL
    assert comparing.flipped(Answer.FAIL) is Answer.PASS
    assert comparing.flipped(Answer.UNKNOWN) is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("metric", "changes", "said"),
    [
        ("rmse", {}, "a metric of regression models, and this one is binary"),
        (
            "roc-auc",
            {"challenger": made.subject(made.A, probabilities=False)},
            'pyfunc_predict_fn="predict_proba"',
        ),
        ("pinball", {"task": "regression"}, "name it as `quantile:`"),
        ("accuracy", {"task": None, "challenger": None}, "ask for `file:accuracy`"),
        ("nothing", {}, "not a metric that this version knows"),
    ],
)
def test_a_metric_that_this_model_cannot_have_is_told_with_the_mend(
    metric: str, changes: dict[str, object], said: str
) -> None:
    found = comparing.unfit(metric, made.evidence(**changes))

    assert found is not None
    assert said in found


def test_a_metric_of_the_task_and_a_number_from_a_file_fit() -> None:
    assert comparing.unfit("roc-auc", made.evidence()) is None
    assert comparing.unfit("file:profit", made.evidence()) is None


def test_nobody_to_compare_with_is_not_applicable_and_somebody_lost_is_unknown() -> None:
    none_yet = made.facts(champion=None, no_champion="nothing is live yet")
    lost = made.facts(champion=None, faults={"champion": "its model is gone"})
    silent = made.facts(champion=None)

    assert comparing.absent(none_yet, "champion") == (
        Answer.NOT_APPLICABLE,
        "there is no champion: nothing is live yet",
    )
    assert comparing.absent(lost, "champion") == (
        Answer.UNKNOWN,
        "the champion could not be scored: its model is gone",
    )
    assert (comparing.absent(silent, "champion") or (None,))[0] is Answer.UNKNOWN
    assert comparing.absent(made.facts(), "champion") is None


def test_an_anchor_or_a_baseline_that_the_evidence_lacks_is_told() -> None:
    assert (comparing.absent(made.facts(anchor=None, no_anchor="none"), "anchor") or (None,))[
        0
    ] is Answer.NOT_APPLICABLE
    assert (comparing.absent(made.facts(), "column:old") or (None,))[0] is Answer.UNKNOWN
    assert comparing.absent(made.facts(), "base-rate") is None


def test_a_margin_of_one_point_needs_381_rows_even_if_nothing_differs() -> None:
    assert comparing.fewest("accuracy", 0.01, 0.95) == 381
    assert comparing.fewest("rmse", 0.01, 0.95) == comparing.FEWEST
    assert comparing.fewest("accuracy", None, 0.95) == comparing.FEWEST
    assert comparing.too_few(between(0, 0, n=381), "accuracy", 0.01) is None
    assert "at least 381" in str(comparing.too_few(between(0, 0, n=380), "accuracy", 0.01))
    assert "not known" in str(comparing.too_few(between(0, 0, n=None), "accuracy", 0.01))


def test_the_rows_that_a_number_rests_on_must_be_enough() -> None:
    assert comparing.too_few(between(0, 0, rests=381), "roc-auc", 0.01) is None
    assert comparing.too_few(between(0, 0, rests=20), "roc-auc", 0.05) == (
        "it rests on 20 rows, too few: at least 73 are needed, even if the models never differ"
    )
    assert comparing.too_few(between(0, 0, rests=1), "recall", None) == (
        "it rests on 1 row, too few: at least 30 are needed"
    )


def test_several_classes_double_what_a_row_of_a_brier_score_can_lose() -> None:
    assert comparing.fewest("brier", 0.01, 0.95, Task.BINARY) == 381
    assert comparing.fewest("brier", 0.01, 0.95, Task.MULTICLASS) == 765
    assert comparing.fewest("accuracy", 0.01, 0.95, Task.MULTICLASS) == 381


def test_an_interval_without_width_is_no_interval() -> None:
    alike = between(0, 0, spread=0.0, n=100)

    assert comparing.interval(alike) == " (no row differs, 100 rows)"
    assert comparing.too_few(alike, "mae", 5.0) == (
        "100 rows are too few: at least 381 are needed, even if the models never differ"
    )
    assert comparing.too_few(between(0, 0, spread=0.0, n=381), "mae", 5.0) is None


def test_rows_needed_follow_from_the_spread_and_never_from_the_difference() -> None:
    near, far = between(-0.02, 0.02), between(0.3, 0.34)

    assert comparing.need(near, 0.01) == comparing.need(far, 0.01) == Need(rows=7849)
    assert comparing.need(between(-0.02, 0.02, groups=50), 0.01) == Need(rows=8070, groups=81)
    assert comparing.need(between(0, 0, spread=0.0), 0.01, least=381) == Need(rows=381)


def test_what_rests_on_few_rows_needs_as_large_a_share_of_more() -> None:
    assert comparing.need(between(0, 0, n=2000, rests=20, spread=0.0), 0.05, least=73) == Need(rows=7300)
    recall = between(-0.01, 0.01, n=10_000, rests=1000, spread=0.2)
    assert comparing.need(recall, 0.02, shares=True) == Need(
        rows=10 * planning.rows_needed_for_shares(0.02, 0.02, confidence=0.95)
    )


def test_no_need_is_a_number_that_nobody_has() -> None:
    needed = comparing.need(between(-0.1, 0.1), 1e-9)

    assert needed == Need(reason="no practical number of rows would settle it")
    assert comparing.told(needed, between(-0.1, 0.1)) == "; no practical number of rows would settle it"


def test_a_tie_is_settled_by_no_number_of_rows() -> None:
    needed = comparing.need(between(-0.1, 0.1), None)

    assert needed is not None
    assert needed.rows is None
    assert "no number of rows settles a tie" in comparing.told(needed, between(-0.1, 0.1))


def test_it_is_told_when_more_rows_may_not_help() -> None:
    few, many = between(-0.1, 0.1, n=100), between(-0.1, 0.1, n=10_000)

    assert comparing.told(Need(rows=5000), few).endswith(
        "in all would settle it four times in five, if the models are in truth equal"
    )
    assert comparing.told(Need(rows=5000), many).endswith("more rows may not help")


def test_a_share_needs_more_rows_than_its_disagreement_alone_says() -> None:
    seen = between(-0.03, 0.03, spread=0.04)
    plain, share = comparing.need(seen, 0.02), comparing.need(seen, 0.02, shares=True)

    assert plain == Need(rows=785)
    assert share == Need(rows=888)


def test_a_margin_of_r2_needs_as_many_rows_as_one_of_accuracy_and_one_in_minutes_does_not() -> None:
    assert comparing.fewest("r2", 0.01, 0.95) == comparing.fewest("accuracy", 0.01, 0.95) == 381
    assert comparing.fewest("mae", 0.01, 0.95) == comparing.FEWEST
