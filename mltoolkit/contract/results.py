"""What came of one expectation, in the words and numbers of Great Expectations' own results."""

import datetime as dt
import decimal
from collections import Counter
from typing import Any

from mltoolkit.evidence import Value

SHOWN = 20
"""How many unexpected values a result lists: Great Expectations' ``partial_unexpected_count``."""


class Result(Value, frozen=True, kw_only=True):
    """What came of one expectation.

    Attributes:
        success: Whether Great Expectations calls it met; vacuous successes included.
        result: ``observed_value``, or the counts and values of a map expectation, as its JSON has them.
        exception: Why it could not be evaluated, where it could not.
        considered: How many rows or values were looked at, where that is known; 0 is never a pass.
    """

    success: bool
    result: dict[str, Any]
    exception: str | None = None
    considered: int | None = None


def raised(message: str) -> Result:
    """Return the result of an expectation that could not be evaluated."""
    return Result(success=False, result={}, exception=message)


def observed(value: Any, *, success: bool, considered: int, **details: Any) -> Result:
    """Return the result of an aggregate expectation.

    Args:
        value: What was observed, as JSON has it.
        success: Whether that is as expected.
        considered: How many values it was made of.
        details: Further entries of the result.
    """
    return Result(success=success, result={"observed_value": value, **details}, considered=considered)


def mapped(
    *, elements: int, nonnull: int | None, unexpected: int, values: list[Any], mostly: float
) -> Result:
    """Return the result of a map expectation, computed as ``_format_map_output`` of Great Expectations does.

    Args:
        elements: Rows that meet the row condition.
        nonnull: Those that were looked at; ``None`` where the expectation looks at nulls too.
        unexpected: Those that are not as expected.
        values: The first of those values, in the order of the rows.
        mostly: The share that must be as expected, from 0 to 1.
    """
    looked = elements if nonnull is None else nonnull
    total = unexpected / elements * 100 if elements else None
    share = unexpected / looked * 100 if elements and looked else None
    result: dict[str, Any] = {
        "element_count": elements,
        "unexpected_count": unexpected,
        "unexpected_percent": share,
        "partial_unexpected_list": values,
    }
    if nonnull is not None:
        result |= {
            "missing_count": elements - nonnull,
            "missing_percent": (elements - nonnull) / elements * 100 if elements else None,
            "unexpected_percent_total": total,
            "unexpected_percent_nonmissing": share,
        }
    result["partial_unexpected_counts"] = _counts(values)
    # No row to look at: Great Expectations calls that a success. `considered` tells that it is none.
    success = not looked or (float(looked) - float(unexpected)) / float(looked) >= mostly
    return Result(success=success, result=result, considered=looked)


def plain(value: Any) -> Any:
    """Return a value of the database as Great Expectations' JSON has it."""
    match value:
        case dt.datetime() | dt.date():
            return (
                dt.datetime.combine(value, dt.time()).isoformat()
                if type(value) is dt.date
                else value.isoformat()
            )
        case decimal.Decimal():
            return float(value)
        case _:
            return value


def _counts(values: list[Any]) -> list[dict[str, Any]]:
    try:
        common = Counter(
            tuple(each.values()) if isinstance(each, dict) else each for each in values
        ).most_common(SHOWN)
        return [
            {"value": value, "count": count}
            for value, count in sorted(common, key=lambda each: (-each[1], each[0]))
        ]
    except TypeError:
        return [{"error": "partial_exception_counts requires a hashable type"}]
