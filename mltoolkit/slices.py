"""Named parts of the evaluation rows."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

LIMIT = 100
"""Slices in all; a column with a thousand values must not fill a report."""
PER_COLUMN = 20
MINIMUM_ROWS = 30
"""Below this a number says more about chance than about the slice."""
MISSING = "(missing)"


def slices(columns: Mapping[str, npt.NDArray[Any]]) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield ``column=value`` and (n,) which rows belong to it, the most frequent values first.

    Args:
        columns: (n,) values as text, or None where missing, by column.
    """
    left = LIMIT
    for column, values in columns.items():
        text = np.array(
            [MISSING if value is None else str(value) for value in values.tolist()], dtype=np.str_
        )
        names, inverse, counts = np.unique(text, return_inverse=True, return_counts=True)
        # By count, ties by name: the same rows give the same slices in the same order.
        order = sorted(range(names.size), key=lambda at: (-int(counts[at]), str(names[at])))
        for at in order[:PER_COLUMN]:
            if counts[at] < MINIMUM_ROWS or not left:
                break
            left -= 1
            yield f"{column}={names[at]}", inverse == at
