from collections.abc import Callable
from typing import Any

import msgspec

from mltoolkit.evidence import Evidence, Rows
from mltoolkit.report import findings
from mltoolkit.rules import disclosure
from mltoolkit.rules.base import Answer, Mode, Need, Part
from mltoolkit.rules.numbers import Estimate

Build = Callable[..., Any]
HARM = Estimate(value=-0.08, low=-0.12, high=-0.06, confidence=0.999, n=300, groups=30, p=0.0001)
FINE = Estimate(value=0.01, low=-0.03, high=0.05, confidence=0.999, n=900, groups=30, p=0.5)


def rows(evidence: Callable[..., Evidence], **changes: Any) -> Rows:
    found = evidence().rows
    assert found is not None
    return msgspec.structs.replace(found, **changes)


def test_what_failed_is_first_and_what_blocks_before_what_warns(finding: Build) -> None:
    content = findings.table_of(
        [
            finding(rule="passes"),
            finding(Answer.FAIL, rule="warns", mode=Mode.WARN),
            finding(Answer.FAIL, rule="blocks"),
            finding(Answer.UNKNOWN, rule="cannot tell"),
        ]
    )

    order = [
        content.index(f"{mark} {rule} |")
        for mark, rule in (("❌", "blocks"), ("❌", "warns"), ("❔", "cannot tell"), ("✅", "passes"))
    ]
    assert order == sorted(order)


def test_every_number_of_a_finding_has_its_cell(finding: Build) -> None:
    content = findings.table_of([finding(Answer.UNKNOWN, need=Need(rows=36500, groups=41))])

    assert "| Rule | Mode | Answer | Estimate | Bound | Rows | p at the bound | Would settle it |" in content
    assert "| unknown | 0.007 (-0.001 to 0.015) | 0 | 1,000 in 30 | 0.08 | 36,500 in 41 |" in content
    assert "- ❔ brier is 0.007 better than base-rate's" in content


def test_what_is_withheld_and_what_blocks_only_shown_harm_is_said(finding: Build) -> None:
    hidden = Estimate(n=1000, reason=disclosure.WITHHELD)
    content = findings.table_of([finding(Answer.UNKNOWN, estimate=hidden, blocks_when_unknown=False)])

    assert "| block, if harm is shown | unknown | withheld | 0 | 1,000 |" in content


def test_what_was_measured_without_an_interval_is_no_picture(
    evidence: Callable[..., Evidence], finding: Build
) -> None:
    size = finding(kind="budget", metric="size", over=None, estimate=Estimate(value=137_000.0))

    assert findings.pictures([size], rows(evidence)) == ""


def test_columns_that_nobody_fills_are_left_out(finding: Build) -> None:
    content = findings.table_of([finding(estimate=None, threshold=None)])

    assert "| Rule | Mode | Answer |\n" in content


def test_findings_of_one_unit_share_a_picture(evidence: Callable[..., Evidence], finding: Build) -> None:
    content = findings.pictures(
        [
            finding(),
            finding(over="champion", threshold=-0.01),
            finding(
                metric="roc-auc",
                over=None,
                threshold=0.6,
                estimate=Estimate(value=0.7, low=0.65, high=0.75, confidence=0.95),
            ),
        ],
        rows(evidence, group=("date",)),
    )

    assert content.count("```text") == 2
    assert "**gain in brier**, to the right is better" in content
    assert "**roc-auc**\n" in content
    assert "its 95 % interval" in content
    assert "Intervals speak of other days like these, not of next month" in content
    assert "the 30 days count, not the rows" in content


def test_dates_without_a_group_are_a_warning(evidence: Callable[..., Evidence], finding: Build) -> None:
    warned = findings.pictures([finding()], rows(evidence, dates=("date",)))
    grouped = findings.pictures([finding()], rows(evidence, dates=("date",), group=("date",)))

    assert "The rows have dates (date) and no `group` is set" in warned
    assert "no `group` is set" not in grouped


def test_numbers_alone_have_no_picture(finding: Build) -> None:
    assert findings.pictures([finding(estimate=Estimate(value=0.1))], None) == ""


def test_slices_are_drawn_worst_first_with_their_margin(finding: Build) -> None:
    parts = (
        Part(slice="carrier=UA", metric="accuracy", answer=Answer.FAIL, estimate=HARM),
        *(
            Part(slice=f"origin=O{at}", metric="accuracy", answer=Answer.PASS, estimate=FINE)
            for at in range(20)
        ),
    )
    content = findings.slices(
        [finding(), finding(Answer.FAIL, kind="slice", over="champion", threshold=-0.05, parts=parts)]
    )

    assert "**gain in accuracy over the champion**" in content
    assert content.index("✗ carrier=UA") < content.index("✓ origin=O0")
    assert "origin=O14" not in content
    assert "6 better slices are in verdict.json" in content
    assert "adjusted for the number of slices" in content
    assert "-0.08 [-0.12, -0.06]" in content
    assert findings.slices([finding()]) == ""


def test_slices_of_too_few_rows_say_so_where_the_interval_seems_fine(finding: Build) -> None:
    scarce = Part(slice="carrier=FL", metric="accuracy", answer=Answer.UNKNOWN, estimate=FINE)
    content = findings.slices([finding(Answer.UNKNOWN, over="champion", threshold=-0.05, parts=(scarce,))])

    assert "[-0.03, 0.05] too few\n" in content
    assert "have too few rows for so small a margin" in content


def test_hundreds_of_rules_are_counted(finding: Build) -> None:
    assert "60 more rules are in verdict.json" in findings.table_of(
        [finding(rule=f"r{at}") for at in range(100)]
    )
