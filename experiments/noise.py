"""What another seed does to a verdict, and what a broken model does: pairs of models of the flagship's kind.

    python -m experiments.noise                  # 60 pairs of 16 seeds in July and November: ten minutes the first
                                                 # time, which trains; a minute later
    python -m experiments.noise --models 6 --pairs 20

**Noise**: challenger and champion have the same code and another seed each, and are judged on a fresh sample of a
month's rows with one point of accuracy as the margin, without counting looks. None may be rejected, and as many
must be inconclusive as ``mltoolkit gate --plan`` says from the disagreement, within its 99 % band. A gate that asks
``new >= old`` is shown beside it. The plan supposes models that are in truth equal, which two seeds nearly are;
lines that say ``exchanged`` make them so, by a coin that says row by row which of the two is the challenger. For
the others the band is shown too that knows how much better one seed is in truth, on the whole month.

**Broken**: a model that learned from shuffled labels, and a good one whose rows are misaligned, against a good
champion. By AUC all must be rejected from 2,000 rows on, and nine of ten on 1,000. In November accuracy rejects
hardly any model with shuffled labels, and on the whole month lets all of them pass, since few flights are late.
The exit code is 1 where that is not so.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from experiments.flights import ALL, Flights, Month
from experiments.judged import judge, numbers, probable
from mltoolkit.gate import Decision
from mltoolkit.rules.base import Rule
from mltoolkit.rules.relative import NoWorseThan
from mltoolkit.statistics import planning
from mltoolkit.statistics.answers import Floats

JULY, NOVEMBER = "2013-07", "2013-11"
SIZES = (1000, 2000, 4000)
MARGIN = 0.01
CONFIDENCE = 0.95
BAND = 0.99
MISSED = 0.1
"""Share of broken models that 1,000 rows may miss: in November 180 of them are late, and a model that learned from
shuffled labels may rank flights by luck (one of four has an AUC of 0.55 there). Of 1,000 such pairs AUC rejects
96.5 %; at 2,000 rows 99.9 %."""

SEED = 5

ACCURACY: Sequence[Rule] = (NoWorseThan(metric="accuracy", margin=MARGIN),)
AUC: Sequence[Rule] = (NoWorseThan(metric="roc-auc", margin=MARGIN),)


class Noise(NamedTuple):
    """Pairs of equally good models.

    Attributes:
        month: Such as ``2013-11``.
        n: Rows in each sample.
        pairs: How many were judged.
        promoted: How many of them.
        rejected: How many of them.
        inconclusive: How many of them.
        band: Within which the plan expects the inconclusive ones, in 99 of 100 experiments: two equal models.
        known: The same for whoever knows how much better one of two seeds is on the whole month.
        naive: How many pairs a gate rejects that asks whether the new accuracy is at least the old one.
        differ: The mean share of rows that only one of the two has right.
    """

    month: str
    n: int
    pairs: int
    promoted: int
    rejected: int
    inconclusive: int
    band: tuple[int, int]
    known: tuple[int, int]
    naive: int
    differ: float


class Broken(NamedTuple):
    """Broken models against good champions.

    Attributes:
        month: Such as ``2013-11``.
        n: Rows in each sample.
        how: ``shuffled labels`` or ``misaligned rows``.
        pairs: How many were judged.
        by_auc: How many were rejected by AUC.
        by_accuracy: How many were rejected by accuracy.
        passed: How many were promoted by accuracy.
    """

    month: str
    n: int
    how: str
    pairs: int
    by_auc: int
    by_accuracy: int
    passed: int


def band(chances: Sequence[float]) -> tuple[int, int]:
    """Return between which counts the sum of independent events lies in 99 of 100 cases.

    Args:
        chances: Of each event.
    """
    counts = np.ones(1)
    for chance in chances:
        counts = np.convolve(counts, [1 - chance, chance])
    reached = np.cumsum(counts)
    low, high = (int(np.searchsorted(reached, share)) for share in (0.5 - BAND / 2, 0.5 + BAND / 2))
    return low, high


def noise(
    month: Month, models: Sequence[Floats], n: int, *, pairs: int, equal: bool = False, seed: int = SEED
) -> Noise:
    """Judge pairs of models that differ in nothing but the seed.

    Args:
        month: Its rows.
        models: (rows,) probabilities of each seed.
        n: Rows in each sample.
        pairs: How many to draw.
        equal: Whether a coin says row by row which of the two is the challenger, so that they are in truth equal.
        seed: Of pairs and samples.
    """
    random = np.random.default_rng([seed, n])
    right = [(said > 0.5) == month.truth for said in models]
    decisions, chances, known, differs, naive = [], [], [], [], 0
    for _ in range(pairs):
        new, old = random.choice(len(models), 2, replace=False)
        rows = random.choice(month.truth.size, n, replace=False)
        ours, theirs = models[new][rows], models[old][rows]
        if equal:
            coin = random.random(n) < 0.5
            ours, theirs = np.where(coin, ours, theirs), np.where(coin, theirs, ours)
        on = numbers(month.truth[rows], probable(ours), probable(theirs))
        verdict = judge(on, ACCURACY)
        decisions.append(verdict.decision)
        gain = verdict.findings[0].estimate
        if gain is None or gain.value is None or gain.spread is None:
            raise ValueError(verdict.reason)
        # Of rows that each stand for themselves it is the share that only one of the two has right.
        differ = gain.spread
        differs.append(differ)
        chances.append(1 - planning.power(differ, n, MARGIN, confidence=CONFIDENCE, differ=differ))
        true = 0.0 if equal else float(right[new].mean() - right[old].mean())
        # What the plan says of the margin holds for a true gain of the same distance from it.
        known.append(1 - planning.power(differ, n, MARGIN + true, confidence=CONFIDENCE))
        naive += gain.value < 0
    return Noise(
        month=month.name,
        n=n,
        pairs=pairs,
        promoted=decisions.count(Decision.PROMOTE),
        rejected=decisions.count(Decision.REJECT),
        inconclusive=decisions.count(Decision.INCONCLUSIVE),
        band=band(chances),
        known=band(known),
        naive=naive,
        differ=float(np.mean(differs)),
    )


def broken(
    month: Month,
    models: Sequence[Floats],
    shuffled: Sequence[Floats],
    n: int,
    *,
    pairs: int,
    seed: int = SEED,
) -> Iterator[Broken]:
    """Judge broken models against good ones.

    Args:
        month: Its rows.
        models: (rows,) probabilities of each seed.
        shuffled: The same of models that learned from shuffled labels.
        n: Rows in each sample.
        pairs: How many to draw.
        seed: Of pairs and samples.
    """
    for how in ("shuffled labels", "misaligned rows"):
        random = np.random.default_rng([seed, n, len(how)])
        by_auc, by_accuracy = [], []
        for _ in range(pairs):
            rows = random.choice(month.truth.size, n, replace=False)
            new, old = random.choice(len(models), 2, replace=False)
            bad = (
                shuffled[new % len(shuffled)][rows]
                if how == "shuffled labels"
                else random.permutation(models[new][rows])
            )
            on = numbers(month.truth[rows], probable(bad), probable(models[old][rows]))
            by_auc.append(judge(on, AUC).decision)
            by_accuracy.append(judge(on, ACCURACY).decision)
        yield Broken(
            month=month.name,
            n=n,
            how=how,
            pairs=pairs,
            by_auc=by_auc.count(Decision.REJECT),
            by_accuracy=by_accuracy.count(Decision.REJECT),
            passed=by_accuracy.count(Decision.PROMOTE),
        )


def main() -> int:
    """Train, draw, judge and print; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", type=int, default=16)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--rows", type=int, default=ALL, help="training rows at most")
    asked = parser.parse_args()
    flights, wrong = Flights(), 0
    for name in (JULY, NOVEMBER):
        month = flights.month(name)
        models = [flights.predicted(name, seed=seed, rows=asked.rows) for seed in range(asked.models)]
        shuffled = [
            flights.predicted(name, seed=seed, rows=asked.rows, shuffled=True)
            for seed in range(min(4, asked.models))
        ]
        true = [float(np.mean((said > 0.5) == month.truth)) for said in models]
        print(
            f"\n{name}: {asked.models} seeds, accuracy on the whole month {min(true):.4f} to {max(true):.4f}"
        )
        print(
            f"{'rows':>5}  promote  reject  cannot tell  99 % of the plan  of the truth"
            "  new >= old rejects  disagreement"
        )
        for n, equal in [(n, equal) for equal in (False, True) for n in SIZES]:
            line = noise(month, models, n, pairs=asked.pairs, equal=equal)
            (low, high), (fewest, most) = line.band, line.known
            print(
                f"{n:5}  {line.promoted:7}  {line.rejected:6}  {line.inconclusive:11}  {f'{low} to {high}':>16}"
                f"  {f'{fewest} to {most}':>12}  {line.naive:18}  {line.differ:12.1%}{'  exchanged' if equal else ''}",
                flush=True,
            )
            wrong += bool(line.rejected) or not min(low, fewest) <= line.inconclusive <= max(high, most)
        print(f"{'rows':>5}  {'broken by':15}  AUC rejects  accuracy rejects  accuracy promotes")
        for n in (*SIZES, month.truth.size):
            for bad in broken(month, models, shuffled, n, pairs=asked.pairs):
                print(
                    f"{n:5}  {bad.how:15}  {bad.by_auc:11}  {bad.by_accuracy:16}  {bad.passed:17}", flush=True
                )
                wrong += bad.by_auc < bad.pairs * (1 - MISSED if n == SIZES[0] else 1)
    print(f"\n{wrong or 'no'} line{'' if wrong == 1 else 's'} other than said")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
