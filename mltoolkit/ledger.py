"""The reuse ledger: who has looked at which evaluation rows. Values only; the journal keeps it."""

from typing import Literal

from mltoolkit.evidence import Digest, Sketch, Value

SKETCH = 256
"""How many of the smallest hashes of row ids stand for a set of rows (bottom-k)."""


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


class Ledger(Value, frozen=True, kw_only=True):
    """All looks of one model's history, oldest first.

    Attributes:
        schema: Name and version of this file's format.
        looks: One for each challenger and set of rows.
    """

    schema: Literal["mltoolkit.ledger/1"] = "mltoolkit.ledger/1"
    looks: tuple[Look, ...] = ()
