"""Expectations about each value of a column beside the others, compiled: their order, and their distance."""

from typing import Any

from mltoolkit.contract import conditions
from mltoolkit.contract.column_map import ANY, mostly, number, switch
from mltoolkit.contract.results import SHOWN, Result, mapped, plain
from mltoolkit.contract.scan import Look, Question
from mltoolkit.contract.sources import DATA, Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, both, counted, literal, where
from mltoolkit.contract.suites import Expectation

_REACH = 2**62
"""Differences of integers beyond it overflow, which pandas does not see."""

_EDGE = 1e-9
"""So near a threshold, in parts of it, the last digits of a sum decide, and they are pandas' own."""

_SPREAD = 1e-6
"""A standard deviation so small beside the mean is made of rounding."""

_USUAL = 1e150
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
                values=[plain(row[0]) for row in rows],
                mostly=share,
            )

        return Look(f"SELECT v {found} LIMIT {SHOWN}", finish) if unexpected else finish([])

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
    usual = f"CASE WHEN abs({value}) < {_USUAL} THEN {value} END"
    score, limit = ("abs((v - m) / s)", abs(limit)) if double else ("(v - m) / s", limit)
    over, edge = f"{score} >= {literal(limit)}", literal(max(abs(limit), 1.0) * _EDGE)
    scored = (
        f"WITH whole AS MATERIALIZED (SELECT avg({usual}) AS m, nullif(stddev({usual}), 0) AS s "
        f"FROM {DATA}{where(looked)}), every AS (SELECT {column.sql} AS c, {value} AS v FROM {DATA}{where(looked)})"
    )
    measured = (
        f"({scored} SELECT {{'over': {counted(over)}, 'near': {counted(f'abs({score} - {literal(limit)}) <= {edge}')}, "
        "'mean': any_value(m), 'deviation': any_value(s), 'least': min(v), 'most': max(v), "
        f"'infinite': {counted('isinf(v)')}, 'large': {counted(f'abs(v) >= {_USUAL}')}}} FROM every, whole)"
    )

    def answer(values: tuple[Any, ...]) -> Result | Look:
        elements, nonnull, found = values

        def finish(rows: list[tuple[Any, ...]]) -> Result:
            return mapped(
                elements=elements,
                nonnull=nonnull,
                unexpected=found["over"] if rows else 0,
                values=[plain(row[0]) for row in rows],
                mostly=share,
            )

        if nonnull < _SEVERAL and column.kind is Kind.INTEGER:
            raise NotCompiledError  # Beside a null, the deviation of so few is one, which pandas cannot compare.
        if _without_distance(found, nonnull) or not found["over"]:
            return finish([])
        return Look(f"{scored} SELECT c FROM every, whole WHERE {over} LIMIT {SHOWN}", finish)

    return Question((counted(among), counted(among, column.sql), measured), answer)


def _without_distance(found: dict[str, Any], values: int) -> bool:
    """Return whether no value has a distance from the mean, which Great Expectations takes for small.

    Raises:
        NotCompiledError: Rounding decides.
    """
    if values < _SEVERAL or found["infinite"]:
        return True
    if found["least"] == found["most"]:
        if not float(found["most"]).is_integer() or abs(found["most"]) * values >= _EXACT:
            raise NotCompiledError
        return True
    mean, deviation = found["mean"], found["deviation"]
    if found["large"] or found["near"] or deviation is None or deviation <= abs(mean) * _SPREAD:
        raise NotCompiledError
    return False


COMPILED = {
    "expect_column_values_to_be_increasing": (increasing, ANY | {"strictly"}),
    "expect_column_values_to_be_decreasing": (decreasing, ANY | {"strictly"}),
    "expect_column_value_z_scores_to_be_less_than": (z_scores, ANY | {"threshold", "double_sided"}),
}
"""For each type: what compiles it, and the arguments that it knows."""
