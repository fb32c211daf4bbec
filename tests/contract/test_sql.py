import math
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract import sql
from mltoolkit.contract.sql import NotCompiledError


def ask(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


@given(
    st.one_of(
        st.booleans(),
        st.integers(-(2**126), 2**126),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    )
)
def test_a_literal_is_the_value(value: Any) -> None:
    ((found,),) = ask(f"SELECT {sql.literal(value)}")

    assert found == value
    assert isinstance(found, type(value))


@pytest.mark.parametrize(
    "value", [None, [], {}, math.nan, math.inf, "\0", "\ud800", 2**200, -(2**127), b"x"], ids=repr
)
def test_what_has_no_literal_is_not_compiled(value: Any) -> None:
    with pytest.raises(NotCompiledError):
        sql.literal(value)


def test_a_text_cannot_leave_its_quotes() -> None:
    evil = "'; DROP TABLE data; --"

    assert ask(f"SELECT {sql.literal(evil)}") == [(evil,)]


@pytest.mark.parametrize(
    ("condition", "what", "expected"),
    [
        (None, "*", 4),
        (None, "x", 3),
        (None, "DISTINCT x", 2),
        ("x > 1", "*", 2),
        ("x > 1", "x", 2),
        ("x > 1", "DISTINCT x", 1),
        ("x > 5", "*", 0),
        ("true", "x", 3),
    ],
)
def test_rows_and_values_are_counted(condition: str | None, what: str, expected: int) -> None:
    data = "(VALUES (1), (2), (2), (NULL)) AS data(x)"

    assert ask(f"SELECT {sql.counted(condition, what)} FROM {data}") == [(expected,)]
    nothing = ask(f"SELECT {sql.counted(condition, what)} FROM {data} WHERE false")
    assert nothing == [(0,)]


@pytest.mark.parametrize(("condition", "expected"), [(None, 5), ("x > 1", 4), ("x > 5", None)])
def test_an_aggregate_over_some_rows(condition: str | None, expected: int | None) -> None:
    data = "(VALUES (1), (2), (2), (NULL)) AS data(x)"

    assert ask(f"SELECT {sql.filtered('sum(x)', condition)} FROM {data}") == [(expected,)]


def test_conditions_join_and_none_is_no_condition() -> None:
    assert sql.both(None, None) is None
    assert sql.where(sql.both(None, "a")) == " WHERE (a)"
    assert sql.both("a OR b", "c") == "(a OR b) AND (c)"
