"""Features whose nulls are the target: known or not, they tell it, whatever their values are."""

import numpy as np
import numpy.typing as npt

from mltoolkit.contract.leakage.likeness import CLASSES, MINIMUM_OTHERS, MINIMUM_ROWS, NEAR, Codes
from mltoolkit.contract.leakage.splits import TRAIN, Splits
from mltoolkit.contract.sources import Column
from mltoolkit.contract.wording import share


def suspicious(null: npt.NDArray[np.bool_], y: Codes) -> bool:
    """Return whether all rows should be asked about the nulls of a feature.

    Args:
        null: (n,) whether the feature is null in a row.
        y: (n,) which value of the target a row has; -1 for null.
    """
    known = y >= 0
    null, y = null[known], y[known]
    if not null.any() or null.all() or int(y.max()) >= CLASSES:
        return False
    counts = np.bincount(y)
    nulls = np.bincount(y, weights=null)
    wrong, constant = _one_class(counts, nulls)
    return bool((wrong <= 10 * NEAR * constant).any())


def confirmed(splits: Splits, feature: Column, target: Column) -> tuple[str | None, str | None]:
    """Return why the nulls of a feature are a copy of the target by all rows, or else why they may be one.

    They are a copy where they tell the target and are told by it, but for a hundredth of what a constant
    would get wrong. They may be one where the target has more values, and one of them is where the nulls are,
    or where they are not, but for as much.

    Args:
        splits: The training and evaluation rows.
        feature: A column of the training rows.
        target: Another, of at most 50 values; of one with more, no nulls are a copy.
    """
    classes = splits.ask(
        f"SELECT count(*), count(*) FILTER ({feature.sql} IS NULL) FROM {TRAIN}"
        f" WHERE {target.sql} IS NOT NULL GROUP BY {target.sql} LIMIT {CLASSES + 1}"
    )
    if not 1 < len(classes) <= CLASSES:
        return None, None
    counts, nulls = (np.array(each, dtype=np.int64) for each in zip(*classes, strict=True))
    rows, null, most = int(counts.sum()), int(nulls.sum()), int(counts.max())
    if rows < MINIMUM_ROWS or min(rows - most, null, rows - null) < MINIMUM_OTHERS:
        return None, None
    wrong = rows - int(nulls.max()) - int((counts - nulls).max())
    back = int(np.minimum(nulls, counts - nulls).sum())
    if wrong <= NEAR * (rows - most) and back <= NEAR * min(null, rows - null):
        right = share(rows - wrong, rows)
        return (
            f"is null where the target has one value and known where it has the other in {right} rows",
            None,
        )
    one_wrong, constant = _one_class(counts, nulls)
    telling = (one_wrong <= NEAR * constant) & (constant >= MINIMUM_OTHERS)
    if telling.any():
        right = share(rows - int(one_wrong[telling].min()), rows)
        return (
            None,
            f"is null, or known, where the target has one of its values and nowhere else in {right} rows",
        )
    return None, None


def _one_class(
    counts: npt.NDArray[np.int64], nulls: npt.NDArray[np.float64] | npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return what is wrong if nulls stand for each class alone, and what a constant would get wrong."""
    rows, null = counts.sum(), nulls.sum()
    only = (counts - nulls) + (null - nulls)
    return np.minimum(only, rows - only).astype(np.float64), np.minimum(counts, rows - counts)
