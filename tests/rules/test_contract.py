from typing import Any

import pytest

from mltoolkit.evidence import Checked
from mltoolkit.rules.base import Answer, Rule
from mltoolkit.rules.contract import Contract, Leakage
from tests.rules import made

KINDS = pytest.mark.parametrize(("rule", "what"), [(Contract(), "data"), (Leakage(), "splits")])


def answered(rule: Rule, *checks: Checked) -> tuple[Answer, str]:
    found = rule.answer(made.facts(checks=checks))
    return found.answer, found.reason


@KINDS
def test_met_rules_pass_and_warnings_are_counted(rule: Rule, what: str) -> None:
    said, reason = answered(rule, Checked(what=what, met=9, asked=10))  # type: ignore[arg-type]

    assert said is Answer.PASS
    assert "9 of 10 rules are met; the other 1 only warn" in reason


@KINDS
def test_a_broken_rule_fails_with_the_first_reasons(rule: Rule, what: str) -> None:
    broken = tuple(f"reason {at}" for at in range(5))
    said, reason = answered(rule, Checked(what=what, met=5, asked=10, broken=broken))  # type: ignore[arg-type]

    assert said is Answer.FAIL
    assert reason.endswith("reason 0; reason 1; reason 2; and 2 more")


@KINDS
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"asked": 0}, "nothing was asked"),
        ({"asked": 3, "met": 3, "fault": "the data changed since"}, "the data changed since"),
        (
            {"asked": 3, "met": 3, "broken": ("x",), "fault": "the data changed since"},
            "the data changed since",
        ),
        ({"asked": 3, "met": 4}, "cannot be"),
        ({"asked": 3, "met": -1}, "cannot be"),
    ],
)
def test_what_says_nothing_is_unknown(rule: Rule, what: str, changes: dict[str, Any], said: str) -> None:
    answer, reason = answered(rule, Checked(what=what, **changes))  # type: ignore[arg-type]

    assert answer is Answer.UNKNOWN
    assert said in reason


@KINDS
def test_a_check_of_the_other_kind_is_none(rule: Rule, what: str) -> None:
    other = Checked(what="splits" if what == "data" else "data", met=1, asked=1)

    assert answered(rule, other)[0] is Answer.UNKNOWN
    assert answered(rule)[0] is Answer.UNKNOWN


def test_one_of_several_checks_that_fails_or_is_missing_decides() -> None:
    good, bad = Checked(what="data", met=1, asked=1), Checked(what="data", met=0, asked=1, broken=("x",))
    lost = Checked(what="data", fault="not checked")

    assert answered(Contract(), good, bad)[0] is Answer.FAIL
    assert answered(Contract(), good, lost)[0] is Answer.UNKNOWN
    assert answered(Contract(), lost, bad)[0] is Answer.FAIL
