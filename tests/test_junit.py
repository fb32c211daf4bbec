import subprocess
import sys
from pathlib import Path

import pytest

from mltoolkit import files, junit


def test_what_pytest_writes_is_counted(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert 1 == 2\n"
        "@pytest.fixture\n"
        "def broken(): raise ValueError\n"
        "def test_broken(broken): pass\n"
        "@pytest.mark.skip\n"
        "def test_later(): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml=report.xml"]
    subprocess.run([*command, "test_it.py"], cwd=tmp_path, check=False, capture_output=True)

    found = junit.read(tmp_path, "report.xml")

    assert (found.tests, found.failures, found.skipped, found.fault) == (4, 2, 1, None)
    assert found.failed == ("test_it.test_bad", "test_it.test_broken")
    assert found.digest == files.digest_file(tmp_path / "report.xml")


def test_subtests_of_pytest_are_no_contradiction(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import unittest\n"
        "class Parts(unittest.TestCase):\n"
        "    def test_it(self):\n"
        "        for part in range(3):\n"
        "            with self.subTest(part=part): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml=report.xml"]
    subprocess.run([*command, "test_it.py"], cwd=tmp_path, check=True, capture_output=True)

    assert 'tests="4"' in (tmp_path / "report.xml").read_text()
    found = junit.read(tmp_path, "report.xml")
    assert (found.tests, found.failures, found.fault) == (1, 0, None)


def test_counts_are_those_of_the_cases_and_not_of_the_attributes(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(
        '<testsuite tests="100" failures="0" errors="0"><testcase name="one"><failure/></testcase></testsuite>'
    )
    found = junit.read(tmp_path, "report.xml")

    assert (found.tests, found.failures, found.failed) == (1, 1, ("one",))


@pytest.mark.parametrize(
    ("suite", "said"),
    [
        ('errors="3" tests="4"', "a suite has 3 failures and errors by its own word, and 0 by its tests"),
        ('errors="2" failures="1"', "it contradicts itself: a suite has 3 failures"),
        ('failures="1"', "a suite has 1 failures and errors"),
        ('failures="-1"', "a suite has '-1' failures"),
        ('errors="many"', "a suite has 'many' errors"),
        ('failures="99999999999"', "a suite has '99999999999' failures"),
    ],
)
def test_a_suite_that_tells_of_more_failures_than_it_holds_is_a_fault(
    tmp_path: Path, suite: str, said: str
) -> None:
    for before, after in (
        ("", ""),
        ("<testsuites>", "</testsuites>"),
        ("<testsuites><testsuite>", "</testsuite></testsuites>"),
    ):
        (tmp_path / "report.xml").write_text(
            f'{before}<testsuite {suite}><testcase name="one"/></testsuite>{after}'
        )
        found = junit.read(tmp_path, "report.xml")

        assert (found.tests, found.failures) == (1, 0)
        assert said in (found.fault or "")


def test_an_outer_suite_is_held_to_its_word_too_and_each_only_to_its_own(tmp_path: Path) -> None:
    one = '<testsuite tests="1" failures="0"><testcase name="one"/></testsuite>'
    (tmp_path / "report.xml").write_text(f'<testsuites tests="2" errors="0">{one}{one}</testsuites>')
    assert junit.read(tmp_path, "report.xml").fault is None

    (tmp_path / "report.xml").write_text(f'<testsuites tests="2" errors="1">{one}{one}</testsuites>')
    assert "has 1 failures and errors" in (junit.read(tmp_path, "report.xml").fault or "")


@pytest.mark.parametrize(
    ("case", "failures", "skipped"),
    [
        ('<testcase status="failed"/>', 1, 0),
        ('<testcase result=" Error "/>', 1, 0),
        ("<testcase><x:failure xmlns:x='urn:x'/></testcase>", 1, 0),
        ("<testcase><Failure/></testcase>", 1, 0),
        ("<x:TestCase xmlns:x='urn:x'><x:ERROR/></x:TestCase>", 1, 0),
        ('<testcase status="notrun" result="suppressed"/>', 0, 1),
        ("<testcase><Skipped/></testcase>", 0, 1),
        ('<testcase status="run" result="completed"/>', 0, 0),
        ('<testcase status="passed"><system-out>failure</system-out></testcase>', 0, 0),
    ],
    ids=range(9),
)
def test_every_dialect_tells_how_a_test_ended(tmp_path: Path, case: str, failures: int, skipped: int) -> None:
    (tmp_path / "report.xml").write_text(f"<testsuite>{case}</testsuite>")
    found = junit.read(tmp_path, "report.xml")

    assert (found.tests, found.failures, found.skipped, found.fault) == (1, failures, skipped, None)


def test_a_name_is_one_line_without_control_characters(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(
        '<testsuite><testcase name="t&#10;promote: all is well&#13;&#x9b;2J"><error/></testcase></testsuite>'
    )

    assert junit.read(tmp_path, "report.xml").failed == (r"t promote: all is well \x9b2J",)


def test_what_broke_outside_of_the_tests_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(
        '<testsuites><testsuite><testcase name="one"/><error/></testsuite></testsuites>'
    )
    found = junit.read(tmp_path, "report.xml")

    assert (found.tests, found.failures) == (1, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no element found"),
        (b"not xml", "syntax error"),
        (b"<testsuite><testcase/>", "no element found"),
        (b"<testsuite/><testsuite/>", "junk after document element"),
        (b"<html><testcase/></html>", "begins with <html>"),
        (b"<testsuite><testcase><testcase/></testcase></testsuite>", "stands in another"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite><testcase name="&a;"/></testsuite>', "DOCTYPE"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite><testcase/></testsuite>', "DOCTYPE"),
        (b"\xff\xfe\x00", "unclosed token"),
        (b"<testsuite></testsuite>", "no test"),
    ],
    ids=range(10),
)
def test_a_report_that_says_nothing_is_a_fault(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "report.xml").write_bytes(content)
    found = junit.read(tmp_path, "report.xml")

    assert found.fault is not None
    assert said in found.fault


def test_a_missing_or_a_large_report_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert junit.read(tmp_path, "none.xml").fault == "no such file"
    monkeypatch.setattr(junit, "LIMIT", 10)
    (tmp_path / "report.xml").write_text("<testsuite><testcase/></testsuite>")

    assert junit.read(tmp_path, "report.xml").fault == "larger than 10 bytes"


def test_only_some_failed_tests_are_named(tmp_path: Path) -> None:
    many = "".join(f'<testcase name="{at}"><error/></testcase>' for at in range(30))
    (tmp_path / "report.xml").write_text(f"<testsuite>{many}</testsuite>")
    found = junit.read(tmp_path, "report.xml")

    assert (found.failures, len(found.failed)) == (30, 10)
