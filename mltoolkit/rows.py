"""The evaluation rows: what is predicted, for which rows, and in which slices and groups they fall."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mltoolkit import files, metrics
from mltoolkit.errors import CannotTellError, InputError, Location
from mltoolkit.metrics import Task
from mltoolkit.models import ModelDirectory
from mltoolkit.rules.baseline import COLUMN, BetterThanBaseline
from mltoolkit.settings import ModelSettings
from mltoolkit.slices import MISSING
from mltoolkit.statistics.answers import Answers, Codes, encode, interpret

_CLASSES_LIMIT = 1000
"""Beyond it a target is no choice between classes, and a table of probabilities would fill the memory."""
_DATED = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?", re.DOTALL)
_SAMPLE = 1000
"""Rows that are looked at to find out whether a column of text holds dates."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The evaluation rows, as far as judging needs them.

    Attributes:
        path: The Parquet file.
        digest: Of its content.
        target: The column with the truth.
        ids: (n,) as text, unique.
        truth: (n,) numbers for regression, codes into ``classes`` otherwise.
        slices: (n,) codes and the text that each stands for, by column.
        groups: (n,) codes of the groups that rows come in, where the settings name columns that say so.
        dates: Columns that hold dates, where no group is set.
        columns: What each column says that a rule takes as a baseline, by ``column:NAME``; or why it says
            nothing that can be judged.
        task: What is predicted.
        classes: The classes as text; empty for regression.
        positive: The class whose probability is judged (binary).
    """

    path: Path
    digest: str
    target: str
    ids: list[str]
    truth: npt.NDArray[Any]
    slices: Mapping[str, tuple[Codes, tuple[str, ...]]]
    groups: Codes | None
    dates: tuple[str, ...]
    columns: Mapping[str, Answers | str]
    task: Task
    classes: tuple[str, ...]
    positive: str | None


def read(path: Path, settings: ModelSettings, model: ModelDirectory) -> Frame:
    """Read the evaluation rows and find out what is predicted.

    Args:
        path: A Parquet file.
        settings: The model's settings: id, target, slices, groups, task, and rules for their baselines.
        model: The challenger, whose metadata may name task and classes.

    Raises:
        InputError: The file is missing, not Parquet, or lacks columns.
        CannotTellError: It has no rows, one class only, missing targets, or ids that are not unique.
    """
    where = Location(path=str(path))
    target = settings.target
    if target is None:
        raise InputError("has no target that is named", where=where, hint="say `target:` in params.yaml")
    digest = files.digest_file(path)
    try:
        return _frame(path, digest, settings, target, model, where=where)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"is not a Parquet file that can be read: {error}", where=where) from error
    except UnicodeDecodeError as error:
        raise InputError(f"holds text that is not UTF-8: {error.object[:20]!r}", where=where) from error


def _frame(
    path: Path, digest: str, settings: ModelSettings, name: str, model: ModelDirectory, *, where: Location
) -> Frame:
    schema = pq.read_schema(path)
    wanted = list(dict.fromkeys([settings.id, name, *settings.slices, *settings.group]))
    if missing := [each for each in wanted if each not in schema.names]:
        raise InputError(
            f"has no column {', '.join(missing)}", where=where, hint=f"it has {', '.join(schema.names)}"
        )
    if nested := [each for each in wanted if pa.types.is_nested(schema.field(each).type)]:
        raise InputError(
            f"the column {nested[0]} holds {schema.field(nested[0]).type}, not one value a row", where=where
        )
    table = pq.read_table(path, columns=wanted)
    if not table.num_rows:
        raise CannotTellError("the evaluation set is empty", where=where)
    ids = _text(table[settings.id])
    if any(each is None for each in ids) or len(set(ids)) != len(ids):
        raise CannotTellError(f"the ids in `{settings.id}` are missing or not unique", where=where)
    target = table[name]
    if target.null_count:
        raise CannotTellError(f"{target.null_count} rows have no `{name}`", where=where)
    values = target.to_numpy()
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise CannotTellError(f"`{name}` holds NaN or infinities", where=where)
    task, classes = _task(target, settings, model, where)
    if task is Task.REGRESSION:
        truth: npt.NDArray[Any] = values.astype(np.float64)
    else:
        truth = encode(values, classes)
        _check_classes(truth, values, classes, where)
    positive = _positive(task, classes, settings, where)
    return Frame(
        path=path,
        digest=digest,
        target=name,
        ids=[str(each) for each in ids],
        truth=truth,
        slices={each: _coded(table[each]) for each in settings.slices},
        groups=_groups(table, settings.group, where) if settings.group else None,
        dates=() if settings.group else _dates(path, leave=(settings.id, name)),
        columns={
            baseline: _baseline(path, baseline, task=task, classes=classes, positive=positive)
            for baseline in baseline_columns(settings)
        },
        task=task,
        classes=classes,
        positive=positive,
    )


def baseline_columns(settings: ModelSettings) -> tuple[str, ...]:
    """Return the baselines of the rules that are columns of the rows: ``column:NAME``."""
    named = [rule.baseline for rule in settings.rules if isinstance(rule, BetterThanBaseline)]
    return tuple(dict.fromkeys(name for name in named if name.startswith(COLUMN)))


def _coded(column: "pa.ChunkedArray[Any]") -> tuple[Codes, tuple[str, ...]]:
    """Return (n,) codes in the order of appearance, and the text of each; nulls are a value of their own."""
    text: Any = pc.fill_null(pc.cast(column, pa.string(), safe=False), MISSING)  # type: ignore[type-var]
    coded: Any = text.dictionary_encode().combine_chunks()
    return coded.indices.to_numpy().astype(np.int64), tuple(coded.dictionary.to_pylist())


def _groups(table: pa.Table, columns: tuple[str, ...], where: Location) -> Codes:
    """Return (n,) one code for each combination of values; rows that say nothing are one group together."""
    combined: Codes = np.zeros(table.num_rows, dtype=np.int64)
    for name in columns:
        if table[name].null_count == table.num_rows:
            raise CannotTellError(f"`group:` names {name}, which is null in every row", where=where)
        # Not by the text that stands for a null, which a value may have too.
        text: Any = pc.cast(table[name], pa.string(), safe=False)
        encoded = text.dictionary_encode(null_encoding="encode").combine_chunks()
        codes = encoded.indices.to_numpy().astype(np.int64)
        # Numbered anew after each column, so that many columns cannot overflow.
        _, combined = np.unique(combined * (int(codes.max()) + 1) + codes, return_inverse=True)
    return combined.astype(np.int64)


def _dates(path: Path, *, leave: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of dates and times, and those of text that looks like dates wherever it was looked at."""
    schema = pq.read_schema(path)
    named = [field for field in schema if field.name not in set(leave)]
    found = {
        field.name for field in named if pa.types.is_date(field.type) or pa.types.is_timestamp(field.type)
    }
    texts = [field.name for field in named if _is_text(field.type)]
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_SAMPLE, columns=texts) if texts else ():
            for name in texts:
                values = [value for value in batch[name].to_pylist() if value is not None]
                if values and all(_DATED.fullmatch(value) for value in values):
                    found.add(name)
            break
    return tuple(name for name in schema.names if name in found)


