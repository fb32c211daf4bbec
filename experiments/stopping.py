"""Looking again at a grown set: a model that loses exactly the margin, judged until it passes or patience ends.

    python -m experiments.stopping               # 1,000 such models: three minutes
    python -m experiments.stopping --models 200

A model is truly worse by the margin of its rule, so that every pass is false. Where the verdict cannot tell, rows
are added as it plans (in whole days), up to nine times; each growth is a further look at the same rows, which the
ledger knows by their ids, and pays its share of the error. A decision may be wrong in 2.5 % of cases, and so may
all looks together; promised to whoever declares a budget is at most that. The same without a budget shows what
looking again costs where nobody pays for it.
The exit code is 1 where that is not so.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from experiments.judged import judge, labelled, numbers, remembered
from mltoolkit import ledger
from mltoolkit.evidence import Sketch
from mltoolkit.gate import Decision
from mltoolkit.ledger import Ledger
from mltoolkit.rules.base import Rule
from mltoolkit.rules.relative import NoWorseThan
from mltoolkit.rules.reuse import Reuse

ALPHA = 0.025
"""What one decision at a confidence of 0.95 may be wrong about one side."""

GROWTHS = 9
MARGIN = 0.02
DIFFER = 0.06
RIGHT = 0.8
DAY = 250
FIRST = 1000
BUDGET = 20
SEED = 3


class Stopped(NamedTuple):
    """What became of models that lose exactly the margin.

    Attributes:
        budget: Of the looks; None where nobody pays.
        models: How many.
        passed: The share of false passes.
        rejected: The share that was rejected.
        looks: The mean number of looks.
        most: The most rows that one was judged on.
    """

    budget: int | None
    models: int
    passed: float
    rejected: float
    looks: float
    most: int


@cache
def rows_of(days: int) -> Sketch:
    """Return which rows the first days are."""
    return ledger.sketch(f"row {at}" for at in range(days * DAY))


def stopped(*, models: int, budget: int | None, seed: int = SEED) -> Stopped:
    """Judge models until each passes, fails, or has been grown nine times.

    Args:
        models: How many.
        budget: Of looks that are paid for; None to pay for none.
        seed: Of the draws.
    """
    random = np.random.default_rng(seed)
    rules: Sequence[Rule] = (NoWorseThan(metric="accuracy", margin=MARGIN),)
    if budget is not None:
        rules = (*rules, Reuse(budget=budget))
    ends, looked, most = [], 0, 0
    for _ in range(models):
        decision, looks, n = _until(random, rules, counted=budget is not None)
        ends.append(decision)
        looked, most = looked + looks, max(most, n)
    return Stopped(
        budget=budget,
        models=models,
        passed=ends.count(Decision.PROMOTE) / models,
        rejected=ends.count(Decision.REJECT) / models,
        looks=looked / models,
        most=most,
    )


def _until(random: np.random.Generator, rules: Sequence[Rule], *, counted: bool) -> tuple[Decision, int, int]:
    """Return how one model ends, after how many looks, on how many rows."""
    # Per row: who is right. Both, only the challenger, only the champion, neither.
    gained, lost = (DIFFER - MARGIN) / 2, (DIFFER + MARGIN) / 2
    shares = (RIGHT - lost, gained, lost, 1 - RIGHT - gained)
    kinds = np.zeros(0, dtype=np.int64)
    days, known, decision, look = FIRST // DAY, Ledger(), Decision.INCONCLUSIVE, 0
    while look <= GROWTHS and decision is Decision.INCONCLUSIVE:
        kinds = np.concatenate([kinds, random.choice(4, days * DAY - kinds.size, p=shares)])
        look += 1
        truth = np.zeros(kinds.size, dtype=np.int64)
        on = numbers(
            truth,
            labelled(np.isin(kinds, (2, 3))),
            labelled(np.isin(kinds, (1, 3))),
            sketch=rows_of(days) if counted else None,
            name=b"the challenger",
        )
        verdict = judge(on, rules, looks=known)
        decision = verdict.decision
        if counted:
            known = remembered(known, verdict)
        need = verdict.findings[0].need
        planned = FIRST if need is None or need.rows is None else need.rows
        # The plan knows the spread alone: where its rows are there already, the impatient add as many again.
        days = -(-planned // DAY) if planned > kinds.size else days + -(-planned // DAY)
    return decision, look, kinds.size


def main() -> int:
    """Draw, grow and print; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", type=int, default=1000)
    asked = parser.parse_args()
    print(f"{asked.models:,} models that lose exactly {MARGIN:g} of accuracy, grown up to {GROWTHS} times")
    print("budget  false passes  rejected  looks  most rows")
    found = {}
    for budget in (BUDGET, GROWTHS + 1, None):
        line = found[budget] = stopped(models=asked.models, budget=budget)
        print(
            f"{'none' if budget is None else budget:>6}  {line.passed:12.2%}  {line.rejected:8.2%}  {line.looks:5.2f}"
            f"  {line.most:9,}",
            flush=True,
        )
    chance = 3 * (ALPHA * (1 - ALPHA) / asked.models) ** 0.5
    held = all(line.passed <= ALPHA + chance for budget, line in found.items() if budget is not None)
    print(f"at most {ALPHA:.1%} with a budget: {held}; without one: {found[None].passed <= ALPHA + chance}")
    return int(not held)


if __name__ == "__main__":
    sys.exit(main())
