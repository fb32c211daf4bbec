"""What a text in a CSV file may be: types, how their values are written, and how they are read without loss."""

import re
from typing import NamedTuple

from mltoolkit.contract.sql import literal
from mltoolkit.errors import InputError

NULLS = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "null", "NULL", "None")
"""What is null in a column that is not text, beside the empty field: what pandas and R write."""


class Type(NamedTuple):
    """How values of a type are written.

    Attributes:
        sql: The type in DuckDB's words.
        pattern: A regular expression, of Python and of RE2, for the texts that are such values: DuckDB would
            read others too, and lose something (``1.5`` as an integer is 2).
    """

    sql: str
    pattern: str

    def fits(self, text: str) -> bool:
        """Whether a text is written like a value of this type. It may still be out of its range."""
        return re.fullmatch(self.pattern, text) is not None

    def of(self, column: str) -> str:
        """Return the SQL of a column of text as this type: null where a text is no such value."""
        if self == TEXT:
            return f"nullif({column}, '')"
        read = f"TRY_CAST({column} AS {self.sql})"
        return f"CASE WHEN regexp_full_match({column}, {literal(self.pattern)}) THEN {read} END"


_NATURAL = r"(?:0|[1-9][0-9]*)"
_FRACTION = rf"(?:{_NATURAL}\.[0-9]*|\.[0-9]+)"
_EXPONENT = r"[eE][+-]?(?:[0-9]{1,2}|[12][0-9]{2}|30[0-7])"
_INFINITY = r"(?:inf|Inf|INF|infinity|Infinity)"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,%d}0*)?)?"
_ZONE = r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_MICRO, _NANO = _CLOCK % 6, _CLOCK % 9

TEXT = Type("VARCHAR", r"(?s:.*)")

NOTHING = Type("VARCHAR", r"[^\s\S]")
"""The type of a column in which every value is a word for null: none of them is a text."""

SNIFFED = (
    Type("BIGINT", rf" *[+-]?{_NATURAL} *"),
    # An integer among floats keeps all its digits, or the column is text.
    Type(
        "DOUBLE",
        rf" *[+-]?(?:0|[1-9][0-9]{{0,14}}|{_FRACTION}(?:{_EXPONENT})?|{_NATURAL}{_EXPONENT}|{_INFINITY}) *",
    ),
    Type("BOOLEAN", r"true|True|TRUE|false|False|FALSE"),
    Type("DATE", _DATE),
    Type("TIMESTAMP", rf"{_DATE}(?:[T ]{_MICRO})?"),
    Type("TIMESTAMP_NS", rf"{_DATE}(?:[T ]{_NANO})?"),
    Type("TIMESTAMP WITH TIME ZONE", rf"{_DATE}[T ]{_MICRO}{_ZONE}"),
)
"""The types that values alone can show, the narrowest first. Text is what nothing else fits."""

_INTEGERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
    "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
)  # fmt: skip

_DECLARED = {
    **{name: Type(name, r" *[+-]?[0-9]+(?:\.0*)? *") for name in _INTEGERS},
    **{
        name: Type(
            name,
            rf" *[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|{_INFINITY}) *",
        )
        for name in ("FLOAT", "DOUBLE")
    },
    "BOOLEAN": Type("BOOLEAN", r"(?i:true|false|t|f|1|0)"),
    "DATE": Type("DATE", rf"{_DATE}(?:[T ]00:00(?::00(?:\.0+)?)?)?"),
    **{
        name: Type(name, rf"{_DATE}(?:[T ]{clock})?")
        for name, clock in (
            ("TIMESTAMP", _MICRO),
            ("TIMESTAMP_NS", _NANO),
            ("TIMESTAMP_MS", _CLOCK % 3),
            ("TIMESTAMP_S", r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.0+)?)?"),
        )
    },
    # Without a zone a timestamp is UTC, which is the zone of our sessions.
    "TIMESTAMP WITH TIME ZONE": Type("TIMESTAMP WITH TIME ZONE", rf"{_DATE}(?:[T ]{_MICRO}{_ZONE}?)?"),
    "TIME": Type("TIME", _MICRO),
    "UUID": Type("UUID", r"(?i:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"),
    "VARCHAR": TEXT,
}

_ALIASES = {
    "INT": "INTEGER",
    "INT4": "INTEGER",
    "INT8": "BIGINT",
    "INT64": "BIGINT",
    "LONG": "BIGINT",
    "REAL": "FLOAT",
    "BOOL": "BOOLEAN",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE",
    "TEXT": "VARCHAR",
    "STRING": "VARCHAR",
}


def declared(column: str, type_: str) -> Type:
    """Return a type by its name in DuckDB's words, in upper or lower case.

    Args:
        column: For errors.
        type_: Such as ``BIGINT``, ``DECIMAL(10, 2)``, ``TIMESTAMP``.

    Raises:
        InputError: There is no such type, or not for values in a CSV file.
    """
    name = " ".join(type_.upper().split())
    name = _ALIASES.get(name, name)
    if name in _DECLARED:
        return _DECLARED[name]
    if found := re.fullmatch(r"(?:DECIMAL|NUMERIC)(?: ?\( ?([0-9]{1,2}) ?(?:, ?([0-9]{1,2}) ?)?\))?", name):
        width, scale = (int(found[1]), int(found[2] or 0)) if found[1] else (18, 3)
        if 1 <= width <= 38 and scale <= width:  # noqa: PLR2004 - the digits of 128 bits
            digits = rf"[0-9]+(?:\.[0-9]{{0,{scale}}}0*)?" + (rf"|\.[0-9]{{1,{scale}}}0*" if scale else "")
            return Type(f"DECIMAL({width},{scale})", rf" *[+-]?(?:{digits}) *")
    raise InputError(
        f"the column {column!r} cannot have the type {type_!r}",
        hint=f"known: {', '.join(_DECLARED)}, DECIMAL(width, scale)",
    )
