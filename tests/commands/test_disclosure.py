"""What the commands tell under ``disclose: coarse``: terminal, JSON, plan, verdict and report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mltoolkit import files
from mltoolkit.gate import Verdict

Call = Callable[..., Any]
Judge = Callable[..., None]

ASKED = """\
        - {kind: absolute, metric: roc-auc, at-least: 0.6, confidence: 0.95}
        - {kind: no-worse-than, metric: roc-auc, margin: 0.25, mode: warn}
        - {kind: better-than-baseline, metric: brier, baseline: base-rate}
        - {kind: calibration, mode: warn}
"""
COARSE = "        - {kind: reuse, budget: 1, disclose: coarse}\n"


def rules(root: Path, text: str) -> None:
    lines = (root / "params.yaml").read_text().split("      rules:\n")[0]
    (root / "params.yaml").write_text(lines + f"      rules:\n{text}")


def verdict(root: Path) -> Verdict:
    return files.load(root / "reports" / "toy" / "verdict.json", Verdict)


def said(cli: Call, root: Path) -> list[str]:
    """Return everything that the gate and the report say."""
    ways: tuple[tuple[str, ...], ...] = (("--plan",), ("--plan", "--json"), ("--json",), ())
    told = [cli("gate", "--project", root, *more).out for more in ways]
    cli("report", "--project", root)
    folder = root / "reports" / "toy"
    return [*told, (folder / "verdict.json").read_text(), (folder / "report.md").read_text()]


def test_no_number_of_a_good_model_is_told(cli: Call, toy: Path, judge: Judge) -> None:
    judge(toy)
    rules(toy, ASKED)
    full = said(cli, toy)
    numbers = {
        f"{number:.4g}"
        for each in verdict(toy).findings
        if each.estimate is not None
        for number in (each.estimate.value, each.estimate.low, each.estimate.high)
        if number is not None and len(f"{number:.4g}") > 5
    }
    answers = {each.rule: each.answer for each in verdict(toy).findings if each.estimate is not None}
    rules(toy, ASKED + COARSE)
    coarse = said(cli, toy)

    assert len(numbers) >= 8
    assert [number for number in numbers if not any(number in told for told in full)] == []
    assert [number for number in numbers if any(number in told for told in coarse)] == []
    assert {each.rule: each.answer for each in verdict(toy).findings if each.rule in answers} == answers
    assert ["withheld (`disclose: coarse`)" in told for told in coarse] == [True] * 5 + [False]
    assert "withheld" in coarse[-1]


def test_no_number_of_a_model_that_cannot_be_told_is_told(cli: Call, toy: Path, judge: Judge) -> None:
    rules(toy, ASKED + COARSE)
    judge(toy, quality="unclear")

    told = "\n".join(said(cli, toy))

    assert "roc-auc is 0." not in told
    assert all(
        each.estimate is None or (each.estimate.value, each.estimate.p, each.estimate.spread) == (None,) * 3
        for each in verdict(toy).findings
    )
