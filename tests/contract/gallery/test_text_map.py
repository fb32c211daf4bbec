from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract.gallery import text_map
from tests.contract.differential import CONDITIONS, MOSTLY, Differ, Held, cases, expectation, tables

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)

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
            "é",
            "T",
            "^",
            "$",
            "|",
            "(",
            ")",
            "(?:",
            "?",
        ),
        *(r"\d", r"\w", r"\s", r"\S", r"\W", r"\D", r"\b", r"\.", r"\-", r"\_", r"\/", r"\n", r"\x41", r"\B"),
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
        *("*", "+", "{2}", "{1,}", "{,2}", "+?", "(?=a)", r"\A", r"\Z", r"\1", r"\ "),
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
            ),
            *(r"^\S*$", r"\s", r"^$", r"(?i)É", r"\d{4}-\d{2}-\d{2}", "^(a|b)$", "(", "[", r"\p{L}", "a++"),
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
        *("2024-02-29", "2023-02-29", "2024-2-9", "2024-02- 9", "0000-01-01", "2024-13-01", "2024-1-32"),
        *(
            "2024-02-30",
            "2024/02/29",
            "29.02.2024",
            "1.2.2024",
            " 1.2.2024",
            "2024-02-29T12:30:00",
            "20240229",
        ),
        *(
            "2024-02-29t1:2:3",
            "2024-02-29 12:30",
            "2024-02-29  12:30",
            "2024-02-29 24:00",
            "12:30:60",
            "1:2:3",
        ),
        *("12:30:59", "23:59:61", "", "a", "2024-02-29\n", "\uff12\uff10\uff12\uff14-02-29", "9999-12-31"),
        *("2024-02-29T12:30:00Z", "2024, 2 9", "2024_02_29", "2024-02-29\x0b12:30", "0999-9-9"),
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
        *("\\ud83d", '"\\ud800"', '"\\ud83d\\ude00"', '"\\x"', '"\n"', "\t", "Infinity", "\ufeff", "'a'"),
    ]
)
JSON = st.one_of(
    st.lists(PARTS, max_size=5).map("".join),
    st.sampled_from(
        ['{"a": 1}', "[1, 2]", "[1,]", "[" * 900 + "]" * 900, "1" * 5000, '{"a": NaN}', "[[1], {}]"]
    ),
)
ODD = st.one_of(
    DATED, JSON, st.text(st.sampled_from("aAbB1 .x-\n_äéÉT\x0b\x1c\x85\u017f\u212ak\u0663"), max_size=4)
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
    elif kind.endswith("parseable"):
        pass
    elif kind.endswith("equal"):
        arguments["value"] = draw(st.sampled_from([0, 1, 2, 4, 5, 1.0, 1.5]))
    else:
        bounds = st.sampled_from([0, 1, 1, 2, 4, 10])
        arguments["min_value"], arguments["max_value"] = draw(bounds), draw(bounds)
        if draw(st.booleans()):
            del arguments[draw(st.sampled_from(["min_value", "max_value"]))]
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


def test_each_type_is_compared(differ: Differ) -> None:
    before = differ.compared.copy()

    differ(
        pa.table({"a": ["ab", "2024-02-29", "[1]", None]}),
        [
            expectation("expect_column_value_lengths_to_be_between", column="a", max_value=3),
            expectation("expect_column_value_lengths_to_equal", column="a", value=2),
            asked("be_json_parseable"),
            asked("match_regex", regex="^a"),
            asked("not_match_regex", regex="^a"),
            asked("match_regex_list", regex_list=["^a", "b$"], match_on="all"),
            asked("not_match_regex_list", regex_list=["^a", "b$"]),
            asked("match_strftime_format", strftime_format="%Y-%m-%d"),
        ],
    )

    assert set(differ.compared - before) == set(text_map.COMPILED)


def asked(kind: str, **arguments: Any) -> dict[str, Any]:
    return expectation(f"expect_column_values_to_{kind}", column="a", **arguments)


def test_numbers_and_booleans_are_texts_as_python_writes_them(differ: Differ) -> None:
    for values in ([-12, 0, 345, None], [-12, 0, 345], [True, False], [True, None]):
        before = differ.compared.total()
        differ(
            pa.table({"a": pa.array(values)}),
            [
                asked("match_regex", regex=r"^(\d\d?|True)$"),
                asked("not_match_regex", regex=r"(?i)[-f]"),
                expectation("expect_column_value_lengths_to_equal", column="a", value=4),
                asked("be_json_parseable"),
            ],
        )
        assert differ.compared.total() == before + 4


def test_a_length_is_that_of_code_points(differ: Differ) -> None:
    table = pa.table({"a": ["", "é", "e\u0301", "\U0001f469\u200d\U0001f469", "日本"]})

    differ(
        table,
        [
            expectation(
                "expect_column_value_lengths_to_be_between", column="a", min_value=low, max_value=high
            )
            for low, high in ((1, 1), (0, 2), (2, 3), (3, 1))
        ],
    )


@pytest.mark.parametrize("text", ["ä1", "日本", "a b"])
def test_patterns_that_differ_beyond_ascii_are_left_to_great_expectations_only_there(
    differ: Differ, text: str
) -> None:
    each = asked("match_regex", regex=r"^\w+$")
    table = pa.table({"a": [text, None, "x1"]})

    differ(table, [each])

    assert (differ.scanned(table, each) is not None) == text.isascii()


def test_a_row_that_is_not_looked_at_leaves_nothing_to_great_expectations(differ: Differ) -> None:
    condition = {"type": "comparison", "column": {"name": "b"}, "operator": ">", "parameter": 1}
    each = asked("match_regex", regex=r"^\w+$", row_condition=condition)
    table = pa.table({"a": ["ä", "x"], "b": [1, 2]})

    differ(table, [each])

    assert differ.scanned(table, each) is not None


def test_an_end_before_other_parts_is_left_where_there_are_newlines(differ: Differ) -> None:
    each = asked("match_regex", regex="(a$|b)c*")

    for values, compiled in ((["a", "bc"], True), (["a\n", "bc"], False)):
        table = pa.table({"a": values})
        differ(table, [each])
        assert (differ.scanned(table, each) is not None) == compiled


@pytest.mark.parametrize(
    ("value", "compiled"),
    [
        ("2024-02-29", True),
        ("2024-2-9", True),
        ("2023-02-29", True),
        ("0000-01-01", True),
        ("2024-02-29 ", True),
        ("2024-02- 9", False),
        ("\uff12024-02-09", False),
    ],
)
def test_a_date_is_read_by_its_format_as_python_reads_it(
    differ: Differ, value: str, *, compiled: bool
) -> None:
    each = asked("match_strftime_format", strftime_format="%Y-%m-%d")
    table = pa.table({"a": ["2024-01-01", value]})

    differ(table, [each])

    assert (differ.scanned(table, each) is not None) == compiled


@pytest.mark.parametrize(
    ("value", "compiled"),
    [
        ('{"a": [1, -0.5e3, null, "x"]}', True),
        ("{'a': 1}", True),
        ("", True),
        ("01", True),
        ('"\n"', True),
        ('"a,]"', False),
        ("[1,]", False),
        ("nan", False),
        ("-Infinity", False),
        ('"\\ud83d\\ude00"', True),
        ('"\\ud800"', False),
        ("1" * 5000, False),
        ("[" * 2000 + "]" * 2000, False),
    ],
)
def test_json_is_what_python_reads(differ: Differ, value: str, *, compiled: bool) -> None:
    each = asked("be_json_parseable")
    table = pa.table({"a": ["{}", value]})

    differ(table, [each])

    assert (differ.scanned(table, each) is not None) == compiled


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("values_to_match_regex", {}),
        ("values_to_match_regex", {"regex": "("}),
        ("values_to_match_regex", {"regex": "(?=a)"}),
        ("values_to_match_regex", {"regex": 5}),
        ("values_to_match_regex_list", {"regex_list": []}),
        ("values_to_match_regex_list", {"regex_list": "a"}),
        ("values_to_match_regex_list", {"regex_list": ["a", 5]}),
        ("values_to_match_regex_list", {"regex_list": ["a"], "match_on": "some"}),
        ("values_to_match_regex_list", {"regex_list": ["a"], "match_on": ["any"]}),
        ("value_lengths_to_be_between", {}),
        ("value_lengths_to_be_between", {"min_value": 1.5}),
        ("value_lengths_to_be_between", {"min_value": "1"}),
        ("value_lengths_to_be_between", {"min_value": True}),
        ("value_lengths_to_equal", {"value": "1"}),
        ("values_to_match_strftime_format", {"strftime_format": "%y-%m-%d"}),
        ("values_to_match_strftime_format", {"strftime_format": "%Y%m%d"}),
        ("values_to_match_strftime_format", {"strftime_format": "%Y-%m"}),
        ("values_to_match_strftime_format", {"strftime_format": "%d %b %Y"}),
        ("values_to_match_strftime_format", {"strftime_format": "%Y-%m-%d %Y"}),
        ("values_to_match_strftime_format", {"strftime_format": ""}),
    ],
)
def test_what_great_expectations_itself_must_answer(held: Held, kind: str, arguments: dict[str, Any]) -> None:
    assert held(pa.table({"a": ["x"]}), [expectation(f"expect_column_{kind}", column="a", **arguments)]) == [
        None
    ]


@pytest.mark.parametrize("kind", ["match_regex", "match_strftime_format"])
@pytest.mark.parametrize("value", [1.5, b"x"])
def test_kinds_that_have_no_text_are_left_to_great_expectations(held: Held, kind: str, value: Any) -> None:
    arguments = {"regex": "a"} if kind == "match_regex" else {"strftime_format": "%Y-%m-%d"}

    assert held(pa.table({"a": pa.array([value])}), [asked(kind, **arguments)]) == [None]
