from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt

from mltoolkit import gate, report
from mltoolkit.checks import Check, CheckedFile, ContractFinding, Outcome, Severity, ours
from mltoolkit.evidence import Evidence, Measurement, Prepared, Subject, Tried
from mltoolkit.metrics import Baseline, Task
from mltoolkit.report import Change, Comparison
from mltoolkit.rules import Absolute, BetterThanBaseline

Build = Callable[..., Evidence]
A = f"sha256:{'a' * 64}"
RULES = (
    BetterThanBaseline(metric="brier", baseline=Baseline.BASE_RATE),
    Absolute(metric="roc-auc", at_least=0.6),
)
NOTHING = Comparison(reason="this is the first commit")


def render(evidence: Evidence, comparison: Comparison = NOTHING, prepared: Prepared | None = None) -> str:
    verdict = gate.decide(evidence, RULES, evidence_digest=evidence.rows.digest)
    return report.render(evidence, verdict, comparison=comparison, prepared=prepared)


def test_the_verdict_comes_first(evidence: Build) -> None:
    assert render(evidence()).startswith("## ✅ promote: toy → local\n\n**all 2 blocking rules passed**")


def test_a_rejection_names_its_reason_first_and_its_rule_first(evidence: Build) -> None:
    poor = tuple(
        msgspec.structs.replace(m, value=0.51) if (m.metric, m.of) == ("roc-auc", "challenger") else m
        for m in evidence().measurements
    )
    content = render(evidence(measurements=poor))

    assert content.splitlines()[:3] == [
        "## ❌ reject: toy → local",
        "",
        "**roc-auc is 0.51, under the floor 0.6**",
    ]
    rules = content[content.index("### Rules") :]
    assert rules.index("❌ roc-auc") < rules.index("✅ brier")


def test_the_champion_stands_beside_the_challenger_with_the_difference(evidence: Build) -> None:
    champion = Subject(digest=f"sha256:{'d' * 64}", path="kept", flavor="sklearn", probabilities=True)
    measured = (
        *evidence().measurements,
        Measurement(metric="roc-auc", of="champion", value=0.72, n=1000),
        Measurement(metric="brier", of="champion", value=0.125, n=1000),
    )
    content = render(evidence(champion=champion, no_champion=None, measurements=measured))

    assert "| roc-auc ↑ | 0.7 | 0.72 | 0.5 |  | -0.02 worse |" in content
    assert "| brier ↓ | 0.12 | 0.125 | 0.15 |  | -0.005 better |" in content


def test_a_value_that_does_not_exist_is_shown_as_such(evidence: Build) -> None:
    measured = (
        *evidence().measurements,
        Measurement(metric="precision", of="challenger", reason="one class"),
    )

    assert "| precision ↑ | not defined |" in render(evidence(measurements=measured))


def test_slices_are_worst_first_and_what_is_left_out_is_counted(evidence: Build) -> None:
    sliced = tuple(
        Measurement(metric="roc-auc", of="challenger", slice=f"carrier=C{at:02}", value=0.5 + at / 100, n=50)
        for at in range(20)
    )
    content = render(evidence(measurements=(*evidence().measurements, *sliced)))

    assert content.index("carrier=C00") < content.index("carrier=C14")
    assert "carrier=C15" not in content
    assert "5 better slices are not shown" in content


def test_the_leaderboard_marks_what_was_chosen(evidence: Build) -> None:
    board = (
        Tried(estimator="boosted", kind="histogram-gradient-boosting", metrics={"brier": 0.13}, chosen=True),
        Tried(estimator="linear", kind="logistic-regression", metrics={"brier": 0.14}, chosen=False),
    )
    content = render(evidence(leaderboard=board))

    assert "| **boosted** (chosen) | histogram-gradient-boosting | 0.13 |" in content
    assert "| linear | logistic-regression | 0.14 |" in content


def test_changes_since_the_base_are_listed_with_before_and_after(evidence: Build) -> None:
    comparison = Comparison(
        base="f" * 40,
        parameters=(Change(what="ingest.until", before="2013-10", after="2013-11"),),
        data=(Change(what="data/flights.parquet", before=None, after="abc (1 bytes)"),),
    )
    content = render(evidence(), comparison)

    assert "### Changes since `ffffffffffff`" in content
    assert "| ingest.until | 2013-10 | 2013-11 |" in content
    assert "| data/flights.parquet |  | abc (1 bytes) |" in content


def test_without_a_base_the_reason_is_given(evidence: Build) -> None:
    assert "Not compared: this is the first commit." in render(evidence())


def test_a_dirty_tree_and_a_pull_request_are_told(evidence: Build) -> None:
    origin = msgspec.structs.replace(evidence().provenance, dirty=True, event="pull_request")
    content = render(evidence(provenance=origin))

    assert "this cannot be deployed" in content
    assert "For show" in content


