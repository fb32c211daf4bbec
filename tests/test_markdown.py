import html

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mltoolkit import markdown

GITHUB = MarkdownIt("gfm-like")
# A bare domain such as 0.al is no link on GitHub; `www.` and `://` are, and stay so here.
if GITHUB.linkify is not None:
    GITHUB.linkify.set({"fuzzy_link": False})
    GITHUB.linkify.add("www.", {"validate": r"^[\w.-]+"})
HOSTILE = [
    "a|b",
    "`code`",
    "[x](http://evil.example)",
    "![x](http://evil.example/x.png)",
    "<script>alert(1)</script>",
    "<!-- mltoolkit:report -->",
    "@all",
    "team/repo#12",
    "GH-12",
    "www.evil.example",
    "https://evil.example",
    "mail@evil.example",
    "**bold** __bold__ ~~gone~~ _it_ *it*",
    "$x$ $$y$$",
    ":tada:",
    "[^1]",
    "\\",
    "a\nb\r\n| c |",
    "::set-output name=x::y",
    "${{ secrets.TOKEN }}",
    "\u202eevil\u200b\u2066",
    "# title",
    "- item",
    "1. item",
    "> quote",
    "```",
    "x" * 10_000,
]


def tokens(source: str) -> list[Token]:
    flat: list[Token] = []
    for token in GITHUB.parse(source):
        flat.append(token)
        flat.extend(token.children or [])
    return flat


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60))
@example("|")
@example("\\|")
def test_any_text_is_one_cell_of_plain_text(value: str) -> None:
    source = markdown.table(("A", "B"), [(markdown.text(value), "end")])
    found = tokens(source)
    kinds = {token.type for token in found}

    assert kinds <= {
        "table_open", "thead_open", "tr_open", "th_open", "inline", "text", "text_special", "th_close", "tr_close",
        "thead_close", "tbody_open", "td_open", "td_close", "tbody_close", "table_close",
    }  # fmt: skip
    assert sum(token.type == "td_open" for token in found) == 2


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_text_stays_text(value: str) -> None:
    source = f"word {markdown.text(value)} word"
    kinds = {token.type for token in tokens(source)}

    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    assert "@" not in source
    assert "://" not in source


@pytest.mark.parametrize("value", ["carrier=UA", "2013-11-03T07 UA 1545 EWR", "row_id", "0.97 (p(1) = 0.1)"])
def test_ordinary_text_is_left_readable(value: str) -> None:
    assert markdown.text(value) == value


def test_what_is_shown_is_the_text_itself() -> None:
    rendered = GITHUB.render(f"x {markdown.text('a|b *c* [d] <e> @f #1')} y")

    assert "a|b *c* [d] <e> @f #1" in html.unescape(rendered)


def test_long_text_is_cut_and_says_so() -> None:
    assert markdown.text("x" * 500, limit=10) == "xxxxxxxxx…"


def test_control_and_bidirectional_characters_are_dropped() -> None:
    assert markdown.text("a\u202e\u200b\x07\u2066b") == "ab"


def test_only_identifiers_become_code() -> None:
    assert markdown.code("sha256:abc") == "`sha256:abc`"
    for value in ("a`b", "a b", "", "x" * 101):
        with pytest.raises(ValueError, match="not an identifier"):
            markdown.code(value)


def test_a_folded_part_renders_its_markdown() -> None:
    rendered = GITHUB.render(markdown.folded("<b>More</b>", markdown.table(("A",), [("1",)])))

    assert "<details>" in rendered
    assert "<table>" in rendered
