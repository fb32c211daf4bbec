"""Files that travel between commands: read strictly, written whole or not at all."""

import contextlib
import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mltoolkit.errors import InputError, Location, MltoolkitError, of_disk

StructT = TypeVar("StructT", bound=msgspec.Struct)

JSON_LIMIT = 10 * 2**20
"""Bytes; a larger JSON file is not one of ours."""

_EXACT_INTEGER = 2**53
"""From here on a JSON number no longer survives every reader."""


def digest_bytes(data: bytes) -> str:
    """Return the digest of ``data`` as ``sha256:<64 hex digits>``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_file(path: Path) -> str:
    """Return the digest of a file's content.

    Raises:
        InputError: The file is missing or cannot be read.
    """
    with reading(path), path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def short(digest: str) -> str:
    """Return the first twelve hex digits of a digest, for people."""
    return digest.removeprefix("sha256:")[:12]


class reading(contextlib.AbstractContextManager[None]):  # noqa: N801 - reads as a verb: with reading(path)
    """Turn the failures of opening and reading a regular file into an error of one kind."""

    def __init__(self, path: Path, *, error: type[MltoolkitError] = InputError) -> None:
        self._path = path
        self._error = error

    def __enter__(self) -> None:
        """Refuse what would block for ever, such as a pipe."""
        try:
            other = self._path.exists() and not self._path.is_file()
        except OSError as error:
            self.__exit__(None, error, None)
            raise
        if other:
            raise self._error("not a file", where=Location(path=str(self._path)))

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Translate what the operating system said."""
        hint: str | None = None
        match error:
            case FileNotFoundError():
                why, hint = "no such file", "check the path, or run the step that writes it"
            case OSError():
                why = f"cannot be read: {error.strerror}"
            case _:
                return
        raise self._error(why, where=Location(path=str(self._path)), hint=hint) from error


def read_bytes(path: Path, *, limit: int = JSON_LIMIT, error: type[MltoolkitError] = InputError) -> bytes:
    """Read a small file.

    Raises:
        MltoolkitError: Of the kind ``error``: it is missing, unreadable, or longer than ``limit`` bytes.
    """
    with reading(path, error=error), path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise error(f"larger than {limit} bytes", where=Location(path=str(path)))
    return data


