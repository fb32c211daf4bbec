from typing import Any

import pytest

from mltoolkit import evidence
from mltoolkit.rules import tests
from mltoolkit.rules.base import Answer
from tests.rules import made

RULE = tests.ProjectTests(minimum=5, skipped_at_most=2)


def answered(changes: dict[str, Any], rule: tests.ProjectTests = RULE) -> tuple[Answer, str]:
    run = evidence.TestRun(path="junit.xml", **changes)
    found = rule.answer(made.facts(tests=run))
    return found.answer, found.reason


@pytest.mark.parametrize(
    ("changes", "answer", "said"),
    [
        ({"tests": 7, "skipped": 2}, Answer.PASS, "5 tests passed, 2 were skipped"),
        ({"tests": 7, "failures": 1, "failed": ("test_a",)}, Answer.FAIL, "1 of 7 tests failed: test_a"),
        ({"tests": 9, "failures": 9, "failed": ("a", "b", "c", "d")}, Answer.FAIL, "a, b, c and 6 more"),
        ({"tests": 4}, Answer.UNKNOWN, "4 tests ran, and at least 5 are asked for"),
        ({"tests": 9, "skipped": 3}, Answer.UNKNOWN, "3 tests were skipped, and at most 2 may be"),
        ({"tests": 9, "fault": "is cut off"}, Answer.UNKNOWN, "junit.xml: is cut off"),
        ({"tests": 1, "skipped": 2}, Answer.UNKNOWN, "its counts cannot be"),
        ({"tests": 9, "failures": -1}, Answer.UNKNOWN, "its counts cannot be"),
    ],
)
def test_failures_fail_and_tests_that_did_not_run_say_nothing(
    changes: dict[str, Any], answer: Answer, said: str
) -> None:
    found, reason = answered(changes)

    assert found is answer
    assert said in reason


def test_no_report_and_no_test_are_unknown() -> None:
    assert RULE.answer(made.facts()).answer is Answer.UNKNOWN
    assert answered({"tests": 3, "skipped": 3}, tests.ProjectTests()) == (
        Answer.UNKNOWN,
        "no tests ran: tests that did not run say nothing",
    )
