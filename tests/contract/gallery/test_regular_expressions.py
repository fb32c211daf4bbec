import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mltoolkit.contract import sources
from mltoolkit.contract.gallery.regular_expressions import checked, translated
from mltoolkit.contract.sql import NotCompiledError
from tests.contract.differential import cases

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

PIECES = st.sampled_from(
    [
        *(
            "a",
            "b",
            "A",
            "1",
            "ä",
            " ",
            ".",
            "x",
            "-",
            "\n",
            "_",
            "T",
            ",",
            ":",
            "/",
            "#",
            "%",
            "'",
            '"',
            "~",
            "&",
        ),
        *(
            r"\d",
            r"\w",
            r"\s",
            r"\S",
            r"\W",
            r"\D",
            r"\b",
            r"\.",
            r"\-",
            r"\_",
            r"\/",
            r"\n",
            r"\t",
            r"\x41",
            r"\ ",
        ),
        *(
            "[a-z]",
            "[^a]",
            r"[\d-]",
            r"[\s1]",
            "[A-Z0-9]",
            r"[^\w]",
            "[.]",
            r"[\]a]",
            "[a-]",
            "[^\n]",
            r"[\n\t]",
        ),
        *(
            "^",
            "$",
            "|",
            "(",
            ")",
            "(?:",
            "(?P<n>",
            "?",
            "*",
            "+",
            "{2}",
            "{1,}",
            "{1,2}",
            "+?",
            "*?",
            r"\A",
            r"\Z",
        ),
    ]
)
PATTERNS = st.tuples(
    st.sampled_from(["", "", "", "(?i)", "(?s)", "(?is)"]), st.lists(PIECES, min_size=1, max_size=6)
).map(lambda parts: parts[0] + "".join(parts[1]))
TEXTS = st.text(st.sampled_from("aAbB1 .x-\n_äÄTt,'\t\x0b\x1c\x85\u017f\u212a\u0663"), max_size=5)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sources.Table]:
    path = tmp_path_factory.mktemp("patterns") / "data.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with sources.opened(path) as opened:
        yield opened


@cases(20_000)
@given(pattern=PATTERNS, texts=st.lists(TEXTS, min_size=1, max_size=30))
def test_what_is_found_is_what_python_finds(table: sources.Table, pattern: str, texts: list[str]) -> None:
    try:
        made = checked(pattern, table)
    except NotCompiledError:
        assume(False)
    search = re.compile(pattern).search
    asked = [
        text
        for text in texts
        if not (made.ascii_only and not text.isascii()) and not (made.one_line and "\n" in text)
    ]
    answers = table.connection.execute(
        f"SELECT t, {made.found('t')} FROM (SELECT unnest(?::VARCHAR[]) AS t)", [asked]
    ).fetchall()
    for text, found in answers:
        assert found == (search(text) is not None), (pattern, made, text)


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (r"^a$", ["a", "a\n", "a\n\n", "\na"]),
        (r"a|b$", ["a\n", "b\n", "ab\n\n"]),
        (r"^\s$", ["\x0b", "\x1c", "\x85", "\u3000", "\u200b", "\ufeff"]),
        (r"^\S$", ["\x0b", "\x1c", "\x85", "\u3000", "\u200b", "\ufeff"]),
        (r"^[\s.]+$", ["\x1f.", "\u2009"]),
        (r"^.$", ["\n", "\r", "\u2028", "\x85", "\U0001f469"]),
        (r"(?s)^.$", ["\n", "\r"]),
        (r"\Aa\Z", ["a", "a\n"]),
        (r"\x41\_\ \-", ["A_ -"]),
        (r"^[^\n]*$", ["", "\n"]),
        (r"", ["", "a"]),
        (r"x*", ["", "a"]),
        (r"(a|b)*", ["c"]),
        (r"^$", ["", "\n", "a"]),
    ],
)
def test_texts_at_the_edges_are_read_as_python_reads_them(
    table: sources.Table, pattern: str, texts: list[str]
) -> None:
    made = checked(pattern, table)

    for text in texts:
        assert not made.one_line
        ((found,),) = table.connection.execute(
            f"SELECT {made.found('t')} FROM (SELECT ?::VARCHAR AS t)", [text]
        ).fetchall()
        assert found == (re.search(pattern, text) is not None), text


@pytest.mark.parametrize(
    ("pattern", "ascii_only", "one_line"),
    [
        (r"^\d+$", True, False),
        (r"\bword\b", True, False),
        (r"[\w-]", True, False),
        (r"(?i)straße", True, False),
        (r"^[0-9]+$", False, False),
        (r"(a$|b)c", False, True),
        (r"^\s*straße$", False, False),
    ],
)
def test_what_depends_on_the_data_is_said(pattern: str, *, ascii_only: bool, one_line: bool) -> None:
    made = translated(pattern)

    assert (made.ascii_only, made.one_line) == (ascii_only, one_line)


@pytest.mark.parametrize(
    ("pattern", "filled"), [("a", True), ("a*", False), ("^$", False), (r"^a?\b$", False), ("(a|)b", True)]
)
def test_a_pattern_that_needs_a_character_is_known(pattern: str, *, filled: bool) -> None:
    assert translated(pattern).filled == filled


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", "[", "a**", "*", "(?P<n>a)(?P<n>b)", "x{2,1}", "\\"),  # invalid
        *(
            "(?=a)",
            "(?!a)",
            "(?<=a)b",
            "(?<!a)b",
            r"(a)\1",
            "(?P<n>a)(?P=n)",
            "(a)?(?(1)b|c)",
        ),  # looks around, or back
        *("a++", "(?>a)", "(?i:a)", "(?m)^a$", "(?x) a", "(?a)\\w", "(?#x)a"),  # what RE2 has not, or not so
        *(r"\B", r"\u00e4", r"\N{DIGIT ONE}", r"\0", r"\07", r"[\S]", r"[\b]", r"\ä"),
        *("a{,2}", "a{", "a}", "a]", "[[]", "[]a]", "[^]a]", "[a--b]", "[a&&b]", "a{1001}", "x{999}{999}"),
        *(r"\p{L}", "a" * 3000, "a\0b", "\ud800"),
    ],
)
def test_what_means_something_else_to_re2_is_not_compiled(table: sources.Table, pattern: str) -> None:
    with pytest.raises(NotCompiledError):
        checked(pattern, table)