def remove(*paths: Path) -> None:
    """Remove files that may not be there.

    Raises:
        InputError: One is a folder, or may not be removed.
        OutsideError: The disk is broken, or can only be read.
    """
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            why = f"cannot be removed: {error.strerror}"
            raise of_disk(error, str(path)) or InputError(why, where=Location(path=str(path))) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file beside, sync it and rename it, so that a reader sees the old one or the new one.

    Raises:
        InputError: The path cannot be one, or may not be written: a person can name another, or allow it.
        OutsideError: The disk is full, broken, or can only be read.
    """
    beside = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        why = f"cannot be written: {error.strerror}"
        raise of_disk(error, str(path)) or InputError(why, where=Location(path=str(path))) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def dump_json(value: object) -> bytes:
    """Render a value as the JSON that we write: indented, in field order, finite, ending in a newline.

    Raises:
        ValueError: The value holds NaN or an infinity. The caller refuses those before.
    """
    plain = msgspec.to_builtins(value)
    return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def parse_json(
    data: bytes,
    where: Location,
    *,
    error: type[MltoolkitError] = InputError,
    greatest: int = _EXACT_INTEGER,
) -> Any:
    """Parse JSON strictly.

    Refuses what the standard reader lets through: byte order marks, duplicate keys, NaN, infinities
    (``1e400`` too), integers beyond ``greatest``, and nesting that exhausts the stack.

    Args:
        data: The file.
        where: For errors.
        error: Their kind.
        greatest: The greatest integer: 2^53 unless no reader but Python's needs its digits.

    Raises:
        MltoolkitError: Of the kind ``error``, with the line where it can be told.
    """

    def refuse(what: str, line: int | None = None, key: str | None = None) -> MltoolkitError:
        return error(what, where=Location(path=where.path, line=line, key=key))

    def line_of(token: str) -> int | None:
        at = text.find(token)
        return None if at < 0 else text.count("\n", 0, at) + 1

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) != len(items):
            seen: set[str] = set()
            key = next(k for k, _ in items if k in seen or seen.add(k))  # type: ignore[func-returns-value]
            raise refuse("duplicate key", line_of(json.dumps(key)), key)
        return made

    def constant(token: str) -> Any:
        raise refuse(f"{token} is not a finite number", line_of(token))

    def real(token: str) -> float:
        value = float(token)
        if not math.isfinite(value):
            raise refuse(f"{token} is not a finite number", line_of(token))
        return value

    def integer(token: str) -> int:
        if len(token) > len(str(greatest)) + 1 or abs(int(token)) > greatest:
            bound = greatest.bit_length() - 1
            raise refuse(f"{token[:20]} is beyond 2^{bound} and would lose digits", line_of(token))
        return int(token)

    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise refuse(f"not UTF-8 (byte {fault.start})") from fault
    if text.startswith("\ufeff"):
        raise refuse("starts with a byte order mark; save it as plain UTF-8")
    try:
        value = json.loads(
            text, object_pairs_hook=pairs, parse_constant=constant, parse_float=real, parse_int=integer
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as fault:
        raise refuse("names half a character, which no file can hold (a lone surrogate)") from fault
    except json.JSONDecodeError as fault:
        raise refuse(f"not JSON: {fault.msg}", fault.lineno) from fault
    except RecursionError as fault:
        raise refuse("nested too deep") from fault
    return value


def load(path: Path, kind: type[StructT], *, error: type[MltoolkitError] = InputError) -> StructT:
    """Read one of our own files into its type.

    Args:
        path: The file.
        kind: A msgspec struct with a ``schema`` field of one literal value.
        error: What an unusable file is: evidence that is not there or damaged is "cannot tell".

    Raises:
        MltoolkitError: Of the kind ``error``: missing, damaged, of another schema, or with values that
            do not fit.
    """
    where = Location(path=str(path))
    plain = parse_json(read_bytes(path, error=error), where, error=error)
    return convert(
        plain,
        kind,
        other=lambda what: error(
            what, where=where, hint="make the file again with this version of mltoolkit"
        ),
        unusable=lambda what: error(f"not usable: {what}", where=where),
    )


def convert(
    plain: object,
    kind: type[StructT],
    *,
    other: Callable[[str], MltoolkitError],
    unusable: Callable[[str], MltoolkitError],
) -> StructT:
    """Return the content of one of our own files as its type.

    Args:
        plain: What was parsed.
        kind: A msgspec struct with a ``schema`` field of one literal value.
        other: Makes the error of another schema from what it is.
        unusable: Makes the error of values that do not fit from why.

    Raises:
        MltoolkitError: What ``other`` or ``unusable`` made.
    """
    wanted = next(field for field in msgspec.structs.fields(kind) if field.name == "schema").default
    found = plain.get("schema") if isinstance(plain, dict) else None
    if found != wanted:
        raise other(f"schema is {found!r}, and this version reads {wanted!r}")
    try:
        return msgspec.convert(plain, kind, strict=True)
    except msgspec.ValidationError as fault:
        raise unusable(str(fault)) from fault


def manifest(root: Path) -> dict[str, str]:
    """Return the digest of every file below ``root`` by its POSIX path, sorted.

    Raises:
        InputError: ``root`` is no folder, is empty, or holds a link or a special file.
    """
    found: dict[str, str] = {}
    for path in walk(root):
        found[path.relative_to(root).as_posix()] = digest_file(path)
    if not found:
        raise InputError("no files in it", where=Location(path=str(root)))
    return dict(sorted(found.items()))


def digest_path(path: Path) -> str:
    """Return the digest of a file's content, or of a folder's manifest.

    Raises:
        InputError: It is missing, cannot be read, or is a folder that is empty or holds a link.
    """
    try:
        folder = path.is_dir()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=Location(path=str(path)[:200])) from error
    return digest_bytes(dump_json(manifest(path))) if folder else digest_file(path)


def digest_as_dvc(path: Path) -> str | None:
    """Return what DVC calls a file's content (its MD5), or a folder's; None where there is neither."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if not path.is_dir():
        return None
    inside = (each for each in path.rglob("*") if each.is_file())
    listed = sorted((each.relative_to(path).as_posix(), digest_as_dvc(each)) for each in inside)
    text = json.dumps([{"md5": md5, "relpath": name} for name, md5 in listed], sort_keys=True)
    return f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}.dir"


def walk(root: Path) -> Iterable[Path]:
    """Yield the regular files below ``root``.

    Raises:
        InputError: ``root`` is no folder, or something in it is a link or a special file.
    """
    if root.is_symlink() or not root.is_dir():
        why = "no such folder" if not root.exists() else "not a folder"
        raise InputError(why, where=Location(path=str(root)))
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise InputError("links and special files are refused", where=Location(path=str(path)))
        if path.is_file():
            yield path


def ignored_folder(path: Path) -> Path:
    """Make a folder that git leaves alone, and return it."""
    marker = path / ".gitignore"
    if not marker.exists():
        write_bytes(marker, b"*\n")
    return path
