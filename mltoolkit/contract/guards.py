"""What a suite cannot say of a data file: enough rows, names, nulls, ids, freshness, columns and types."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mltoolkit.checks import ContractFinding, Outcome, Severity, ours
from mltoolkit.contract import freshness
from mltoolkit.contract.header import NAMED, OTHERS, listed, mentioned, names_differ, so_many
from mltoolkit.contract.outcomes import absent
from mltoolkit.contract.sources import DATA, Column, Table, reading
from mltoolkit.contract.suites import Suite
from mltoolkit.contract.wording import EXAMPLES, called, examples, share, shown
from mltoolkit.settings import DataSettings


class Guards(NamedTuple):
    """The rules of ours for one data file, asked in the same scan as its suite.

    Attributes:
        table: The data.
        suite: What else is asked of it.
        settings: What is asked here.
        now: The time that freshness is measured against, with a zone.
    """

    table: Table
    suite: Suite
    settings: DataSettings
    now: dt.datetime

    @property
    def asks(self) -> tuple[str, ...]:
        """What the scan must measure."""
        wanted = ["count(*)", *(f"count({column.sql})" for column in self.table.columns)]
        if key := self._key():
            wanted += _key_asks(key)
        if fresh := self._fresh():
            wanted += freshness.asks(fresh, self.now)
        return tuple(wanted)

    def rows(self, values: Mapping[str, Any]) -> int:
        """Return how many rows there are.

        Args:
            values: What was measured.
        """
        return int(values["count(*)"])

    def nonnull(self, values: Mapping[str, Any]) -> dict[str, int]:
        """Return how many values each column holds, by name; of columns of one name, the first.

        Args:
            values: What was measured.
        """
        counts: dict[str, int] = {}
        for column in self.table.columns:
            counts.setdefault(column.name, values[f"count({column.sql})"])
        return counts

    def findings(self, values: Mapping[str, Any]) -> tuple[ContractFinding, ...]:
        """Return what came of the rules, one finding for each.

        A rule whose setting names a column that is not there has a further finding: not evaluated. Where ids
        repeat, a second query finds examples of them.

        Args:
            values: What was measured.

        Raises:
            InputError: The file is damaged.
            OutsideError: Memory or disk do not suffice for the second query.
        """
        return (
            self._enough(values),
            _suite(self.suite),
            names_differ([column.name for column in self.table.columns]),
            *self._emptiness(values),
            *self._types(),
            *self._budgets(values),
            *self._ids(values),
            *self._freshness(values),
            *self._unexpected(),
        )

    def _enough(self, values: Mapping[str, Any]) -> ContractFinding:
        rows, least = self.rows(values), self.settings.minimum_rows
        return ours(
            "minimum-rows",
            Outcome.MET if rows >= least else Outcome.VIOLATED,
            f"there {'is' if rows == 1 else 'are'} {_rows(rows)}; at least {least:,} must be there",
            looked=rows,
        )

    def _emptiness(self, values: Mapping[str, Any]) -> Iterator[ContractFinding]:
        rule, rows = "column-not-empty", self.rows(values)
        if not rows:
            yield ours(rule, Outcome.NOT_EVALUATED, "there are no rows")
            return
        empty = [
            column.name
            for column in self.table.columns
            if not values[f"count({column.sql})"] and self._budget(column.name) != 1
        ]
        if empty:
            yield _about(rule, empty, f"null in all {_rows(rows)}; `nulls` may allow a share of 1")
        else:
            yield ours(
                rule,
                Outcome.MET,
                "each column holds a value, but for those whose nulls are allowed a share of 1",
            )

    def _budgets(self, values: Mapping[str, Any]) -> Iterator[ContractFinding]:
        rule, nulls, rows = "null-budget", self.settings.nulls, self.rows(values)
        if nulls is None:
            return
        if isinstance(nulls, dict):
            yield from self._absent(rule, "nulls", [name for name in nulls if name != OTHERS])
        asked = [
            (column.name, rows - values[f"count({column.sql})"], budget)
            for column in self.table.columns
            if (budget := self._budget(column.name)) is not None
        ]
        if not rows:
            yield ours(rule, Outcome.NOT_EVALUATED, "there are no rows")
            return
        over = sorted(
            (each for each in asked if each[1] / rows > each[2]), key=lambda each: each[2] - each[1] / rows
        )
        if not over:
            if asked:
                yield ours(
                    rule,
                    Outcome.MET,
                    f"nulls are within their share in {so_many(len(asked))}",
                    looked=rows * len(asked),
                )
            return
        told = [
            f"{called([name])} is null in {share(count, rows, 'rows')}, {budget * 100:.6g} % may be"
            for name, count, budget in over[:EXAMPLES]
        ]
        more = f"; and {len(over) - EXAMPLES:,} more" if len(over) > EXAMPLES else ""
        yield ours(
            rule,
            Outcome.VIOLATED,
            f"too many nulls in {len(over):,} of {so_many(len(asked))}: {'; '.join(told)}{more}",
            columns=tuple(name for name, _, _ in over[:NAMED]),
            unexpected=sum(count for _, count, _ in over),
            looked=rows * len(asked),
        )

    def _budget(self, name: str) -> float | None:
        nulls = self.settings.nulls
        return nulls.get(name, nulls.get(OTHERS)) if isinstance(nulls, dict) else nulls

    def _key(self) -> tuple[Column, ...]:
        """Return the columns that name a row; none where they are not set, or not all there."""
        found = [self.table.column(name) for name in listed(self.settings.id)]
        columns = tuple(column for column in found if column is not None)
        return columns if len(columns) == len(found) else ()

    def _ids(self, values: Mapping[str, Any]) -> Iterator[ContractFinding]:
        rule, names, key = "row-id", listed(self.settings.id), self._key()
        if self.settings.id is None:
            return
        if not key:
            yield from (
                self._absent(rule, "id", names)
                if names
                else (ours(rule, Outcome.NOT_EVALUATED, "`id` names no column"),)
            )
            return
        rows = self.rows(values)
        if not rows:
            yield ours(rule, Outcome.NOT_EVALUATED, "there are no rows", columns=names)
            return
        whole, distinct = (values[ask] for ask in _key_asks(key))
        missing, repeated = rows - whole, whole - distinct
        said = [f"{share(missing, rows, 'rows')} have no id"] if missing else []
        if repeated:
            said.append(f"{share(repeated, rows, 'rows')} repeat the id of another row")
        hidden = not set(names).isdisjoint(self.settings.private)
        repeats = examples(_repeated(self.table, key)) if repeated and not hidden else ()
        yield ours(
            rule,
            Outcome.VIOLATED if said else Outcome.MET,
            " and ".join(said) or f"each of {_rows(rows)} has an id of its own",
            columns=names,
            unexpected=missing + repeated,
            looked=rows,
            examples=repeats,
        )

    def _fresh(self) -> Column | None:
        asked = self.settings.freshness
        return None if asked is None else self.table.column(asked.column)

    def _freshness(self, values: Mapping[str, Any]) -> Iterator[ContractFinding]:
        asked, column = self.settings.freshness, self._fresh()
        if asked is None:
            return
        if column is None:
            yield from self._absent(freshness.RULE, "freshness.column", [asked.column])
        else:
            yield freshness.finding(column, asked, self.now, values)

    def _unexpected(self) -> Iterator[ContractFinding]:
        rule = "unexpected-columns"
        if self.settings.unexpected_columns == "allow":
            return
        known = mentioned(self.suite, self.settings)
        names = [column.name for column in self.table.columns if column.name not in known]
        if names:
            yield _about(rule, names, "named by neither the suite nor the settings")
        else:
            count = so_many(len(self.table.columns))
            yield ours(rule, Outcome.MET, f"the suite or the settings name each of {count}")

    def _types(self) -> Iterator[ContractFinding]:
        rule, types = "types", self.settings.types
        if not types:
            return
        yield from self._absent(rule, "types", list(types))
        asked = [(column, types[column.name]) for column in self.table.columns if column.name in types]
        others, unparsed = [], []
        for column, declared in asked:
            wanted = _type(self.table, declared)
            if wanted is None:
                told = f"the setting `types`: {called([declared])} is not a type that DuckDB knows"
                yield ours(rule, Outcome.NOT_EVALUATED, told, columns=(column.name,))
            elif column.type != wanted:
                others.append((column.name, f"{called([column.name])} is {shown(column.type)}, not {wanted}"))
            elif count := self.table.unparsed.get(column.name, 0):
                told = f"{count:,} value{'' if count == 1 else 's'} of {called([column.name])} cannot be read as {wanted}"
                unparsed.append((count, column.name, told))
        unparsed.sort(reverse=True)
        wrong = [*others, *((name, told) for _, name, told in unparsed)]
        if wrong:
            more = f"; and {len(wrong) - EXAMPLES:,} more" if len(wrong) > EXAMPLES else ""
            yield ours(
                rule,
                Outcome.VIOLATED,
                f"{'; '.join(told for _, told in wrong[:EXAMPLES])}{more}",
                columns=tuple(name for name, _ in wrong[:NAMED]),
                unexpected=sum(count for count, _, _ in unparsed) if unparsed else None,
            )
        elif asked:
            yield ours(rule, Outcome.MET, f"the values of {so_many(len(asked))} are of the type declared")

    def _absent(self, rule: str, key: str, names: Sequence[str]) -> Iterator[ContractFinding]:
        """Say that a setting names columns that are not there, if it does."""
        known = dict.fromkeys(column.name for column in self.table.columns)
        gone = [name for name in names if name not in known]
        if not gone:
            return
        told = "; ".join(absent(name, known) for name in gone[:EXAMPLES])
        more = f"; and {len(gone) - EXAMPLES:,} more" if len(gone) > EXAMPLES else ""
        yield ours(
            rule, Outcome.NOT_EVALUATED, f"the setting `{key}`: {told}{more}", columns=tuple(gone[:NAMED])
        )


def _suite(suite: Suite) -> ContractFinding:
    count = len(suite.expectations)
    return ours(
        "suite-not-empty",
        Outcome.MET if count else Outcome.VIOLATED,
        f"the suite holds {count:,} expectation{'' if count == 1 else 's'}",
    )


def _about(
    rule: str, names: Sequence[str], what: str, *, severity: Severity = Severity.CRITICAL
) -> ContractFinding:
    verb = "is" if len(names) == 1 else "are"
    return ours(
        rule,
        Outcome.VIOLATED,
        f"{called(names)} {verb} {what}",
        columns=tuple(names[:NAMED]),
        severity=severity,
        unexpected=len(names),
    )


def _type(table: Table, declared: str) -> str | None:
    """Return a type as DuckDB spells it: ``int`` is ``INTEGER``."""
    import duckdb

    try:
        return str(table.connection.sqltype(declared))
    except duckdb.Error:
        return None


def _key_asks(key: tuple[Column, ...]) -> tuple[str, str]:
    """Return how many rows have a whole key, and how many keys there are."""
    if len(key) == 1:
        return f"count({key[0].sql})", f"count(DISTINCT {key[0].sql})"
    whole = " AND ".join(f"{column.sql} IS NOT NULL" for column in key)
    together = f"({', '.join(column.sql for column in key)})"
    return f"count(*) FILTER (WHERE {whole})", f"count(DISTINCT {together}) FILTER (WHERE {whole})"


def _repeated(table: Table, key: tuple[Column, ...]) -> list[str]:
    """Return keys that several rows have, as texts: the most frequent first."""
    whole = " AND ".join(f"{column.sql} IS NOT NULL" for column in key)
    names = ", ".join(column.sql for column in key)
    # As texts: a time with a zone cannot be fetched without a further package.
    told = ", ".join(f"{column.sql}::VARCHAR" for column in key)
    sql = (
        f"SELECT {told} FROM {DATA} WHERE {whole} GROUP BY {names} HAVING count(*) > 1 "
        f"ORDER BY count(*) DESC, {names} LIMIT {EXAMPLES}"
    )
    with reading(table):
        rows = table.connection.execute(sql).fetchall()
    return [", ".join(row) for row in rows]


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
