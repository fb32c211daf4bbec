import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from mltoolkit.statistics.ranks import Ranking

SCORES = st.sampled_from([-1.0, -0.0, 0.0, 0.1, 0.5, 1.0]) | st.floats(-1e300, 1e300)


@st.composite
def ranked(draw: st.DrawFn) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    rows = draw(st.lists(st.tuples(st.booleans(), SCORES), min_size=0, max_size=60))
    rows += [(True, draw(SCORES)), (False, draw(SCORES))]
    positive, score = zip(*draw(st.permutations(rows)), strict=True)
    return np.array(positive), np.array(score)


@settings(deadline=None)
@given(ranked())
def test_areas_equal_those_of_scikit_learn_ties_included(
    rows: tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]],
) -> None:
    positive, score = rows
    ranking = Ranking(positive, score)

    assert (ranking.positives, ranking.others) == (positive.sum(), (~positive).sum())
    assert ranking.roc_auc == pytest.approx(peer.roc_auc_score(positive, score), abs=1e-12)
    assert ranking.average_precision == pytest.approx(
        peer.average_precision_score(positive, score), abs=1e-12
    )


@settings(deadline=None)
@given(ranked())
def test_rows_are_the_components_of_every_pair(
    rows: tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]],
) -> None:
    positive, score = rows
    ours, theirs = score[positive][:, None], score[~positive][None, :]
    wins = (ours > theirs) + 0.5 * (ours == theirs)
    expected = np.empty(positive.size)
    expected[positive] = (wins.mean(axis=1) - wins.mean()) * positive.size / positive.sum()
    expected[~positive] = (wins.mean(axis=0) - wins.mean()) * positive.size / (~positive).sum()

    assert Ranking(positive, score).roc_auc_rows() == pytest.approx(expected, abs=1e-9)


@settings(deadline=None)
@given(ranked(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_digit(
    rows: tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]], random: Any
) -> None:
    positive, score = rows
    order = list(range(positive.size))
    random.shuffle(order)
    one, other = Ranking(positive, score), Ranking(positive[order], score[order])

    assert (one.roc_auc, one.average_precision) == (other.roc_auc, other.average_precision)
    assert one.roc_auc_rows()[order].tolist() == other.roc_auc_rows().tolist()
    assert one.average_precision_rows()[order].tolist() == other.average_precision_rows().tolist()


def test_a_score_that_is_not_a_number_has_no_rank() -> None:
    ranking = Ranking(np.array([True, False, True]), np.array([0.1, 0.2, math.nan]))

    assert math.isnan(ranking.roc_auc)
    assert math.isnan(ranking.average_precision)


def test_billions_of_pairs_are_counted_and_not_rounded() -> None:
    n = 300_000
    score = np.arange(2.0 * n)
    positive = np.arange(2 * n) >= n
    positive[[0, -1]] = True, False

    # One positive is under all others but itself, and one other above all positives.
    assert Ranking(positive, score).roc_auc == 1 - (2 * n - 1) / n**2
