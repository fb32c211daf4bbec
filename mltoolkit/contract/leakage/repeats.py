"""Evaluation rows that are training rows: how many there are, and whether chance explains them."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from mltoolkit.contract.leakage.splits import EVALUATION, TRAIN, Pair, Splits
from mltoolkit.contract.sources import Kind
from mltoolkit.contract.wording import called, share

_FEW_ROWS = 20
"""With fewer, any whole number looks like the number of its row."""
_SIGMAS = 6
"""How far chance may go; wide, because equal rows come and go together."""
_AT_ONCE = 2000
_SLACK = 4
"""Equal rows that chance may bring where none were seen."""


class Repeats(NamedTuple):
    """What was found.

    Attributes:
        matched: Evaluation rows that equal a training row in all features; ``None`` if nobody can say.
        natural: Whether rows repeat within a split as often as between them, and chance explains that.
        reason: In one sentence.
    """

    matched: int | None
    natural: bool
    reason: str


def look(splits: Splits, features: Sequence[Pair], target: Pair | None, rows: tuple[int, int]) -> Repeats:
    """Look for evaluation rows that equal a training row in all features.

    Hashes find the rows that may be equal, and their values decide. A null equals a null, NaN is null, and
    -0.0 equals 0.0. Columns that only count the rows (each whole number once, without a gap) are no features,
    and neither are those of few values of which none is in both splits: a month that decides on the split, a
    label of the split itself. No row could equal another one in them.

    Data of few values repeat by themselves. They do so within a split as between splits: if the share of
    training rows that another training row equals (or of evaluation rows, if it is greater) reaches the share
    of evaluation rows that a training row equals, but for what chance may add, then the repeats are natural.
    They are not where at least two features alone nearly tell all distinct rows apart, as measured values
    and texts do: such rows never meet by chance, so records were in the data twice before it was split.

    Args:
        splits: The training and evaluation rows.
        features: The columns to compare.
        target: The truth, where both splits have it.
        rows: How many training and evaluation rows there are, at least one each.
    """
    counters = _counters(splits, features, rows)
    labels = _labels(splits, [pair for pair in features if pair not in counters], rows)
    compared = [pair for pair in features if pair not in counters and pair not in labels]
    if not compared:
        return Repeats(None, natural=False, reason="the splits have no feature in common")
    but = f", but for the row number {called([pair.name for pair in counters])}" if counters else ""
    if labels:
        but += f", but for {called([pair.name for pair in labels])}, which share no value"
    what = f"all {len(compared):,} features{but}" if len(compared) > 1 else f"its one feature{but}"
    for side, split in enumerate((TRAIN, EVALUATION)):
        splits.ask(
            f"CREATE OR REPLACE TEMP TABLE {split}_hashes AS"
            f" SELECT hash({_listed(compared, side)}) AS h FROM {split}"
        )
    (candidates,) = splits.one(f"SELECT count(*) FROM {EVALUATION}_hashes SEMI JOIN {TRAIN}_hashes USING (h)")
    matched = _equal(splits, compared, compared) if candidates else 0
    if not matched:
        return Repeats(0, natural=False, reason=f"no evaluation row equals a training row in {what}")
    told = f"{share(matched, rows[1])} evaluation rows equal a training row in {what}"
    if target is not None:
        both = _equal(splits, compared, [*compared, target])
        told += f"; {'all' if both == matched else f'{both:,}'} of them in the target too"
    twins = [_repeated(splits, split) for split in (TRAIN, EVALUATION)]
    within = max(count / of for count, of in zip(twins, rows, strict=True))
    told += (
        f"; within a split, {share(twins[0], rows[0])} training and {share(twins[1], rows[1])} evaluation rows"
        " equal another"
    )
    if matched / rows[1] > within + chance(within, rows):
        return Repeats(matched, natural=False, reason=f"{told}: chance does not bring so many")
    if telling := _telling(splits, compared):
        return Repeats(
            matched,
            natural=False,
            reason=f"{told}: {called(telling)} alone tell distinct rows apart, so records were twice in the data",
        )
    return Repeats(matched, natural=True, reason=f"{told}: rows of so few values repeat by themselves")


def chance(within: float, rows: tuple[int, int]) -> float:
    """Return how much greater than within a split the share between splits may be by chance.

    Args:
        within: The share of rows that another row of their split equals.
        rows: How many training and evaluation rows there are.
    """
    parts = sum(1 / count for count in rows)
    return _SIGMAS * math.sqrt(within * (1 - within) * parts) + _SLACK * parts


def _listed(pairs: Sequence[Pair], side: int) -> str:
    return ", ".join(pair.compared[side] for pair in pairs)


def _equal(splits: Splits, hashed: Sequence[Pair], pairs: Sequence[Pair]) -> int:
    """Return how many evaluation rows equal a training row in the columns, by their values."""
    train, evaluation = (
        f"SELECT h, r FROM (SELECT hash({_listed(hashed, side)}) AS h, row({_listed(pairs, side)}) AS r FROM {split})"
        f" SEMI JOIN {other}_hashes USING (h)"
        for side, (split, other) in enumerate(((TRAIN, EVALUATION), (EVALUATION, TRAIN)))
    )
    (count,) = splits.one(
        f"SELECT count(*) FROM ({evaluation}) AS e SEMI JOIN (SELECT DISTINCT h, r FROM ({train})) AS t"
        " ON e.h = t.h AND e.r IS NOT DISTINCT FROM t.r"
    )
    return int(count)


def _repeated(splits: Splits, split: str) -> int:
    (count,) = splits.one(
        f"SELECT coalesce(sum(n) FILTER (n > 1), 0) FROM (SELECT count(*) AS n FROM {split}_hashes GROUP BY h)"
    )
    return int(count)


def _telling(splits: Splits, pairs: Sequence[Pair]) -> list[str]:
    """Return the features that alone tell most distinct rows apart, where there are two or more."""
    distinct, total = splits.one(f"SELECT count(DISTINCT h), count(*) FROM {TRAIN}_hashes")
    if distinct * 10 < total:  # each row stands ten times: that is few values, whatever they are
        return []
    counts = _distinct(splits, pairs, 0)
    telling = [pair.name for pair, count in zip(pairs, counts, strict=True) if count * 2 >= distinct]
    return telling if len(telling) > 1 else []


def _distinct(splits: Splits, pairs: Sequence[Pair], side: int) -> list[int]:
    """Return about how many values each column has in a split; a count takes 50 kB, so not all at once."""
    found: list[int] = []
    for start in range(0, len(pairs), _AT_ONCE):
        asks = (f"approx_count_distinct({pair.compared[side]})" for pair in pairs[start : start + _AT_ONCE])
        found += splits.one(f"SELECT {', '.join(asks)} FROM {(TRAIN, EVALUATION)[side]}")
    return found


def _labels(splits: Splits, pairs: Sequence[Pair], rows: tuple[int, int]) -> list[Pair]:
    """Return the columns that tell the splits apart by a few values that are each in one of them alone."""
    if not pairs or min(rows) < _FEW_ROWS:
        return []
    few = set(range(len(pairs)))
    for side, count in enumerate(rows):
        distinct = _distinct(splits, pairs, side)
        few &= {at for at, each in enumerate(distinct) if 0 < each * _FEW_ROWS <= count}
    return [
        pairs[at]
        for at in sorted(few)
        if not splits.one(
            f"SELECT count(*) FROM (SELECT DISTINCT {pairs[at].compared[1]} AS v FROM {EVALUATION}) AS e"
            f" SEMI JOIN (SELECT DISTINCT {pairs[at].compared[0]} AS v FROM {TRAIN}) AS t"
            " ON e.v IS NOT DISTINCT FROM t.v"
        )[0]
    ]


def _counters(splits: Splits, pairs: Sequence[Pair], rows: tuple[int, int]) -> list[Pair]:
    """Return the columns that count the rows, in each split or through both."""
    whole = [pair for pair in pairs if pair.train.kind is pair.evaluation.kind is Kind.INTEGER]
    if not whole or min(rows) < _FEW_ROWS:
        return []
    sides = []
    for side, split in enumerate((TRAIN, EVALUATION)):
        names = [(pair.train, pair.evaluation)[side].sql for pair in whole]
        sides.append(splits.one(f"SELECT {', '.join(f'min({n}), max({n})' for n in names)} FROM {split}"))
    counters = []
    for at, pair in enumerate(whole):
        ends = [(side[2 * at], side[2 * at + 1]) for side in sides]
        if any(low is None for low, _ in ends):
            continue
        each = all(high - low + 1 == count for (low, high), count in zip(ends, rows, strict=True))
        through = max(high for _, high in ends) - min(low for low, _ in ends) + 1 == sum(rows)
        if (each or through) and all(
            splits.one(f"SELECT count(DISTINCT {column.sql}) FROM {split}")[0] == count
            for split, column, count in zip(
                (TRAIN, EVALUATION), (pair.train, pair.evaluation), rows, strict=True
            )
        ):
            counters.append(pair)
    return counters