def test_data_and_provenance_are_folded(evidence: Build) -> None:
    prepared = Prepared(
        task=Task.BINARY,
        id="row_id",
        target="target",
        positive="1",
        numeric=("a",),
        categorical=("b",),
        impute={},
        splits={"train": 1234, "evaluation": 56},
        classes={"0": 900, "1": 334},
        mean=None,
        digests={},
    )
    content = render(evidence(), prepared=prepared)

    assert "| train | 1,234 |" in content
    assert "2 features (1 numbers, 1 names)" in content
    assert content.count("<details>") == content.count("</details>") == 3
    assert "`cccccccccccccccccccccccccccccccccccccccc`" in content


@pytest.mark.parametrize("name", ["a|b", "@all", "<img src=x>", "x\n| y |", "[a](http://b.example)", "`"])
def test_hostile_names_break_nothing(evidence: Build, name: str) -> None:
    sliced = Measurement(metric="roc-auc", of="challenger", slice=f"c={name}", value=0.4, n=50)
    further = Measurement(metric=f"file:{name}", of="challenger", value=1.0)
    made = evidence(measurements=(*evidence().measurements, sliced, further))
    rendered = MarkdownIt("gfm-like").render(render(made))

    assert "<a " not in rendered
    assert "<img" not in rendered
    assert rendered.count("<table>") == 5


def test_ten_thousand_metrics_and_five_hundred_slices_fit_into_a_comment(evidence: Build) -> None:
    many = tuple(Measurement(metric=f"file:m{at}", of="challenger", value=float(at)) for at in range(10_000))
    sliced = tuple(
        Measurement(metric="roc-auc", of="challenger", slice=f"c={'v' * 300}{at}", value=0.5, n=50)
        for at in range(500)
    )
    content = render(evidence(measurements=(*evidence().measurements, *many, *sliced)))

    assert len(content) < report.LIMIT


def contracted(*findings: ContractFinding, **changes: Any) -> report.Contract:
    file = CheckedFile(
        path="data/flights.parquet",
        digest=A,
        suite="suite.json",
        suite_digest=A,
        rows=100,
        findings=findings,
    )
    return report.Contract(checks=(Check(tool="test", model="toy", files=(file,), **changes),))


def with_contract(evidence: Evidence, contract: report.Contract | None) -> str:
    verdict = gate.decide(evidence, RULES, evidence_digest=evidence.rows.digest)
    return report.render(evidence, verdict, comparison=NOTHING, contract=contract)


def test_the_data_contract_is_shown_worst_first_with_counts(evidence: Build) -> None:
    met = ours("minimum-rows", Outcome.MET, "there are 100 rows")
    noted = ours("null-budget", Outcome.VIOLATED, "some", severity=Severity.WARNING, unexpected=3)
    blocked = ours(
        "row-id", Outcome.VIOLATED, "twice", columns=("id",), unexpected=1234, examples=("<script>", "@ada")
    )
    content = with_contract(evidence(), contracted(met, noted, blocked))

    assert "❌ data/flights.parquet: 1 of 3 rules are met." in content
    assert content.index("❌ row-id") < content.index("null-budget")
    assert "| id | violated | critical | 1,234 |" in content
    assert "<script>" not in content
    assert "@ada" not in content


def test_hostile_names_in_the_contract_stay_text(evidence: Build) -> None:
    name = "a|b\n\n# title ![x](y) <img src=x> @team #1"
    found = ours("row-id", Outcome.NOT_EVALUATED, f"no column {name}", columns=(name,))
    content = with_contract(evidence(), contracted(found))

    tokens = MarkdownIt("gfm-like").parse(content)
    kinds = {child.type for token in tokens for child in token.children or ()} | {
        each.type for each in tokens
    }
    assert not {"image", "link_open", "html_inline"} & kinds
    assert [token.tag for token in tokens if token.type == "heading_open"].count("h1") == 0


def test_what_is_missing_of_the_contract_is_said(evidence: Build) -> None:
    found = contracted(ours("row-id", Outcome.MET, "fine"), left_out=("data/other.parquet",))
    content = with_contract(evidence(), msgspec.structs.replace(found, remarks=("run mltoolkit check",)))

    assert "⚠️ Not checked: data/other.parquet." in content
    assert "⚠️ run mltoolkit check" in content
    assert "### Data contract" not in with_contract(evidence(), None)


def test_many_violations_are_counted_not_listed(evidence: Build) -> None:
    many = [ours(f"rule-{at}", Outcome.VIOLATED, "no") for at in range(30)]
    content = with_contract(evidence(), contracted(*many))

    assert "rule-19" in content
    assert "rule-20" not in content
    assert "10 more are in check.json" in content
