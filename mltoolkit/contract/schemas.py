"""How the columns of one data file differ from those of another that it should be like."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mltoolkit.checks import ContractFinding, Outcome, Severity, ours
from mltoolkit.contract import sources
from mltoolkit.contract.header import NAMED, so_many
from mltoolkit.contract.sources import Column, Table
from mltoolkit.contract.wording import EXAMPLES, called, shown

RULE = "schema"

_INTEGERS = {"TINYINT": 7, "SMALLINT": 15, "INTEGER": 31, "BIGINT": 63, "HUGEINT": 127}
_UNSIGNED = {"UTINYINT": 8, "USMALLINT": 16, "UINTEGER": 32, "UBIGINT": 64, "UHUGEINT": 128}
_FLOATS = {"FLOAT": 24, "DOUBLE": 53}
"""How many bits of an integer each type keeps."""

_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")

Key = tuple[str, int]
"""A name, and which of the columns of that name: nothing forbids a file to repeat one."""


class Drift(NamedTuple):
    """What differs between the columns of two files.

    Attributes:
        missing: Columns that are no longer there.
        added: Columns that were not there.
        reordered: Columns that both have, and that stand before others than they did.
        widened: Columns whose type now holds all that it held, and more, with both types.
        retyped: Columns whose type is another one, with both types.
    """

    missing: tuple[str, ...]
    added: tuple[str, ...]
    reordered: tuple[str, ...]
    widened: tuple[tuple[str, str, str], ...]
    retyped: tuple[tuple[str, str, str], ...]


def against(table: Table, like: Path, *, memory: str = "1GB") -> tuple[ContractFinding, ...]:
    """Return whether a data file has the columns and types of another one.

    Args:
        table: The data.
        like: The file that it should be like.
        memory: What reading that one may hold before it spills to disk.

    Raises:
        InputError: The other file is missing, neither Parquet nor CSV, or damaged.
        OutsideError: DuckDB is not installed.
    """
    if like.resolve() == table.path.resolve():
        said = "the setting `like` names the file itself, which is always like itself"
        return (ours(RULE, Outcome.NOT_EVALUATED, said),)
    with sources.opened(like, memory=memory) as other:
        return findings(drift(other.columns, table.columns), so_many(len(table.columns)))


def drift(before: Sequence[Column], after: Sequence[Column]) -> Drift:
    """Compare the columns of two files.

    Args:
        before: Of the file that stands for how it should be.
        after: Of the file that is checked.
    """
    old, new = _keyed(before), _keyed(after)
    common = [key for key in old if key in new]
    now = [key for key in new if key in old]
    changed = [(key[0], old[key].type, new[key].type) for key in common if old[key].type != new[key].type]
    return Drift(
        missing=tuple(key[0] for key in old if key not in new),
        added=tuple(key[0] for key in new if key not in old),
        reordered=tuple(there[0] for here, there in zip(common, now, strict=True) if here != there),
        widened=tuple(each for each in changed if widens(*each[1:])),
        retyped=tuple(each for each in changed if not widens(*each[1:])),
    )


def findings(found: Drift, count: str) -> tuple[ContractFinding, ...]:
    """Return what a drift means: other columns and types break a schema, order and wider numbers warn.

    Args:
        found: What differs.
        count: How many columns there are, in words.
    """
    made = []
    broken = [
        _counted("missing", found.missing),
        _counted("added", found.added),
        _typed("retyped", found.retyped),
    ]
    if said := [each for each in broken if each]:
        names = (*found.missing, *found.added, *(each[0] for each in found.retyped))
        made.append(_violated(said, names, Severity.CRITICAL))
    odd = [_typed("of a wider type", found.widened), _counted("in another order", found.reordered)]
    if said := [each for each in odd if each]:
        names = tuple(dict.fromkeys((*(each[0] for each in found.widened), *found.reordered)))
        made.append(_violated(said, names, Severity.WARNING))
    return tuple(made) or (
        ours(RULE, Outcome.MET, f"{count} of the same names and types, in the same order"),
    )


def widens(before: str, after: str) -> bool:
    """Return whether each number of one type is a number of another one: ``INTEGER`` and ``BIGINT``.

    Args:
        before: A type in DuckDB's words.
        after: Another one.
    """
    if before == after:
        return False
    one, two = _DECIMAL.fullmatch(before), _DECIMAL.fullmatch(after)
    if one and two:
        (width, scale), (wider, finer) = ((int(each[1]), int(each[2])) for each in (one, two))
        return finer >= scale and wider - finer >= width - scale
    if before in _INTEGERS:
        return {**_INTEGERS, **_FLOATS}.get(after, 0) >= _INTEGERS[before]
    if before in _UNSIGNED:
        return {**_INTEGERS, **_UNSIGNED, **_FLOATS}.get(after, 0) >= _UNSIGNED[before]
    return before == "FLOAT" and after == "DOUBLE"


def _keyed(columns: Sequence[Column]) -> dict[Key, Column]:
    seen: Counter[str] = Counter()
    keyed = {}
    for column in columns:
        keyed[column.name, seen[column.name]] = column
        seen[column.name] += 1
    return keyed


def _counted(what: str, names: tuple[str, ...]) -> str:
    return f"{so_many(len(names))} {what}: {called(names)}" if names else ""


def _typed(what: str, changed: tuple[tuple[str, str, str], ...]) -> str:
    if not changed:
        return ""
    told = ", ".join(
        f"{called([name])} from {shown(before)} to {shown(after)}"
        for name, before, after in changed[:EXAMPLES]
    )
    more = f" and {len(changed) - EXAMPLES:,} more" if len(changed) > EXAMPLES else ""
    return f"{so_many(len(changed))} {what}: {told}{more}"


def _violated(said: list[str], names: tuple[str, ...], severity: Severity) -> ContractFinding:
    return ours(
        RULE,
        Outcome.VIOLATED,
        "; ".join(said),
        columns=names[:NAMED],
        severity=severity,
        unexpected=len(names),
    )
