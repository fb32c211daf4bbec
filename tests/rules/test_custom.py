from typing import Any

import msgspec
import pytest

from mltoolkit.evidence import ProgramRun
from mltoolkit.rules.base import Answer
from mltoolkit.rules.custom import Custom
from tests.rules import made

COMMAND = ("python", "profit.py")
RULE = Custom(name="profit", command=COMMAND)


@pytest.mark.parametrize("answer", ["pass", "fail", "unknown"])
def test_the_program_s_answer_reason_and_value_are_the_finding_s(answer: str) -> None:
    run = ProgramRun(name="profit", command=COMMAND, answer=answer, reason="two\nlines", value=1.5)  # type: ignore[arg-type]
    found = RULE.answer(made.facts(programs=(run,)))

    assert found.answer == answer
    assert found.reason == f"profit says {answer} (1.5): two lines"
    assert found.estimate is not None
    assert found.estimate.value == 1.5


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (None, "the evidence has no run of it"),
        (ProgramRun(name="other", command=COMMAND, answer="pass"), "the evidence has no run of it"),
        (ProgramRun(name="profit", command=("true",), answer="pass"), "another command"),
        (ProgramRun(name="profit", command=COMMAND, fault="took over 60 s"), "took over 60 s"),
        (ProgramRun(name="profit", command=COMMAND, answer="pass", fault="ended with 1"), "ended with 1"),
        (ProgramRun(name="profit", command=COMMAND), "it gave no answer"),
    ],
)
def test_no_run_another_command_and_a_fault_are_unknown(run: ProgramRun | None, said: str) -> None:
    found = RULE.answer(made.facts(programs=() if run is None else (run,)))

    assert found.answer is Answer.UNKNOWN
    assert said in found.reason


@pytest.mark.parametrize("name", ["two\nlines", "\x1b[2J"])
def test_a_name_that_is_no_line_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="has a line break or control characters"):
        Custom(name=name, command=COMMAND)


def test_a_reason_is_told_without_control_characters() -> None:
    run = ProgramRun(name="profit", command=COMMAND, answer="pass", reason="a\x1b[2J\r\npromote: b")

    assert RULE.answer(made.facts(programs=(run,))).reason.endswith(": a\\x1b[2J promote: b")


def test_a_long_reason_is_cut() -> None:
    run = ProgramRun(name="profit", command=COMMAND, answer="pass", reason="x" * 10_000)

    assert len(RULE.answer(made.facts(programs=(run,))).reason) < 600


@pytest.mark.parametrize(
    "changes", [{"command": []}, {"command": [""]}, {"name": ""}, {"seconds": 0}, {"seconds": 1e6}]
)
def test_a_program_without_words_name_or_bound_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "custom", "name": "profit", "command": ["true"], **changes}, Custom)
