"""Two splits of the same data, open side by side, and how their columns compare."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mltoolkit.contract import sources
from mltoolkit.contract.sources import DATA, Column, Kind, Table

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

TRAIN = "train"
EVALUATION = "evaluation"
"""The two relations that queries read; columns are named as ``Column.sql``, NaN is null."""

_ZONED = "TIMESTAMP WITH TIME ZONE"
_NUMBER = ("DECIMAL", "HUGEINT", "UHUGEINT")


class Pair(NamedTuple):
    """A column that both splits have.

    Attributes:
        name: As the files spell it.
        train: The column of ``train``.
        evaluation: The column of ``evaluation``.
    """

    name: str
    train: Column
    evaluation: Column

    @property
    def alike(self) -> bool:
        """Whether both hold the same kind of thing: numbers, texts, times."""
        return family(self.train) == family(self.evaluation)

    @property
    def compared(self) -> tuple[str, str]:
        """SQL over ``train`` and over ``evaluation`` whose values are equal where the data are.

        Both have the same type, so that hashes agree too. -0.0 equals 0.0. Numbers of different types
        compare by value (a float32 with a float64 as float32), and numbers with texts by how they are
        written, so that 7 equals ``007``.
        """
        one, two = self.train, self.evaluation
        if one.type == two.type:
            return _same(one), _same(two)
        if one.kind is two.kind is Kind.INTEGER:
            return f"{one.sql}::HUGEINT", f"{two.sql}::HUGEINT"
        if one.kind is two.kind is Kind.FLOAT:
            return _single(one), _single(two)
        return _written(one, family(two)), _written(two, family(one))


class Splits(NamedTuple):
    """Training and evaluation rows, open for queries over ``train`` and ``evaluation``.

    Attributes:
        connection: To the database in memory that has both.
        train: What the model learns from.
        evaluation: What it is judged on.
    """

    connection: "DuckDBPyConnection"
    train: Table
    evaluation: Table

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The columns of both, in the order of the training rows; the nth of a name with the nth of it."""
        others = dict(_numbered(self.evaluation))
        return tuple(
            Pair(key[0], column, others[key]) for key, column in _numbered(self.train) if key in others
        )

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query. What the database says against it becomes our error in ``opened``."""
        return self.connection.execute(query).fetchall()

    def one(self, query: str) -> tuple[Any, ...]:
        """Return the only row of a query of aggregates; errors as those of ``ask``."""
        return self.ask(query)[0]

    def table(self, query: str) -> "pa.Table":
        """Return the rows of a query as Arrow has them; errors as those of ``ask``."""
        made: pa.Table = self.connection.sql(query).to_arrow_table()
        return made


@contextlib.contextmanager
def opened(train: Path, evaluation: Path, *, memory: str = "1GB") -> Iterator[Splits]:
    """Open two files side by side.

    The evaluation rows, usually the fewer, are copied beside the training rows, which are read from
    their file; what does not fit into memory is spilled.

    Args:
        train: A Parquet or CSV file, or a folder of either.
        evaluation: Another, or the same.
        memory: What a query may hold before it spills. A CSV file may take as much again while it is read.

    Raises:
        InputError: A file cannot be read, now or in a later query.
        OutsideError: DuckDB is not installed, or memory or disk do not suffice.
    """
    with sources.opened(train, memory=memory) as one:
        with sources.opened(evaluation, memory=memory) as two:
            reader = _relation(two).to_arrow_reader()
            one.connection.register("incoming", reader)
            # A table has a column at least; a file need not.
            one.connection.execute(f"CREATE TEMP TABLE {EVALUATION} AS SELECT * FROM incoming")
            one.connection.unregister("incoming")
        one.connection.execute(f"CREATE TEMP VIEW {TRAIN} AS SELECT {_plain(one)} FROM {DATA}")
        yield Splits(connection=one.connection, train=one, evaluation=two._replace(connection=one.connection))


def family(column: Column) -> str:
    """Return what a column holds, in a word for people."""
    match column.kind:
        case Kind.INTEGER | Kind.FLOAT:
            return "numbers"
        case Kind.TEXT:
            return "text"
        case Kind.BOOLEAN:
            return "booleans"
        case Kind.DATE | Kind.TIMESTAMP:
            return "times"
        case _:
            if column.type == _ZONED:
                return "times"
            return "numbers" if column.type.startswith(_NUMBER) else column.type


def instant(column: Column) -> str | None:
    """Return SQL for a column's values as microseconds since 1970, or numbers as they are.

    Times without a zone are UTC. Texts are ISO 8601 dates, times or months (``2013-05``); a value that is
    not is null, as is an infinite one.

    Returns:
        ``None`` where it holds no times, numbers or texts.
    """
    name = column.sql
    match family(column):
        case "times":
            return f"CASE WHEN isfinite({name}) THEN epoch_us({name}) END"
        case "numbers" if column.kind is Kind.FLOAT:
            return f"CASE WHEN isfinite({name}) THEN {name} END"
        case "numbers":
            return name if column.kind is Kind.INTEGER else f"{name}::DOUBLE"
        case "text":
            text = f"(CASE WHEN regexp_full_match({name}, '\\d{{4}}-\\d{{2}}') THEN {name} || '-01' ELSE {name} END)"
            # A cast to a time without a zone overlooks an offset; with one, a text without it is local.
            return (
                f"CASE WHEN regexp_full_match({name}, '.+:.*([Zz]|[+-]\\d\\d(:?\\d\\d)?)')"
                f" THEN epoch_us(try_cast({name} AS TIMESTAMPTZ)) ELSE epoch_us(try_cast({text} AS TIMESTAMP)) END"
            )
        case _:
            return None


def _numbered(table: Table) -> Iterator[tuple[tuple[str, int], Column]]:
    seen: Counter[str] = Counter()
    for column in table.columns:
        yield (column.name, seen[column.name]), column
        seen[column.name] += 1


def _relation(table: Table) -> "DuckDBPyRelation":
    return table.connection.sql(f"SELECT {_plain(table)} FROM {DATA}")


def _plain(table: Table) -> str:
    """Return the columns as both databases know them: what Arrow has no exact type for becomes text."""
    return (
        ", ".join(
            column.sql
            if column.kind is not Kind.OTHER or column.type == _ZONED
            else f"{column.sql}::VARCHAR AS {column.sql}"
            for column in table.columns
        )
        or "1 AS nothing"
    )


def _same(column: Column) -> str:
    # -0.0 + 0.0 is 0.0. The database hashes both alike, but nothing promises it. No CASE: thousands of them
    # in one query cost the square of their number.
    return f"({column.sql} + 0.0::{column.type})" if column.kind is Kind.FLOAT else column.sql


def _single(column: Column) -> str:
    name = _same(column)
    return f"coalesce(try_cast({name} AS FLOAT), (sign({name}) * 'infinity'::DOUBLE)::FLOAT)"


def _written(column: Column, other: str) -> str:
    """Return a column's values as texts that are equal where the other column's mean the same."""
    name = column.sql
    match family(column):
        case "numbers" if column.kind is Kind.FLOAT:
            return (
                f"(CASE WHEN {name} = trunc({name}) AND abs({name}) < 1e18"
                f" THEN {name}::BIGINT::VARCHAR ELSE {name}::VARCHAR END)"
            )
        case "numbers" if column.type.startswith("DECIMAL") and not column.type.endswith(",0)"):
            return f"rtrim(rtrim({name}, '0'), '.')"
        case "booleans":
            return f"{name}::INTEGER::VARCHAR" if other == "numbers" else f"{name}::VARCHAR"
        case "times":
            return f"make_timestamp(epoch_us({name}))::VARCHAR"
        case "text" if other == "numbers":
            return (
                f"(CASE WHEN regexp_full_match(trim({name}), '[+-]?\\d{{1,18}}(\\.0*)?')"
                f" THEN try_cast(trim({name}) AS BIGINT)::VARCHAR ELSE {name} END)"
            )
        case "text" if other == "booleans":
            return f"lower({name})"
        case "text" if other == "times":
            return f"coalesce(try_cast({name} AS TIMESTAMP)::VARCHAR, {name})"
        case _:
            return f"{name}::VARCHAR"
