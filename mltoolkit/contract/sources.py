"""Data files as DuckDB reads them: Parquet, CSV (also compressed), or a folder of either."""

import contextlib
import tempfile
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mltoolkit.errors import InputError, Location, OutsideError

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
    """

    connection: "DuckDBPyConnection"
    path: Path
    columns: tuple[Column, ...]

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


@contextlib.contextmanager
def opened(path: Path, *, memory: str = "1GB") -> Iterator[Table]:
    """Open a data file for queries.

    Args:
        path: A Parquet or CSV file, or a folder of either.
        memory: What a query may hold before it spills to disk.

    Raises:
        InputError: It is neither, or damaged.
        OutsideError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise OutsideError("DuckDB is not installed", hint="pip install 'mltoolkit[check]'") from error
    with (
        tempfile.TemporaryDirectory(prefix="mltoolkit-") as spill,
        duckdb.connect(config={"memory_limit": memory, "temp_directory": spill}) as connection,
    ):
        # Where all values of a Parquet file but NaN are equal, it takes the column for that one constant.
        connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        try:
            source = connection.read_parquet(str(path)) if path.suffix == ".parquet" else None
            if source is None:
                source = connection.read_csv(str(path))
            columns = tuple(
                Column(name=name, sql=f"c{at}", kind=_KINDS.get(str(kind), Kind.OTHER), type=str(kind))
                for at, (name, kind) in enumerate(zip(source.columns, source.types, strict=True))
            )
            source.create_view("source")
            connection.execute(f"CREATE TEMP VIEW {DATA} AS {_select(columns)}")
        except duckdb.Error as error:
            raise InputError(
                f"cannot be read: {str(error).splitlines()[0]}", where=Location(path=str(path))
            ) from error
        yield Table(connection=connection, path=path, columns=columns)


def _select(columns: tuple[Column, ...]) -> str:
    """Return the query that gives every column its name in queries: by place, since names may be anything."""
    # Not nullif(x, 'nan'): the statistics of a Parquet file leave NaN out, and DuckDB trusts them so far that
    # a comparison with NaN is never true.
    floats = ", ".join(
        f"CASE WHEN isnan({c.sql}) THEN NULL ELSE {c.sql} END AS {c.sql}"
        for c in columns
        if c.kind is Kind.FLOAT
    )
    names = ", ".join(column.sql for column in columns)
    return f"SELECT *{f' REPLACE ({floats})' if floats else ''} FROM (SELECT * FROM source) AS s({names})"
