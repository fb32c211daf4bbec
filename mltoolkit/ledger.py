"""The reuse ledger: who has looked at which evaluation rows. Values only; ``archive`` keeps it.

Looks are known as looks at the same rows by the ids of the rows, so that a dropped row, a sample or a set that
grew resets nothing. What it cannot see: rows that got new ids, and samples of less than a fiftieth of a set.
"""

import hashlib
import heapq
from collections.abc import Iterable
from typing import Literal

from mltoolkit.evidence import Digest, Sketch, Value

SKETCH = 256
"""How many of the smallest hashes of row ids stand for a set of rows (bottom-k)."""

SHARED = 0.05
"""Two sets of rows are looked at as one from this share of the smaller set on."""

_BITS = 53
"""Of a hash: as many as every reader of JSON keeps."""


class Look(Value, frozen=True, kw_only=True):
    """One challenger judged on one set of rows.

    Attributes:
        challenger: Digest of the model.
        rows: Digest of the rows.
        sketch: Which rows they were.
    """

    challenger: Digest
    rows: Digest
    sketch: Sketch


class Entry(Value, frozen=True, kw_only=True):
    """A look as the ledger keeps it.

    Attributes:
        challenger: Digest of the model.
        rows: Digest of the rows.
        sketch: Which of the ledger's sketches says which rows they were, counted from 0.
    """

    challenger: Digest
    rows: Digest
    sketch: int


class Ledger(Value, frozen=True, kw_only=True):
    """All looks of a project's history, oldest first.

    Attributes:
        schema: Name and version of this file's format.
        count: How many looks there are: a file that lost some is damaged.
        sketches: The sets of rows, each once: most looks share one.
        looks: One for each challenger and set of rows.
    """

    schema: Literal["mltoolkit.ledger/1"] = "mltoolkit.ledger/1"
    count: int = 0
    sketches: tuple[Sketch, ...] = ()
    looks: tuple[Entry, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a ledger whose parts do not fit: a look that is not understood would not be counted."""
        for sketch in self.sketches:
            if (why := fault(sketch)) is not None:
                raise ValueError(why)
        if self.count != len(self.looks):
            raise ValueError(f"there are {len(self.looks)} looks, not {self.count}")
        if any(not 0 <= look.sketch < len(self.sketches) for look in self.looks):
            raise ValueError("a look has no sketch")


def sketch(ids: Iterable[str]) -> Sketch:
    """Return the sketch of a set of rows: the same for the same ids, in whatever order.

    Args:
        ids: The rows' ids; no two are equal.

    Raises:
        ValueError: There are none.
    """
    count = 0

    def hashed() -> Iterable[int]:
        nonlocal count
        for each in ids:
            count += 1
            hashed = hashlib.blake2b(each.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            yield int.from_bytes(hashed, "big") >> (64 - _BITS)

    smallest = tuple(heapq.nsmallest(SKETCH, hashed()))
    if not smallest:
        raise ValueError("no rows")
    return Sketch(count=count, hashes=smallest)


def fault(sketch: Sketch) -> str | None:
    """Return why a sketch cannot be one of ours: hashes that are missing, out of order or out of range."""
    hashes = sketch.hashes
    if len(hashes) != min(sketch.count, SKETCH):
        return f"a sketch of {sketch.count} rows has {min(sketch.count, SKETCH)} hashes, not {len(hashes)}"
    if list(hashes) != sorted(hashes) or not 0 <= hashes[0] <= hashes[-1] < 2**_BITS:
        return "the hashes of a sketch are out of order or out of range"
    return None


def overlap(a: Sketch, b: Sketch) -> float:
    """Return the share of the smaller of two sets of rows that is in the other: between 0 and 1.

    Up to the smaller of both sketches' last hashes, both know all their members; those are a sample of the
    union (bottom-k: Cohen and Kaplan 2007), and the share is counted in it. Exact for sets of up to ``SKETCH``
    rows, always 0 for sets that have nothing in common, always 1 for a subset, unless it is so small beside
    the other set that no member of it is in the sample: a fiftieth is missed in 1 of 170 cases.

    Args:
        a: One set.
        b: The other.
    """
    ends = [each.hashes[-1] for each in (a, b) if each.count > SKETCH]
    end = min(ends, default=2**_BITS)
    ours, theirs = ({each for each in one.hashes if each <= end} for one in (a, b))
    _, smaller = min((a.count, len(ours)), (b.count, len(theirs)))
    return len(ours & theirs) / smaller if smaller else 0.0


def place(ledger: Ledger, look: Look) -> int:
    """Return which look at these rows this one is, counted from 1.

    Earlier looks count if their rows are the same file, or if more than ``SHARED`` of the smaller set is in the
    other. A look that is in the ledger keeps the place that it had when it was recorded.

    Args:
        ledger: The looks so far.
        look: This one.
    """
    near = [overlap(each, look.sketch) > SHARED for each in ledger.sketches]
    earlier: set[tuple[str, str]] = set()
    for each in ledger.looks:
        if _is(each, look):
            break
        if near[each.sketch] or each.rows == look.rows:
            earlier.add((each.challenger, each.rows))
    return len(earlier) + 1


def recorded(ledger: Ledger, look: Look) -> Ledger:
    """Return the ledger with a look; the same ledger where it is in it already.

    Args:
        ledger: The looks so far.
        look: Another one.
    """
    if any(_is(each, look) for each in ledger.looks):
        return ledger
    known = look.sketch in ledger.sketches
    sketches = ledger.sketches if known else (*ledger.sketches, look.sketch)
    entry = Entry(challenger=look.challenger, rows=look.rows, sketch=sketches.index(look.sketch))
    return Ledger(count=ledger.count + 1, sketches=sketches, looks=(*ledger.looks, entry))


def _is(entry: Entry, look: Look) -> bool:
    return (entry.challenger, entry.rows) == (look.challenger, look.rows)
