"""The reference profile of a data file, measured by DuckDB in bounded memory."""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mltoolkit import __version__, files, profile
from mltoolkit.contract import patterns
from mltoolkit.contract.sources import DATA, Column, Kind, Table, reading
from mltoolkit.contract.sql import literal
from mltoolkit.errors import InputError, Location, meant
from mltoolkit.profile import Categories, Category, ColumnProfile, Lengths, Numbers, Profile, Span

BINS = 20
"""Bins of equal frequency for a column of numbers."""

TOP = 50
"""Categories that are told by name."""

LONGEST = 100
"""Characters of a category; a longer text is cut and told apart by its digest."""

_ASKED = 300
"""Aggregates of one query: the time to plan it grows faster than their number."""

_HELD = 2**22
"""Values that a query may hold at once, where an aggregate needs them all."""

_SAMPLED = 2**18
"""Rows that the edges of very many come from; the bins between them are counted over all."""

_TABLE = _HELD // 16
"""A hash table takes some megabytes for however few values."""

_FEW = 1000
"""So few different values are counted one by one in any case."""

_MANY = 2**17
"""So many different texts at most: more are keys or prose, of which no few are common."""

_EXACT = 2**53
_SUMMED = 1e150
"""The square of a number beyond is none."""

_DIGITS = 10
"""Digits of means: sums of floats in another order differ in the sixteenth, and must not show it."""

_SAMPLE = 40
_SAMPLED_BY = 3
_NEARLY = 0.9

_KINDS: dict[Kind, profile.Kind] = {
    Kind.INTEGER: "integer",
    Kind.FLOAT: "float",
    Kind.TEXT: "text",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.TIMESTAMP: "timestamp",
}


def measured(table: Table, *, digest: str, private: Collection[str] = ()) -> Profile:
    """Measure what a data file looks like.

    One scan finds ranges, means and how many values differ; a second one counts the bins and categories
    that follow from them. What would need all values at once is asked in small parts, or of a sample that
    is the same each time, so that memory stays bounded.

    Args:
        table: The data.
        digest: Of its content, as ``sha256:`` and 64 hex digits.
        private: Columns whose values nothing may show.

    Raises:
        InputError: A private column is not there, the data cannot be read to its end, or its column names
            alone are longer than a file of ours may be.
        OutsideError: The memory that DuckDB may use is not enough.
    """
    where = Location(path=str(table.path))
    names = [column.name for column in table.columns]
    for name in private:
        if name not in names:
            # A slip of the pen here would publish the values.
            raise InputError(f"has no column {name!r} to keep private", where=where, hint=meant(name, names))
    with reading(table):
        rows, columns = _Measurement(table, frozenset(private)).whole()
    tool = f"mltoolkit {__version__}"
    made = Profile(tool=tool, path=str(table.path), digest=digest, rows=rows, columns=columns)
    made = profile.bounded(made, files.JSON_LIMIT)
    if len(profile.render(made)) > files.JSON_LIMIT:
        raise InputError(f"the names of its {len(names):,} columns are too long for a profile", where=where)
    return made


def read(path: Path) -> Profile:
    """Read a profile.

    Raises:
        InputError: It is missing, damaged, or of another version.
    """
    return files.load(path, Profile)


def write(path: Path, made: Profile) -> None:
    """Write a profile, whole or not at all.

    Raises:
        InputError: The folder cannot be written.
    """
    files.write_bytes(path, profile.render(made))


def category(column: Column) -> str:
    """Return the SQL of a value's category: the value itself, or of a long text its start and a digest."""
    if column.kind is not Kind.TEXT:
        return column.sql
    return (
        f"CASE WHEN length({column.sql}) <= {LONGEST} THEN {column.sql} "
        f"ELSE left({column.sql}, {LONGEST}) || '… sha256:' || sha256({column.sql}) END"
    )


class _Ask(NamedTuple):
    """An aggregate over one column; ``held`` is how many values it keeps until its query ends."""

    column: Column
    tag: str
    sql: str
    held: int = 0


