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
_SINGLY = 200
_CELLS = 10_000_000
_KEYS = 5_000_000
"""A column of more values is not compared by itself."""
_AGREES = 0.99
_CHANCE_AGREES = 0.9
"""Where nearly all targets are the same, equal targets say nothing."""
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
    -0.0 equals 0.0. Columns that only count the rows (each whole number once, without a gap) are no features:
    no row could equal another one in them.

    Data of few values repeat by themselves. They do so within a split as between splits: if the share of
    training rows that another training row equals (or of evaluation rows, if it is greater) reaches the share
    of evaluation rows that a training row equals, but for what chance may add, then the repeats are natural.
    They are not where records were in the data twice before it was split. Then a feature alone nearly tells
    all distinct rows apart, as measured values and texts do, and equal rows have equal targets: in at least
    99 of 100, where the shares of the targets in all evaluation rows explain fewer than 90. Stations,
    products and sensors that stand still repeat too, but each time with another target.

    Where no evaluation row equals a training row, columns may hide the copies that are never equal: ids,
    times of loading, labels of the split. So those that share no value (measured ones never need to, and do
    not count) are left out in a second look. Natural repeats in what remains are none in all features.

    Args:
        splits: The training and evaluation rows.
        features: The columns to compare.
        target: The truth, where both splits have it.
        rows: How many training and evaluation rows there are, at least one each.
    """
    counters = _counters(splits, features, rows)
    compared = [pair for pair in features if pair not in counters]
    if not compared:
        return Repeats(None, natural=False, reason="the splits have no feature in common")
    but = f", but for the row number {called([pair.name for pair in counters])}" if counters else ""
    found = _compared(splits, compared, target, rows, but)
    if found.matched:
        return found
    lone = _unshared(splits, compared, rows)
    rest = [pair for pair in compared if pair not in lone]
    if not lone or not rest:
        return found
    but += f", but for {called([pair.name for pair in lone])}, which share no value"
    second = _compared(splits, rest, target, rows, but)
    return second if second.matched and not second.natural else found


def _compared(
    splits: Splits, compared: Sequence[Pair], target: Pair | None, rows: tuple[int, int], but: str
) -> Repeats:
    """Compare the rows in some columns; ``but`` says which are left out."""
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
    if target is not None and (telling := _telling(splits, compared)) and _agree(splits, compared, target):
        alone = f"{called(telling)} alone {'tell' if len(telling) > 1 else 'tells'} distinct rows apart"
        return Repeats(
            matched,
            natural=False,
            reason=f"{told}: {alone} and equal rows have equal targets, so records were twice in the data",
        )
    return Repeats(matched, natural=True, reason=f"{told}: rows of such values repeat by themselves")


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
    """Return the features that alone tell most distinct rows apart."""
    distinct, total = splits.one(f"SELECT count(DISTINCT h), count(*) FROM {TRAIN}_hashes")
    if distinct * 10 < total:  # each row stands ten times: that is few values, whatever they are
        return []
    met, matched = splits.one(
        f"SELECT count(DISTINCT h), count(*) FROM {EVALUATION}_hashes SEMI JOIN {TRAIN}_hashes USING (h)"
    )
    if met < _FEW_ROWS and met * 10 < matched:  # one row of zeros many times, among rows of their own
        return []
    counts = _distinct(splits, pairs, 0)
    return [pair.name for pair, count in zip(pairs, counts, strict=True) if count * 2 >= distinct]


def _agree(splits: Splits, pairs: Sequence[Pair], target: Pair) -> bool:
    """Return whether rows that are equal have the same target, and far more often than any two rows do."""
    (chance_agrees,) = splits.one(
        f"SELECT sum((n / total) ** 2) FROM (SELECT count(*) AS n, sum(count(*)) OVER () AS total"
        f" FROM {EVALUATION} GROUP BY {target.compared[1]})"
    )
    if chance_agrees >= _CHANCE_AGREES:
        return False
    train, evaluation = (
        f"SELECT h, y, count(*) AS n FROM (SELECT hash({_listed(pairs, side)}) AS h,"
        f" hash({target.compared[side]}) AS y FROM {split}) SEMI JOIN {other}_hashes USING (h) GROUP BY h, y"
        for side, (split, other) in enumerate(((TRAIN, EVALUATION), (EVALUATION, TRAIN)))
    )
    # An evaluation row may equal many training rows of several targets; it agrees in the share of its own.
    (agrees,) = splits.one(
        f"WITH t AS ({train}), e AS ({evaluation}), s AS (SELECT h, sum(n) AS n FROM t GROUP BY h)"
        " SELECT sum(e.n * coalesce(t.n, 0) / s.n) / sum(e.n)"
        " FROM e JOIN s ON e.h = s.h LEFT JOIN t ON e.h = t.h AND e.y = t.y"
    )
    return bool(agrees >= _AGREES)


def _distinct(splits: Splits, pairs: Sequence[Pair], side: int) -> list[int]:
    """Return about how many values each column has in a split; a count takes 50 kB, so not all at once."""
    found: list[int] = []
    for start in range(0, len(pairs), _AT_ONCE):
        asks = (f"approx_count_distinct({pair.compared[side]})" for pair in pairs[start : start + _AT_ONCE])
        found += splits.one(f"SELECT {', '.join(asks)} FROM {(TRAIN, EVALUATION)[side]}")
    return found


def _unshared(splits: Splits, pairs: Sequence[Pair], rows: tuple[int, int]) -> list[Pair]:
    """Return the columns of which no value is in both splits; not of measured ones, nor of very many values."""
    asked = [pair for pair in pairs if Kind.FLOAT not in {pair.train.kind, pair.evaluation.kind}]
    if asked and rows[1] > _KEYS:
        counts = _distinct(splits, asked, 1)
        asked = [pair for pair, count in zip(asked, counts, strict=True) if count <= _KEYS]
    if len(asked) <= _SINGLY:
        # The first value that is in both is enough.
        return [
            pair
            for pair in asked
            if not splits.ask(
                f"SELECT 1 FROM (SELECT {pair.compared[0]} AS v FROM {TRAIN}) AS t"
                f" SEMI JOIN (SELECT {pair.compared[1]} AS v FROM {EVALUATION}) AS e ON t.v = e.v LIMIT 1"
            )
        ]
    # In a wide table each query costs its columns, asked or not. So many columns go together, in few cells.
    found: list[Pair] = []
    size = max(1, min(_AT_ONCE, _CELLS // sum(rows)))
    for start in range(0, len(asked), size):
        part = asked[start : start + size]
        train, evaluation = (
            f"SELECT * FROM (SELECT unnest(range({len(part)})) AS n,"
            f" unnest([{', '.join(f'hash({pair.compared[side]})' for pair in part)}]) AS h FROM {split})"
            " WHERE h <> hash(NULL)"
            for side, split in enumerate((TRAIN, EVALUATION))
        )
        shared = splits.ask(
            f"SELECT DISTINCT n FROM ({train}) AS t SEMI JOIN ({evaluation}) AS e ON t.n = e.n AND t.h = e.h"
        )
        found += [pair for at, pair in enumerate(part) if (at,) not in set(shared)]
    return found


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
