"""What findings call that which an expectation of Great Expectations' gallery looks for."""

from collections.abc import Callable, Mapping
from typing import Any

from mltoolkit.contract.wording import shown

Arguments = Mapping[str, Any]


def outside(kwargs: Arguments) -> str:
    """Return what a value is that is not within an expectation's bounds.

    Args:
        kwargs: The arguments of the expectation: ``min_value``, ``max_value``, ``strict_min``, ``strict_max``.
    """
    least, most = kwargs.get("min_value"), kwargs.get("max_value")
    below = f"{'not greater' if kwargs.get('strict_min') else 'less'} than {shown(least)}"
    above = f"{'not less' if kwargs.get('strict_max') else 'greater'} than {shown(most)}"
    if least is not None and most is not None:
        return f"{below} or {above}"
    return below if most is None else above


def _other(key: str) -> Callable[[Arguments], str]:
    return lambda kwargs: f"not {shown(kwargs.get(key))}"


def _lengths(kwargs: Arguments) -> str:
    return f"of a length that is {outside(kwargs)}"


def _greater(kwargs: Arguments) -> str:
    return f"not greater {'or equal ' if kwargs.get('or_equal') else ''}in the first column"


UNEXPECTED: dict[str, tuple[str, str | Callable[[Arguments], str]]] = {
    "expect_column_pair_values_a_to_be_greater_than_b": ("rows", _greater),
    "expect_column_pair_values_to_be_equal": ("rows", "different in the two columns"),
    "expect_column_pair_values_to_be_in_set": ("rows", "not in the set of pairs"),
    "expect_column_value_lengths_to_be_between": ("values", _lengths),
    "expect_column_value_lengths_to_equal": (
        "values",
        lambda kwargs: f"of a length other than {shown(kwargs.get('value'))}",
    ),
    "expect_column_value_z_scores_to_be_less_than": ("values", "too many standard deviations from the mean"),
    "expect_column_values_to_be_between": ("values", outside),
    "expect_column_values_to_be_dateutil_parseable": ("values", "not readable as a date"),
    "expect_column_values_to_be_decreasing": ("values", "out of decreasing order"),
    "expect_column_values_to_be_in_set": ("values", "not in the set"),
    "expect_column_values_to_be_in_type_list": ("values", "of another type"),
    "expect_column_values_to_be_increasing": ("values", "out of increasing order"),
    "expect_column_values_to_be_json_parseable": ("values", "not JSON"),
    "expect_column_values_to_be_null": ("values", "not null"),
    "expect_column_values_to_be_of_type": ("values", "of another type"),
    "expect_column_values_to_be_unique": ("values", "not unique"),
    "expect_column_values_to_match_json_schema": ("values", "not what the JSON schema asks"),
    "expect_column_values_to_match_like_pattern": ("values", "not like the pattern"),
    "expect_column_values_to_match_like_pattern_list": ("values", "not like the patterns"),
    "expect_column_values_to_match_regex": ("values", "not matched by the regular expression"),
    "expect_column_values_to_match_regex_list": ("values", "not matched by the regular expressions"),
    "expect_column_values_to_match_strftime_format": ("values", "not written in the format"),
    "expect_column_values_to_not_be_in_set": ("values", "in the set that must not occur"),
    "expect_column_values_to_not_be_null": ("values", "null"),
    "expect_column_values_to_not_match_like_pattern": ("values", "like the pattern that must not occur"),
    "expect_column_values_to_not_match_like_pattern_list": (
        "values",
        "like one of the patterns that must not occur",
    ),
    "expect_column_values_to_not_match_regex": ("values", "matched by what must not match"),
    "expect_column_values_to_not_match_regex_list": ("values", "matched by what must not match"),
    "expect_compound_columns_to_be_unique": ("rows", "not unique in these columns"),
    "expect_multicolumn_sum_to_equal": (
        "rows",
        lambda kwargs: f"of a sum other than {shown(kwargs.get('sum_total'))}",
    ),
    "expect_multicolumn_values_to_be_equal": ("rows", "different in these columns"),
    "expect_select_column_values_to_be_unique_within_record": ("rows", "the same in two of these columns"),
}
"""For each expectation that counts: what it counts, and what those are that it did not expect."""

MEASURED: dict[str, tuple[str, Callable[[Arguments], str] | None]] = {
    "expect_column_max_to_be_between": ("the greatest value", None),
    "expect_column_mean_to_be_between": ("the mean", None),
    "expect_column_median_to_be_between": ("the median", None),
    "expect_column_min_to_be_between": ("the least value", None),
    "expect_column_most_common_value_to_be_in_set": ("the most common value", lambda _: "not in the set"),
    "expect_column_proportion_of_non_null_values_to_be_between": (
        "the share of values that are not null",
        None,
    ),
    "expect_column_proportion_of_unique_values_to_be_between": ("the share of distinct values", None),
    "expect_column_stdev_to_be_between": ("the standard deviation", None),
    "expect_column_sum_to_be_between": ("the sum", None),
    "expect_column_unique_value_count_to_be_between": ("the number of distinct values", None),
    "expect_table_column_count_to_be_between": ("the number of columns", None),
    "expect_table_column_count_to_equal": ("the number of columns", _other("value")),
    "expect_table_row_count_to_be_between": ("the number of rows", None),
    "expect_table_row_count_to_equal": ("the number of rows", _other("value")),
}
"""For each expectation about one number: its name, and what it is where it is not as expected (without an
entry: outside of the bounds)."""

COUNTED = frozenset(kind for kind in MEASURED if "count" in kind or "proportion" in kind)
"""What counts, so that it may be told of a private column too."""

POINTED = frozenset(
    {
        "expect_column_max_to_be_between",
        "expect_column_min_to_be_between",
        "expect_column_most_common_value_to_be_in_set",
    }
)
"""What observes values of the data, which are examples of a violation."""
