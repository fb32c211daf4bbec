import datetime as dt
from typing import Any

import duckdb
import pytest

from mltoolkit.contract.gallery.comparisons import before_or_after, compared, member, moment
from mltoolkit.contract.sources import Column, Kind
from mltoolkit.contract.sql import NotCompiledError

INTEGER = Column("a", "c0", Kind.INTEGER, "BIGINT")
HUGE = Column("a", "c0", Kind.INTEGER, "UBIGINT")
FLOAT = Column("a", "c0", Kind.FLOAT, "DOUBLE")
HALF = Column("a", "c0", Kind.FLOAT, "FLOAT")
TEXT = Column("a", "c0", Kind.TEXT, "VARCHAR")
BOOLEAN = Column("a", "c0", Kind.BOOLEAN, "BOOLEAN")
DATE = Column("a", "c0", Kind.DATE, "DATE")
TIME = Column("a", "c0", Kind.TIMESTAMP, "TIMESTAMP")
NANOSECONDS = Column("a", "c0", Kind.TIMESTAMP, "TIMESTAMP_NS")
OTHER = Column("a", "c0", Kind.OTHER, "INTEGER[]")


def value(column: Column, condition: str, of: str) -> Any:
    query = f"SELECT {condition} FROM (SELECT ({of})::{column.type} AS c0)"
    ((found,),) = duckdb.execute(query).fetchall()
    return found


@pytest.mark.parametrize(
    ("column", "of", "operator", "other", "said"),
    [
        (INTEGER, "9007199254740993", "==", 2**53, False),
        (INTEGER, "9007199254740993", "==", 2.0**53, True),
        (INTEGER, "9223372036854775807", "<", 2**63, True),
        (HUGE, "18446744073709551615", "==", 2**64 - 1, True),
        (INTEGER, "1", "==", True, True),
        (BOOLEAN, "true", ">=", 0.5, True),
        (FLOAT, "0.1", "==", 0.1, True),
        (HALF, "0.1", "==", 0.1, True),
        (TEXT, "'b'", ">", "a", True),
        (TEXT, "'it''s'", "==", "it's", True),
        (INTEGER, "NULL", "!=", 1, None),
        (TEXT, "NULL", "==", "a", None),
    ],
)
def test_values_are_compared_as_numpy_compares_them(
    column: Column, of: str, operator: str, other: Any, *, said: bool | None
) -> None:
    assert value(column, compared(column, operator, other), of) is said


@pytest.mark.parametrize(
    ("column", "other"),
    [
        (INTEGER, "1"),
        (TEXT, 1),
        (DATE, 1),
        (OTHER, 1),
        (INTEGER, 2**70),
        (INTEGER, float("nan")),
        (FLOAT, 10**400),
        (HALF, 1e39),
        (TEXT, "a\0b"),
    ],
)
def test_what_is_not_of_one_kind_is_not_compared(column: Column, other: Any) -> None:
    with pytest.raises(NotCompiledError):
        compared(column, "<", other)


@pytest.mark.parametrize("column", [DATE, TIME])
@pytest.mark.parametrize("of", ["2024-02-28", "2024-02-29", "2024-03-01"])
@pytest.mark.parametrize("at", [dt.time(0), dt.time(12, 30)])
def test_a_date_is_its_midnight(column: Column, of: str, at: dt.time) -> None:
    day = dt.datetime.combine(dt.date(2024, 2, 29), at)
    midnight = dt.datetime.fromisoformat(of)

    found = [
        value(column, before_or_after(column, sign, day), f"'{of}'") for sign in ("<", "<=", ">", ">=", "==")
    ]

    assert found == [midnight < day, midnight <= day, midnight > day, midnight >= day, midnight == day]


def test_nanoseconds_do_not_reach_far() -> None:
    with pytest.raises(NotCompiledError):
        before_or_after(NANOSECONDS, "<", dt.datetime.combine(dt.date(1500, 1, 1), dt.time()))


@pytest.mark.parametrize(
    "text", ["2024-02-29", "2024-02-29T12:30", "2024-02-29 12:30:00", "2024-02-29T12:30:00.5"]
)
def test_a_moment_is_iso_8601(text: str) -> None:
    assert moment(text) == dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29",
        "2024-2-9",
        "20240229",
        "12:30",
        "2024-02-29T12:30Z",
        "2024-02-29\n",
        "today",
        "",
        5,
        None,
    ],
)
def test_what_libraries_read_differently_is_no_moment(text: Any) -> None:
    with pytest.raises(NotCompiledError):
        moment(text)


@pytest.mark.parametrize(
    ("column", "of", "values", "said"),
    [
        (INTEGER, "1", [True], True),
        (INTEGER, "1", [1.0, 0.5], True),
        (INTEGER, "0", [1e300], False),
        (INTEGER, "1", ["1"], False),
        (INTEGER, "7", [9, 8, 7, 6, 5, 4, 3], True),
        (INTEGER, "2", [9, 8, 7, 6, 5, 4, 3], False),
        (INTEGER, "NULL", [1, 2, 3, 4, 5, 6], False),
        (INTEGER, "NULL", [1], False),
        (FLOAT, "-0.0", [0, 1, 2, 3, 4, 5], True),
        (FLOAT, "9007199254740992", [2**53 + 1], False),
        (HALF, "0.1", [0.1], False),
        (BOOLEAN, "true", [1], True),
        (BOOLEAN, "true", [2], False),
        (TEXT, "'1'", [1, "1"], True),
        (TEXT, "'1'", [1], False),
        (DATE, "'2024-02-29'", ["2024-02-29"], False),
        (INTEGER, "1", [], False),
        (INTEGER, "1", [None], False),
    ],
)
def test_members_are_those_of_pandas(column: Column, of: str, values: list[Any], *, said: bool) -> None:
    assert value(column, member(column, values), of) is said


@pytest.mark.parametrize(
    ("column", "values"),
    [(INTEGER, [[1]]), (INTEGER, [2**63]), (INTEGER, [2**53 + 1, 0.5]), (TEXT, ["\ud800"]), (OTHER, [1])],
)
def test_sets_that_pandas_must_read_are_not_compiled(column: Column, values: list[Any]) -> None:
    with pytest.raises(NotCompiledError):
        member(column, values)
