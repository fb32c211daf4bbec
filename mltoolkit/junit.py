"""The project's own tests, as a JUnit XML report tells them (``pytest --junit-xml``).

The counts are those of the test cases themselves: what a suite says of itself in attributes is not believed.
A DOCTYPE is refused, and with it all entities.
"""

from pathlib import Path
from xml.parsers import expat

from mltoolkit import files
from mltoolkit.errors import InputError
from mltoolkit.evidence import TestRun

LIMIT = 50 * 2**20
"""Bytes; what tests print is in the report too."""

_NAMED = 10
"""Failed tests that are named."""
_SHOWN = 200
"""Characters of a name."""
_BAD = ("failure", "error")


class _RefusedError(Exception):
    """What we do not read, in words."""


def read(root: Path, name: str) -> TestRun:
    """Read a report; one that is missing, damaged or empty is a fault, and never a pass.

    Args:
        root: The project's folder.
        name: The report, relative to it.
    """
    try:
        data = files.read_bytes(root / name, limit=LIMIT)
    except InputError as error:
        return TestRun(path=name, fault=error.what)
    digest = files.digest_bytes(data)
    cases = _Cases()
    try:
        cases.read(data)
    except (_RefusedError, expat.ExpatError) as error:
        return TestRun(path=name, digest=digest, fault=f"is not a JUnit XML report that can be read: {error}")
    return TestRun(
        path=name,
        digest=digest,
        tests=cases.tests,
        failures=cases.failures,
        skipped=cases.skipped,
        failed=tuple(cases.failed),
        fault=None if cases.tests else "it holds no test",
    )


class _Cases:
    """Counts test cases while a report is parsed; nothing of it is kept but names of failed ones."""

    def __init__(self) -> None:
        self.tests = self.failures = self.skipped = 0
        self.failed: list[str] = []
        self._depth = 0
        self._case: str | None = None
        self._found: set[str] = set()

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.Parse(data, True)

    @staticmethod
    def _doctype(*_: object) -> None:
        raise _RefusedError("it has a DOCTYPE, which may define entities")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if not self._depth and name not in {"testsuites", "testsuite"}:
            raise _RefusedError(f"it begins with <{name[:_SHOWN]}>, not with <testsuites>")
        self._depth += 1
        if name == "testcase":
            if self._case is not None:
                raise _RefusedError("a test case stands in another one")
            parts = (attributes.get("classname"), attributes.get("name"))
            self._case = ".".join(part for part in parts if part) or "a test without a name"
            self._found = set()
            self.tests += 1
        elif self._case is not None:
            self._found.add(name)
        elif name in _BAD:
            # A suite that broke outside of its tests, as a failed fixture of a whole module.
            self._fail(f"<{name}> outside of a test")

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name != "testcase" or self._case is None:
            return
        if self._found.intersection(_BAD):
            self._fail(self._case)
        elif "skipped" in self._found:
            self.skipped += 1
        self._case = None

    def _fail(self, name: str) -> None:
        self.failures += 1
        if len(self.failed) < _NAMED:
            self.failed.append(name[:_SHOWN])
