"""How like two columns are in a sample of rows: arithmetic that chooses what all rows are asked about."""

import numpy as np
import numpy.typing as npt

MINIMUM_ROWS = 20
"""Rows in which both feature and target are known; with fewer, chance makes copies."""
MINIMUM_OTHERS = 5
"""Of them, rows that do not have the most frequent value of the target: for the same reason."""
NEAR = 0.01
"""The share of what a constant gets wrong that a near copy may get wrong."""
CLASSES = 50
"""A target of more values is a number or a name, of which a sample takes what comes."""
CLOSE = 1e-3
"""How far from 1 the correlation of two numbers may be that nearly lie on a line."""

Codes = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


def suspicious(x: Codes, y: Codes, x_numbers: Numbers | None, y_numbers: Numbers | None) -> bool:
    """Return whether all rows should be asked about a feature.

    Args:
        x: (n,) which value of the feature a row has; -1 for null.
        y: (n,) which value of the target.
        x_numbers: (n,) the feature as numbers, NaN where it has none; ``None`` if it is not made of numbers.
        y_numbers: The same of the target.
    """
    both = (x >= 0) & (y >= 0)
    if not both.any():
        return False
    wrong, constant = mistakes(x[both], y[both])
    if wrong <= 10 * NEAR * constant or (x_numbers is not None and ranges(x_numbers[both], y[both])):
        return True
    if x_numbers is None or y_numbers is None:
        return False
    finite = np.isfinite(x_numbers) & np.isfinite(y_numbers)
    one, two = x_numbers[finite], y_numbers[finite]
    if not one.size or np.ptp(one) == 0 or np.ptp(two) == 0:
        return False
    return abs(correlation(one, two)) >= 1 - 10 * CLOSE or in_step(one, two)


def mistakes(x: Codes, y: Codes) -> tuple[int, int]:
    """Return in how many rows the target is not the most frequent one of the feature's value.

    A row whose value of the feature no other row has counts, since nothing was learned from others.

    Args:
        x: (n,) which value of the feature a row has, from 0; n > 0.
        y: (n,) which value of the target, from 0.

    Returns:
        That number, and in how many rows the target is not its most frequent value.
    """
    size = int(y.max()) + 1
    pairs, counts = np.unique(x * size + y, return_counts=True)
    _, at = np.unique(pairs // size, return_inverse=True)
    total = np.bincount(at, weights=counts)
    most = np.zeros(total.size)
    np.maximum.at(most, at, counts)
    right = most[total > 1].sum()
    return int(x.size - right), int(y.size - np.unique(y, return_counts=True)[1].max())


def correlation(x: Numbers, y: Numbers) -> float:
    """Return the correlation of finite numbers, of any size; 0 where one of both does not vary."""
    one, two = (each / np.abs(each).max() for each in (x, y))
    one, two = one - one.mean(), two - two.mean()
    spread = float(np.sqrt((one @ one) * (two @ two)))
    return float(one @ two) / spread if spread > 0 else 0.0


def in_step(x: Numbers, y: Numbers) -> bool:
    """Return whether the one always rises, or always falls, when the other rises, and else stays."""
    order = np.lexsort((x, y))
    dx, dy = np.diff(x[order]), np.diff(y[order])
    rises = dy > 0
    return bool((dx[~rises] == 0).all() and ((dx[rises] > 0).all() or (dx[rises] < 0).all()))


def ranges(x: Numbers, y: Codes) -> bool:
    """Return whether the feature's values of each class lie apart from those of all others."""
    finite = np.isfinite(x)
    x, y = x[finite], y[finite]
    if x.size == 0 or np.unique(y).size > CLASSES:
        return False
    classes, at = np.unique(y, return_inverse=True)
    low, high = np.full(classes.size, np.inf), np.full(classes.size, -np.inf)
    np.minimum.at(low, at, x)
    np.maximum.at(high, at, x)
    order = np.argsort(low)
    return classes.size > 1 and bool((high[order][:-1] < low[order][1:]).all())
