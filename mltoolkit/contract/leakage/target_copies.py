"""Features that are the target in other clothes."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mltoolkit.checks import Outcome
from mltoolkit.contract.leakage import null_copies
from mltoolkit.contract.leakage.likeness import (
    CLASSES,
    CLOSE,
    MINIMUM_OTHERS,
    MINIMUM_ROWS,
    NEAR,
    Codes,
    Numbers,
    suspicious,
)
from mltoolkit.contract.leakage.splits import TRAIN, Splits, family
from mltoolkit.contract.sources import Column, Kind
from mltoolkit.contract.wording import EXAMPLES, called, share

if TYPE_CHECKING:
    import pyarrow as pa

_VALUES = 1000
"""More values of a feature are a key: they tell rows, not the target."""
_ASKED = 200
"""About so many features all rows are asked; of more, a sample alone does not decide."""
_SAMPLE = 20_000
_CELLS = 20_000_000
_AT_ONCE = 1000
_EXACT = 1e-6
_ORDERLY = 0.999
_STEP = 0.01
_ORDERED = ", but the target goes one way from row to row, and much else does"


class Copies(NamedTuple):
    """What was found.

    Attributes:
        columns: The features that are copies.
        outcome: Violated where there are some.
        warns: Whether they tell the target without being copies of it, so that there may be a good reason.
        reason: In one sentence.
    """

    columns: list[str]
    outcome: Outcome
    warns: bool
    reason: str


def look(splits: Splits, target: Column, features: Sequence[Column]) -> Iterator[Copies]:
    """Look for copies of the target among the features of the training rows.

    A copy is a feature that equals the target; that tells it and is told by it, as other names, codes or
    booleans for the same values do, where at most a hundredth of what a constant would get wrong is not so;
    or a number that lies on a straight line with it, or rises (or falls) always when it does. Rows in which
    one of both is null are not looked at. Nor need its values be one: so is a feature that is null where the
    target has one value, and known where it has the other.

    Some things warn, since a good reason may exist: a feature of at most 1000 values tells the target
    that does not tell it; a threshold or ranges of a number tell the class; nulls tell one of several classes;
    a number nearly lies on a straight line with the target (correlation of at least 0.999). Where the target
    itself always rises (or falls) from row to row, as a meter does, so does much else, such as its last value
    or the day: that too warns, unless the line is straight to a hundredth of a step.

    A value that stands in one row alone tells nothing, so a unique column is no copy unless it is equal or in
    line. At least 20 rows must be known, and 5 that do not have the target's most frequent value.

    A sample of at most 20,000 rows, of each class as many, chooses the features that all rows are asked about.

    Args:
        splits: The training and evaluation rows.
        target: A column of the training rows.
        features: Others.
    """
    known, varies = splits.one(
        f"SELECT count({target.sql}), coalesce(min({target.sql}) <> max({target.sql}), false) FROM {TRAIN}"
    )
    if known < MINIMUM_ROWS or not varies or not features:
        why = (
            f"{known:,} rows with a target are too few to tell a copy from chance"
            if known < MINIMUM_ROWS
            else "the target has one value in all training rows"
            if not varies
            else "there is no feature beside the target"
        )
        yield Copies([], Outcome.NOT_EVALUATED, warns=False, reason=why)
        return
    _choose(splits, target, len(features))
    truth = _chosen(splits, [target]).column(0)
    truth_codes, truth_numbers = _codes(truth), _numbers(truth)
    copies: dict[str, str] = {}
    hints: dict[str, str] = {}
    asked = 0
    for feature, column in _columns(splits, features):
        codes = _codes(column)
        like = _equal(column, truth) or suspicious(codes, truth_codes, _numbers(column), truth_numbers)
        nulls = null_copies.suspicious(codes < 0, truth_codes)
        if not like and not nulls:
            continue
        asked += 1
        if asked > _ASKED:
            continue
        copy, hint = _confirmed(splits, feature, target) if like else (None, None)
        if nulls and not copy:
            copy, also = null_copies.confirmed(splits, feature, target)
            hint = hint or also
        if copy:
            copies[feature.name] = copy
        elif hint:
            hints[feature.name] = hint
    if copies:
        yield Copies(list(copies), Outcome.VIOLATED, warns=False, reason=_told(copies))
    if hints:
        yield Copies(list(hints), Outcome.VIOLATED, warns=True, reason=_told(hints))
    if asked > _ASKED:
        more = f"{asked - _ASKED:,} more features are like the target in a sample, too many to compare in all rows"
        yield Copies([], Outcome.NOT_EVALUATED, warns=False, reason=more)
    elif not copies and not hints:
        yield Copies(
            [], Outcome.MET, warns=False, reason=f"none of {len(features):,} features is a copy of the target"
        )


def _choose(splits: Splits, target: Column, features: int) -> None:
    """Choose some rows with a target, of each class as many where there are few classes."""
    y = target.sql
    size = max(1000, min(_SAMPLE, _CELLS // features))
    classes = splits.ask(
        f"SELECT {y}, count(*) FROM {TRAIN} WHERE {y} IS NOT NULL GROUP BY {y} LIMIT {CLASSES + 1}"
    )
    # By the number of the row, so that the same file gives the same sample; hashed, against patterns.
    numbered = f"(SELECT {y}, row_number() OVER () AS row_at FROM {TRAIN})"
    if len(classes) > CLASSES:
        query = (
            f"FROM {numbered}, (SELECT count({y}) AS known FROM {TRAIN})"
            f" WHERE {y} IS NOT NULL AND hash(row_at) % known < {size}"
        )
    else:
        query = (
            f"FROM {numbered} JOIN"
            f" (SELECT {y} AS class, count(*) AS known FROM {TRAIN} GROUP BY {y}) ON {y} = class"
            f" WHERE hash(row_at) % known < {max(1, size // max(1, len(classes)))}"
        )
    splits.ask(f"CREATE OR REPLACE TEMP TABLE chosen AS SELECT row_at {query}")


def _chosen(splits: Splits, columns: Sequence[Column]) -> "pa.Table":
    """Return some columns of the chosen rows, in the order of the file."""
    names = ", ".join(column.sql for column in columns)
    return splits.table(
        f"SELECT {names} FROM (SELECT {names}, row_number() OVER () AS row_at FROM {TRAIN})"
        " SEMI JOIN chosen USING (row_at) ORDER BY row_at"
    )


def _columns(splits: Splits, columns: Sequence[Column]) -> Iterator[tuple[Column, "pa.ChunkedArray[Any]"]]:
    """Yield columns with the values of the chosen rows; not all are in memory at once."""
    for start in range(0, len(columns), _AT_ONCE):
        part = columns[start : start + _AT_ONCE]
        yield from zip(part, _chosen(splits, part).columns, strict=True)


def _codes(column: "pa.ChunkedArray[Any]") -> Codes:
    import pyarrow as pa

    whole: Any = pa.chunked_array(column.chunks, column.type).combine_chunks()
    codes: Codes = (
        whole.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    )
    return codes


def _equal(column: "pa.ChunkedArray[Any]", truth: "pa.ChunkedArray[Any]") -> bool:
    """Return whether a column equals the target in most rows where both are known."""
    import pyarrow.compute as pc

    if column.type != truth.type:
        return False
    same: Any = pc.equal(column, truth)
    known = len(same) - same.null_count
    return 2 * (pc.sum(same).as_py() or 0) > known and len(truth.unique()) > CLASSES


def _numbers(column: "pa.ChunkedArray[Any]") -> Numbers | None:
    """Return values as floats, also those of texts that are all numbers; ``None`` if they are not numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if pa.types.is_temporal(column.type):
            column = column.cast(pa.timestamp("us")).cast(pa.int64())
        elif pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        numbers: Numbers = pc.cast(column, pa.float64(), safe=False).to_numpy().astype(np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return numbers


def _confirmed(splits: Splits, feature: Column, target: Column) -> tuple[str | None, str | None]:
    """Return why a feature is a copy by all rows, or else why it may be one."""
    x, y = feature.sql, target.sql
    same = f"sum(n) FILTER ({x} = {y})" if feature.type == target.type else "sum(0)"
    rows, equal, wrong, back, y_most, x_most, values = splits.one(
        f"WITH c AS (SELECT {x}, {y}, count(*) AS n FROM {TRAIN}"
        f" WHERE {x} IS NOT NULL AND {y} IS NOT NULL GROUP BY {x}, {y}),"
        f" gx AS (SELECT sum(n) AS n, max(n) AS most FROM c GROUP BY {x}),"
        f" gy AS (SELECT sum(n) AS n, max(n) AS most FROM c GROUP BY {y})"
        f" SELECT (SELECT sum(n) FROM c), (SELECT coalesce({same}, 0) FROM c),"
        " (SELECT sum(CASE WHEN n = 1 THEN 1 ELSE n - most END) FROM gx),"
        " (SELECT sum(CASE WHEN n = 1 THEN 1 ELSE n - most END) FROM gy),"
        " (SELECT max(n) FROM gy), (SELECT max(n) FROM gx), (SELECT count(*) FROM gx)"
    )
    rows = int(rows or 0)
    if rows < MINIMUM_ROWS or rows - y_most < MINIMUM_OTHERS:
        return None, None
    if equal >= rows - NEAR * (rows - y_most):
        return f"equals the target in {share(int(equal), rows)} rows where both are known", None
    right = f"{share(rows - int(wrong), rows)} rows where both are known"
    tells = wrong <= NEAR * (rows - y_most)
    if tells and back <= NEAR * (rows - x_most):
        # A day and the sum up to that day tell each other too, where many rows are of one day.
        hint = _in_line(splits, feature, target)[1] if values > CLASSES else None
        if hint and hint.endswith(_ORDERED):
            return None, hint
        return f"and the target tell each other in {right}", None
    copy, hint = _in_line(splits, feature, target)
    if copy or hint:
        return copy, hint
    if tells and values <= _VALUES and values * MINIMUM_ROWS <= rows:
        return None, f"tells the target in {right}"
    if family(feature) == "numbers" and _apart(splits, feature, target):
        return None, f"tells the target by thresholds in all {rows:,} rows where both are known"
    return None, None


def _in_line(splits: Splits, feature: Column, target: Column) -> tuple[str | None, str | None]:
    """Return how the numbers of a feature lie in line with the target's, or are in step with them."""
    one, two = _number(feature), _number(target)
    if one is None or two is None:
        return None, None
    numbers = (
        f"(SELECT x, y FROM (SELECT {one} AS x, {two} AS y FROM {TRAIN}) WHERE isfinite(x) AND isfinite(y))"
    )
    rows, still, x_most, y_most = splits.one(
        f"SELECT count(*), coalesce(min(x) = max(x) OR min(y) = max(y), true), max(abs(x)), max(abs(y)) FROM {numbers}"
    )
    if rows < MINIMUM_ROWS or still:
        return None, None
    # Scaled, because squares of large numbers overflow.
    line = f"SELECT abs(corr(x / {x_most!r}::DOUBLE, y / {y_most!r}::DOUBLE)) FROM"
    # Without the outermost hundredths and the most frequent values too: a code such as -9999 that stands for
    # a missing value in both makes a line of anything.
    inner = (
        f"(SELECT * FROM {numbers}, (SELECT quantile_disc(x, [0.01, 0.99]) AS qx,"
        f" quantile_disc(y, [0.01, 0.99]) AS qy, mode(x) AS mx, mode(y) AS my FROM {numbers})"
        " WHERE x BETWEEN qx[1] AND qx[2] AND y BETWEEN qy[1] AND qy[2] AND x <> mx AND y <> my)"
    )
    straight = min(_known(splits.one(f"{line} {numbers}")[0]), _known(splits.one(f"{line} {inner}")[0]))
    of = f"in the {rows:,} rows where both are numbers"
    if straight >= 1 - _EXACT:
        ordered, exact = _by_row(splits, one, two)
        if exact or not ordered:
            return f"lies on a straight line with the target {of}", None
        return None, f"nearly lies on a straight line with the target {of}{_ORDERED}"
    rising, falling = splits.one(
        "SELECT count(*) FILTER (NOT ((y > b AND x > a) OR (y = b AND x = a))),"
        " count(*) FILTER (NOT ((y > b AND x < a) OR (y = b AND x = a))) FROM"
        f" (SELECT x, y, lag(x) OVER o AS a, lag(y) OVER o AS b FROM {numbers} WINDOW o AS (ORDER BY y, x))"
        " WHERE b IS NOT NULL"
    )
    if not rising or not falling:
        told = f"{'falls' if rising else 'rises'} whenever the target rises {of}"
        ordered, _ = _by_row(splits, one, two)
        return (None, told + _ORDERED) if ordered else (told, None)
    if straight >= 1 - CLOSE:
        return None, f"nearly lies on a straight line with the target {of} (correlation {straight:.5f})"
    return None, None


def _by_row(splits: Splits, one: str, two: str) -> tuple[bool, bool]:
    """Return whether the target rises, or falls, from row to row, and whether a line misses no part of its steps.

    A line through a sum that grows misses the next step by little beside the whole, so nearly all correlate.
    """
    numbers = (
        f"(SELECT x, y, row_at FROM (SELECT {one} AS x, {two} AS y, row_number() OVER () AS row_at FROM {TRAIN})"
        " WHERE isfinite(x) AND isfinite(y))"
    )
    # Scaled, because squares of large numbers overflow.
    scaled = f"(SELECT x / max(abs(x)) OVER () AS x, y / max(abs(y)) OVER () AS y, row_at FROM {numbers})"
    steps, rising, falling, step = splits.one(
        "SELECT count(*), count(*) FILTER (y >= b), count(*) FILTER (y <= b), avg(abs(y - b)) FROM"
        f" (SELECT y, lag(y) OVER (ORDER BY row_at) AS b FROM {scaled}) WHERE b IS NOT NULL"
    )
    (off,) = splits.one(
        f"SELECT max(abs(y - my - slope * (x - mx))) FROM {scaled},"
        f" (SELECT regr_slope(y, x) AS slope, avg(x) AS mx, avg(y) AS my FROM {scaled})"
    )
    return max(rising, falling) >= _ORDERLY * steps, off is not None and off <= _STEP * step


def _known(correlation: float | None) -> float:
    """Return a correlation; 0 where there is none, since one of both does not vary."""
    return correlation if correlation is not None and np.isfinite(correlation) else 0.0


def _number(column: Column) -> str | None:
    match family(column):
        case "numbers":
            return f"{column.sql}::DOUBLE"
        case "booleans":
            return f"{column.sql}::INTEGER::DOUBLE"
        case "text":
            return f"try_cast({column.sql} AS DOUBLE)"
        case "times" if column.kind is not Kind.OTHER:
            return f"epoch_us({column.sql})::DOUBLE"
        case _:
            return None


def _apart(splits: Splits, feature: Column, target: Column) -> bool:
    ends = splits.ask(
        f"SELECT min({feature.sql}), max({feature.sql}) FROM {TRAIN}"
        f" WHERE {feature.sql} IS NOT NULL AND {target.sql} IS NOT NULL"
        f" GROUP BY {target.sql} ORDER BY 1, 2 LIMIT {CLASSES + 1}"
    )
    return 1 < len(ends) <= CLASSES and all(high < low for (_, high), (low, _) in itertools.pairwise(ends))


def _told(found: Mapping[str, str]) -> str:
    names = list(found)
    told = "; ".join(f"{called([name])} {found[name]}" for name in names[:EXAMPLES])
    return told if len(names) <= EXAMPLES else f"{told}; and {len(names) - EXAMPLES:,} more"
