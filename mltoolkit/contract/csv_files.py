"""CSV files, parsed once and strictly into tables of DuckDB: no row is skipped, and no value is lost unseen.

What is accepted is RFC 4180 in UTF-8: commas (tabs where the file is named ``.tsv``), double quotes, a line
of column names, and as many fields on each line as there are names. A byte order mark is allowed, line ends
are all of one kind, and a blank line is no row. Nothing of that is guessed: a file with another delimiter,
encoding or shape is an error that names the line.

- An empty field is null, quoted or not. In a column of numbers, dates or booleans, or of nothing else, the
  words of ``NULLS`` are null too; among other texts they are text, as ``NA`` may well be Namibia.
- Types that are not given are found in all values: integers, floats, booleans, and dates and timestamps as
  ISO 8601 writes them. Whatever would lose something stays text: ``007``, integers of more than 64 bits.
- A value that is not of the type that was given is null, and counted.
"""

import codecs
import contextlib
import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mltoolkit.contract.csv_types import NOTHING, NULLS, SNIFFED, TEXT, Type, declared
from mltoolkit.contract.sql import literal
from mltoolkit.errors import InputError, Location

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MAGIC = {
    b"\x1f\x8b": ("is compressed with gzip", "name it .csv.gz"),
    b"\x28\xb5\x2f\xfd": ("is compressed with Zstandard", "name it .csv.zst"),
    b"BZh": ("is compressed with bzip2", "name it .csv.bz2"),
    b"\xfd7zXZ": ("is compressed with xz", "name it .csv.xz"),
    b"PK\x03\x04": ("is a ZIP archive (an Excel workbook is one too)", "unpack it, or save it as CSV"),
    b"PAR1": ("is Parquet by its content, and CSV by its name", "name it .parquet"),
    codecs.BOM_UTF16_LE: ("is UTF-16", "save it as UTF-8"),
    codecs.BOM_UTF16_BE: ("is UTF-16", "save it as UTF-8"),
}
"""How files begin that are no CSV; all of them hold NUL bytes."""

_CHUNK = 2**20
_HEADER_SIZES = (2**16, 2**24)
"""Bytes in which the column names are looked for; more than the last are refused."""

_PARSED_AT_ONCE = 4000
_TYPED_AT_ONCE = 1000
"""Columns in one query: what DuckDB takes for more grows with their square, and so does its memory."""

_SAMPLE = 200
_NO_NULL = "\x01mltoolkit\x01"
"""What DuckDB shall take for null: nothing. With "" it would drop an empty field too many on a line."""

_EXACT_LINES = 5_000_000
"""Records up to which the line of a fault is counted anew: DuckDB counts one with line breaks as one line."""


class Csv(NamedTuple):
    """A CSV file, or one of several with the same columns.

    Attributes:
        path: For errors.
        plain: Where its content stands, not compressed, under a name that DuckDB takes literally.
    """

    path: Path
    plain: Path


class Parsed(NamedTuple):
    """Files in tables.

    Attributes:
        names: Of the columns, as the first line spells them.
        relation: What to select from: columns ``c0`` to ``cn``.
        unparsed: How many values are not of the type given for their column, for each where there are any.
    """

    names: tuple[str, ...]
    relation: str
    unparsed: dict[str, int]


def read(connection: "DuckDBPyConnection", files: Sequence[Csv], types: Mapping[str, str]) -> Parsed:
    """Parse files into tables.

    Args:
        connection: The database.
        files: All with the same columns.
        types: Types in DuckDB's words by the name of the column; names that no column has are ignored.

    Raises:
        InputError: A file is not as described above, or a type is unknown.
        duckdb.Error: Memory or disk do not suffice.
    """
    import duckdb

    for file in files:
        _refuse_nul(file)
    names = _header(files[0])
    for file in files[1:]:
        if _delimiter(file) != _delimiter(files[0]):
            raise InputError(
                f"has another delimiter than {files[0].path}, by its name",
                where=Location(path=str(file.path)),
            )
        if (found := _header(file)) != names:
            raise InputError(
                f"has other columns than {files[0].path}: {_difference(names, found)}",
                where=Location(path=str(file.path), line=1),
                hint="files of one folder must have the same columns in the same order",
            )
    given = [declared(name, types[name]) if name in types else None for name in names]
    tables, chosen, unparsed = [], [], dict[str, int]()
    try:
        for first in range(0, len(names), _PARSED_AT_ONCE):
            places = range(first, min(first + _PARSED_AT_ONCE, len(names)))
            _execute(
                connection,
                f"CREATE TEMP TABLE raw AS SELECT {_names(places)} FROM {_reader(files, len(names))}",
            )
            for start in range(first, places.stop, _TYPED_AT_ONCE):
                part = range(start, min(start + _TYPED_AT_ONCE, places.stop))
                table = f"typed{start}"
                made, missing = _typed(connection, table, [(at, given[at]) for at in part])
                tables.append(table)
                chosen += made
                for at, count in missing.items():
                    unparsed[names[at]] = unparsed.get(names[at], 0) + count
            connection.execute("DROP TABLE raw")
    except duckdb.Error as error:
        if told := _explained(error, files):
            raise told from error
        raise
    _refuse_values_for_names(files[0], names, chosen)
    return Parsed(names, " POSITIONAL JOIN ".join(tables), unparsed)


