import pytest

from mltoolkit import checks, files
from mltoolkit.checks import Check, CheckedFile, ContractFinding, Outcome, Severity, Source

DIGEST = f"sha256:{'a' * 64}"


def finding(outcome: Outcome, severity: Severity = Severity.CRITICAL) -> ContractFinding:
    return checks.ours("rule", outcome, "because", severity=severity)


def check(*found: ContractFinding) -> Check:
    file = CheckedFile(path="d", digest=DIGEST, suite="s", suite_digest=DIGEST, rows=1, findings=found)
    return Check(tool="t", model="m", files=(file,))


def test_severity_decides_what_a_violation_does() -> None:
    assert not check(finding(Outcome.VIOLATED)).kept
    assert check(finding(Outcome.VIOLATED, Severity.WARNING)).kept
    assert check(finding(Outcome.VIOLATED, Severity.INFO)).kept


@pytest.mark.parametrize("severity", list(Severity))
def test_what_could_not_be_evaluated_always_blocks(severity: Severity) -> None:
    assert finding(Outcome.NOT_EVALUATED, severity).blocks
    assert not check(finding(Outcome.MET), finding(Outcome.NOT_EVALUATED, severity)).kept


@pytest.mark.parametrize("severity", list(Severity))
def test_what_is_met_never_blocks(severity: Severity) -> None:
    assert not finding(Outcome.MET, severity).blocks


def test_nothing_that_was_checked_is_never_a_pass() -> None:
    assert not check().kept
    assert not Check(tool="t", model="m", files=()).kept


def test_one_file_that_breaks_is_enough() -> None:
    good, bad = check(finding(Outcome.MET)).files[0], check(finding(Outcome.VIOLATED)).files[0]

    assert Check(tool="t", model="m", files=(good,)).kept
    assert not Check(tool="t", model="m", files=(good, bad)).kept


def test_a_finding_of_ours_says_whose_it_is_and_has_no_line() -> None:
    found = checks.ours(
        "row-id", Outcome.VIOLATED, "two", columns=("a",), unexpected=2, looked=9, examples=("1",)
    )

    assert (found.source, found.line) == (Source.MLTOOLKIT, None)
    assert (found.columns, found.unexpected, found.looked, found.examples) == (("a",), 2, 9, ("1",))


def test_a_check_travels_as_a_file() -> None:
    made = check(finding(Outcome.VIOLATED))

    assert files.dump_json(made) == files.dump_json(made)
    assert b'"schema": "mltoolkit.check/1"' in files.dump_json(made)
