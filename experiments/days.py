"""Do the halves of one month agree? Days of real months, dealt into two halves at random, again and again.

    python -m experiments.days                   # 300 halvings of July to December: about two minutes
    python -m experiments.days --halvings 50 --months 2013-11

The model is the same in both halves, and so is the month: what differs is chance. Two 95 % intervals contradict
each other where the interval of the difference, made of both (Zou and Donner 2008, Statistics in Medicine 27,
1693-1702), excludes 0. That should happen in 5 % of cases; promised is at most 8 % by days for each question, over
all months. Row by row it happens in more than 25 %, since the flights of one day stand or fall together. A single
month may come above that: three days of September hold 81 % of all that its days differ by in AUC, which is like
having few days.
The exit code is 1 where that is not so.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.flights import MONTHS, Flights, Month
from experiments.judged import numbers, probable
from mltoolkit.rules.numbers import Estimate
from mltoolkit.statistics.answers import Floats

CONFIDENCE = 0.95
PROMISED = 0.08
BY_ROW = 0.25
AUC_HALVINGS = 60
SEED = 20130701

QUESTIONS = (
    ("accuracy", "majority"),
    ("brier", "base-rate"),
    ("roc-auc", "base-rate"),
    ("accuracy", "champion"),
    ("brier", "champion"),
    ("roc-auc", "champion"),
)
"""Gains, as rules ask for them: over the baselines, and over the model of the month before."""


class Line(NamedTuple):
    """How often the halves of a month contradicted each other.

    Attributes:
        month: Such as ``2013-11``.
        metric: What is compared.
        over: With whom.
        halvings: How many times the days were dealt.
        by_day: The share of contradictions with intervals by days.
        by_row: The same row by row.
        warned: Whether the whole month's interval says that a few days carry most of the error.
    """

    month: str
    metric: str
    over: str
    halvings: int
    by_day: float
    by_row: float
    warned: bool


def contradict(one: Estimate, other: Estimate) -> bool:
    """Return whether 0 is outside the interval of the difference of two independent estimates.

    Raises:
        ValueError: One of them has no interval.
    """
    if one.value is None or one.low is None or one.high is None:
        raise ValueError(one.reason)
    if other.value is None or other.low is None or other.high is None:
        raise ValueError(other.reason)
    apart = one.value - other.value
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    return not apart - below <= 0 <= apart + above


def halved(
    month: Month,
    challenger: Floats,
    champion: Floats,
    *,
    halvings: int,
    questions: Sequence[tuple[str, str]] = QUESTIONS,
    seed: int = SEED,
) -> Iterator[Line]:
    """Deal the days of a month into halves.

    Args:
        month: Its rows.
        challenger: (n,) probabilities.
        champion: (n,) probabilities.
        halvings: How many times; of AUC at most ``AUC_HALVINGS``.
        questions: Metric, and with whom the challenger is compared.
        seed: Of the dealing.
    """
    random = np.random.default_rng(seed)
    count = int(month.days.max()) + 1
    found = {question: np.zeros(3, dtype=np.int64) for question in questions}
    for at in range(halvings):
        first = np.isin(month.days, random.permutation(count)[: count // 2])
        asked = [each for each in questions if each[0] != "roc-auc" or at < AUC_HALVINGS]
        for grouped in (True, False):
            halves = [
                _estimates(month, challenger, champion, rows, asked, grouped=grouped)
                for rows in (first, ~first)
            ]
            for question, one, other in zip(asked, *halves, strict=True):
                found[question] += (
                    grouped,
                    grouped and contradict(one, other),
                    not grouped and contradict(one, other),
                )
    everything = np.ones(month.truth.size, dtype=np.bool_)
    whole = _estimates(month, challenger, champion, everything, questions, grouped=True)
    for ((metric, over), (dealt, by_day, by_row)), each in zip(found.items(), whole, strict=True):
        warned = each.reason is not None
        yield Line(month.name, metric, over, int(dealt), by_day / dealt, by_row / dealt, warned)


def _estimates(
    month: Month,
    challenger: Floats,
    champion: Floats,
    rows: npt.NDArray[np.bool_],
    questions: Sequence[tuple[str, str]],
    *,
    grouped: bool,
) -> list[Estimate]:
    half = numbers(
        month.truth[rows],
        probable(challenger[rows]),
        probable(champion[rows]),
        groups=month.days[rows] if grouped else None,
        rate=month.rate,
    )
    return [half.gain(metric, over, confidence=CONFIDENCE, threshold=0.0) for metric, over in questions]


def pooled(lines: Sequence[Line]) -> list[Line]:
    """Return one line for each question, over all months: every month counts the same."""
    found: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        found.setdefault((line.metric, line.over), []).append(line)
    return [
        Line(
            month="all",
            metric=metric,
            over=over,
            halvings=sum(each.halvings for each in some),
            by_day=float(np.mean([each.by_day for each in some])),
            by_row=float(np.mean([each.by_row for each in some])),
            warned=any(each.warned for each in some),
        )
        for (metric, over), some in found.items()
    ]


def shown(line: Line) -> str:
    """Return a line of the table."""
    return (
        f"{line.month:8} {line.metric:9} {line.over:10} {line.by_day:6.1%} {line.by_row:7.1%}"
        f"{'  warned: a few days carry most of the error' if line.warned else ''}"
    )


def main() -> int:
    """Deal, count and print; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--halvings", type=int, default=300)
    parser.add_argument("--months", nargs="+", default=list(MONTHS), choices=MONTHS)
    asked = parser.parse_args()
    flights, lines = Flights(), []
    print(f"{asked.halvings} halvings of each month's days ({AUC_HALVINGS} for AUC); right is 5 %")
    print(f"{'month':8} {'gain in':9} {'over':10}  by day  by row")
    for name in asked.months:
        earlier = MONTHS_BEFORE[name]
        champion = flights.predicted(name, before=earlier)
        for line in halved(flights.month(name), flights.predicted(name), champion, halvings=asked.halvings):
            lines.append(line)
            print(shown(line), flush=True)
    overall = pooled(lines)
    for line in overall:
        print(shown(line))
    wrong = [line for line in overall if line.by_day > PROMISED or line.by_row <= BY_ROW]
    print(
        f"{len(wrong) or 'no'} of {len(overall)} above {PROMISED:.0%} by day, or not above {BY_ROW:.0%} by row"
    )
    return int(bool(wrong))


MONTHS_BEFORE = dict(zip(MONTHS, ("2013-06", *MONTHS), strict=False))
"""The month before each."""

if __name__ == "__main__":
    sys.exit(main())
