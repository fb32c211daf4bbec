import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.evidence import ProgramRun
from mltoolkit.rules import disclosure
from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import Answer, Finding, Mode, Need, Part, Rule
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.rules.budget import Budget
from mltoolkit.rules.calibration import Calibration
from mltoolkit.rules.custom import Custom
from mltoolkit.rules.numbers import Line
from mltoolkit.rules.relative import BetterThan, NoWorseThan
from mltoolkit.rules.slices import Slice
from tests.rules import made
from tests.rules.made import between

RULES = (
    NoWorseThan(metric="roc-auc", margin=0.01),
    BetterThan(metric="roc-auc", effect=0.02),
    BetterThanBaseline(metric="brier", baseline="base-rate"),
    Absolute(metric="roc-auc", at_least=0.6, confidence=0.95),
    Absolute(metric="roc-auc", at_least=0.6),
)
ENDS = st.floats(-0.2, 1).map(lambda end: float(f"{end:.6g}"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.question)
@given(ends=st.tuples(ENDS, ENDS).map(sorted))
def test_numbers_are_told_only_where_the_interval_clears_what_was_asked(
    rule: Rule, ends: list[float]
) -> None:
    low, high = ends
    finding = rule.answer(made.facts(between(low, high, groups=30)))
    told = disclosure.coarse(finding)
    threshold = finding.threshold
    assert threshold is not None

    assert told.answer is finding.answer
    if low > threshold or high < threshold:
        assert told == finding
    else:
        assert told.estimate is not None
        assert told.estimate.value is told.estimate.low is told.estimate.high is told.estimate.p is None
        assert told.estimate.spread is None
        assert (told.estimate.n, told.estimate.groups) == (5000, 30)
        assert "withheld" in told.reason


def test_two_sets_of_rows_that_cannot_tell_give_the_same_finding() -> None:
    rule = RULES[0]
    one, other = (
        disclosure.coarse(rule.answer(made.facts(between(low, high, p=p))))
        for low, high, p in ((-0.02, 0.03, 0.4), (-0.011, 0.001, 0.06))
    )

    assert one == other


def test_the_rows_that_are_needed_are_told_to_one_digit() -> None:
    finding = RULES[0].answer(made.facts(between(-0.02, 0.02, groups=50)))
    told = disclosure.coarse(finding)

    assert finding.need == Need(rows=7849, groups=79)
    assert told.need == Need(rows=8000, groups=80)
    assert "some 8,000 rows in 80 groups in all are planned for" in told.reason


def test_slices_that_cannot_tell_are_left_out() -> None:
    rule = Slice(metrics=("roc-auc",), margin=0.05)
    parts = (
        Part(slice="a=1", metric="roc-auc", answer=Answer.FAIL, estimate=between(-0.2, -0.1)),
        Part(slice="a=2", metric="roc-auc", answer=Answer.UNKNOWN, estimate=between(-0.2, 0.1)),
        Part(slice="a=3", metric="roc-auc", answer=Answer.PASS, estimate=between(0.1, 0.2)),
    )
    facts = made.facts()
    failed = rule.answer(msgspec.structs.replace(facts, harms={rule: parts}))
    unsure = rule.answer(msgspec.structs.replace(facts, harms={rule: parts[1:]}))

    assert disclosure.coarse(failed).reason == failed.reason
    assert [part.slice for part in disclosure.coarse(failed).parts] == ["a=1", "a=3"]
    told = disclosure.coarse(unsure)
    assert [part.slice for part in told.parts] == ["a=3"]
    assert "a=2" not in told.reason


@pytest.mark.parametrize(
    ("low", "high", "kept"), [(0.9, 1.1, True), (0.5, 0.7, True), (0.7, 1.1, False), (0.8, 1.1, False)]
)
def test_the_calibration_error_is_never_told(low: float, high: float, kept: bool) -> None:  # noqa: FBT001 - a case
    line = Line(
        slope=between(low, high), intercept=between(-0.123, 0.1), error=0.4321, error_of_perfect=0.0123
    )
    told = disclosure.coarse(Calibration().answer(made.facts(line=line)))

    assert not re.search(r"0\.4321|0\.0123|-0\.123", told.reason)
    assert (told.estimate is not None and told.estimate.low == low) is kept


def test_of_a_program_only_the_answer_is_told() -> None:
    run = ProgramRun(name="profit", command=("true",), answer="pass", reason="it is 41.5", value=41.5)
    told = disclosure.coarse(Custom(name="profit", command=("true",)).answer(made.facts(programs=(run,))))

    assert told.answer is Answer.PASS
    assert "41.5" not in told.reason
    assert told.estimate is not None
    assert told.estimate.value is None


def test_what_does_not_rest_on_the_rows_is_told_as_it_is() -> None:
    finding = Budget(size="50MB").answer(made.facts())
    nobody = RULES[0].answer(made.facts(between(1, 2), champion=None, no_champion="none yet"))
    undefined = RULES[0].answer(made.facts())

    assert disclosure.coarse(finding) == finding
    assert disclosure.coarse(nobody) == nobody
    assert disclosure.coarse(undefined) == undefined


def test_a_finding_without_a_threshold_that_cannot_tell_is_withheld() -> None:
    made_up = Finding(
        rule="q",
        kind="absolute",
        mode=Mode.BLOCK,
        answer=Answer.UNKNOWN,
        reason="it is 0.7",
        estimate=between(0, 1),
    )

    assert "0.7" not in disclosure.coarse(made_up).reason
