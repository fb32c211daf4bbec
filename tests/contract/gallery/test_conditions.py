import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract import sources, suites
from mltoolkit.contract.gallery import compiler, conditions
from mltoolkit.errors import Location
from tests.contract.differential import COLUMNS, Differ, cases, expectation, tables

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning"
)

NUMBERS = st.sampled_from([-5, 0, 1, 2, 7, 2**53 + 1, 2**53, 2**63 - 1, 0.0, 0.5, 1.0, 2.5, -1.5, 1e300])
WORDS = st.sampled_from(["", "a", "A", "b", "1", "ä", "日本", "it's", "a\nb", 'say "b"', "a & b | c", "True"])
MOMENTS = st.sampled_from(
    ["1970-01-01", "2024-02-29", "2024-02-29T12:30:00", "2024-02-29 12:30:00.000001", "1600-01-01"]
)
COLUMN = st.sampled_from(list(COLUMNS))
ORDER = st.sampled_from(["<", "<=", ">", ">="])
SIGN = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


@st.composite
def terms(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a comparison or a question for null, as Great Expectations writes it."""
    name = draw(COLUMN)
    column = {"name": name}
    if draw(st.integers(0, 3)) == 0:
        return {"type": "nullity", "column": column, "is_null": draw(st.booleans())}
    values: st.SearchStrategy[Any]
    if name in {"text", "words"}:
        values = WORDS if draw(st.integers(0, 4)) else NUMBERS
    elif name in {"day", "time"}:
        values = MOMENTS
    else:
        values = st.one_of(NUMBERS, st.booleans()) if draw(st.integers(0, 4)) else WORDS
    several: st.SearchStrategy[Any]
    operator: str
    value: Any
    if draw(st.integers(0, 2)) == 0:
        several = NUMBERS if name not in {"text", "words"} or draw(st.integers(0, 4)) == 0 else WORDS
        operator, value = draw(st.sampled_from(["IN", "NOT_IN"])), draw(st.lists(several, max_size=3))
    else:
        operator, value = draw(SIGN), draw(values)
    return {"type": "comparison", "column": column, "operator": operator, "parameter": value}


AND = st.builds(lambda parts: {"type": "and", "conditions": parts}, st.lists(terms(), min_size=1, max_size=3))
OR = st.builds(
    lambda parts: {"type": "or", "conditions": parts},
    st.lists(st.one_of(terms(), AND), min_size=1, max_size=3),
)
STRUCTURED = st.one_of(terms(), AND, OR)


@st.composite
def queries(draw: st.DrawFn, depth: int = 2) -> str:
    """Draw a text for ``DataFrame.query``."""
    if depth and draw(st.booleans()):
        first, second = draw(queries(depth - 1)), draw(queries(depth - 1))
        return draw(
            st.sampled_from(
                [
                    f"{first} and {second}",
                    f"({first}) or ({second})",
                    f"({first}) & ({second})",
                    f"({first}) | {second}",
                    f"not ({first})",
                    f"~({first})",
                ]
            )
        )
    name = draw(COLUMN)
    values = WORDS if name in {"text", "words"} else MOMENTS if name in {"day", "time"} else NUMBERS
    value, other, sign = draw(values), draw(values), draw(SIGN)
    return draw(
        st.sampled_from(
            [
                f"{name} {sign} {value!r}",
                f"{value!r} {sign} {name}",
                f"{value!r} <= {name} < {other!r}",
                f"{name} in [{value!r}, {other!r}]",
                f"{name} not in ({value!r}, {other!r})",
                f"{name} == [{value!r}]",
                f"{name}.isin([{value!r}])",
                f"{name}.isnull()",
                f"not {name}.notna()",
                "flag",
                "not flag",
            ]
        )
    )


@st.composite
def own(draw: st.DrawFn) -> str:
    """Draw a text in Great Expectations' own syntax."""
    name = draw(COLUMN)
    value = draw(
        st.sampled_from(["5", "-1", "+2", "1.", "2.5", "1e0", '"a"', "'1'", '"2024-02-29"', '"x y"'])
    )
    return draw(
        st.sampled_from(
            [f'col("{name}").notnull()', f'col("{name}").notNull()', f'col("{name}"){draw(SIGN)} {value}']
        )
    )


@st.composite
def conditioned(draw: st.DrawFn) -> dict[str, Any]:
    parser = draw(st.sampled_from([None, "great_expectations", "pandas", "spark"]))
    condition: Any = draw(st.one_of(STRUCTURED, queries(), own()))
    if isinstance(condition, str):
        parser = (
            "great_expectations" if condition.startswith("col(") else draw(st.sampled_from([None, "pandas"]))
        )
    return expectation(
        "expect_column_values_to_not_be_null",
        column=draw(COLUMN),
        row_condition=condition,
        condition_parser=parser,
    )


@cases(3000)
@given(table=tables(), suite=st.lists(conditioned(), min_size=1, max_size=6))
def test_rows_are_those_of_great_expectations(
    differ: Differ, table: pa.Table, suite: list[dict[str, Any]]
) -> None:
    differ(table, suite)


def condition(text: Any, parser: str | None = None, column: str = "a") -> dict[str, Any]:
    return expectation(
        "expect_column_values_to_not_be_null", column=column, row_condition=text, condition_parser=parser
    )


def test_each_way_to_write_a_condition_is_compared(differ: Differ) -> None:
    table = pa.table(
        {"a": pa.array([1, None, 7, 3]), "Total Amount": [1.0, 2.0, None, 4.0], "from": [1, 2, 3, 4]}
    )
    column = {"name": "a"}
    asked = [
        condition({"type": "comparison", "column": column, "operator": ">", "parameter": 2}),
        condition(
            {"type": "comparison", "column": {"name": "Total Amount"}, "operator": "<=", "parameter": 2}
        ),
        condition({"type": "comparison", "column": {"name": "from"}, "operator": "!=", "parameter": 2}),
        condition({"type": "nullity", "column": {"name": "Total Amount"}, "is_null": True}),
        condition({"type": "pass_through", "pass_through_filter": "a > 2"}),
        condition('col("a") > 2', "great_expectations"),
        condition('col("Total Amount").notNull()', "great_expectations"),
        condition("a > 2"),
        condition("1 < a <= 7 or a.isnull()", "pandas"),
        condition("a > 1 & a < 5", "pandas"),
        condition("not a > 1 | a == 3", "pandas"),
    ]
    before = differ.compared.total()

    differ(table, asked)

    assert differ.compared.total() == before + len(asked)


def test_integers_that_are_null_are_neither(differ: Differ) -> None:
    table = pa.table({"a": pa.array([1, None, 3]), "f": pa.array([1.0, None, 3.0]), "t": ["x", None, "z"]})

    differ(
        table,
        [
            condition(
                {"type": "comparison", "column": {"name": name}, "operator": "!=", "parameter": value},
                None,
                "t",
            )
            for name, value in (("a", 1), ("f", 1), ("t", "x"), ("a", "x"), ("t", 1))
        ],
    )
    differ(table, [condition(f"not ({name} == 1)", "pandas", "t") for name in ("a", "f", "t")])


def test_dates_equal_no_text_but_follow_one(differ: Differ) -> None:
    day = dt.date(2024, 2, 29)
    table = pa.table(
        {
            "a": pa.array([None, None], pa.int64()),
            "day": [day, None],
            "time": pa.array([1709208000, None]).cast(pa.timestamp("s")),
        }
    )
    asked = [
        condition({"type": "comparison", "column": {"name": name}, "operator": sign, "parameter": text})
        for name in ("day", "time")
        for sign in ("==", "!=", "<", "<=", ">", ">=")
        for text in ("2024-02-29", "2024-02-29T12:00:00")
    ]
    before = differ.compared.total()

    differ(table, asked)

    assert differ.compared.total() == before + len(asked)


@pytest.mark.parametrize(
    ("text", "parser"),
    [
        ("a > 2", "python"),
        ("a > b", "pandas"),
        ("a + 1 > 2", "pandas"),
        ("a > 2\nb > 3", "pandas"),
        ("a > @b", "pandas"),
        ("`a` > 2", "pandas"),
        ("b.str.contains('x')", "pandas"),
        ("b < 2", "pandas"),
        ("a < 'x'", "pandas"),
        ("missing > 2", "pandas"),
        ("a >", "pandas"),
        ("a > '\\d'", "pandas"),
        ("", "pandas"),
        ("a > " + "9" * 40, "pandas"),
        ("not " * 100 + "a > 2", "pandas"),
        ("day < 'yesterday'", "pandas"),
        ("day < 5", "pandas"),
        ('col("a") > 2', "pandas"),
        ('col("a") > 2 and more', "great_expectations"),
        ('col("a") == date("2024-01-01")', "great_expectations"),
        ('col("missing").notnull()', "great_expectations"),
        ("", "great_expectations"),
        (5, None),
        ({}, None),
        ({"type": "and", "conditions": []}, None),
        ({"type": "nullity", "column": {"name": "a"}, "is_null": "yes"}, None),
        ({"type": "nullity", "column": "a", "is_null": True}, None),
        ({"type": "comparison", "column": {"name": "a"}, "operator": ">", "parameter": None}, None),
        ({"type": "comparison", "column": {"name": "a"}, "operator": "IN", "parameter": 5}, None),
        ({"type": "comparison", "column": {"name": "a"}, "operator": "IN", "parameter": [1, "x"]}, None),
        ({"type": "comparison", "column": {"name": "a"}, "operator": "IN", "parameter": [True]}, None),
        ({"type": "comparison", "column": {"name": "a"}, "operator": "LIKE", "parameter": "x"}, None),
        ({"type": "comparison", "column": {"name": "b"}, "operator": "==", "parameter": "`x`"}, None),
        ({"type": "comparison", "column": {"name": "b"}, "operator": "==", "parameter": "\ud800"}, None),
        ({"type": "comparison", "column": {"name": "index"}, "operator": "==", "parameter": 1}, None),
        ({"type": "comparison", "column": {"name": "x y"}, "operator": "==", "parameter": 1}, None),
        ({"type": "nullity", "column": {"name": "dup"}, "is_null": True}, None),
        (
            {
                "type": "and",
                "conditions": [
                    {
                        "type": "or",
                        "conditions": [{"type": "nullity", "column": {"name": "a"}, "is_null": True}],
                    }
                ],
            },
            None,
        ),
    ],
)
def test_what_pandas_itself_must_answer_is_not_compiled(
    tmp_path: Path, text: Any, parser: str | None
) -> None:
    path = tmp_path / "data.parquet"
    arrays: list[list[Any]] = [
        [1, 2],
        ["x", "y"],
        [dt.date(2024, 1, 1)] * 2,
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
    ]
    names = ["a", "b", "day", "index", "x y", "x-y", "dup", "dup"]
    pq.write_table(pa.table([pa.array(each) for each in arrays], names=names), path)
    asked = suites.expectation(condition(text, parser), at=0, where=Location(path="suite.json", line=1))

    with sources.opened(path) as table:
        assert compiler.compiled(asked, table) is None


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (None, ""),
        ('col("a") > 5', 'col("a") > 5'),
        ({"type": "comparison", "column": {"name": "a"}, "operator": ">", "parameter": 5}, "a > 5"),
        (
            {"type": "comparison", "column": {"name": "a"}, "operator": "IN", "parameter": ["x", "y"]},
            "a IN (x, y)",
        ),
        (
            {
                "type": "and",
                "conditions": [
                    {"type": "nullity", "column": {"name": "a"}, "is_null": False},
                    {"type": "nullity", "column": {"name": "b\n"}, "is_null": True},
                ],
            },
            "a is not null and b\\n is null",
        ),
        ({"type": "pass_through", "pass_through_filter": "a > 1"}, "a > 1"),
        ("a" * 1000, "a" * 99 + "…"),
    ],
)
def test_a_condition_is_told_in_one_line(condition: object, told: str) -> None:
    assert conditions.told(condition) == told
