from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from mltoolkit import approvals
from mltoolkit.approvals import Approval
from mltoolkit.evidence import Evidence, Rows
from mltoolkit.gate import Verdict
from mltoolkit.report import summary
from mltoolkit.rules.base import Answer, Finding, Mode, Need, Policy
from mltoolkit.rules.numbers import Estimate

Build = Callable[..., Any]
A_DIGEST = f"sha256:{'a' * 64}"
REASON = "Autumn is short of late flights"


@pytest.fixture
def told(evidence: Callable[..., Evidence], verdict: Callable[..., Verdict]) -> Build:
    """The headline on evidence of thirty days and some findings."""

    def tell(*findings: Finding, approval: Approval | str | None = None, **changes: Any) -> str:
        made = evidence(**changes)
        if made.rows is not None:
            made = msgspec.structs.replace(made, rows=msgspec.structs.replace(made.rows, group=("date",)))
        return summary.headline(made, verdict(made, *findings), approval)

    return tell


def test_three_sentences_say_what_was_asked_seen_and_follows(told: Build, finding: Build) -> None:
    assert told(finding()).split("\n\n") == [
        "## ✅ promote: toy → local",
        (
            "**Asked:** may model `aaaaaaaaaaaa` go to local, with no champion to compare with"
            " (nothing is live on local yet), on 1,000 rows in 30 days? 1 of 1 rules can stop it."
        ),
        told(finding()).split("\n\n")[2],
        "**What follows:** `mltoolkit deploy` may bring it live.",
    ]


def test_a_rejection_says_what_failed_and_that_nobody_signs_for_a_no(told: Build, finding: Build) -> None:
    content = told(finding(), finding(Answer.FAIL, reason="roc-auc is 0.51, under the floor 0.6"))

    assert "## ❌ reject" in content
    assert "**Seen:** roc-auc is 0.51, under the floor 0.6." in content
    assert "nobody can sign for a no" in content


def test_cannot_tell_says_what_would_settle_it_and_who_may_sign(told: Build, finding: Build) -> None:
    open_ = finding(Answer.UNKNOWN, reason="the gain is 0.007", need=Need(rows=36500, groups=41))
    content = told(finding(), open_)

    assert "## ❔ cannot tell" in content
    assert (
        "**Seen:** 1,000 rows in 30 days cannot show that this model beats the base rate in brier. It looks"
        " 0.007 better, and on other days like these it may be anything from -0.001 to 0.015 (95 % interval)."
    ) in content
    assert "36,500 rows in 41 days would settle the open rule, four times in five" in content
    assert "`mltoolkit approve --reason TEXT`" in content


@pytest.mark.parametrize(
    ("kind", "over", "words"),
    [
        ("better-than", "champion", "cannot show that this model beats the champion in brier"),
        ("no-worse-than", "anchor", "cannot show that this model is no worse than the anchor in brier"),
        ("absolute", None, "do not answer “brier better than base-rate”"),
    ],
)
def test_an_open_question_is_told_in_words(
    told: Build, finding: Build, kind: str, over: str | None, words: str
) -> None:
    assert f"**Seen:** 1,000 rows in 30 days {words}. It looks 0.007" in told(
        finding(Answer.UNKNOWN, kind=kind, over=over)
    )


def test_an_open_question_about_a_number_that_nobody_knows_says_why(told: Build, finding: Build) -> None:
    hidden = finding(Answer.UNKNOWN, estimate=Estimate(n=1000, groups=30), reason="the numbers are withheld")
    content = told(hidden, finding(Answer.UNKNOWN))

    assert "beats the base rate in brier: the numbers are withheld. 1 more rule would stop it too." in content


def test_what_no_rows_settle_is_said(told: Build, finding: Build) -> None:
    tie = finding(Answer.UNKNOWN, need=Need(reason="no number of rows settles a tie"))

    assert "No count of rows can be promised: no number of rows settles a tie." in told(tie)
    assert "What is missing is named below." in told(finding(Answer.UNKNOWN, estimate=None))
    assert "A rule that can pass would have to apply." in told(finding(Answer.NOT_APPLICABLE))


def test_rows_are_promised_to_the_rules_that_they_would_settle_and_to_no_other(
    told: Build, finding: Build
) -> None:
    one, other = (finding(Answer.UNKNOWN, need=Need(rows=rows)) for rows in (2249, 900))
    tie = finding(Answer.UNKNOWN, need=Need(reason="how far it truly is from the bound is not known"))

    assert (
        "In all 2,249 rows would settle 2 of the 3 open rules, each four times in five; what that supposes, and"
        " what the other would need stand below."
    ) in told(one, other, tie)
    assert "would settle the 2 open rules, each four times in five; what that supposes stands below." in told(
        one, other
    )


