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
def test_no_number_is_told_however_clear_the_answer(rule: Rule, ends: list[float]) -> None:
    low, high = ends
    finding = rule.answer(made.facts(between(low, high, groups=30)))
    told = disclosure.coarse(finding)

    assert told.answer is finding.answer
    assert told.estimate is not None
    assert told.estimate.value is told.estimate.low is told.estimate.high is told.estimate.p is None
    assert told.estimate.spread is None
    assert (told.estimate.n, told.estimate.groups) == (5000, 30)
    assert "withheld" in told.reason


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.question)
@given(one=st.tuples(ENDS, ENDS).map(sorted), other=st.tuples(ENDS, ENDS).map(sorted), p=st.floats(0, 1))
def test_verdicts_with_the_same_answer_cannot_be_told_apart(
    rule: Rule, one: list[float], other: list[float], p: float
) -> None:
    found = rule.answer(made.facts(between(*one))), rule.answer(made.facts(between(*other, p=p)))

    same = found[0].answer is found[1].answer

    assert (disclosure.coarse(found[0]) == disclosure.coarse(found[1])) is same


def test_of_a_floor_and_a_ceiling_it_is_not_told_which_of_them_is_near() -> None:
    rule = Absolute(metric="roc-auc", at_least=0.6, at_most=0.9, confidence=0.95)
    low, high = (
        disclosure.coarse(rule.answer(made.facts(between(*ends)))) for ends in ((0.55, 0.65), (0.85, 0.95))
    )

    assert low == high


@pytest.mark.parametrize(
    ("needed", "told"),
    [(1, 1), (2, 2), (3, 5), (5, 5), (6, 10), (10, 10), (79, 100), (150, 200), (7849, 10_000)],
)
def test_the_rows_that_are_needed_are_told_roughly(needed: int, told: int) -> None:
    finding = RULES[0].answer(made.facts(between(-0.02, 0.02)))
    changed = msgspec.structs.replace(finding, need=Need(rows=needed, groups=needed))

    assert disclosure.coarse(changed).need == Need(rows=told, groups=told)
    assert (
        f"some {told:,} rows in {told:,} groups in all are planned for" in disclosure.coarse(changed).reason
    )


def test_why_no_number_of_rows_can_be_planned_is_told() -> None:
    finding = BetterThan(metric="roc-auc").answer(made.facts(between(-0.02, 0.03)))

    assert disclosure.coarse(finding).need == finding.need
    assert "state an `effect`" in disclosure.coarse(finding).reason


def test_of_slices_it_is_not_told_which_was_harmed_or_how_many() -> None:
    rule = Slice(metrics=("roc-auc", "brier"), margin=0.05)
    facts = made.facts()

    def told(*parts: Part) -> Finding:
        return disclosure.coarse(rule.answer(msgspec.structs.replace(facts, harms={rule: parts})))

    def part(slice_: str, metric: str, answer: Answer, low: float, high: float, n: int) -> Part:
        return Part(slice=slice_, metric=metric, answer=answer, estimate=between(low, high, n=n))

    one = told(
        part("a=1", "roc-auc", Answer.FAIL, -0.2, -0.1, 200), part("a=2", "brier", Answer.PASS, 0.1, 0.2, 300)
    )
    two = told(
        part("a=2", "brier", Answer.FAIL, -0.3, -0.1, 300), part("a=1", "brier", Answer.FAIL, -0.2, -0.1, 200)
    )

    assert one == two
    assert (one.answer, one.parts, one.slice, one.metric, one.estimate) == (Answer.FAIL, (), None, None, None)
    assert one.reason.endswith("the answer is no, and where and by how much is withheld (`disclose: coarse`)")


@pytest.mark.parametrize(("low", "high"), [(0.9, 1.1), (0.5, 0.7), (0.7, 1.1), (0.8, 1.1)])
def test_of_calibration_the_answer_alone_is_told(low: float, high: float) -> None:
    line = Line(
        slope=between(low, high), intercept=between(-0.123, 0.1), error=0.4321, error_of_perfect=0.0123
    )
    finding = Calibration().answer(made.facts(line=line))
    told = disclosure.coarse(finding)

    assert not re.search(r"0\.4321|0\.0123|-0\.123", told.reason)
    assert told.answer is finding.answer
    assert told.estimate is not None
    assert told.estimate.value is None
    assert (told.metric, told.threshold, told.need) == (None, None, None)


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


def test_a_kind_of_rule_that_is_new_is_withheld() -> None:
    made_up = Finding(
        rule="q",
        kind="new",
        mode=Mode.BLOCK,
        answer=Answer.UNKNOWN,
        reason="it is 0.7",
        estimate=between(0, 1),
    )

    assert "0.7" not in disclosure.coarse(made_up).reason
