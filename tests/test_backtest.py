from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mltoolkit import backtest, files, gate
from mltoolkit.archive import Kept
from mltoolkit.backtest import Again
from mltoolkit.gate import Decision
from mltoolkit.ledger import Ledger
from mltoolkit.rules.absolute import Absolute
from mltoolkit.rules.base import Answer, Finding, Mode

Judge = Callable[..., None]

LOW = Absolute(metric="roc-auc", at_least=0.6)
HIGH = Absolute(metric="roc-auc", at_least=0.99, mode=Mode.DRY_RUN)


@pytest.fixture
def kept(toy: Path, judge: Judge) -> tuple[Kept, Path]:
    """Evidence of a good model, as if it was taken out of the archive."""
    judge(toy)
    folder = toy / "reports" / "toy"
    about = Kept(
        model="toy",
        commit="c" * 40,
        evidence=files.digest_file(folder / "evidence.json"),
        decision=Decision.PROMOTE,
        at="2026-11-24T07:00:00+00:00",
        by="Ada",
        files=("evidence.json",),
    )
    return about, folder


def decide(kept: tuple[Kept, Path], *rules: Absolute) -> Again:
    (found,) = backtest.decide([kept], rules, Ledger())
    return found


def test_the_same_rules_decide_the_same(kept: tuple[Kept, Path]) -> None:
    found = decide(kept, LOW)

    assert (found.then, found.now, found.rule, found.trials, found.strict) == (
        Decision.PROMOTE,
        Decision.PROMOTE,
        None,
        (),
        None,
    )
    assert backtest.text((found,)).splitlines()[-1] == "1 judged: 1 promoted then, 1 now; 0 differ"


def test_a_rule_on_trial_tells_what_it_would_cost(kept: tuple[Kept, Path]) -> None:
    found = decide(kept, LOW, HIGH)

    assert (found.now, found.strict) == (Decision.PROMOTE, Decision.REJECT)
    assert found.trials[0].startswith("roc-auc >= 0.99")
    told = backtest.text((found,)).splitlines()
    assert told[0].startswith("cccccccccccc 2026-11-24 promote: ")
    assert told[1].startswith("  dry-run would stop it: roc-auc >= 0.99")
    assert told[2] == "  if the rules in dry-run blocked: reject"


def test_the_rule_that_decides_is_named(kept: tuple[Kept, Path]) -> None:
    found = decide(kept, LOW, Absolute(metric="roc-auc", at_least=0.99))

    assert found.now is Decision.REJECT
    assert found.rule == Absolute(metric="roc-auc", at_least=0.99).question
    assert " promote -> reject: roc-auc >= 0.99" in backtest.text((found,))


@pytest.mark.parametrize("name", ["evidence.json", "predictions.parquet"])
def test_evidence_that_cannot_be_judged_says_so_and_stops_nothing(kept: tuple[Kept, Path], name: str) -> None:
    (kept[1] / name).write_bytes(b"damaged")
    found = decide(kept, LOW)

    assert (found.now, found.strict) == (None, None)
    assert " promote -> cannot be judged: " in backtest.text((found,))


def test_a_rule_whose_unknown_does_not_block_is_not_the_one_that_decides(kept: tuple[Kept, Path]) -> None:
    verdict = files.load(kept[1] / "verdict.json", gate.Verdict)
    unknown = Finding(
        rule="a",
        kind="slice",
        mode=Mode.BLOCK,
        answer=Answer.UNKNOWN,
        reason="?",
        blocks_when_unknown=False,
    )
    deciding = Finding(rule="b", kind="absolute", mode=Mode.BLOCK, answer=Answer.UNKNOWN, reason="?")
    for findings, wanted in (((unknown, deciding), deciding), ((unknown,), None)):
        changed = msgspec.structs.replace(verdict, decision=Decision.INCONCLUSIVE, findings=findings)
        assert backtest.deciding(changed) == wanted
