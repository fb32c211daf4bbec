"""Which files a path of data means, and in what format: nothing is guessed, and nothing is left out unsaid."""

import os
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from mltoolkit import files
from mltoolkit.contract.compression import COMPRESSED
from mltoolkit.errors import InputError, Location


class Format(Enum):
    """How rows stand in a file."""

    PARQUET = auto()
    CSV = auto()


class DataFiles(NamedTuple):
    """The files of one table.

    Attributes:
        format: Of all of them.
        paths: In the order of their rows.
    """

    format: Format
    paths: tuple[Path, ...]


_FORMATS = {
    ".parquet": Format.PARQUET,
    ".parq": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".tab": Format.CSV,
}


def found(path: Path) -> DataFiles:
    """Return the files that a path means: itself, or all in a folder and the folders in it, sorted by path.

    Names that begin with a dot or an underscore are no data, as Hive, Spark and Arrow have it. A file
    without a suffix may be Parquet, which says so by itself.

    Raises:
        InputError: There is none, one is neither Parquet nor CSV or no regular file, a folder holds both,
            a link to a folder, or partitions, whose values stand in the folders' names alone.
    """
    if "\0" in str(path):
        raise InputError("a path cannot hold NUL", where=Location(path=str(path).replace("\0", "\\0")))
    paths = _inside(path) if path.is_dir() else [path]
    formats = [_format(each) for each in paths]
    for other, each in zip(paths, formats, strict=True):
        if each is not formats[0]:
            raise InputError(
                f"is {each.name}, and {paths[0].name} is {formats[0].name}",
                where=Location(path=str(other)),
                hint="files of one folder must be of one format",
            )
    return DataFiles(formats[0], tuple(paths))


def _inside(folder: Path) -> list[Path]:
    held: list[Path] = []

    def refuse(error: OSError) -> None:
        raise InputError(
            f"cannot be read: {error.strerror}", where=Location(path=str(error.filename))
        ) from error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        for name in folders:
            inner = Path(parent, name)
            if inner.is_symlink():
                raise InputError("is a link to a folder", where=Location(path=str(inner)))
            if "=" in name:
                raise InputError(
                    f"is a partition: the values of {name.partition('=')[0]!r} stand in no file",
                    where=Location(path=str(inner)),
                    hint="write the column into the files, and name its folders without `=`",
                )
        held += [Path(parent, name) for name in names if not name.startswith((".", "_"))]
    if not held:
        raise InputError("holds no data files", where=Location(path=str(folder)))
    return sorted(held, key=lambda each: each.relative_to(folder).parts)


def _format(path: Path) -> Format:
    # Opened even where the name says it all: what is missing or a pipe is found here.
    with files.reading(path), path.open("rb") as opened:
        head = opened.read(4)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _FORMATS:
        return _FORMATS[suffixes[-1]]
    if suffixes and suffixes[-1] in COMPRESSED and _FORMATS.get("".join(suffixes[-2:-1])) is Format.CSV:
        return Format.CSV
    if head == b"PAR1" and not (suffixes and suffixes[-1] in COMPRESSED):
        return Format.PARQUET
    raise InputError(
        "is neither Parquet nor CSV by its name",
        where=Location(path=str(path)),
        hint="name it .parquet, .csv or .tsv; a CSV file may be compressed: .csv.gz, .zst, .bz2, .xz",
    )
