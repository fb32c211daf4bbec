"""Expectation suites in Great Expectations' own JSON format, with the lines that findings point at."""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mltoolkit import files
from mltoolkit.checks import Severity
from mltoolkit.errors import InputError, Location, meant
from mltoolkit.evidence import Digest, Value

FORMAT = "1.24.1"
"""The version of Great Expectations whose format we read and write."""

_SUITE = ("name", "expectations", "meta", "notes", "id", "suite_parameters")
_EXPECTATION = (
    "type",
    "kwargs",
    "severity",
    "meta",
    "notes",
    "description",
    "id",
    "rendered_content",
    "expectation_context",
)
_OF_0X = frozenset(
    {"expectation_suite_name", "data_asset_type", "ge_cloud_id", "evaluation_parameters", "expectation_type"}
)
_GREATEST = 2**127
"""The greatest integer of a suite: that of DuckDB's HUGEINT. Great Expectations, too, reads all digits."""


class Expectation(Value, frozen=True, kw_only=True):
    """One expectation of a suite.

    Attributes:
        type: Its name in Great Expectations' gallery.
        kwargs: Its arguments, with the suite's parameters in place.
        severity: What a violation does.
        at: Its place in the suite, from 0.
        line: Where it begins in the file, from 1.
        source: All that stands there, for Great Expectations itself.
    """

    type: str
    kwargs: dict[str, Any]
    severity: Severity
    at: int
    line: int
    source: dict[str, Any]


class Suite(Value, frozen=True, kw_only=True):
    """What is expected of one kind of data.

    Attributes:
        name: As Great Expectations knows it.
        path: The file it was read from.
        digest: Of that file.
        expectations: In the order of the file.
        source: The whole file.
    """

    name: str
    path: str
    digest: Digest
    expectations: tuple[Expectation, ...]
    source: dict[str, Any]


def read(path: Path) -> Suite:
    """Read an expectation suite.

    Expectations that are there twice, and a suite without any, are read as they are.

    Raises:
        InputError: It is missing, too large, not JSON, not a suite, of a 0.x version, or holds keys that
            Great Expectations does not know: an argument beside ``kwargs`` would ask nothing.
    """
    where = Location(path=str(path))
    data = files.read_bytes(path)
    source = files.parse_json(data, where, greatest=_GREATEST)
    expectations = source.get("expectations") if isinstance(source, dict) else None
    if not isinstance(expectations, list) or not all(isinstance(each, dict) for each in expectations):
        raise InputError("is not an expectation suite: `expectations` must be a list of objects", where=where)
    places = [Location(path=str(path), line=line) for line in _lines(data)]
    _refuse_0x(source, where)
    _refuse_unknown(source, _SUITE, where)
    return Suite(
        name=_name(source, path, where),
        path=str(path),
        digest=files.digest_bytes(data),
        expectations=tuple(
            expectation(each, at=at, where=place, parameters=source.get("suite_parameters"))
            for at, (each, place) in enumerate(zip(expectations, places, strict=True))
        ),
        source=source,
    )


def expectation(each: dict[str, Any], *, at: int, where: Location, parameters: Any = None) -> Expectation:
    """Return an expectation as a suite holds it.

    Args:
        each: What stands there.
        at: Its place, from 0.
        where: For errors, and the line.
        parameters: The suite's own, which stand in for ``{"$PARAMETER": name}``.

    Raises:
        InputError: It is none by its shape, holds keys that are not known, or its severity is unknown.
    """
    _refuse_0x(each, where)
    kind, kwargs = each.get("type"), each.get("kwargs", {})
    if not isinstance(kind, str) or not isinstance(kwargs, dict):
        raise InputError("is not an expectation: it needs `type` and `kwargs`", where=where)
    _refuse_unknown(each, _EXPECTATION, where)
    if not isinstance(each.get("meta") or {}, dict):
        raise InputError("`meta` must be an object", where=where)
    _refuse_id(each, where)
    severity = each.get("severity") or Severity.CRITICAL
    if not isinstance(severity, str) or severity not in set(Severity):
        raise InputError(f"has a severity of {severity!r}", where=where, hint=f"one of {', '.join(Severity)}")
    return Expectation(
        type=kind,
        kwargs=_resolved(kwargs, parameters if isinstance(parameters, dict) else {}),
        severity=Severity(severity),
        at=at,
        line=where.line or 1,
        source=each,
    )


def _resolved(value: Any, parameters: dict[str, Any]) -> Any:
    match value:
        case {"$PARAMETER": str(name), **others} if name in parameters and not others:
            return parameters[name]
        case dict():
            return {key: _resolved(each, parameters) for key, each in value.items()}
        case list():
            return [_resolved(each, parameters) for each in value]
        case _:
            return value


