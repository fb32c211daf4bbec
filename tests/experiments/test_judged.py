import numpy as np
import pytest

from experiments.judged import digest, judge, labelled, numbers, probable, remembered
from mltoolkit import ledger
from mltoolkit.gate import Decision
from mltoolkit.ledger import Ledger
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.rules.relative import NoWorseThan

TRUTH = np.random.default_rng(1).integers(0, 2, 2000)
RULES = (NoWorseThan(metric="accuracy", margin=0.05),)


def test_a_model_is_no_worse_than_itself_and_worse_than_the_truth() -> None:
    coin = labelled(np.random.default_rng(2).integers(0, 2, TRUTH.size))
    assert judge(numbers(TRUTH, coin, coin), RULES).decision is Decision.PROMOTE
    assert judge(numbers(TRUTH, coin, labelled(TRUTH)), RULES).decision is Decision.REJECT


def test_baselines_are_those_of_the_rate() -> None:
    said = probable(np.where(TRUTH == 1, 0.7, 0.3))
    verdict = judge(
        numbers(TRUTH, said, rate=0.5), [BetterThanBaseline(metric="brier", baseline="base-rate")]
    )
    assert verdict.decision is Decision.PROMOTE
    assert verdict.findings[0].estimate is not None
    assert verdict.findings[0].estimate.value == pytest.approx(0.25 - 0.09)


def test_looks_are_counted_by_rows_and_challenger() -> None:
    rows = ledger.sketch(str(at) for at in range(TRUTH.size))
    looks = Ledger()
    for seed in (1, 2, 2):
        said = labelled(np.random.default_rng(seed).integers(0, 2, TRUTH.size))
        looks = remembered(
            looks, judge(numbers(TRUTH, said, labelled(TRUTH), sketch=rows), RULES, looks=looks)
        )
    assert len(looks.looks) == 2


def test_without_ids_a_verdict_is_no_look() -> None:
    said = labelled(TRUTH)
    with pytest.raises(ValueError, match="no look"):
        remembered(Ledger(), judge(numbers(TRUTH, said, said), RULES))


def test_a_digest_is_one_of_files() -> None:
    assert digest(b"").startswith("sha256:e3b0c442")
