from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract import text_map
from tests.contract.differential import MOSTLY, Differ, cases, expectation, tables
from tests.contract.test_column_map import CONDITIONS

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)

PIECES = st.sampled_from(
    [
        *("a", "b", "A", "1", "ä", " ", ".", "x", "-", "\n", "_", "é", "T"),
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
            r"\x41",
            r"\ ",
            r"\B",
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
            "[]a]",
        ),
        *(
            "^",
            "$",
            "|",
            "(",
            ")",
            "(?:",
            "?",
            "*",
            "+",
            "{2}",
            "{1,}",
            "{,2}",
            "+?",
            "(?=a)",
            r"\A",
            r"\Z",
            r"\1",
        ),
    ]
)
PATTERNS = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                "a",
                "^a$",
                r"^\d+$",
                "^[A-Z]{2}[0-9]+$",
                "(?i)a",
                "(?s).*",
                "(?s)a.b",
                "a.b",
                "a$",
                r"^\w+$",
                "ä",
            ),
            *(
                r"^\S*$",
                r"\s",
                r"^$",
                r"(?i)É",
                r"\d{4}-\d{2}-\d{2}",
                "^(a|b)$",
                "(",
                "[",
                r"\p{L}",
                "a++",
                "x{2000}",
            ),
        ]
    ),
    st.lists(PIECES, min_size=1, max_size=4).map("".join),
)
FORMATS = st.sampled_from(
    [
        *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%H:%M:%S", "%Y_%m_%d"),
        *("%Y%m%d", "%y-%m-%d", "%b %d", "%Y-%m", "%%", "x", "%Y-%m-%d%z", "%Y, %m %d", "%Y-%m-%dT%H:%M:%SZ"),
    ]
)
DATED = st.sampled_from(
    [
        *(
            "2024-02-29",
            "2023-02-29",
            "2024-2-9",
            "2024-02- 9",
            "0000-01-01",
            "2024-13-01",
            "2024-1-32",
            "2024-02-30",
        ),
        *(
            "2024/02/29",
            "29.02.2024",
            "1.2.2024",
            " 1.2.2024",
            "2024-02-29T12:30:00",
            "2024-02-29t1:2:3",
            "20240229",
        ),
        *(
            "2024-02-29 12:30",
            "2024-02-29  12:30",
            "2024-02-29 24:00",
            "12:30:60",
            "12:30:59",
            "1:2:3",
            "23:59:61",
        ),
        *(
            "",
            "a",
            "2024-02-29\n",
            "\uff12\uff10\uff12\uff14-02-29",
            "2024-02-29T12:30:00Z",
            "2024, 2 9",
            "2024_02_29",
            "9999-12-31",
        ),
    ]
)
PARTS = st.sampled_from(
    [
        *(
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            '"a"',
            '"',
            "1",
            "-",
            "0",
            ".5",
            "e9",
            "null",
            "true",
            "NaN",
            "inf",
            " ",
        ),
        *(
            "\\ud83d",
            '"\\ud800"',
            '"\\ud83d\\ude00"',
            '"\\x"',
            '"\n"',
            "\t",
            "Infinity",
            "//",
            "\ufeff",
            "'a'",
            "x",
        ),
    ]
)
JSON = st.one_of(
    st.lists(PARTS, max_size=5).map("".join),
    st.sampled_from(
        ['{"a": 1}', "[1, 2]", "[1,]", "[" * 900 + "]" * 900, "1" * 5000, '{"a": NaN}', "[[1], {}]"]
    ),
)
ODD = st.one_of(
    DATED,
    JSON,
    st.text(st.sampled_from("aAbB1 .x-\n_äéÉT\x0b\x1c\x85\u017f\u212ak\u0663"), max_size=4),
)


@st.composite
def matched(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(text_map.COMPILED)))
    arguments: dict[str, Any] = {}
    if kind.endswith("regex"):
        arguments["regex"] = draw(PATTERNS)
    elif kind.endswith("regex_list"):
        arguments["regex_list"] = draw(st.lists(PATTERNS, min_size=1, max_size=3))
        if "not" not in kind:
            arguments["match_on"] = draw(st.sampled_from([None, "any", "all"]))
    elif kind.endswith("format"):
        arguments["strftime_format"] = draw(FORMATS)
    elif kind.endswith("equal"):
        arguments["value"] = draw(st.sampled_from([0, 1, 2, 4, 5, 1.0, 1.5]))
    else:
        bounds = st.sampled_from([None, 0, 1, 1, 2, 4, 10])
        arguments["min_value"], arguments["max_value"] = draw(bounds), draw(bounds)
        for name in ("strict_min", "strict_max"):
            arguments[name] = draw(st.sampled_from([None, True, False]))
    several = ["text", "words", "odd", "odd", "odd", "big", "small", "flag", "void", "day", "wild", "missing"]
    return expectation(
        kind,
        column=draw(st.sampled_from(several)),
        mostly=draw(MOSTLY),
        row_condition=draw(CONDITIONS),
        **arguments,
    )


@st.composite
def texts(draw: st.DrawFn) -> pa.Table:
    """Draw a table with a column more: texts that patterns and formats may fit."""
    table = draw(tables())
    some = draw(st.sampled_from([DATED, JSON, ODD, st.one_of(ODD, st.none())]))
    drawn = draw(st.lists(some, min_size=table.num_rows, max_size=table.num_rows))
    return table.append_column("odd", pa.array(drawn, pa.string()))


@cases(4000)
@given(table=texts(), suite=st.lists(matched(), min_size=1, max_size=6))
def test_equal_to_great_expectations(differ: Differ, table: pa.Table, suite: list[dict[str, Any]]) -> None:
    differ(table, suite)
