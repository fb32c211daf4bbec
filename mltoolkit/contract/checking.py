"""A data file held to its contract: one scan for the suite and for what no suite can say."""

import datetime as dt
from pathlib import Path
from typing import NamedTuple

import msgspec

from mltoolkit import files
from mltoolkit.checks import (
    CheckedFile,
    CheckedSplits,
    Severity,
    Source,
)
from mltoolkit.contract import data_files, gx, outcomes, profiling, scan, schemas, sources, suites
from mltoolkit.contract.data_files import Format
from mltoolkit.contract.gallery import compiler
from mltoolkit.contract.guards import Guards
from mltoolkit.contract.queries import Progress
from mltoolkit.contract.store import Held
from mltoolkit.errors import InputError, Location, meant
from mltoolkit.profile import Profile
from mltoolkit.project import PARAMS
from mltoolkit.settings import CheckSettings, DataSettings, ModelSettings, SplitSettings


class Checked(NamedTuple):
    """What came of a data file.

    Attributes:
        file: For our own result.
        held: For Great Expectations' store.
        profile: Where it was wanted.
    """

    file: CheckedFile
    held: Held
    profile: Profile | None


def check_file(
    root: Path,
    data: DataSettings,
    settings: CheckSettings,
    *,
    now: dt.datetime,
    profile: bool = False,
    progress: Progress | None = None,
) -> Checked:
    """Hold one data file to its suite and to its settings.

    Args:
        root: The project's folder, which all paths are relative to.
        data: The file, its suite, and what no suite can say.
        settings: What the check may use.
        now: What freshness is measured against, with a time zone.
        profile: Whether to measure a reference profile too.
        progress: Told how far a long scan is, from 0 to 1.

    Raises:
        InputError: The file or the suite is missing, damaged, or names what does not exist.
        OutsideError: DuckDB or Great Expectations is missing or fails, or memory or disk do not suffice.
    """
    path = root / data.path
    digest = files.digest_path(path)
    suite = suites.read(root / data.suite)
    gx.refuse_unknown(suite)
    if data_files.found(path).format is Format.CSV:
        # What the suite says of types is what a text must be read as; what cannot be is a finding then.
        data = msgspec.structs.replace(data, types={**suites.types(suite), **data.types})
    types = data.types
    with sources.opened(path, memory=settings.memory, types=types) as table:
        _refuse_misspelt(data, [column.name for column in table.columns])
        guards = Guards(table=table, suite=suite, settings=data, now=now)
        asked = {each.at: compiler.compiled(each, table) for each in suite.expectations}
        compiled = {at: question for at, question in asked.items() if question is not None}
        asks = [*guards.asks, *(ask for question in compiled.values() for ask in question.asks)]
        values = scan.measured(table, asks, progress=progress)
        answers = scan.answered(table, list(compiled.values()), values)
        scanned = {at: answer for at, answer in zip(compiled, answers, strict=True) if answer is not None}
        found = [*guards.findings(values)]
        if data.like is not None:
            found += schemas.against(table, root / data.like, memory=settings.memory)
        rows, nonnull = guards.rows(values), guards.nonnull(values)
        made = profiling.measured(table, digest=digest, private=data.private) if profile else None
    others = [each for each in suite.expectations if each.at not in scanned]
    told = (
        gx.validate(path, suite, others, seconds=settings.seconds, memory=settings.memory, types=types)
        if others
        else []
    )
    results = scanned | {each.at: answer for each, answer in zip(others, told, strict=True)}
    found += [
        outcomes.outcome(
            each,
            results[each.at],
            nonnull=nonnull,
            source=Source.SCAN if each.at in scanned else Source.GREAT_EXPECTATIONS,
            private=data.private,
        )
        for each in suite.expectations
    ]
    _refuse_changed(root, data.path, digest)
    return Checked(
        file=CheckedFile(
            path=data.path,
            digest=digest,
            suite=data.suite,
            suite_digest=suite.digest,
            rows=rows,
            findings=tuple(found),
        ),
        held=Held(
            path=data.path,
            suite=suite,
            results=tuple(results[each.at] for each in suite.expectations),
            private=data.private,
        ),
        profile=made,
    )


def _refuse_changed(root: Path, path: str, digest: str) -> None:
    if files.digest_path(root / path) != digest:
        raise InputError(
            "changed while it was checked",
            where=Location(path=path),
            hint="check it again once it is written",
        )


def _refuse_misspelt(data: DataSettings, names: list[str]) -> None:
    """Refuse a private column that is not there: a slip of the pen would publish the values."""
    for name in data.private:
        if name not in names:
            raise InputError(
                f"`private` names a column {name!r} that {data.path} does not have",
                where=Location(path=PARAMS),
                hint=meant(name, names[:1000]),
            )


def check_splits(
    root: Path, model: ModelSettings, splits: SplitSettings, settings: CheckSettings
) -> CheckedSplits:
    """Ask training and evaluation rows what they share that they must not.

    Args:
        root: The project's folder.
        model: Whose rows they are; its id, target and rows stand in where the splits name none.
        splits: Where they are, and what their columns are for.
        settings: What the check may use.

    Raises:
        InputError: A file is missing or damaged.
        OutsideError: DuckDB is missing or fails.
    """
    # Here, since it needs numpy, which costs a check of data a tenth of a second.
    from mltoolkit.contract.leakage.asked import Roles
    from mltoolkit.contract.leakage.leaks import leaks

    evaluation = splits.evaluation or model.rows
    digests = {path: files.digest_path(root / path) for path in (splits.train, evaluation)}
    found = leaks(
        root / splits.train,
        root / evaluation,
        Roles(
            id=splits.id or model.id,
            group=splits.group,
            time=splits.time,
            target=model.target,
            ignore=splits.ignore,
        ),
        severity=Severity.CRITICAL if splits.mode == "block" else Severity.WARNING,
        memory=settings.memory,
        private=[name for data in model.data for name in data.private],
    )
    for path, digest in digests.items():
        _refuse_changed(root, path, digest)
    return CheckedSplits(
        train=splits.train,
        train_digest=digests[splits.train],
        evaluation=evaluation,
        evaluation_digest=digests[evaluation],
        findings=tuple(found),
    )
