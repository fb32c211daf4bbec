"""Data files as DuckDB reads them: Parquet, CSV (also compressed), or a folder of either."""

import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from mltoolkit.contract import csv_files, data_files
from mltoolkit.contract.compression import COMPRESSED, unpack
from mltoolkit.contract.csv_files import Csv
from mltoolkit.contract.data_files import DataFiles, Format
from mltoolkit.contract.sql import literal
from mltoolkit.errors import InputError, Location, MltoolkitError, OutsideError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DATA = "data"
"""The view that every query reads: one column for each of the file's, named as ``Column.sql``."""


class Kind(Enum):
    """What a column holds, as far as an expectation asks."""

    INTEGER = auto()
    FLOAT = auto()
    TEXT = auto()
    BOOLEAN = auto()
    DATE = auto()
    TIMESTAMP = auto()
    OTHER = auto()


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        name: As the file spells it; whatever it holds, no query contains it.
        sql: What it is called in queries.
        kind: What it holds.
        type: Its type in DuckDB's words.
    """

    name: str
    sql: str
    kind: Kind
    type: str


class Table(NamedTuple):
    """A data file, open for queries over ``data``. NaN is null there, as it is in pandas.

    Attributes:
        connection: To the database in memory that reads the file.
        path: The file or folder.
        columns: In the order of the file.
        unparsed: How many values of a CSV file are not of the type declared for their column, by its name;
            they are null in ``data``.
        files: Those that were read, in the order of their rows.
    """

    connection: "DuckDBPyConnection"
    path: Path
    columns: tuple[Column, ...]
    unparsed: Mapping[str, int] = MappingProxyType({})
    files: tuple[Path, ...] = ()

    def column(self, name: object) -> Column | None:
        """Return the column of that name, if there is one."""
        return next((each for each in self.columns if each.name == name), None)


_KINDS = {
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
        Kind.INTEGER,
    ),
    "FLOAT": Kind.FLOAT,
    "DOUBLE": Kind.FLOAT,
    "VARCHAR": Kind.TEXT,
    "BOOLEAN": Kind.BOOLEAN,
    "DATE": Kind.DATE,
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"), Kind.TIMESTAMP),
}


_WIDE = 1000
"""Columns up to which Parquet is read where it stands: what DuckDB takes for more grows with their square."""


@contextlib.contextmanager
def opened(
    path: Path,
    *,
    memory: str = "1GB",
    types: Mapping[str, str] = MappingProxyType({}),
    threads: int | None = None,
) -> Iterator[Table]:
    """Open a data file for queries.

    Rows keep their order; files of a folder follow one another sorted by path, and must have the same
    columns and types. A Parquet file is read where it stands, a CSV file is parsed once into a table that
    spills to a private folder; ``csv_files`` says what is accepted. The database can read these files, and
    nothing else: no other path, no address, no extension.

    Args:
        path: A Parquet or CSV file, or a folder of either. Nothing in it is a pattern.
        memory: What a query may hold before it spills to disk, such as ``1GB``.
        types: Types of a CSV file's columns in DuckDB's words by name; others are found in the values.
            Names that no column has are ignored, and so are all for Parquet, which has types of its own.
        threads: How many work at once; as many as there are processors by default.

    Raises:
        InputError: It is missing, neither Parquet nor CSV, or damaged; where a query on ``connection`` finds
            the damage later, and is not within ``reading``, too.
        OutsideError: DuckDB is not installed, or memory or disk do not suffice.
    """
    try:
        import duckdb
    except ImportError as error:
        raise OutsideError("DuckDB is not installed", hint="pip install 'mltoolkit[check]'") from error
    data = data_files.found(path)
    with contextlib.ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="mltoolkit-"))).resolve()
        plain = _plain(data, folder)
        held.enter_context(_explained(path, data.paths))
        config: dict[str, Any] = {
            "memory_limit": memory,
            "temp_directory": str(folder / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
            **({} if threads is None else {"threads": threads}),
        }
        connection = held.enter_context(duckdb.connect(config=config))
        _confine(connection, plain)
        if data.format is Format.CSV:
            inputs = [Csv(each, there) for each, there in zip(data.paths, plain, strict=True)]
            names, relation, unparsed = csv_files.read(connection, inputs, types)
        else:
            names, relation = _parquet(connection, data.paths, plain)
            unparsed = {}
        connection.execute(f"CREATE TEMP VIEW {DATA} AS SELECT * FROM {relation}")
        described = connection.execute(f"DESCRIBE {DATA}").fetchall()
        columns = tuple(
            Column(name=name, sql=sql, kind=_KINDS.get(kind, Kind.OTHER), type=kind)
            for name, (sql, kind, *_) in zip(names, described, strict=True)
        )
        yield Table(connection, path, columns, MappingProxyType(unparsed), data.paths)


@contextlib.contextmanager
def reading(table: Table) -> Iterator[None]:
    """Turn what DuckDB says about a query into an error that names the file: damage may show late.

    Raises:
        InputError: The file is damaged where the query read it, or its values do not suit the query.
        OutsideError: Memory or disk do not suffice.
    """
    with _explained(table.path, table.files):
        yield


@contextlib.contextmanager
def _explained(path: Path, paths: Sequence[Path]) -> Iterator[None]:
    import duckdb

    try:
        yield
    except (
        duckdb.ParserException,
        duckdb.BinderException,
        duckdb.CatalogException,
        duckdb.PermissionException,
    ):
        raise  # A query of ours that makes no sense is our fault, not that of the file.
    except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
        raise InputError(
            f"its values do not suit a query: {_first_line(str(error))}", where=Location(path=str(path))
        ) from error
    except duckdb.Error as error:
        raise _told(str(error), path, paths, memory=isinstance(error, duckdb.OutOfMemoryException)) from error


def _told(message: str, path: Path, paths: Sequence[Path], *, memory: bool) -> MltoolkitError:
    if "max_temp_directory_size" in message or "No space left" in message:
        return OutsideError(
            "needs more disk for what does not fit into memory than is free",
            where=Location(path=str(path)),
            hint="free space in the temporary folder, set TMPDIR to a larger disk, or raise `mltoolkit.check.memory`",
        )
    if memory:
        return OutsideError(
            "needs more memory than it may have",
            where=Location(path=str(path)),
            hint="raise `mltoolkit.check.memory` in params.yaml",
        )
    link = re.search(r"[^\s'\"]*/(\d{6})\.(?:parquet|csv)", message)
    at = int(link[1]) if link and int(link[1]) < len(paths) else None
    where = Location(path=str(path if at is None else paths[at]))
    if "encrypted" in message:
        return InputError("is encrypted", where=where, hint="decrypt it: no key can be given")
    said = _first_line(message)
    if link:
        said = said.replace(link[0], where.path)
    return InputError(f"cannot be read: {said}", where=where, hint="it is damaged; make it again")


def _first_line(message: str) -> str:
    first = next(iter(message.splitlines()), "no reason was given")
    return re.sub(r"^(?:[A-Z]\w+ )+Error: ", "", first)


def _plain(data: DataFiles, folder: Path) -> list[Path]:
    """Return where each file can be read under a name that is no pattern, no address, and needs no quotes.

    Raises:
        InputError: A compressed file is damaged, or a path is not text.
    """
    made = []
    suffix = ".csv" if data.format is Format.CSV else ".parquet"
    for at, path in enumerate(data.paths):
        there = folder / f"{at:06}{suffix}"
        if path.suffix.lower() in COMPRESSED:
            unpack(path, there)
        else:
            there.symlink_to(path.resolve())
        made.append(there)
    return made


def _confine(connection: "DuckDBPyConnection", plain: Sequence[Path]) -> None:
    """Let the database read these files alone, and set what makes its answers the same everywhere."""
    paths = [str(each.resolve()) for each in plain]
    try:
        "".join(paths).encode()
    except UnicodeEncodeError as error:
        raise InputError("its name is not UTF-8", where=Location(path=ascii(paths[0]))) from error
    # DuckDB follows links before it looks whether a path is allowed.
    connection.execute(f"SET allowed_paths = [{', '.join(map(literal, paths))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET TimeZone = 'UTC'")
    # Where all values of a Parquet file but NaN are equal, it takes the column for that one constant.
    connection.execute("SET disabled_optimizers = 'statistics_propagation'")


def _parquet(
    connection: "DuckDBPyConnection", paths: Sequence[Path], plain: Sequence[Path]
) -> tuple[tuple[str, ...], str]:
    """Return the names of the columns as the files have them, and what to select from: ``c0`` to ``cn``.

    Raises:
        InputError: One is no Parquet, or has other columns than the first.
        duckdb.Error: One is damaged.
    """
    for path, each in zip(paths, plain, strict=True):
        _refuse_others(path, each)
    first, *others = [
        connection.execute(f"DESCRIBE SELECT * FROM {_scan([each])}").fetchall() for each in plain
    ]
    for path, other in zip(paths[1:], others, strict=True):
        if other != first:
            raise InputError(
                f"has other columns than {paths[0].name}: {_difference(first, other)}",
                where=Location(path=str(path)),
                hint="files of one folder must have the same columns in the same order, of the same types",
            )
    names = _names(connection, plain[0])
    numbered = ", ".join(f"c{at}" for at in range(len(names)))
    scan = f"{_scan(plain)} AS s({numbered})"
    chosen = [_without_nan(f"c{at}", kind) for at, (_, kind, *_) in enumerate(first)]
    if len(names) <= _WIDE:
        return names, f"(SELECT {', '.join(chosen)} FROM {scan})"
    parts = []
    for start in range(0, len(names), _WIDE):
        part = f"part{start}"
        connection.execute(
            f"CREATE TEMP TABLE {part} AS SELECT {', '.join(chosen[start : start + _WIDE])} FROM {scan}"
        )
        parts.append(part)
    return names, " POSITIONAL JOIN ".join(parts)


def _scan(plain: Sequence[Path]) -> str:
    paths = ", ".join(literal(str(each)) for each in plain)
    return f"read_parquet([{paths}], hive_partitioning=false, union_by_name=false)"


def _refuse_others(path: Path, plain: Path) -> None:
    where = Location(path=str(path))
    with plain.open("rb") as opened:
        head = opened.read(4)
        size = opened.seek(0, 2)
        opened.seek(max(0, size - 4))
        tail = opened.read(4)
    if head == b"PARE":
        raise InputError("is encrypted", where=where, hint="decrypt it: no key can be given")
    if not size:
        raise InputError("is empty, and not Parquet", where=where)
    if head != b"PAR1":
        raise InputError("is not Parquet, whatever its name says", where=where)
    if tail != b"PAR1":
        raise InputError("is cut short: the end of a Parquet file is missing", where=where)


def _names(connection: "DuckDBPyConnection", plain: Path) -> tuple[str, ...]:
    """Return the names of the outermost columns, equal and empty ones too, which DuckDB would rename."""
    schema = connection.execute(
        f"SELECT name, coalesce(num_children, 0) FROM parquet_schema({literal(str(plain))})"
    ).fetchall()
    names, inside = [], 0
    for name, children in schema[1:]:
        if not inside:
            names.append(str(name))
            inside = 1
        inside += children - 1
    return tuple(names)


def _without_nan(column: str, kind: str) -> str:
    # Not nullif(x, 'nan'): the statistics of a Parquet file leave NaN out, and DuckDB trusts them so far that
    # a comparison with NaN is never true.
    if _KINDS.get(kind) is Kind.FLOAT:
        return f"CASE WHEN isnan({column}) THEN NULL ELSE {column} END AS {column}"
    return column


def _difference(wanted: Sequence[tuple[Any, ...]], found: Sequence[tuple[Any, ...]]) -> str:
    for at, (one, other) in enumerate(zip(wanted, found, strict=False)):
        if one != other:
            return f"column {at + 1} is {other[0][:80]!r} {other[1]}, and {one[0][:80]!r} {one[1]} there"
    return f"it has {len(found)}, and {len(wanted)} are there"
