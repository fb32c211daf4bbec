"""The table that ``prepare`` reads: its columns by role, each checked and brought to its type."""

from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mltoolkit import files
from mltoolkit.errors import InputError, Location, meant
from mltoolkit.metrics import Task
from mltoolkit.stages.settings import AtRandom, PrepareSettings, Section

Column: TypeAlias = Any
"""A ``pyarrow.ChunkedArray``; the stubs of pyarrow's compute functions do not accept one."""


def read(settings: PrepareSettings, section: Section) -> pa.Table:
    """Return the columns that the settings name.

    Raises:
        InputError: The file is missing or not Parquet, it has no rows, or a column is missing or there twice.
    """
    path = Path(settings.input)
    wanted = [settings.id, settings.target, *settings.numeric, *settings.categorical, *kept(settings)]
    with files.reading(path), path.open("rb") as file:
        try:
            source = pq.ParquetFile(file)
            there = source.schema_arrow.names
            for key, names in _named(settings).items():
                for at, name in enumerate(names):
                    if there.count(name) == 1:
                        continue
                    raise section.refuse(
                        f"{settings.input} has {'no' if name not in there else 'more than one'} column {name!r}",
                        *key,
                        *((at,) if len(key) == 1 and key[0] in {"numeric", "categorical", "keep"} else ()),
                        hint=meant(name, there),
                    )
            table = source.read(columns=list(dict.fromkeys(wanted)))
        except pa.ArrowException as error:
            raise InputError(
                f"is not a Parquet file that can be read: {str(error).splitlines()[0]}",
                where=Location(path=settings.input),
            ) from error
    if not table.num_rows:
        raise InputError("has no rows", where=Location(path=settings.input))
    return table


def _named(settings: PrepareSettings) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return every column that the settings name, by the key that names it."""
    return {
        ("id",): (settings.id,),
        ("target",): (settings.target,),
        ("numeric",): settings.numeric,
        ("categorical",): settings.categorical,
        ("keep",): settings.keep,
        ("split", "column"): (decider(settings),),
    }


def check_ids(ids: Column, settings: PrepareSettings, section: Section) -> None:
    """Refuse ids that are null, there twice, or of a type that does not compare exactly.

    Raises:
        InputError: With how many rows are concerned, and an example.
    """
    if not (pa.types.is_integer(ids.type) or _is_text(ids.type)):
        raise section.refuse(f"ids are text or whole numbers, and {settings.id!r} is {ids.type}", "id")
    if ids.null_count:
        raise section.refuse(f"{ids.null_count} rows have no {settings.id!r}", "id")
    counts: Column = pc.value_counts(ids)
    twice = counts.filter(pc.greater(counts.field("counts"), pa.scalar(1)))
    if len(twice):
        example = twice.field("values")[0].as_py()
        raise section.refuse(
            f"{len(twice)} values of {settings.id!r} name more than one row, such as {example!r}", "id"
        )


def features(table: pa.Table, settings: PrepareSettings, section: Section) -> dict[str, Column]:
    """Return the features: float64 with nulls for numbers, strings with nulls for names.

    Raises:
        InputError: A column has a type that cannot be made one, or holds infinities.
    """
    made = {}
    for at, name in enumerate(settings.numeric):
        column = table.column(name)
        kind = column.type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)) and (
            not pa.types.is_boolean(kind)
        ):
            hint = (
                "name it under `categorical:`" if _is_text(kind) else "make it a number in the stage before"
            )
            raise section.refuse(f"{name!r} is {kind}, not a number", "numeric", at, hint=hint)
        if pa.types.is_boolean(kind):
            column = column.cast(pa.int8())
        made[name] = _finite(column.cast(pa.float64(), safe=False), name, section, "numeric", at)
    for at, name in enumerate(settings.categorical):
        kind = table.column(name).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if not (_is_text(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
            advice = "name it under `numeric:`" if pa.types.is_floating(kind) else None
            raise section.refuse(f"{name!r} is {kind}, not a name", "categorical", at, hint=advice)
        made[name] = table.column(name).cast(kind).cast(pa.string())
    return made


def _finite(column: Column, name: str, section: Section, *key: str | int) -> Column:
    """Turn NaN into null, and refuse infinities: no statistic of a column that holds one means anything."""
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)
    found: Any = pc.is_inf(column)
    infinite = pc.sum(found).as_py()
    if infinite:
        raise section.refuse(f"{name!r} is infinite in {infinite} rows", *key)
    return column


def target(column: Column, settings: PrepareSettings, section: Section) -> Column:
    """Return the column with the truth: float64 for regression, as it is for classes.

    Raises:
        InputError: It has the wrong type, or rows without a truth; the message says how many.
    """
    name, kind = settings.target, column.type
    if settings.task is Task.REGRESSION:
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            raise section.refuse(f"a regression needs a number, and {name!r} is {kind}", "target")
        column = _finite(column.cast(pa.float64(), safe=False), name, section, "target")
    elif pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    elif not (pa.types.is_integer(kind) or pa.types.is_boolean(kind) or _is_text(kind)):
        raise section.refuse(
            f"classes are text, whole numbers or true and false, and {name!r} is {kind}", "target"
        )
    if column.null_count:
        raise section.refuse(
            f"{column.null_count} rows have no {name!r}",
            "target",
            hint="leave rows without a truth out in the stage before, and say there why",
        )
    return column


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def kept(settings: PrepareSettings) -> tuple[str, ...]:
    """Return the columns of the rows beside id, target and features."""
    decides = () if isinstance(settings.split, AtRandom) else (settings.split.column,)
    return (*settings.keep, *decides)


def decider(settings: PrepareSettings) -> str:
    """Return the column whose values decide on the split."""
    return settings.id if isinstance(settings.split, AtRandom) else settings.split.column
