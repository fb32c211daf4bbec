"""Numbers that a stage wrote: a JSON file of names and numbers, read strictly."""

from pathlib import Path

from mltoolkit import files, terminal
from mltoolkit.errors import CannotTellError, Location
from mltoolkit.evidence import Measurement
from mltoolkit.metrics import FROM_FILE

DEPTH = 8
"""Mappings in mappings; what is deeper is no file of numbers."""
_MOST = 1000
"""Numbers of a file; evidence holds each of them."""


def read(root: Path, name: str, of: str) -> list[Measurement]:
    """Return the numbers of a file, each by its dotted key.

    Args:
        root: The project's folder.
        name: The file, relative to it.
        of: Whose numbers they are.

    Raises:
        CannotTellError: The file is missing, or holds anything but finite numbers.
    """
    return parse(files.read_bytes(root / name, error=CannotTellError), name, of)


def parse(data: bytes, name: str, of: str) -> list[Measurement]:
    """Return the numbers of a file's content: ``{"test": {"mae": 1}}`` holds ``test.mae``.

    Args:
        data: The content.
        name: The file, for errors.
        of: Whose numbers they are.

    Raises:
        CannotTellError: It holds anything but finite numbers, or none.
    """
    if len(data) > files.JSON_LIMIT:
        raise CannotTellError(f"larger than {files.JSON_LIMIT} bytes", where=Location(path=name))
    plain = files.parse_json(data, Location(path=name), error=CannotTellError)
    if not isinstance(plain, dict):
        raise CannotTellError("must be a mapping of names to numbers", where=Location(path=name))
    found: dict[str, float] = {}

    def walk(mapping: dict[str, object], before: str, depth: int) -> None:
        for key, value in mapping.items():
            dotted = f"{before}{key}"
            if not terminal.fits(key):
                why = f"the name {key[:200]!r} has a line break or control characters"
                raise CannotTellError(why, where=Location(path=name))
            where = Location(path=name, key=dotted[:200])
            if isinstance(value, dict):
                if depth == DEPTH:
                    raise CannotTellError(f"mappings are nested deeper than {DEPTH}", where=where)
                walk(value, f"{dotted}.", depth + 1)
            elif isinstance(value, bool) or not isinstance(value, int | float):
                raise CannotTellError(f"{value!r} is not a number"[:200], where=where)
            elif dotted in found:
                raise CannotTellError("is there twice, once with dots in a name", where=where)
            else:
                found[dotted] = float(value)

    walk(plain, "", 1)
    if not found:
        raise CannotTellError("holds no number", where=Location(path=name))
    if len(found) > _MOST:
        raise CannotTellError(f"holds {len(found):,} numbers, more than {_MOST:,}", where=Location(path=name))
    return [Measurement(metric=f"{FROM_FILE}{key}", of=of, value=value) for key, value in found.items()]