def _refuse_nul(file: Csv) -> None:
    line = 1
    with file.plain.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            if (at := chunk.find(0)) >= 0:
                line += chunk.count(b"\n", 0, at)
                head = chunk[:8] if opened.tell() <= _CHUNK else b""
                what, hint = next(
                    (told for magic, told in _MAGIC.items() if head.startswith(magic)),
                    ("holds a NUL byte", "it is damaged, or not UTF-8"),
                )
                raise InputError(what, where=Location(path=str(file.path), line=line), hint=hint)
            line += chunk.count(b"\n")


def _header(file: Csv) -> tuple[str, ...]:
    """Return the names of the columns.

    Raises:
        InputError: There are none, they are no CSV, or another delimiter stands between them.
    """
    where = Location(path=str(file.path), line=1)
    delimiter = _delimiter(file)
    size = file.plain.stat().st_size
    text, names = "", list[str]()
    for limit in _HEADER_SIZES:
        with file.plain.open("rb") as opened:
            head = opened.read(limit)
        text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(head).removeprefix("\ufeff")
        source = io.StringIO(text, newline="")
        whole = size <= limit
        try:
            names = next(csv.reader(source, delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            if whole or limit == _HEADER_SIZES[-1]:
                raise InputError(f"its column names are not CSV: {error}", where=where) from error
            continue
        if whole or source.tell() < len(text):
            break
    else:
        raise InputError(f"has no end of a line in its first {_HEADER_SIZES[-1] // 2**20} MB", where=where)
    if not text.strip():
        raise InputError("is empty: not even column names stand in it", where=where)
    if not names:
        raise InputError("its first line is blank: the column names must stand there", where=where)
    try:
        "".join(names).encode()
    except UnicodeEncodeError as error:
        raise InputError("is not UTF-8", where=where, hint="save it as UTF-8") from error
    if len(names) == 1:
        _refuse_other_delimiter(text, delimiter, where)
    return tuple(names)


def _delimiter(file: Csv) -> str:
    return "\t" if {".tsv", ".tab"} & {suffix.lower() for suffix in file.path.suffixes[-2:]} else ","


def _refuse_other_delimiter(text: str, delimiter: str, where: Location) -> None:
    """Refuse one column that would be several with another delimiter: to guess it would be a risk."""
    for other, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"), (",", "commas")):
        if other == delimiter:
            continue
        try:
            several = len(next(csv.reader(io.StringIO(text, newline=""), delimiter=other, strict=True))) > 1
        except csv.Error:
            continue
        if several:
            named = {"\t": ", or name it .tsv", ",": ", or name it .csv"}.get(other, "")
            raise InputError(
                f"is one column, unless {word} stand between its columns",
                where=where,
                hint=f"save it with {'tabs' if delimiter != ',' else 'commas'}{named}; if it is one column, quote its name",
            )


def _difference(wanted: Sequence[str], found: Sequence[str]) -> str:
    for at, (one, other) in enumerate(zip(wanted, found, strict=False)):
        if one != other:
            return f"column {at + 1} is {other[:80]!r}, and {one[:80]!r} there"
    return f"it has {len(found)}, and {len(wanted)} are there"


def _reader(files: Sequence[Csv], width: int) -> str:
    """Return the table function that parses files: all is said, so that nothing is guessed."""
    paths = ", ".join(literal(str(file.plain)) for file in files)
    columns = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(width))
    return (
        f"read_csv([{paths}], columns={{{columns}}}, delim={literal(_delimiter(files[0]))}, quote='\"', "
        f"escape='\"', header=true, auto_detect=false, strict_mode=true, null_padding=false, comment='', "
        f"ignore_errors=false, encoding='utf-8', compression='none', nullstr='{_NO_NULL}', "
        "hive_partitioning=false)"
    )


def _typed(
    connection: "DuckDBPyConnection", table: str, columns: Sequence[tuple[int, Type | None]]
) -> tuple[list[Type], dict[int, int]]:
    """Make a table of columns of ``raw`` with their types.

    Returns:
        The types, and by the place of a column how many values are not of the type given for it.
    """
    chosen: dict[int, Type] = {}
    seen: dict[int, list[str]] = {}
    open_ = [at for at, given in columns if given is None]
    if open_:
        rows = _execute(connection, f"SELECT {_names(open_)} FROM raw LIMIT {_SAMPLE}")
        for place, at in enumerate(open_):
            seen[at] = [row[place] for row in rows if row[place] not in NULLS]
            if not seen[at]:
                seen[at] = _values(connection, at, f"c{at} NOT IN ({_nulls()})")
            chosen[at] = _fitting(seen[at], SNIFFED) if seen[at] else NOTHING
    chosen |= {at: given for at, given in columns if given is not None}
    while True:
        made = ", ".join(f"{chosen[at].of(f'c{at}')} AS c{at}" for at, _ in columns)
        _execute(connection, f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {made} FROM raw")
        missing = _missing(connection, table, [at for at, _ in columns if chosen[at] is not TEXT])
        wrong = [at for at in missing if at in seen]
        if not wrong:
            return [chosen[at] for at, _ in columns], missing
        for at in wrong:
            bad = f"c{at} NOT IN ({_nulls()}) AND {chosen[at].of(f'c{at}')} IS NULL"
            seen[at] += _values(connection, at, bad)
            # Those after it alone: a type that did not fit is not tried again.
            chosen[at] = _fitting(seen[at], SNIFFED[SNIFFED.index(chosen[at]) + 1 :])


def _missing(connection: "DuckDBPyConnection", table: str, places: Sequence[int]) -> dict[int, int]:
    """Return how many values of each column are not in the table of types, where there are any."""
    counts = ", ".join(["count(*)", *(f"count(c{at})" for at in places)])
    ((rows, *there),) = _execute(connection, f"SELECT {counts} FROM {table}")
    null = [(at, rows - has) for at, has in zip(places, there, strict=True) if has < rows]
    if not null:
        return {}
    meant = ", ".join(f"count(*) FILTER (c{at} IN ({_nulls()}))" for at, _ in null)
    ((*words,),) = _execute(connection, f"SELECT {meant} FROM raw")
    return {at: none - said for (at, none), said in zip(null, words, strict=True) if none > said}


def _values(connection: "DuckDBPyConnection", at: int, condition: str) -> list[str]:
    return [
        row[0] for row in _execute(connection, f"SELECT c{at} FROM raw WHERE {condition} LIMIT {_SAMPLE}")
    ]


def _fitting(values: Sequence[str], types: Sequence[Type]) -> Type:
    if not values:
        return TEXT
    return next((each for each in types if all(each.fits(value) for value in values)), TEXT)


def _names(places: Sequence[int]) -> str:
    return ", ".join(f"c{at}" for at in places)


def _nulls() -> str:
    return ", ".join(literal(word) for word in NULLS)


def _execute(connection: "DuckDBPyConnection", query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def _refuse_values_for_names(file: Csv, names: Sequence[str], types: Sequence[Type]) -> None:
    """Refuse a first line that is a row: each name is a value of its column, and not just a number."""
    if all(each is not TEXT and each.fits(name) for name, each in zip(names, types, strict=True)) and not all(
        re.fullmatch(r"[0-9]+", name) for name in names
    ):
        raise InputError(
            "its first line looks like a row of values",
            where=Location(path=str(file.path), line=1),
            hint="the first line must hold the names of the columns",
        )


def _explained(error: Exception, files: Sequence[Csv]) -> InputError | None:
    """Turn an error of the parser into ours; ``None`` where it is not about a file."""
    message = str(error)
    file = next((each for each in files if str(each.plain) in message), files[0])
    found = re.search(r"CSV Error on Line: (\d+)", message)
    where = Location(path=str(file.path), line=_line(file, int(found[1])) if found else None)
    if fields := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message):
        return InputError(
            f"{fields[2]} {'field' if fields[2] == '1' else 'fields'}, and {fields[1]} column names",
            where=where,
            hint="a value that holds a comma, a quote or a line break must be quoted",
        )
    if "unterminated quote" in message:
        return InputError(
            "a quoted value does not end, or something follows its end",
            where=where,
            hint='a quote within a quoted value is written twice: ""',
        )
    if "Invalid unicode" in message:
        return InputError("is not UTF-8", where=where, hint="save it as UTF-8")
    if "state machine" in message:
        return InputError(
            "has line ends of several kinds, or a carriage return within a line",
            where=where,
            hint="let all lines end in a line feed, and quote values that hold line breaks",
        )
    if "Maximum line size" in message or "line size" in message:
        return InputError("a line is longer than 2 MB, or a quote is never closed", where=where)
    return None


def _line(file: Csv, record: int) -> int:
    """Return the line on which a record begins, both from 1: values may hold line breaks."""
    if record > _EXACT_LINES:
        return record
    with file.plain.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as opened:
        reader = csv.reader(opened, delimiter=_delimiter(file))
        with contextlib.suppress(csv.Error):
            for at, _ in enumerate(reader, start=1):
                if at == record - 1:
                    return reader.line_num + 1
    return record
