"""Named parts of the evaluation rows: the values of columns, and pairs of values of two columns.

Rows are known by codes: which text a code stands for is looked up once a slice, and never once a row.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

LIMIT = 200
"""Slices in all: a column with a thousand values must not fill a report, and each comparison more widens
the intervals of all others."""
PER_COLUMN = 20
SHOWN = 100
"""Slices whose every metric is shown."""
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


def find(
    columns: Mapping[str, Column], *, minimum: int = MINIMUM_ROWS, limit: int = LIMIT, pairs: bool = True
) -> tuple[Slice, ...]:
    """Return the slices with enough rows: of each column, the most frequent values first; then pairs.

    A pair is of two different columns, and of values that are slices themselves. One whose rows are those of
    a single value (a plane that only one carrier flies) is left out: it asks nothing new.

    Args:
        columns: By name.
        minimum: Rows that a slice must have.
        limit: Slices in all; the rarest pairs are left out.
        pairs: Whether pairs are wanted.
    """
    single: dict[str, list[Slice]] = {}
    for column, (codes, texts) in columns.items():
        counts = np.bincount(codes, minlength=len(texts)).tolist()
        # By count, ties by name: the same rows give the same slices in the same order.
        order = sorted(range(len(texts)), key=lambda at: (-counts[at], texts[at]))
        single[column] = [
            Slice(name=_term(column, texts[at]), terms=((column, at),), count=counts[at])
            for at in order[:PER_COLUMN]
            if counts[at] >= minimum
        ]
    found = [each for of in single.values() for each in of][:limit]
    if pairs and len(found) < limit:
        made = [
            pair
            for ours, theirs in combinations(columns, 2)
            for pair in _pairs(columns, single[ours], single[theirs])
            if pair.count >= minimum
        ]
        found += sorted(made, key=lambda each: (-each.count, each.name))[: limit - len(found)]
    return tuple(found)


def _pairs(columns: Mapping[str, Column], ours: list[Slice], theirs: list[Slice]) -> Iterator[Slice]:
    if not ours or not theirs:
        return
    (left, _), (right, _) = ours[0].terms[0], theirs[0].terms[0]
    width = len(columns[right][1])
    both = joint([columns[left], columns[right]])
    counts = np.bincount(both, minlength=len(columns[left][1]) * width)
    for one in ours:
        for other in theirs:
            count = int(counts[one.terms[0][1] * width + other.terms[0][1]])
            if count not in {one.count, other.count}:
                yield Slice(name=f"{one.name}{AND}{other.name}", terms=one.terms + other.terms, count=count)


def joint(columns: Sequence[Column]) -> CodesOfAnySize:
    """Return (n,) one code for the combination of several columns; the last varies fastest.

    Args:
        columns: At least one.
    """
    codes, _ = columns[0]
    for more, texts in columns[1:]:
        codes = codes.astype(np.int64, copy=False) * len(texts) + more
    return codes


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
    for each in find(columns, minimum=SHOWN_FROM, limit=SHOWN, pairs=False):
        yield each.name, rows(columns, each.terms)


def _term(column: str, text: str) -> str:
    # In quotes where it could be taken for a pair.
    return f'{column}="{text}"' if AND in text else f"{column}={text}"
