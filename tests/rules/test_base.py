import pytest

from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import (
    Answer,
    Facts,
    Mode,
    at_confidence,
    check_distance,
    check_effect,
    check_metric,
)
from tests.rules import made


def test_a_finding_carries_the_rule_s_question_kind_and_mode() -> None:
    found = Absolute(metric="roc-auc", at_least=0.6, mode=Mode.WARN).finding(
        Answer.PASS, "because", metric="x"
    )

    assert (found.rule, found.kind, found.mode) == ("roc-auc >= 0.6", "absolute", Mode.WARN)
    assert (found.answer, found.reason, found.metric) == (Answer.PASS, "because", "x")


def test_every_look_pays_its_share_of_the_error() -> None:
    facts = Facts(evidence=made.evidence(), numbers=made.Told(), looks=20)

    assert facts.confidence(0.95) == pytest.approx(0.9975)
    assert Facts(evidence=made.evidence(), numbers=made.Told()).confidence(0.95) == pytest.approx(0.95)


def test_an_unknown_metric_is_refused_with_what_was_probably_meant() -> None:
    check_metric("roc-auc")
    check_metric("file:profit")
    with pytest.raises(ValueError, match="did you mean `roc-auc`"):
        check_metric("rocauc")
    with pytest.raises(ValueError, match="unknown metric 'file:'"):
        check_metric("file:")


def test_a_margin_that_allows_everything_is_refused_where_the_metric_has_bounds() -> None:
    check_distance("rmse", 5, "margin")
    check_distance("file:profit", 5, "margin")
    with pytest.raises(ValueError, match=r"did you mean 0\.05"):
        check_distance("accuracy", 5, "margin")
    with pytest.raises(ValueError, match="must be below 1"):
        check_distance("accuracy", 1, "margin")


def test_an_effect_must_be_more_than_what_has_to_be_shown() -> None:
    check_effect(None, 0.1)
    check_effect(0.2, 0.1)
    with pytest.raises(ValueError, match="no number of rows shows it"):
        check_effect(0.1, 0.1)


def test_a_question_tells_a_confidence_that_is_not_the_usual_one() -> None:
    assert at_confidence(0.95) == at_confidence(None) == ""
    assert at_confidence(0.99) == " at confidence 0.99"
