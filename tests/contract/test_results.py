import datetime as dt
import decimal

import pytest

from mltoolkit.contract import results


def test_a_map_result_has_great_expectations_numbers() -> None:
    made = results.mapped(elements=10, nonnull=8, unexpected=2, values=["b", "a"], mostly=0.75)

    assert made.success
    assert made.considered == 8
    assert made.result == {
        "element_count": 10,
        "unexpected_count": 2,
        "unexpected_percent": 25.0,
        "partial_unexpected_list": ["b", "a"],
        "missing_count": 2,
        "missing_percent": 20.0,
        "unexpected_percent_total": 20.0,
        "unexpected_percent_nonmissing": 25.0,
        "partial_unexpected_counts": [{"value": "a", "count": 1}, {"value": "b", "count": 1}],
    }


@pytest.mark.parametrize(("mostly", "success"), [(0.8, True), (0.800001, False), (1.0, False), (0.0, True)])
def test_mostly_is_a_share_of_what_was_looked_at(mostly: float, success: bool) -> None:  # noqa: FBT001 - a case
    made = results.mapped(elements=10, nonnull=None, unexpected=2, values=[], mostly=mostly)

    assert made.success is success


def test_nothing_to_look_at_is_a_success_there_and_tells_so_here() -> None:
    made = results.mapped(elements=3, nonnull=0, unexpected=0, values=[], mostly=1)

    assert (made.success, made.considered) == (True, 0)
    assert made.result["unexpected_percent"] is None


def test_values_that_do_not_compare_are_not_counted() -> None:
    made = results.mapped(elements=2, nonnull=2, unexpected=2, values=[[1], "a"], mostly=1)

    assert made.result["partial_unexpected_counts"] == [
        {"error": "partial_exception_counts requires a hashable type"}
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (dt.date(2024, 2, 29), "2024-02-29T00:00:00"),
        (dt.datetime.fromisoformat("2024-02-29T12:30"), "2024-02-29T12:30:00"),
        (decimal.Decimal("1.50"), 1.5),
        ("a", "a"),
        (None, None),
    ],
)
def test_values_are_those_of_json(value: object, expected: object) -> None:
    assert results.plain(value) == expected


def test_an_exception_is_no_success() -> None:
    assert results.raised("no such column") == results.Result(
        success=False, result={}, exception="no such column"
    )
