"""Expectations about each value of a column beside the others, compiled: their order, and their distance."""

from typing import Any, NamedTuple

import msgspec

from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.gallery.column_aggregate import as_json, shown
from mltoolkit.contract.gallery.column_map import ANY, mostly, number, switch
from mltoolkit.contract.results import SHOWN, Result, mapped, plain
from mltoolkit.contract.scan import Look, Question
from mltoolkit.contract.sources import DATA, Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, both, counted, filtered, literal, where
from mltoolkit.contract.suites import Expectation

_REACH = 2**62 - 1
"""Differences of integers beyond it overflow, which pandas does not see."""

_EDGE = 1e-9
"""So near a threshold, in parts of it, the last digits of a sum decide, and they are pandas' own."""

_SPREAD = 1e-6
"""A standard deviation so small beside the mean is made of rounding."""

_UNUSUAL = 1e150
"""Squares of greater numbers are none."""

_EXACT = 2**53

_SEVERAL = 2
"""Fewer values have no deviation."""

_SIGNED = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT"})


def increasing(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_be_increasing``, in the order of the file."""
    return _ordered(expectation, table, column, ">")


def decreasing(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_be_decreasing``, in the order of the file."""
    return _ordered(expectation, table, column, "<")


def _ordered(expectation: Expectation, table: Table, column: Column, sign: str) -> Question:
    if column.type not in _SIGNED and column.kind not in {Kind.FLOAT, Kind.DATE, Kind.TIMESTAMP}:
        raise NotCompiledError
    strictly = expectation.kwargs.get("strictly") is not None and switch(expectation, "strictly")
    among = conditions.rows(expectation, table)
    values = both(among, f"{column.sql} IS NOT NULL")
    share = mostly(expectation)
    operator = sign if strictly else f"{sign}="
    bad = f"NOT (v {operator} before)"
    if column.kind is Kind.FLOAT:
        # The difference of two equal infinities is no number, which is taken for the first value's.
        bad += " AND NOT (isinf(v) AND v = before)"
    # No order is asked for: rows come in that of the file.
    pairs = f"(SELECT {column.sql} AS v, lag({column.sql}) OVER () AS before FROM {DATA}{where(values)})"
    found = f"FROM {pairs} WHERE before IS NOT NULL AND {bad}"

    def answer(values: tuple[Any, ...]) -> Result | Look:
        elements, nonnull, unexpected, *far = values
        if any(far):
            raise NotCompiledError

        def finish(rows: list[tuple[Any, ...]]) -> Result:
            return mapped(
                elements=elements,
                nonnull=nonnull,
                unexpected=unexpected,
                values=[as_json(column, row[0]) for row in rows],
                mostly=share,
            )

        return (
            Look(f"SELECT {shown(column, 'v')} {found} LIMIT {SHOWN}", finish) if unexpected else finish([])
        )

    far = f"{column.sql} NOT BETWEEN {-_REACH} AND {_REACH}"
    guards = [counted(both(values, far))] if column.type == "BIGINT" else []
    return Question(
        (counted(among), counted(among, column.sql), f"(SELECT count(*) {found})", *guards), answer
    )


def z_scores(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_value_z_scores_to_be_less_than``: the distance from the mean in standard deviations.

    Sums of several threads differ in the last digits: where these decide, Great Expectations answers.
    """
    if column.kind not in {Kind.INTEGER, Kind.FLOAT} or column.type == "FLOAT":
        raise NotCompiledError
    if "double_sided" not in expectation.kwargs:
        raise NotCompiledError
    double, limit = switch(expectation, "double_sided"), number(expectation, "threshold")
    among = conditions.rows(expectation, table)
    looked = both(among, f"{column.sql} IS NOT NULL")
    share = mostly(expectation)
    value = f"{column.sql}::DOUBLE"
    unusual = f"abs({value}) >= {_UNUSUAL}"
    usual = f"CASE WHEN NOT ({unusual}) THEN {value} END"
    asks = (
        *(counted(among), counted(among, column.sql), counted(both(looked, unusual))),
        counted(both(looked, f"isinf({value})")),
        *(filtered(f"{name}({usual})", among) for name in ("avg", "stddev", "min", "max")),
    )

    def answer(values: tuple[Any, ...]) -> Result | Look:
        elements, nonnull, *_ = values

        def finish(rows: list[tuple[Any, ...]]) -> Result:
            ((over, near, first),) = rows
            if near:
                raise NotCompiledError
            return mapped(
                elements=elements,
                nonnull=nonnull,
                unexpected=over,
                values=[plain(each) for each in first or []],
                mostly=share,
            )

        found = _Distances.of(values, column.kind)
        if found is None:
            # Without a deviation no value has a distance, and all of them pass: nothing was looked at.
            return msgspec.structs.replace(finish([(0, 0, [])]), considered=0)
        if found.greatest(double=double) < limit * (1 - _EDGE) - _EDGE:
            return finish([(0, 0, [])])
        score = f"({value} - {literal(found.mean)}) / {literal(found.deviation)}"
        score, least = (f"abs({score})", abs(limit)) if double else (score, limit)
        over = f"{score} >= {literal(least)}"
        near = f"abs({score} - {literal(least)}) <= {literal(max(abs(least), 1.0) * _EDGE)}"
        first = f"SELECT {column.sql} AS v FROM {DATA}{where(both(looked, over))} LIMIT {SHOWN}"
        return Look(
            f"SELECT {counted(both(looked, over))}, {counted(both(looked, near))}, (SELECT list(v) FROM ({first})) "
            f"FROM {DATA}",
            finish,
        )

    return Question(asks, answer)


class _Distances(NamedTuple):
    """How far the values of a column are from each other.

    Attributes:
        mean: Of all.
        deviation: The standard deviation of a sample.
        least: The least value.
        most: The greatest.
    """

    mean: float
    deviation: float
    least: float
    most: float

    @classmethod
    def of(cls, measured: tuple[Any, ...], kind: Kind) -> "_Distances | None":
        """Return the distances; ``None`` where Great Expectations finds none, and takes them for small.

        Raises:
            NotCompiledError: Rounding decides.
        """
        _, values, unusual, infinite, mean, deviation, least, most = measured
        if values < _SEVERAL and kind is Kind.INTEGER:
            raise NotCompiledError  # Beside a null, their deviation is one too, which pandas cannot compare.
        if values < _SEVERAL or infinite:
            return None
        if unusual:
            raise NotCompiledError
        if least == most:
            if not float(most).is_integer() or abs(most) * values >= _EXACT:
                raise NotCompiledError
            return None
        if deviation <= abs(mean) * _SPREAD:
            raise NotCompiledError
        return cls(mean, deviation, least, most)

    def greatest(self, *, double: bool) -> float:
        """Return the greatest distance from the mean, in deviations."""
        above, below = self.most - self.mean, self.mean - self.least
        return (max(above, below) if double else above) / self.deviation


COMPILED = {
    "expect_column_values_to_be_increasing": (increasing, ANY | {"strictly"}),
    "expect_column_values_to_be_decreasing": (decreasing, ANY | {"strictly"}),
    "expect_column_value_z_scores_to_be_less_than": (z_scores, ANY | {"threshold", "double_sided"}),
}
"""For each type: what compiles it, and the arguments that it knows."""