class _Measurement:
    """The questions to one table, in the order in which they need each other's answers."""

    def __init__(self, table: Table, private: frozenset[str]) -> None:
        self._table = table
        self._private = private
        self._found: dict[str, dict[str, Any]] = defaultdict(dict)
        self._rows = 0

    def whole(self) -> tuple[int, tuple[ColumnProfile, ...]]:
        """Return how many rows there are, and what each column looks like."""
        ((self._rows,),) = self._table.connection.execute(f"SELECT count(*) FROM {DATA}").fetchall()
        columns = self._table.columns
        self._run(ask for column in columns for ask in _first(column, hidden=self._hidden(column)))
        sample, size = self._sample()
        self._run((ask for column in columns for ask in self._quantiles(column, size)), sample)
        self._run(ask for column in columns for ask in self._second(column))
        return self._rows, tuple(self._profile(column) for column in columns)

    def _hidden(self, column: Column) -> bool:
        return column.name in self._private

    def _run(self, asks: Iterable[_Ask], where: str = "") -> None:
        """Ask in as few queries as the limits on their size allow."""
        batch: list[_Ask] = []
        held = 0
        for ask in asks:
            if batch and (len(batch) >= _ASKED or held + ask.held > _HELD):
                self._query(batch, where)
                batch, held = [], 0
            batch.append(ask)
            held += ask.held
        if batch:
            self._query(batch, where)

    def _query(self, asks: list[_Ask], where: str) -> None:
        sql = f"SELECT {', '.join(ask.sql for ask in asks)} FROM {DATA} {where}"
        (row,) = self._table.connection.execute(sql).fetchall()
        for ask, value in zip(asks, row, strict=True):
            self._found[ask.column.sql][ask.tag] = value

    def _sample(self) -> tuple[str, int]:
        """Return which rows quantiles are made of, and how many those are: the same at any order of rows."""
        share = self._rows // _SAMPLED
        if share <= 4:  # noqa: PLR2004 - so few are not worth the noise
            return "", self._rows
        found = self._found
        spread = sorted(self._table.columns, key=lambda column: -found[column.sql].get("distinct", 0))
        names = ", ".join(column.sql for column in spread[:_SAMPLED_BY])
        return f"WHERE hash({names}) % {share} = 0", 2 * _SAMPLED

    def _quantiles(self, column: Column, size: int) -> Iterator[_Ask]:
        if _number(column) and self._found[column.sql].get("finite"):
            steps = ", ".join(repr(at / BINS) for at in range(1, BINS))
            sql = f"quantile_disc({_double(column)}, [{steps}]) {_finite(column)}"
            yield _Ask(column, "quantiles", sql, size)

    def _second(self, column: Column) -> Iterator[_Ask]:
        found = self._found[column.sql]
        count, distinct = found["count"], found.get("distinct", 0)
        listed = _listed(column, count, distinct) and not self._hidden(column)
        if column.kind in {Kind.INTEGER, Kind.TEXT} and distinct >= count * _NEARLY and count and not listed:
            yield _Ask(column, "exact", f"count(DISTINCT {column.sql})", max(count, _TABLE))
        if self._hidden(column):
            return
        if edges := found.get("quantiles"):
            bins = ", ".join(f"{edge!r}::DOUBLE" for edge in sorted(set(edges)))
            yield _Ask(column, "bins", f"histogram({_double(column)}, [{bins}]) {_finite(column)}")
        if (mean := _mean(found)) is not None:
            off = f"({_double(column)} - {mean!r}::DOUBLE)"
            yield _Ask(column, "variance", f"favg({off} * {off}) {_finite(column)}")
        if listed:
            yield _Ask(column, "categories", f"histogram({category(column)})", max(distinct, _TABLE))
            return
        for each in patterns.candidates(found.get("sample") or ()):
            yield _Ask(column, each, f"bool_and(regexp_matches({column.sql}, {literal(each)}))")

    def _profile(self, column: Column) -> ColumnProfile:
        found = self._found[column.sql]
        count = found["count"]
        counted: dict[Any, int] | None = found.get("categories")
        exact = found.get("exact") if counted is None else len(counted)
        distinct = found.get("distinct") if exact is None else exact
        return ColumnProfile(
            name=column.name,
            kind="decimal" if _decimal(column) else _KINDS.get(column.kind, "other"),
            type=column.type,
            private=self._hidden(column),
            nulls=self._rows - count,
            null_rate=_rounded((self._rows - count) / self._rows if self._rows else 0.0, 1.0),
            distinct=distinct,
            estimated=exact is None and bool(distinct),
            unique=column.kind in {Kind.INTEGER, Kind.TEXT} and exact == count and count > 1,
            numbers=_numbers(found) if "finite" in found else None,
            categories=None if counted is None else _categories(column, counted),
            lengths=None
            if found.get("shortest") is None
            else Lengths(min=found["shortest"], max=found["longest"]),
            pattern=_pattern(found),
            span=None if found.get("earliest") is None else Span(min=found["earliest"], max=found["latest"]),
        )


