from collections.abc import Callable
from typing import Any

import msgspec
from markdown_it import MarkdownIt

from mltoolkit.checks import Check, CheckedFile, ContractFinding, Outcome, Severity, ours
from mltoolkit.evidence import Costs, Evidence
from mltoolkit.gate import Verdict
from mltoolkit.metrics import Task
from mltoolkit.report import origin
from mltoolkit.report.origin import Change, Comparison, Contract
from mltoolkit.training import Prepared

A = f"sha256:{'a' * 64}"
PREPARED = Prepared(
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


def test_changes_since_the_base_are_listed_with_before_and_after() -> None:
    content = origin.changes(
        Comparison(
            base="f" * 40,
            parameters=(Change(what="ingest.until", before="2013-10", after="2013-11"),),
            data=(Change(what="data/flights.parquet", before=None, after="abc (1 bytes)"),),
        )
    )

    assert "### Changes since `ffffffffffff`" in content
    assert "| ingest.until | 2013-10 | 2013-11 |" in content
    assert "| data/flights.parquet |  | abc (1 bytes) |" in content


def test_without_a_base_the_reason_is_given() -> None:
    content = origin.changes(Comparison(reason="this is the first commit"))

    assert "Not compared: this is the first commit." in content


def test_training_rows_and_what_the_model_takes_are_folded(evidence: Callable[..., Evidence]) -> None:
    costs = Costs(size=137_000, memory=210_000_000, scoring=0.0123, latency=0.0045)
    asks = evidence().challenger
    assert asks is not None
    challenger = msgspec.structs.replace(asks, costs=costs)
    content = origin.data(evidence(challenger=challenger), PREPARED)

    assert "| train | 1,234 |" in content
    assert "2 features (1 numbers, 1 names)" in content
    assert "0.137 MB on disk, 210 MB of memory, 0.0123 s for a thousand rows, 4.5 ms for one" in content
    assert "0.137 MB" in origin.data(evidence(challenger=challenger), None)
    assert origin.data(evidence(), None) == ""


def test_every_digest_that_the_verdict_rests_on_is_told(
    evidence: Callable[..., Evidence], verdict: Callable[..., Verdict], finding: Callable[..., Any]
) -> None:
    asks = evidence().challenger
    assert asks is not None
    made = evidence(anchor=msgspec.structs.replace(asks, digest=f"sha256:{'9' * 64}"))
    content = origin.provenance(made, verdict(made, finding(), suites=f"sha256:{'8' * 64}"))

    for digit in "a98ef":
        assert f"`sha256:{digit * 64}`" in content
    assert "`cccccccccccccccccccccccccccccccccccccccc`" in content


def contracted(*findings: ContractFinding, **changes: Any) -> Contract:
    file = CheckedFile(
        path="data/flights.parquet",
        digest=A,
        suite="suite.json",
        suite_digest=A,
        rows=100,
        findings=findings,
    )
    return Contract(checks=(Check(tool="test", model="toy", files=(file,), **changes),))


def test_the_data_contract_is_shown_worst_first_with_counts() -> None:
    met = ours("minimum-rows", Outcome.MET, "there are 100 rows")
    noted = ours("null-budget", Outcome.VIOLATED, "some", severity=Severity.WARNING, unexpected=3)
    blocked = ours(
        "row-id", Outcome.VIOLATED, "twice", columns=("id",), unexpected=1234, examples=("<script>", "@ada")
    )
    content = origin.contract(contracted(met, noted, blocked))

    assert "❌ data/flights.parquet: 1 of 3 rules are met." in content
    assert content.index("❌ row-id") < content.index("null-budget")
    assert "| id | violated | critical | 1,234 |" in content
    assert "<script>" not in content
    assert "@ada" not in content


def test_hostile_names_in_the_contract_stay_text() -> None:
    name = "a|b\n\n# title ![x](y) <img src=x> @team #1"
    found = ours("row-id", Outcome.NOT_EVALUATED, f"no column {name}", columns=(name,))
    content = origin.contract(contracted(found))

    tokens = MarkdownIt("gfm-like").parse(content)
    kinds = {child.type for token in tokens for child in token.children or ()} | {
        each.type for each in tokens
    }
    assert not {"image", "link_open", "html_inline"} & kinds
    assert [token.tag for token in tokens if token.type == "heading_open"].count("h1") == 0


def test_what_is_missing_of_the_contract_is_said() -> None:
    found = contracted(ours("row-id", Outcome.MET, "fine"), left_out=("data/other.parquet",))
    content = origin.contract(msgspec.structs.replace(found, remarks=("run mltoolkit check",)))

    assert "⚠️ Not checked: data/other.parquet." in content
    assert "⚠️ run mltoolkit check" in content
    assert "### Data contract" not in origin.contract(None)


def test_many_violations_are_counted_not_listed() -> None:
    many = [ours(f"rule-{at}", Outcome.VIOLATED, "no") for at in range(30)]
    content = origin.contract(contracted(*many))

    assert "rule-19" in content
    assert "rule-20" not in content
    assert "10 more are in check.json" in content
