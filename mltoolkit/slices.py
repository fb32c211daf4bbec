"""Named parts of the evaluation rows: the values of columns, and pairs of values of two columns.

Rows are known by codes: which text a code stands for is looked up once a slice, and never once a row.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

LIMIT = 200
"""Slices that are compared in all: each comparison more widens the intervals of all others. What is left out for
it is counted, and nobody takes it for compared."""
SHOWN = 100
"""Slices whose every metric is shown."""
SHOWN_OF_COLUMN = 20
"""Of them at most of one column: one with a thousand values must not fill a report."""
SHOWN_FROM = 30
"""Rows below which a number says more about chance than about the slice."""
MINIMUM_ROWS = 100
"""Rows below which a slice is not compared: with fewer than 73 no two models can be told to be within five
points (``planning.minimum_rows``), and every comparison costs the others."""
MISSING = "(missing)"
AND = " & "
"""Between the two halves of a pair's name."""

CodesOfAnySize = npt.NDArray[np.integer[Any]]
Column = tuple[CodesOfAnySize, tuple[str, ...]]
"""(n,) codes, and the text that each stands for; a missing value has the text ``(missing)``."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the rows.

    Attributes:
        name: ``column=value``, or two of them joined by `` & ``.
        terms: Column and code that its rows have: one, or two of different columns.
        count: How many rows it has.
    """

    name: str
    terms: tuple[tuple[str, int], ...]
    count: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The slices of some rows, and what is left of them.

    Attributes:
        slices: Values by how many rows they have, then pairs; ties by name.
        rare: Values that some rows have, and fewer than a slice must have.
        beyond: Values and pairs that have enough rows and are over the limit.
    """

    slices: tuple[Slice, ...]
    rare: int
    beyond: int


def find(columns: Mapping[str, Column], *, minimum: int = MINIMUM_ROWS, limit: int = LIMIT) -> Found:
    """Return the slices with enough rows: the most frequent values of all columns first; then pairs.

    A pair is of two different columns, and of values that have enough rows themselves. One whose rows are those of
    a single value (a plane that only one carrier flies) is left out: it asks nothing new.

    Args:
        columns: By name.
        minimum: Rows that a slice must have.
        limit: Slices in all; the rarest values, and before them the rarest pairs, are left out.
    """
    single, rare = {}, 0
    for column in columns:
        single[column], few = _values(columns, column, minimum)
        rare += few
    # By count, ties by name: the same rows give the same slices in the same order, and no column crowds out another.
    values = sorted((each for of in single.values() for each in of), key=_order)
    pairs = [
        pair
        for ours, theirs in combinations(columns, 2)
        for pair in _pairs(columns, single[ours], single[theirs], minimum)
    ]
    every = [*values, *sorted(pairs, key=_order)]
    return Found(slices=tuple(every[:limit]), rare=rare, beyond=max(0, len(every) - limit))


def _order(each: Slice) -> tuple[int, str]:
    return -each.count, each.name


def _values(columns: Mapping[str, Column], column: str, minimum: int) -> tuple[list[Slice], int]:
    """Return the values of a column that have enough rows, and how many others some rows have."""
    codes, texts = columns[column]
    counts = np.bincount(codes, minlength=len(texts))
    found = [
        Slice(name=_term(column, texts[at]), terms=((column, at),), count=int(counts[at]))
        for at in np.flatnonzero(counts >= minimum).tolist()
    ]
    return sorted(found, key=_order), int(np.count_nonzero(counts)) - len(found)


def _pairs(
    columns: Mapping[str, Column], ours: list[Slice], theirs: list[Slice], minimum: int
) -> Iterator[Slice]:
    if not ours or not theirs:
        return
    left, right = (_places(columns, each) for each in (ours, theirs))
    both = (left >= 0) & (right >= 0)
    codes = left[both] * len(theirs) + right[both]
    size = len(ours) * len(theirs)
    if size <= both.size:
        counts = np.bincount(codes, minlength=size)
        places = np.flatnonzero(counts)
        counts = counts[places]
    else:
        # Two columns of many values: no more than there are rows, of all the pairs that there could be.
        places, counts = np.unique(codes, return_counts=True)
    enough = counts >= minimum
    for place, count in zip(places[enough].tolist(), counts[enough].tolist(), strict=True):
        one, other = ours[place // len(theirs)], theirs[place % len(theirs)]
        if count not in {one.count, other.count}:
            yield Slice(name=f"{one.name}{AND}{other.name}", terms=one.terms + other.terms, count=count)


def _places(columns: Mapping[str, Column], values: list[Slice]) -> npt.NDArray[np.int64]:
    """Return (n,) which of some values of one column each row has; -1 for none of them."""
    codes, texts = columns[values[0].terms[0][0]]
    places = np.full(len(texts), -1, dtype=np.int64)
    places[[each.terms[0][1] for each in values]] = np.arange(len(values))
    return places[codes]


def locate(columns: Mapping[str, Column], name: str) -> Slice | None:
    """Return the slice of a name, however few rows it has; None where no row could be in it.

    Args:
        columns: By name.
        name: ``column=value``, or two of them joined by `` & ``.
    """
    terms = _single(columns, name)
    at = name.find(AND)
    while terms is None and at >= 0:
        one, other = _single(columns, name[:at]), _single(columns, name[at + len(AND) :])
        if one is not None and other is not None and one[0][0] != other[0][0]:
            terms = one + other
        at = name.find(AND, at + 1)
    return None if terms is None else Slice(name=name, terms=terms, count=int(rows(columns, terms).sum()))


def _single(columns: Mapping[str, Column], name: str) -> tuple[tuple[str, int], ...] | None:
    for column, (_, texts) in columns.items():
        if not name.startswith(f"{column}="):
            continue
        for code, text in enumerate(texts):
            if _term(column, text) == name:
                return ((column, code),)
    return None


def rows(columns: Mapping[str, Column], terms: tuple[tuple[str, int], ...]) -> npt.NDArray[np.bool_]:
    """Return (n,) which rows belong to a slice.

    Args:
        columns: By name.
        terms: Of the slice.
    """
    inside = np.equal(columns[terms[0][0]][0], terms[0][1])
    for column, code in terms[1:]:
        inside &= columns[column][0] == code
    return inside


def slices(columns: Mapping[str, Column]) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield the slices that are worth showing, ``column=value`` and (n,) which rows belong to it.

    Args:
        columns: By name.
    """
    single = [_values(columns, column, SHOWN_FROM)[0][:SHOWN_OF_COLUMN] for column in columns]
    for each in [each for of in single for each in of][:SHOWN]:
        yield each.name, rows(columns, each.terms)


def _term(column: str, text: str) -> str:
    # In quotes where it could be taken for a pair.
    return f'{column}="{text}"' if AND in text else f"{column}={text}"