def _baseline(
    path: Path, baseline: str, *, task: Task, classes: tuple[str, ...], positive: str | None
) -> Answers | str:
    """Return what a column says about the rows, read as a model's answers are; or why that cannot be."""
    name = baseline.removeprefix(COLUMN)
    schema = pq.read_schema(path)
    if name not in schema.names:
        return f"the rows have no column {name}"
    kind = schema.field(name).type
    if pa.types.is_nested(kind):
        return f"the column {name} holds {kind}, not one value a row"
    column = pq.read_table(path, columns=[name])[name]
    if column.null_count:
        return f"the column {name} is null in {column.null_count:,} rows"
    if pa.types.is_dictionary(kind):
        column = pc.cast(column, kind.value_type)
    if pa.types.is_decimal(column.type):
        column = pc.cast(column, pa.float64())
    try:
        said = interpret(column.to_numpy(), task=task, classes=classes, positive=positive)
    except CannotTellError as error:
        return f"the column {name}: {error.what}"
    if said.labels is not None and not (said.labels >= 0).any():
        return f"the column {name} holds none of the classes {', '.join(classes)}"
    return said


def _is_text(kind: pa.DataType) -> bool:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(plain) or pa.types.is_large_string(plain)


def _task(
    target: "pa.ChunkedArray[Any]", settings: ModelSettings, model: ModelDirectory, where: Location
) -> tuple[Task, tuple[str, ...]]:
    named = settings.task or model.metadata.get("task")
    numeric = pa.types.is_integer(target.type) or pa.types.is_floating(target.type)
    distinct: list[Any] = pc.unique(target).to_pylist()
    if named is None:
        # Numbers are classes only where they are 0 and 1; everything else has to be said.
        classes_only = len(distinct) <= 2 and {metrics.label(value) for value in distinct} <= {"0", "1"}  # noqa: PLR2004 - 0 and 1
        named = "regression" if numeric and not classes_only else "classification"
    if named == Task.REGRESSION:
        if not (numeric or pa.types.is_decimal(target.type)):
            raise InputError(f"`{settings.target}` is {target.type}, not a number", where=where)
        return Task.REGRESSION, ()
    if len(distinct) > _CLASSES_LIMIT:
        raise InputError(
            f"`{settings.target}` has {len(distinct)} different values, which are no classes",
            where=where,
            hint="a number is predicted? Say `task: regression`",
        )
    if len(distinct) < 2:  # noqa: PLR2004 - a decision needs two classes
        raise CannotTellError(
            f"the evaluation set has one class only: {metrics.label(distinct[0])}", where=where
        )
    declared = model.metadata.get("classes")
    # Without a word of the model's, in the order of the values, which is scikit-learn's: 2 before 10.
    ordered = declared if isinstance(declared, list) and declared else sorted(distinct)
    classes = tuple(dict.fromkeys(metrics.label(value) for value in ordered))
    if settings.task == "binary" and len(classes) != 2:  # noqa: PLR2004 - binary
        raise InputError(f"the task is binary, and there are {len(classes)} classes", where=where)
    return (Task.BINARY if len(classes) == 2 else Task.MULTICLASS), classes  # noqa: PLR2004 - binary


def _check_classes(
    truth: npt.NDArray[Any], values: npt.NDArray[Any], classes: tuple[str, ...], where: Location
) -> None:
    if unknown := sorted({metrics.label(value) for value in np.unique(values[truth < 0]).tolist()}):
        raise CannotTellError(
            f"the rows hold classes that the model does not know: {', '.join(unknown[:5])}",
            where=where,
            hint=f"it knows {', '.join(classes)}",
        )


def _positive(task: Task, classes: tuple[str, ...], settings: ModelSettings, where: Location) -> str | None:
    if task is not Task.BINARY:
        return None
    if settings.positive is None:
        return classes[-1]
    name = metrics.label(settings.positive)
    if name not in classes:
        raise InputError(f"`positive: {name}` is none of the classes {', '.join(classes)}", where=where)
    return name


def _text(column: "pa.ChunkedArray[Any]") -> list[str | None]:
    return pc.cast(column, pa.string(), safe=False).to_pylist()