def _first(column: Column, *, hidden: bool) -> Iterator[_Ask]:
    name = column.sql

    def ask(**asked: str) -> Iterator[_Ask]:
        return (_Ask(column, tag, sql) for tag, sql in asked.items())

    yield from ask(count=f"count({name})")
    if column.kind is Kind.OTHER and not _decimal(column):
        return
    yield from ask(distinct=f"approx_count_distinct({name})")
    if hidden:
        return
    if _number(column):
        number, finite = _double(column), _finite(column)
        yield from ask(
            finite=f"count(*) {finite}",
            below=f"count(*) FILTER (WHERE {number} = '-inf'::DOUBLE)",
            above=f"count(*) FILTER (WHERE {number} = 'inf'::DOUBLE)",
            least=f"min({name}) {finite}",
            greatest=f"max({name}) {finite}",
            mean=f"favg({number}) {finite}",
            size=f"favg(abs({number})) {finite}",
        )
    elif column.kind is Kind.TEXT:
        yield from ask(
            shortest=f"min(length({name}))",
            longest=f"max(length({name}))",
            # A sample that is the same each time, whatever the order of the rows.
            sample=f"arg_min(left({name}, {LONGEST}), hash({name}), {_SAMPLE})",
        )
    elif column.kind in {Kind.DATE, Kind.TIMESTAMP}:
        among = f"FILTER (WHERE isfinite({name}))"
        time = "%Y-%m-%dT%H:%M:%S.%f" if column.kind is Kind.TIMESTAMP else "%Y-%m-%d"
        yield from ask(
            earliest=f"strftime(min({name}) {among}, '{time}')",
            latest=f"strftime(max({name}) {among}, '{time}')",
        )


def _number(column: Column) -> bool:
    return column.kind in {Kind.INTEGER, Kind.FLOAT} or _decimal(column)


def _decimal(column: Column) -> bool:
    return column.type.startswith(("DECIMAL", "HUGEINT", "UHUGEINT"))


def _double(column: Column) -> str:
    return f"{column.sql}::DOUBLE"


def _finite(column: Column) -> str:
    return f"FILTER (WHERE isfinite({_double(column)}))"


def _listed(column: Column, count: int, distinct: int) -> bool:
    """Return whether a column's values are worth counting one by one; free text and keys are not."""
    match column.kind:
        case Kind.BOOLEAN:
            return True
        case Kind.INTEGER:
            return distinct <= _FEW
        case Kind.TEXT:
            return distinct <= min(_MANY, max(_FEW, count // 2))
        case _:
            return False


def _numbers(found: dict[str, Any]) -> Numbers:
    finite: int = found["finite"]
    edges = sorted(set(found.get("quantiles") or ()))
    bins = found.get("bins") or {}
    counts = [bins.get(edge, 0) for edge in edges]
    variance = found.get("variance")
    return Numbers(
        finite=finite,
        min=_plain(found["least"]),
        max=_plain(found["greatest"]),
        mean=_mean(found),
        stdev=None if variance is None else _rounded(math.sqrt(variance), math.sqrt(variance)),
        negative_infinities=found["below"],
        positive_infinities=found["above"],
        edges=tuple(edges),
        counts=(*counts, finite - sum(counts)),
    )


def _mean(found: dict[str, Any]) -> float | None:
    mean, size = found.get("mean"), found.get("size")
    if mean is None or size is None or not size < _SUMMED:
        return None
    if max(abs(float(found["least"])), abs(float(found["greatest"]))) > _SUMMED:
        return None
    return _rounded(mean, size)


def _rounded(value: float, size: float) -> float:
    """Return a value to as many digits as a number of that size has."""
    if not size:
        return 0.0
    return float(f"{round(value, _DIGITS - 1 - math.floor(math.log10(size))):.{_DIGITS}g}") + 0.0


def _plain(value: Any) -> int | float | None:
    if value is None:
        return None
    if isinstance(value, int) and abs(value) <= _EXACT:
        return value
    return float(value)


def _categories(column: Column, counted: dict[Any, int]) -> Categories | None:
    total = sum(counted.values())
    if len(counted) > TOP and (column.kind is Kind.INTEGER or len(counted) > total / 2):
        return None
    if column.kind is Kind.INTEGER and any(abs(value) > _EXACT for value in counted):
        return None
    common = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    top = tuple(Category(value=value, count=count) for value, count in common[:TOP])
    return Categories(top=top, other=sum(count for _, count in common[TOP:]))


def _pattern(found: dict[str, Any]) -> str | None:
    """Return the first expression that all texts fit; where they were counted one by one, no scan is needed."""
    counted: dict[Any, int] | None = found.get("categories")
    if counted is None:
        return next((each for each in patterns.candidates(found.get("sample") or ()) if found[each]), None)
    texts = sorted(text for text in counted if isinstance(text, str))
    step = math.ceil(len(texts) / _SAMPLE) or 1
    guesses = patterns.candidates(texts[::step])
    return next((each for each in guesses if all(re.search(each, text) for text in texts)), None)