def test_what_only_warns_is_not_what_decided(told: Build, finding: Build) -> None:
    warned = finding(Answer.UNKNOWN, mode=Mode.WARN, estimate=None, reason="nobody waits for this")
    content = told(warned, finding(Answer.UNKNOWN, estimate=None, reason="all wait for this"))

    assert "all wait for this" in content
    assert "nobody waits for this" not in content


def test_slices_that_cannot_be_told_hold_nothing_up(told: Build, finding: Build) -> None:
    slices = finding(Answer.UNKNOWN, kind="slice", blocks_when_unknown=False, reason="too few rows")
    content = told(slices, finding(Answer.UNKNOWN, reason="this holds it up"))

    assert "**Seen:** 1,000 rows in 30 days cannot show" in content
    assert "too few rows" not in content


def test_an_approval_is_shown_with_who_when_and_why(
    told: Build, finding: Build, evidence: Callable[..., Evidence], verdict: Callable[..., Verdict]
) -> None:
    signed_for = verdict(evidence(), finding(Answer.UNKNOWN))
    approval = approvals.sign(
        signed_for, A_DIGEST, by="grace <g@b.example>", at="2013-12-01T08:00:00+00:00", reason=REASON
    )
    content = told(finding(Answer.UNKNOWN), approval=approval)

    assert content.startswith("## ❔ cannot tell, approved: toy → local")
    assert (
        f"✍️ Approved by grace &#60;g&#64;b.example&#62; on 2013-12-01T08&#58;00&#58;00+00&#58;00: “{REASON}”"
        in content
    )
    assert "`mltoolkit approve" not in content
    assert "a person has signed for it" in content


def test_an_approval_that_does_not_count_is_told(told: Build, finding: Build) -> None:
    content = told(finding(Answer.UNKNOWN), approval="the approval is of another verdict")

    assert "signs for nothing: the approval is of another verdict." in content
    assert "`mltoolkit approve" in content
    assert "signs for nothing" not in told(finding(), approval="the approval is of another verdict")


def test_numbers_alone_have_no_confidence_and_name_no_model(told: Build, finding: Build) -> None:
    scalar = finding(estimate=Estimate(value=0.1), metric="file:profit", over=None)
    content = told(scalar, rows=None, challenger=None)

    assert "⚠️ No confidence available" in content
    assert "may these numbers pass, as they stand? 1 of 1 rules can stop it." in content
    assert "nothing can be deployed on them" in content


def test_a_dirty_tree_and_a_pull_request_are_told(
    told: Build, finding: Build, evidence: Callable[..., Evidence]
) -> None:
    origin = msgspec.structs.replace(evidence().provenance, dirty=True, event="pull_request")
    content = told(finding(), provenance=origin)

    assert "this cannot be deployed" in content
    assert "For show" in content


def test_a_change_that_nobody_has_merged_is_for_show_whatever_started_its_run(
    told: Build, finding: Build, evidence: Callable[..., Evidence]
) -> None:
    origin = msgspec.structs.replace(evidence().provenance, event="workflow_dispatch", ref="refs/pull/7/head")

    assert "For show" in told(finding(), provenance=origin)
    assert "For show" not in told(finding())


@pytest.mark.parametrize(
    ("group", "count", "words"),
    [
        (("date",), 30, "30 days"),
        (("flight_day",), 1, "1 day"),
        (("customer",), 1200, "1,200 groups of customer"),
        (("origin", "date"), 2, "2 groups of origin, date"),
        ((), 3, "3 groups"),
    ],
)
def test_groups_are_called_what_they_are(group: tuple[str, ...], count: int, words: str) -> None:
    rows = Rows(path="r", digest=f"sha256:{'a' * 64}", count=9, id="i", target="t", group=group)

    assert summary.units(rows, count) == words


def test_whose_rules_decided_and_what_the_commit_changed_is_shown() -> None:
    assert summary.policy(Policy()) == ""
    same = summary.policy(Policy(base="b" * 40))
    assert "The rules of the base commit `bbbbbbbbbbbb` decided" in same
    assert "changes none of them" in same
    changed = summary.policy(Policy(base="b" * 40, changed=("rules: at-least 0.6 -> 0.5", "@all <b>")))
    assert "- rules: at-least 0.6 -&#62; 0.5" in changed
    assert "@all" not in changed
    assert "cannot be told: it is not here." in summary.policy(Policy(reason="it is not here"))