def render(suite: Mapping[str, Any]) -> bytes:
    """Return a suite as Great Expectations' store on disk writes it, byte for byte.

    Sorted keys, two spaces, ASCII, no newline at the end. What every suite of theirs has is added where
    it is missing: each expectation's ``meta`` and ``severity``, and the version of the format.

    Args:
        suite: At least ``name`` and ``expectations``, each with ``type`` and ``kwargs``.

    Raises:
        ValueError: It holds NaN or an infinity.
    """
    whole = {
        **suite,
        "meta": {"great_expectations_version": FORMAT, **(suite.get("meta") or {})},
        "expectations": [
            {"meta": {}, "severity": Severity.CRITICAL.value, **each} for each in suite["expectations"]
        ],
    }
    return json.dumps(whole, indent=2, sort_keys=True, allow_nan=False).encode()


def write(path: Path, suite: Mapping[str, Any]) -> None:
    """Write a suite as Great Expectations' store on disk does; see ``render``.

    Raises:
        InputError: The folder cannot be written.
        ValueError: The suite holds NaN or an infinity.
    """
    files.write_bytes(path, render(suite))


def _name(source: dict[str, Any], path: Path, where: Location) -> str:
    name = source.get("name", path.stem)
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"has a name of {name!r}", where=where, hint="name it with a text")
    for key, kind, what in (("meta", dict, "an object"), ("suite_parameters", dict, "an object")):
        if not isinstance(source.get(key) or kind(), kind):
            raise InputError(f"`{key}` must be {what}", where=where)
    _refuse_id(source, where)
    return name


def _refuse_0x(source: dict[str, Any], where: Location) -> None:
    if _OF_0X & source.keys():
        raise InputError(
            "is of Great Expectations 0.x",
            where=where,
            hint="rename expectation_suite_name to name, expectation_type to type, evaluation_parameters to "
            "suite_parameters, and remove data_asset_type and ge_cloud_id",
        )


def _refuse_unknown(source: dict[str, Any], known: tuple[str, ...], where: Location) -> None:
    for key in source:
        if key not in known:
            arguments = "kwargs" in known and key not in {"kwarg", "arguments", "args"}
            hint = meant(key, list(known))
            raise InputError(
                f"unknown key `{key}`",
                where=where,
                hint=f"{hint}; arguments of an expectation stand in `kwargs`" if arguments else hint,
            )


def _refuse_id(source: dict[str, Any], where: Location) -> None:
    if source.get("id") is None:
        return
    try:
        uuid.UUID(source["id"])
    except (ValueError, AttributeError, TypeError) as error:
        raise InputError(
            "`id` is not a UUID", where=where, hint="remove it; Great Expectations makes its own"
        ) from error


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}\n]')
_EXPECTATION_DEPTH = 2


def _lines(data: bytes) -> Iterator[int]:
    """Yield the line on which each expectation begins: JSON readers keep no positions."""
    line, depth, key, inside = 1, 0, b"", False
    for match in _TOKEN.finditer(data):
        token = match[0]
        if token == b"\n":
            line += 1
        elif token in b"[{":
            if depth == 1:
                # Unescaped as JSON does: a key may be written with escapes.
                inside = token == b"[" and json.loads(key) == "expectations"
            elif depth == _EXPECTATION_DEPTH and inside:
                yield line
            depth += 1
        elif token in b"]}":
            depth -= 1
        elif depth == 1:
            key = token


_TYPES = {
    **dict.fromkeys(("int", "int64", "int_", "Int64", "Int64Dtype"), "BIGINT"),
    **dict.fromkeys(("int32", "Int32", "Int32Dtype"), "INTEGER"),
    **dict.fromkeys(("int16", "Int16", "Int16Dtype"), "SMALLINT"),
    **dict.fromkeys(("float", "float64", "float_", "double", "Float64", "Float64Dtype"), "DOUBLE"),
    **dict.fromkeys(("float32", "Float32", "Float32Dtype"), "FLOAT"),
    **dict.fromkeys(("str", "string", "object", "object_", "StringDtype"), "VARCHAR"),
    **dict.fromkeys(("bool", "bool_", "boolean", "BooleanDtype"), "BOOLEAN"),
}


def types(suite: Suite) -> dict[str, str]:
    """Return the types that a suite expects of columns, in DuckDB's words, by column.

    A CSV file holds texts alone: these are what they must be read as. Where a suite allows several
    types for a column, or times, of which there are several kinds, the values decide.
    """
    wanted: dict[str, set[str | None]] = {}
    for each in suite.expectations:
        if each.type == "expect_column_values_to_be_of_type":
            names = [each.kwargs.get("type_")]
        elif each.type == "expect_column_values_to_be_in_type_list":
            listed = each.kwargs.get("type_list")
            names = listed if isinstance(listed, list) else []
        else:
            continue
        column = each.kwargs.get("column")
        if isinstance(column, str):
            wanted.setdefault(column, set()).update(_TYPES.get(str(name)) for name in names)
    return {column: kind for column, kinds in wanted.items() for kind in kinds if kind and len(kinds) == 1}
