from collections.abc import Callable

import msgspec
import pytest

from mltoolkit import gate
from mltoolkit.evidence import Evidence
from mltoolkit.gate import Decision
from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import Answer, Facts, Finding, Mode, Policy
from mltoolkit.rules.policy import PolicyChanged
from mltoolkit.scalars import ScalarNumbers

BASE = "b" * 40
Build = Callable[..., Evidence]


def answered(evidence: Evidence, policy: Policy) -> Finding:
    facts = Facts(evidence=evidence, numbers=ScalarNumbers(evidence=evidence), policy=policy)
    return PolicyChanged().answer(facts)


@pytest.mark.parametrize(
    ("policy", "answer", "said"),
    [
        (Policy(base=BASE), Answer.PASS, "nothing of them changed since bbbbbbbbbbbb"),
        (Policy(), Answer.NOT_APPLICABLE, "what decides here was merged"),
        (
            Policy(base=BASE, changed=("rows: a.parquet -> b.parquet",)),
            Answer.UNKNOWN,
            "a person has to approve: rows: a.parquet -> b.parquet",
        ),
        (Policy(base=BASE, changed=tuple("abcde")), Answer.UNKNOWN, "a; b; c; and 2 more"),
        (Policy(reason="the base was not fetched"), Answer.UNKNOWN, "the base was not fetched"),
        (
            Policy(base=BASE, fresh=("data/raw.csv",)),
            Answer.PASS,
            "the evaluation rows are others because their data are: data/raw.csv",
        ),
        (Policy(stale=("params.yaml", "the rules")), Answer.UNKNOWN, "params.yaml, the rules changed since"),
        (Policy(base=BASE, stale=("dvc.lock",), fresh=("a",)), Answer.UNKNOWN, "dvc.lock changed since"),
        # What cannot be read outweighs what was seen of it.
        (Policy(base=BASE, reason="not YAML"), Answer.UNKNOWN, "not YAML"),
    ],
)
def test_only_an_unchanged_policy_passes(evidence: Build, policy: Policy, answer: Answer, said: str) -> None:
    found = answered(evidence(), policy)

    assert found.answer is answer
    assert said in found.reason


@pytest.mark.parametrize("mode", [Mode.WARN, Mode.DRY_RUN])
def test_a_project_cannot_make_it_a_mere_warning(mode: Mode) -> None:
    with pytest.raises(ValueError, match="leave `mode` out"):
        msgspec.convert({"kind": "policy-changed", "mode": mode.value}, PolicyChanged)


FLOOR = Absolute(metric="roc-auc", at_least=0.6)


def judged(evidence: Evidence, policy: Policy, *rules: Absolute | PolicyChanged) -> gate.Verdict:
    numbers = ScalarNumbers(evidence=evidence)
    return gate.decide(evidence, numbers, rules, evidence_digest=f"sha256:{'e' * 64}", policy=policy)


def test_it_is_asked_whether_or_not_the_project_lists_it(evidence: Build) -> None:
    changed = Policy(base=BASE, changed=("rows: a -> b",))

    for rules in ((FLOOR,), (FLOOR, PolicyChanged())):
        assert judged(evidence(), changed, *rules).decision is Decision.INCONCLUSIVE
        assert judged(evidence(), Policy(base=BASE), *rules).decision is Decision.PROMOTE
        kinds = [found.kind for found in judged(evidence(), changed, *rules).findings]
        assert kinds == ["absolute", "policy-changed"]
    assert [found.kind for found in judged(evidence(), Policy(), FLOOR).findings] == ["absolute"]


def test_a_policy_that_is_unchanged_says_nothing_for_the_model(evidence: Build) -> None:
    assert judged(evidence(), Policy(base=BASE), PolicyChanged()).decision is Decision.INCONCLUSIVE
