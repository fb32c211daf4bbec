"""Expectation suites in Great Expectations' own JSON format, with the lines that findings point at."""

import re
from pathlib import Path
from typing import Any

from mltoolkit import files
from mltoolkit.contract.findings import Severity
from mltoolkit.errors import InputError, Location
from mltoolkit.evidence import Digest, Value


class Expectation(Value, frozen=True, kw_only=True):
    """One expectation of a suite.

    Attributes:
        type: Its name in Great Expectations' gallery.
        kwargs: Its arguments as they stand in the suite.
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

    Raises:
        InputError: It is missing, not JSON, not a suite, or of a 0.x version.
    """
    where = Location(path=str(path))
    data = files.read_bytes(path)
    source = files.parse_json(data, where)
    expectations = source.get("expectations") if isinstance(source, dict) else None
    if not isinstance(expectations, list) or not all(isinstance(each, dict) for each in expectations):
        raise InputError("is not an expectation suite: `expectations` must be a list", where=where)
    if "expectation_suite_name" in source or any("expectation_type" in each for each in expectations):
        raise InputError(
            "is a suite of Great Expectations 0.x",
            where=where,
            hint="rename expectation_suite_name to name, and expectation_type to type",
        )
    return Suite(
        name=str(source.get("name") or path.stem),
        path=str(path),
        digest=files.digest_bytes(data),
        expectations=tuple(
            _expectation(each, at=at, where=Location(path=str(path), line=line))
            for at, (each, line) in enumerate(zip(expectations, _lines(data), strict=True))
        ),
        source=source,
    )


def _expectation(each: dict[str, Any], *, at: int, where: Location) -> Expectation:
    kind, kwargs = each.get("type"), each.get("kwargs", {})
    if not isinstance(kind, str) or not isinstance(kwargs, dict):
        raise InputError("is not an expectation: it needs `type` and `kwargs`", where=where)
    severity = each.get("severity") or Severity.CRITICAL
    if severity not in set(Severity):
        raise InputError(f"has a severity of {severity!r}", where=where, hint=f"one of {', '.join(Severity)}")
    return Expectation(
        type=kind, kwargs=kwargs, severity=Severity(severity), at=at, line=where.line or 1, source=each
    )


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}\n]')
_EXPECTATION_DEPTH = 2


def _lines(data: bytes) -> list[int]:
    """Return the line on which each expectation begins: JSON readers keep no positions."""
    line, depth, key, inside, found = 1, 0, b"", False, []
    for token in _TOKEN.findall(data):
        if token == b"\n":
            line += 1
        elif token in b"[{":
            if depth == 1:
                inside = token == b"[" and key == b'"expectations"'
            elif depth == _EXPECTATION_DEPTH and inside:
                found.append(line)
            depth += 1
        elif token in b"]}":
            depth -= 1
        elif depth == 1:
            key = token
    return found
