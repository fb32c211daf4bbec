"""The stage ``prepare``: check the table, choose the features, split the rows.

Nothing is learned here. What fills missing values is named here and learned by ``train`` on the
training rows, inside the model, so that a served model takes missing values too.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mltoolkit import files, metrics
from mltoolkit.errors import meant
from mltoolkit.metrics import Task
from mltoolkit.stages import columns, program, splits
from mltoolkit.stages.columns import Column
from mltoolkit.stages.settings import SPLIT, ByTime, Constant, PrepareSettings, Section, read
from mltoolkit.stages.splits import EVALUATION, TRAIN, VALIDATION
from mltoolkit.training import Imputation, Prepared


def main() -> int:
    """Run the stage in the current folder."""
    return program.main(stage)


def stage() -> str:
    """Read the table that ``prepare.input`` names and write what training and evaluation need.

    Raises:
        InputError: The settings or the table are not usable.
    """
    settings, section = read("prepare", PrepareSettings)
    impute = _imputations(settings, section)
    table = columns.read(settings, section)
    columns.check_ids(table.column(settings.id), settings, section)
    features = columns.features(table, settings, section)
    target = columns.target(table.column(settings.target), settings, section)
    names = _split(table, settings, section)
    training = names != EVALUATION
    for name, column in features.items():
        if column.filter(pa.array(names == TRAIN)).null_count == int((names == TRAIN).sum()):
            raise section.refuse(
                f"{name!r} has no value in any training row",
                *_feature_key(name, settings),
                hint="leave it out",
            )
    classes = _classes(target, names, settings, section)
    positive = _positive(classes, settings, section)
    rows = {settings.id: table.column(settings.id), settings.target: target, **features}
    # In both files: what decides on the split is what tells whether the one knows rows of the other.
    rows |= {name: table.column(name) for name in columns.kept(settings) if name not in rows}
    written = {
        "train": pa.table(rows | {SPLIT: pa.array(names)}).filter(pa.array(training)),
        "evaluation": pa.table(rows).filter(pa.array(~training)),
    }
    output = Path(settings.output)
    digests = {name: _write(output / f"{name}.parquet", part) for name, part in written.items()}
    known = target.filter(pa.array(training)).to_numpy() if settings.task is Task.REGRESSION else None
    prepared = Prepared(
        task=settings.task,
        id=settings.id,
        target=settings.target,
        numeric=settings.numeric,
        categorical=settings.categorical,
        impute=impute,
        splits={name: int((names == name).sum()) for name in (TRAIN, VALIDATION, EVALUATION)},
        positive=positive,
        classes=classes,
        mean=None if known is None else float(np.mean(known)),
        percentiles=() if known is None else _percentiles(known),
        digests=digests,
    )
    files.write_bytes(output / "prepared.json", files.dump_json(prepared))
    counts = ", ".join(f"{count} {name}" for name, count in prepared.splits.items())
    return f"{table.num_rows} rows: {counts}; {len(features)} features"


def _imputations(settings: PrepareSettings, section: Section) -> dict[str, Imputation]:
    """Return for each feature how it is filled, in the order of the features."""
    features = (*settings.numeric, *settings.categorical)
    if settings.id == settings.target:
        raise section.refuse(f"{settings.id!r} is the row's id too", "target")
    if not features:
        raise section.refuse("no features", hint="name them under `numeric:` and `categorical:`")
    for key, names in (("numeric", settings.numeric), ("categorical", settings.categorical)):
        for at, name in enumerate(names):
            if features.count(name) > 1:
                raise section.refuse(f"{name!r} is a feature twice", key, at)
            if name in {settings.id, settings.target, SPLIT}:
                role = {settings.id: "the row's id", settings.target: "the target"}.get(
                    name, "a reserved name"
                )
                raise section.refuse(f"{name!r} is {role} and cannot be a feature", key, at)
    if SPLIT in columns.kept(settings):
        place: tuple[str | int, ...] = ("split", "column")
        if SPLIT in settings.keep:
            place = ("keep", settings.keep.index(SPLIT))
        raise section.refuse(
            f"{SPLIT!r} is a reserved name", *place, hint="rename the column in the stage before"
        )
    for name in settings.impute.features:
        if name not in features:
            raise section.refuse(
                f"{name!r} is not a feature",
                "impute",
                "features",
                name,
                hint=meant(name, list(features)),
            )
    return {name: _imputation(name, settings, section) for name in features}


def _imputation(name: str, settings: PrepareSettings, section: Section) -> Imputation:
    numeric = name in settings.numeric
    own = settings.impute.features.get(name)
    general = settings.impute.numeric if numeric else settings.impute.categorical
    key = ("features", name) if own is not None else ("numeric" if numeric else "categorical",)
    fill = general if own is None else own
    if isinstance(fill, Constant):
        if isinstance(fill.constant, float) is not numeric:
            kind = "a number" if numeric else "a word"
            raise section.refuse(f"{name!r} must be filled with {kind}", "impute", *key, "constant")
        return Imputation(strategy="constant", value=fill.constant)
    if not numeric and fill != "most-frequent":
        raise section.refuse(
            f"a categorical feature cannot be filled by {fill!r}",
            "impute",
            *key,
            hint="use most-frequent, or {constant: unknown}",
        )
    return Imputation(strategy=fill)


def _classes(
    target: Column, names: splits.Names, settings: PrepareSettings, section: Section
) -> dict[str, int]:
    """Count the classes among the rows that may train."""
    if settings.task is Task.REGRESSION:
        return {}

    def counts(rows: splits.Names) -> dict[object, int]:
        found = pc.value_counts(target.filter(pa.array(rows)))
        return dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True))

    learned = counts(names == TRAIN)
    every = counts(names != EVALUATION)
    if settings.task is Task.BINARY and len(learned) != 2:  # noqa: PLR2004 - binary
        raise section.refuse(
            f"a binary task has two classes, and the training rows have {len(learned)}", "target"
        )
    if len(learned) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise section.refuse("the training rows have only one class", "target")
    new = sorted(str(value) for value in counts(np.ones_like(names, dtype=bool)) if value not in learned)
    if new:
        raise section.refuse(
            f"no training row has the class {', '.join(new[:5])}",
            "target",
            hint="merge rare classes, or split otherwise",
        )
    return {metrics.label(value): count for value, count in sorted(every.items())}


def _percentiles(known: npt.NDArray[Any]) -> tuple[float, ...]:
    # Numbers that rows have, so that no rounding of an interpolation differs between machines.
    found = np.quantile(known, np.arange(1, 100) / 100, method="inverted_cdf")
    return tuple(float(each) for each in found)


def _positive(classes: dict[str, int], settings: PrepareSettings, section: Section) -> str | None:

    if settings.positive is None:
        return list(classes)[-1] if settings.task is Task.BINARY else None
    if settings.task is not Task.BINARY:
        raise section.refuse(f"a {settings.task} task has no positive class", "positive")
    wanted = metrics.label(settings.positive)
    if wanted not in classes:
        raise section.refuse(f"no row has the class {wanted}", "positive", hint=meant(wanted, list(classes)))
    return wanted


def _split(table: pa.Table, settings: PrepareSettings, section: Section) -> splits.Names:
    decider = table.column(columns.decider(settings))
    if decider.null_count:
        raise section.refuse(
            f"{decider.null_count} rows have no {columns.decider(settings)!r}", "split", "column"
        )
    if isinstance(settings.split, ByTime) and settings.split.column == settings.id:
        raise section.refuse(
            f"{settings.id!r} is the row's id, so that every row would be a period of its own",
            "split",
            "column",
            hint="name a column of months, weeks or days",
        )
    if isinstance(settings.split, ByTime) and pa.types.is_nested(decider.type):
        raise section.refuse(
            f"{settings.split.column!r} is {decider.type}, which has no order", "split", "column"
        )
    return splits.assign(decider, settings.split, section)


def _feature_key(name: str, settings: PrepareSettings) -> tuple[str, int]:
    if name in settings.numeric:
        return "numeric", settings.numeric.index(name)
    return "categorical", settings.categorical.index(name)


def _write(path: Path, table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    data = sink.getvalue().to_pybytes()
    files.write_bytes(path, data)
    return files.digest_bytes(data)


if __name__ == "__main__":
    raise SystemExit(main())
