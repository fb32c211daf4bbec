import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.metrics import METRICS, Task
from mltoolkit.paired import Predictions
from mltoolkit.statistics.answers import Answers
from mltoolkit.statistics.planning import minimum_rows
from mltoolkit.statistics.proportions import tango, wilson
from tests.made_rows import ASKED, numbers, rows


@given(
    truth=st.lists(st.integers(min_value=0, max_value=1), min_size=1, max_size=60),
    data=st.data(),
)
def test_shares_of_rows_have_score_intervals(truth: list[int], data: st.DataObject) -> None:
    n = len(truth)
    said = [
        np.array(data.draw(st.lists(st.integers(-1, 1), min_size=n, max_size=n)), dtype=np.int64)
        for _ in range(2)
    ]
    y = np.array(truth)
    found = Predictions(
        truth=y,
        answers={"challenger": Answers(labels=said[0]), "champion": Answers(labels=said[1])},
        groups=None,
        slices={},
    )
    asked = numbers(Task.BINARY, found)
    right = [each == y for each in said]
    for metric, among in (("accuracy", np.ones(n, dtype=bool)), ("recall", y == 1)):
        if not among.any():
            assert asked.gain(metric, "champion", **ASKED).reason == "of the challenger: no row is 1"
            continue
        gained = int((right[0] & ~right[1] & among).sum())
        lost = int((right[1] & ~right[0] & among).sum())
        wanted = tango(gained, lost, int(among.sum()), **ASKED)
        gain = asked.gain(metric, "champion", **ASKED)
        assert (gain.low, gain.high) == pytest.approx((wanted.low, wanted.high), rel=1e-5, abs=1e-9)
        assert gain.p == pytest.approx(wanted.p, rel=1e-5, abs=1e-12)
        # Per row, not per positive row.
        assert gain.spread == pytest.approx((gained + lost) / among.sum() * n / among.sum(), rel=1e-5)
        share = wilson(int((right[0] & among).sum()), int(among.sum()), **ASKED)
        level = asked.level(metric, **ASKED)
        assert (level.low, level.high) == pytest.approx((share.low, share.high), rel=1e-5, abs=1e-9)


def test_with_groups_a_score_interval_only_ever_grows() -> None:
    found = rows(Task.BINARY, 900, seed=1, groups=15)
    alone = numbers(Task.BINARY, msgspec.structs.replace(found, groups=None))
    grouped = numbers(Task.BINARY, found)

    for metric in ("accuracy", "recall", "precision"):
        ours, theirs = grouped.level(metric, **ASKED), alone.level(metric, **ASKED)
        assert ours.low is not None
        assert ours.high is not None
        assert theirs.low is not None
        assert theirs.high is not None
        assert ours.low <= theirs.low
        assert ours.high >= theirs.high
        assert ours.high - ours.low > theirs.high - theirs.low
        assert ours.spread is not None
        assert theirs.spread is not None
        assert ours.spread > theirs.spread


def test_a_share_of_all_rows_is_not_certain_with_groups_either() -> None:
    truth = np.resize([0, 1], 400)
    found = Predictions(
        truth=truth,
        answers={"challenger": Answers(labels=truth)},
        groups=np.arange(400) // 20,
        slices={},
    )

    level = numbers(Task.BINARY, found).level("accuracy", **ASKED)

    assert (level.value, level.high, level.groups) == (1.0, 1.0, 20)
    assert level.low == pytest.approx(0.990488)


@pytest.mark.parametrize("groups", [None, 20])
@pytest.mark.parametrize("metric", [name for name, each in METRICS.items() if each.bounded])
def test_identical_predictions_are_not_certain_to_be_equal(metric: str, groups: int | None) -> None:
    task = METRICS[metric].tasks[0]
    few, enough = minimum_rows(0.01, confidence=0.95) - 1, 4000
    for count, told in ((few, False), (enough, True)):
        found = rows(task, count, seed=2, groups=groups, noise=0.0)
        gain = numbers(task, found).gain(metric, "champion", **ASKED)
        assert gain.value == 0
        assert gain.spread == 0
        assert gain.low is not None
        assert (gain.low > -0.01) is told
        assert gain.p is not None
        assert (gain.p < 0.05) is told


def test_an_area_without_a_fault_is_not_certain() -> None:
    share = np.array([0.1] * 30 + [0.9] * 10)
    answers = Answers(
        labels=(share > 0.5).astype(np.int64), probabilities=np.column_stack([1 - share, share])
    )
    found = Predictions(
        truth=(share > 0.5).astype(np.int64), answers={"challenger": answers}, groups=None, slices={}
    )

    level = numbers(Task.BINARY, found).level("roc-auc", **ASKED)

    # As if it rested on its ten positives: 1 - z^2 / (10 + z^2), and an area is never over 1.
    assert (level.value, level.high) == (1.0, 1.0)
    assert level.low == pytest.approx(0.722467)


def test_a_metric_without_bounds_that_no_row_moves_is_a_point() -> None:
    values = np.arange(50.0)
    found = Predictions(
        truth=values + 1,
        answers={"challenger": Answers(values=values), "champion": Answers(values=values)},
        groups=None,
        slices={},
    )

    gain = numbers(Task.REGRESSION, found).gain("mae", "champion", **ASKED)

    assert (gain.value, gain.low, gain.high, gain.spread) == (0.0, 0.0, 0.0, 0.0)


def test_printed_ends_stay_inside_the_metric_and_confidence_never_becomes_one() -> None:
    found = rows(Task.BINARY, 40, seed=2)

    level = numbers(Task.BINARY, found).level("roc-auc", confidence=1 - 1e-9, threshold=0.5)

    assert level.high == 1.0
    assert level.low is not None
    assert level.low >= 0
    assert level.confidence == 1 - 1e-9
