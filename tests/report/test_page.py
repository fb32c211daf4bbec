from collections.abc import Callable
from typing import Any

import pytest
from markdown_it import MarkdownIt

from mltoolkit.evidence import Evidence, Measurement
from mltoolkit.report import page
from mltoolkit.rules.base import Answer, Part
from mltoolkit.rules.numbers import Estimate

Build = Callable[..., Evidence]
Made = Callable[..., Any]
ESTIMATE = Estimate(value=-0.1, low=-0.2, high=0.0, confidence=0.99, n=50)


def test_the_verdict_comes_first(evidence: Build, render: Made) -> None:
    assert render(evidence()).startswith("## ✅ promote: toy → local\n\n**Asked:** ")


def test_everything_is_in_its_place(evidence: Build, render: Made, finding: Made) -> None:
    part = Part(slice="c=1", metric="accuracy", answer=Answer.FAIL, estimate=ESTIMATE)
    content = render(evidence(), finding(), finding(rule="slices", parts=(part,)))

    found = [line for line in content.splitlines() if line.startswith("### ")]
    assert found == ["### Rules", "### Intervals", "### Slices, worst first", "### Metrics", "### Changes"]
    assert content.count("<details>") == content.count("</details>") == 3


def test_numbers_alone_make_a_report(evidence: Build, render: Made, finding: Made) -> None:
    scalar = finding(metric="file:profit", over=None, estimate=Estimate(value=3.0))
    profit = Measurement(metric="file:profit", of="challenger", value=3.0)
    content = render(
        evidence(
            rows=None,
            challenger=None,
            task=None,
            baselines=(),
            measurements=(profit,),
            worst=(),
            predictions=None,
            golden=None,
        ),
        scalar,
    )

    assert "No confidence available" in content
    assert "### Intervals" not in content
    assert "| file&#58;profit | 3 |" in content


def test_coarse_disclosure_tells_only_what_the_verdict_does(
    evidence: Build, render: Made, finding: Made
) -> None:
    sliced = Measurement(metric="roc-auc", of="challenger", slice="carrier=UA", value=0.4321, n=50)
    made = evidence(measurements=(*evidence().measurements, sliced))
    withheld = finding(Answer.UNKNOWN, estimate=Estimate(reason="withheld"), reason="not told")
    full, coarse = render(made, withheld), render(made, withheld, coarse=True)

    for number in ("0.12", "0.85", "0.4321", "1.9602"):
        assert number in full
        assert number not in coarse
    assert "disclose: coarse" in coarse


@pytest.mark.parametrize(
    "name", ["a|b", "@all", "<img src=x>", "x\n| y |", "[a](http://b.example)", "`", "```"]
)
def test_hostile_names_break_nothing(evidence: Build, render: Made, finding: Made, name: str) -> None:
    sliced = Measurement(metric="roc-auc", of="challenger", slice=f"c={name}", value=0.4, n=50)
    further = Measurement(metric=f"file:{name}", of="challenger", value=1.0)
    made = evidence(measurements=(*evidence().measurements, sliced, further), faults={name: name})
    part = Part(slice=f"c={name}", metric="accuracy", answer=Answer.UNKNOWN, estimate=ESTIMATE)
    content = render(
        made,
        finding(Answer.UNKNOWN, rule=name, reason=name, slice=name, over=None, metric=f"file:{name}"),
        finding(Answer.UNKNOWN, rule="slices", parts=(part,)),
        approval=name,
    )
    rendered = MarkdownIt("gfm-like").render(content)

    assert "<a " not in rendered
    assert "<img" not in rendered
    assert rendered.count("<table>") == 5
    assert rendered.count("<pre>") == 2


def test_ten_thousand_metrics_and_five_hundred_slices_fit_into_a_comment(
    evidence: Build, render: Made, finding: Made
) -> None:
    many = tuple(Measurement(metric=f"file:m{at}", of="challenger", value=float(at)) for at in range(10_000))
    sliced = tuple(
        Measurement(metric="roc-auc", of="challenger", slice=f"c={'v' * 300}{at}", value=0.5, n=50)
        for at in range(500)
    )
    rules = [finding(rule=f"{'r' * 300}{at}", reason="w" * 5000, metric=f"m{at}") for at in range(300)]
    content = render(evidence(measurements=(*evidence().measurements, *many, *sliced)), *rules)

    assert len(content) < page.LIMIT


def test_the_same_values_give_the_same_bytes(evidence: Build, render: Made) -> None:
    assert render(evidence()) == render(evidence())
