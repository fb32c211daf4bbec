from mltoolkit.contract import findings
from mltoolkit.contract.findings import Check, CheckedFile, ContractFinding, Outcome, Severity

DIGEST = f"sha256:{'a' * 64}"


def finding(outcome: Outcome, severity: Severity = Severity.CRITICAL) -> ContractFinding:
    return ContractFinding(
        expectation="e", column=None, outcome=outcome, severity=severity, unexpected=None, reason="because"
    )


def check(*found: ContractFinding) -> Check:
    file = CheckedFile(path="d", digest=DIGEST, suite="s", suite_digest=DIGEST, rows=1, findings=found)
    return Check(tool="t", model="m", files=(file,))


def test_severity_decides_what_a_violation_does() -> None:
    assert not check(finding(Outcome.VIOLATED)).kept
    assert check(finding(Outcome.VIOLATED, Severity.WARNING)).kept
    assert check(finding(Outcome.VIOLATED, Severity.INFO)).kept


def test_what_could_not_be_evaluated_always_blocks() -> None:
    assert not check(finding(Outcome.MET), finding(Outcome.NOT_EVALUATED, Severity.INFO)).kept


def test_nothing_that_was_checked_is_never_a_pass() -> None:
    assert not check().kept
    assert not Check(tool="t", model="m", files=()).kept


def test_empty_data_an_empty_suite_and_odd_headers_are_findings() -> None:
    found = {
        each.expectation: each
        for each in findings.own(names=["a", "a", " "], rows=0, minimum_rows=1, expectations=0)
    }

    assert all(each.outcome is Outcome.VIOLATED and each.blocks for each in found.values())
    assert set(found) == {"minimum-rows", "suite-not-empty", "column-names"}
    assert "a" in found["column-names"].reason


def test_ordinary_data_has_no_such_findings() -> None:
    found = findings.own(names=["a", "b"], rows=10, minimum_rows=10, expectations=1)

    assert {each.outcome for each in found} == {Outcome.MET}
