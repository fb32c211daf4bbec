import msgspec
import pytest

from mltoolkit.rules import budget
from mltoolkit.rules.base import Answer
from mltoolkit.rules.budget import Budget
from tests.rules import made


def answered(rule: Budget, **costs: float) -> tuple[Answer, str]:
    measured = msgspec.structs.replace(made.COSTS, **costs)
    found = rule.answer(made.facts(challenger=made.subject(made.A, costs=measured)))
    return found.answer, found.reason


def test_what_is_within_the_limit_or_on_it_passes() -> None:
    rule = Budget(size="40MB", latency="5ms")

    assert answered(rule) == (Answer.PASS, "on disk 40 MB, within 40MB; for one row 4 ms, within 5ms")


def test_what_is_over_a_limit_fails_and_is_told() -> None:
    found = Budget(size="50MB", memory="200MiB", scoring="1s").answer(made.facts())

    assert found.answer is Answer.FAIL
    assert found.reason == "of memory 300 MB, over the limit of 200MiB"
    assert found.metric == "memory"
    assert found.threshold == 200 * 1024 * 1024


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_nothing_takes_nothing(value: float) -> None:
    said, reason = answered(Budget(latency="50ms"), latency=value)

    assert said is Answer.UNKNOWN
    assert reason == "its latency was not measured"


def test_what_was_not_measured_is_unknown() -> None:
    rule = Budget(size="50MB")

    assert rule.answer(made.facts(challenger=made.subject(made.A, costs=None))).answer is Answer.UNKNOWN
    assert rule.answer(made.facts(challenger=None)).answer is Answer.UNKNOWN


def test_a_budget_for_nothing_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="needs one of"):
        Budget()


@pytest.mark.parametrize(
    ("text", "number"),
    [("50MB", 5e7), ("1.5 GiB", 1.5 * 1024**3), ("2KB", 2000), ("50ms", 0.05), ("1.5s", 1.5), ("2 s", 2)],
)
def test_amounts_are_read_as_written(text: str, number: float) -> None:
    assert budget.amount(text) == pytest.approx(number, rel=1e-12)


@pytest.mark.parametrize("text", ["50", "0ms", "-5ms", "5 minutes", "1e3s", "0.0s", "", "5ms\n"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="regex"):
        msgspec.convert({"kind": "budget", "latency": text}, Budget)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("size", 999, "999 B"),
        ("size", 1_500_000, "1.5 MB"),
        ("latency", 0.0042, "4.2 ms"),
        ("scoring", 2, "2 s"),
    ],
)
def test_amounts_are_shown_as_a_person_reads_them(name: str, value: float, said: str) -> None:
    assert budget.shown(name, value) == said
