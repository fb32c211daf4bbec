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


def test_counts_are_those_of_the_cases_and_not_of_the_attributes(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(
        '<testsuite tests="100" failures="0" errors="0"><testcase name="one"><failure/></testcase></testsuite>'
    )
    found = junit.read(tmp_path, "report.xml")

    assert (found.tests, found.failures, found.failed) == (1, 1, ("one",))


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
