"""The project's own tests, as a JUnit XML report tells them (``pytest --junit-xml``).

The counts are those of the test cases themselves. What a suite says of itself in attributes is not believed where
it is better; where it tells of more failures, the report contradicts itself and says nothing. More tests than
cases are no contradiction: pytest counts its subtests, which have no case of their own.
A DOCTYPE is refused, and with it all entities.
"""

from pathlib import Path
from xml.parsers import expat

from mltoolkit import files, terminal
from mltoolkit.errors import InputError
from mltoolkit.evidence import TestRun

LIMIT = 50 * 2**20
"""Bytes; what tests print is in the report too."""

_DIGITS = 10
"""From here on a number in a report is no count of tests."""
_NAMED = 10
"""Failed tests that are named."""
_SHOWN = 200
"""Characters of a name."""
_BAD = frozenset({"failure", "error"})
_SAID_BAD = frozenset(
    {"failed", "failure", "fail", "error", "errored", "broken", "crashed", "timeout", "aborted"}
)
_SAID_SKIPPED = frozenset({"skipped", "notrun", "disabled", "ignored", "suppressed"})
"""What the attributes ``status`` and ``result`` of a test case say in the dialects of JUnit XML."""


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
        why = terminal.line(f"is not a JUnit XML report that can be read: {error}")
        return TestRun(path=name, digest=digest, fault=why)
    return TestRun(
        path=name,
        digest=digest,
        tests=cases.tests,
        failures=cases.failures,
        skipped=cases.skipped,
        failed=tuple(cases.failed),
        # A test that failed has failed, whatever else the report says.
        fault=None
        if cases.failures
        else cases.contradiction or (None if cases.tests else "it holds no test"),
    )


class _Cases:
    """Counts test cases while a report is parsed; nothing of it is kept but names of failed ones."""

    def __init__(self) -> None:
        self.tests = self.failures = self.skipped = 0
        self.failed: list[str] = []
        self.contradiction: str | None = None
        self._suites: list[tuple[dict[str, str], int]] = []
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
        name = _local(name)
        if not self._depth and name not in {"testsuites", "testsuite"}:
            raise _RefusedError(f"it begins with <{name[:_SHOWN]}>, not with <testsuites>")
        self._depth += 1
        if name == "testcase":
            if self._case is not None:
                raise _RefusedError("a test case stands in another one")
            parts = (attributes.get("classname"), attributes.get("name"))
            self._case = terminal.line(".".join(part for part in parts if part)) or "a test without a name"
            said = {attributes.get(key, "").strip().lower() for key in ("status", "result")}
            self._found = {"failure"} if said & _SAID_BAD else {"skipped"} if said & _SAID_SKIPPED else set()
            self.tests += 1
        elif self._case is not None:
            self._found.add(name)
        elif name in {"testsuites", "testsuite"}:
            self._suites.append((attributes, self.failures))
        elif name in _BAD:
            # A suite that broke outside of its tests, as a failed fixture of a whole module.
            self._fail(f"<{name}> outside of a test")

    def _end(self, name: str) -> None:
        name = _local(name)
        self._depth -= 1
        if name in {"testsuites", "testsuite"} and self._case is None:
            self._held_to_its_word(*self._suites.pop())
        if name != "testcase" or self._case is None:
            return
        if self._found & _BAD:
            self._fail(self._case)
        elif "skipped" in self._found:
            self.skipped += 1
        self._case = None

    def _held_to_its_word(self, attributes: dict[str, str], before: int) -> None:
        """Compare the failures that a suite says it has with those that were counted in it."""
        said, count = 0, self.failures - before
        for key in ("failures", "errors"):
            word = attributes.get(key, "").strip() or "0"
            if not (word.isascii() and word.isdecimal() and len(word) < _DIGITS):
                self._contradicts(f"a suite has {word[:_SHOWN]!r} {key}")
                return
            said += int(word)
        if said > count:
            self._contradicts(
                f"a suite has {said:,} failures and errors by its own word, and {count:,} by its tests"
            )

    def _contradicts(self, what: str) -> None:
        self.contradiction = self.contradiction or f"it contradicts itself: {what}"

    def _fail(self, name: str) -> None:
        self.failures += 1
        if len(self.failed) < _NAMED:
            self.failed.append(name[:_SHOWN])


def _local(name: str) -> str:
    """Return an element's name without its namespace, in lower case: writers of reports differ in both."""
    return name.rpartition(":")[2].lower()
