"""Compressed files, unpacked whole or not at all."""

import bz2
import gzip
import lzma
import shutil
import zlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from mltoolkit.errors import InputError, Location, OutsideError

COMPRESSED = {".gz": "gzip", ".zst": "Zstandard", ".zstd": "Zstandard", ".bz2": "bzip2", ".xz": "xz"}
"""What the last suffix of a compressed file says."""

_CHUNK = 2**20


def unpack(path: Path, into: Path, *, limit: int | None = None) -> None:
    """Write the content of a compressed file.

    DuckDB reads such files too, but takes the first half of a truncated one for all of it.

    Args:
        path: A file with a suffix of ``COMPRESSED``.
        into: The file to write.
        limit: Bytes that it may have; half of what is free on the disk by default.

    Raises:
        InputError: It is damaged, cut short, or not compressed.
        OutsideError: It has more than ``limit`` bytes.
    """
    left = shutil.disk_usage(into.parent).free // 2 if limit is None else limit
    kind = COMPRESSED[path.suffix.lower()]
    try:
        with _unpacking(path, kind) as source, into.open("wb") as target:
            while chunk := source.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise OutsideError(
                        "takes more than half of the free disk space when it is unpacked",
                        where=Location(path=str(path)),
                        hint=f"free space in {into.parent}, or set TMPDIR to a larger disk",
                    )
                target.write(chunk)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise InputError(
            f"cannot be unpacked with {kind}: {error}",
            where=Location(path=str(path)),
            hint="it is damaged or cut short; make it again",
        ) from error


def _unpacking(path: Path, kind: str) -> AbstractContextManager[Any]:
    match kind:
        case "gzip":
            return gzip.open(path, "rb")
        case "bzip2":
            return bz2.open(path, "rb")
        case "xz":
            return lzma.open(path, "rb")
        case _:
            import pyarrow as pa

            return pa.CompressedInputStream(str(path), "zstd")
