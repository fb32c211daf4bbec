"""Keys, of one column or several together, that both splits have."""

from collections.abc import Sequence
from typing import NamedTuple

from mltoolkit.contract.leakage.splits import EVALUATION, TRAIN, Pair, Splits
from mltoolkit.contract.wording import EXAMPLES


class Shared(NamedTuple):
    """What was found.

    Attributes:
        unkeyed: Training rows without a key: a part of it is null.
        lacking: Evaluation rows without one.
        rows: Evaluation rows whose key training rows have too.
        keys: How many keys are in both.
        values: The first of them in their order, as text.
    """

    unkeyed: int
    lacking: int
    rows: int
    keys: int
    values: tuple[str, ...]


def look(splits: Splits, pairs: Sequence[Pair]) -> Shared:
    """Look for keys that both splits have. A row with a null in its key has none.

    Args:
        splits: The training and evaluation rows.
        pairs: The columns of the key, at least one.
    """
    names = ", ".join(f"k{at}" for at in range(len(pairs)))
    train, evaluation = (
        f"SELECT {', '.join(f'{pair.compared[side]} AS k{at}' for at, pair in enumerate(pairs))} FROM {split}"
        for side, split in enumerate((TRAIN, EVALUATION))
    )
    known = " AND ".join(f"k{at} IS NOT NULL" for at in range(len(pairs)))
    query = (
        f"WITH t AS (SELECT DISTINCT * FROM ({train}) WHERE {known}),"
        f" e AS (SELECT *, count(*) AS n FROM ({evaluation}) WHERE {known} GROUP BY ALL),"
        f" shared AS (SELECT * FROM e SEMI JOIN t USING ({names}))"
    )
    rows, keys = splits.one(f"{query} SELECT coalesce(sum(n), 0), count(*) FROM shared")
    unkeyed, lacking = splits.one(
        f"SELECT (SELECT count(*) FROM ({train}) WHERE NOT ({known})),"
        f" (SELECT count(*) FROM ({evaluation}) WHERE NOT ({known}))"
    )
    written = ", ".join(f"k{at}::VARCHAR" for at in range(len(pairs)))
    first = (
        splits.ask(f"{query} SELECT {written} FROM shared ORDER BY {names} LIMIT {EXAMPLES}") if keys else []
    )
    return Shared(unkeyed, lacking, int(rows), keys, tuple(", ".join(each) for each in first))
