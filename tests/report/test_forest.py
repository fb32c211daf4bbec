import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mltoolkit.report.forest import WIDTH, Bar, draw, padded
from mltoolkit.rules.base import Answer
from mltoolkit.rules.numbers import Estimate


def bar(
    low: float, value: float, high: float, bound: float | None = None, label: str = "over champion"
) -> Bar:
    estimate = Estimate(value=value, low=low, high=high, confidence=0.95)
    return Bar(label=label, answer=Answer.PASS, estimate=estimate, bound=bound)


def columns(words: str) -> int:
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in words
    )


def test_all_lines_of_a_picture_share_one_axis() -> None:
    drawn = draw([bar(-1.0, 0.0, 1.0), bar(0.0, 0.5, 1.0, label="over anchor")])

    assert drawn.splitlines() == [
        "```text",
        "✓ over champion                ├───────────────●───────────────┤ 0 [-1, 1]",
        "✓ over anchor                                  ├───────●───────┤ 0.5 [0, 1]",
        "                               -1                              1",
        "```",
    ]


def test_the_bound_is_marked_between_beside_and_on_the_interval() -> None:
    between, ends, beside, on = (
        draw([bar(-1.0, 0.0, 1.0, bound=bound), bar(-2.0, 0.0, 2.0)]).splitlines()[1]
        for bound in (0.5, 1.0, 1.5, 0.0)
    )

    assert "●───╂───┤" in between
    assert "●───────┨" in ends
    assert "┤   ┃" in beside
    assert "├───────●───────┤" in on
    assert "┃" not in on


def test_a_number_without_an_interval_is_a_dot_and_says_so() -> None:
    alone = Bar(label="roc-auc", answer=Answer.FAIL, estimate=Estimate(value=0.5), bound=0.6)
    line = draw([alone]).splitlines()[1]

    assert line.startswith("✗ roc-auc")
    assert "├" not in line
    assert line.endswith("0.5 (no interval)")


def test_numbers_that_nobody_knows_are_told_but_not_drawn() -> None:
    unknown = Bar(label="x", answer=Answer.UNKNOWN, estimate=Estimate(reason="one class only"), bound=0.0)

    assert draw([unknown]) == ""
    assert "? x" in draw([bar(0.0, 1.0, 2.0), unknown])
    assert "one class only" in draw([bar(0.0, 1.0, 2.0), unknown])


def test_numbers_that_are_all_the_same_have_an_axis() -> None:
    assert "0 [0, 0]" in draw([bar(0.0, 0.0, 0.0, bound=0.0)])


numbers = (
    st.floats(allow_nan=False, allow_infinity=False, width=64)
    .map(lambda value: float(f"{value:.6g}"))
    .filter(math.isfinite)
)


@given(
    st.lists(
        st.tuples(st.tuples(numbers, numbers, numbers).map(sorted), numbers, st.text(max_size=60)),
        min_size=1,
        max_size=8,
    )
)
def test_no_line_is_wider_than_the_page_and_nothing_leaves_the_block(
    given_: list[tuple[list[float], float, str]],
) -> None:
    drawn = draw(
        [bar(low, value, high, bound=bound, label=label) for (low, value, high), bound, label in given_]
    )

    assert all(columns(line) <= WIDTH for line in drawn.splitlines())
    assert len(drawn.splitlines()) == len(given_) + 3
    tokens = MarkdownIt("gfm-like").parse(drawn)
    assert [token.type for token in tokens] == ["fence"]


@given(st.text(max_size=40), st.integers(1, 30))
def test_padded_text_takes_exactly_its_columns(words: str, width: int) -> None:
    assert columns(padded(words, width)) == width


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("carrier=UA", "carrier=UA  "),
        ("a long name of a slice", "a long name…"),
        ("exactly.twel", "exactly.twel"),
        ("東京=1", "東京=1      "),
        ("a\n\tb\u202e", "a b         "),
    ],
    ids=["short", "long", "fits", "wide", "hidden"],
)
def test_labels_are_cut_and_padded(words: str, shown: str) -> None:
    assert padded(words, 12) == shown
