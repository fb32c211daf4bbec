"""From the result of an expectation to a finding: met, violated, or not evaluated, and why."""

import contextlib
import difflib
import math
from collections.abc import Collection, Mapping
from typing import Any

from mltoolkit.checks import ContractFinding, Outcome, Source
from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.results import Result
from mltoolkit.contract.suites import Expectation
from mltoolkit.contract.vocabulary import COUNTED, MEASURED, POINTED, UNEXPECTED, outside
from mltoolkit.contract.wording import called, examples, share, shown

_NAMED = 20
"""How many columns a finding names; an expectation about more is rare, and the suite's line has all."""
_TEXT = 200
_FEW = 5
_TABLE = "expect_table_"

_ABOUT_NULLS = frozenset(
    {
        "expect_column_to_exist",
        "expect_column_type_to_be",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_values_to_be_in_type_list",
        "expect_column_values_to_be_null",
        "expect_column_values_to_be_of_type",
        "expect_column_values_to_not_be_null",
    }
)
"""What says something of a column that holds no value: about nulls, existence, and the type of a schema."""

_ABOUT_SCHEMA = frozenset({"expect_column_to_exist", "expect_column_type_to_be"})
"""What says something of a table without rows, beside all that is about the table."""


def outcome(
    expectation: Expectation,
    result: Result,
    *,
    nonnull: Mapping[str, int],
    source: Source,
    private: Collection[str] = (),
) -> ContractFinding:
    """Return the finding that a result is.

    Great Expectations calls many an expectation met that looked at nothing. Such a one was not evaluated,
    whether it would pass or fail.

    Args:
        expectation: What was asked.
        result: What came of it.
        nonnull: How many values each column of the data holds, by name.
        source: Who answered.
        private: Columns of which no value is shown, nor the text of an error about them.
    """
    about = columns(expectation)
    hidden = secret(expectation, private)
    outcome_, reason = _judged(expectation, result, nonnull, hidden=hidden)
    unexpected = _count(result.result.get("unexpected_count"))
    values: Any = ()
    if not hidden and outcome_ is Outcome.VIOLATED:
        # That a null was not expected is said; to show it says nothing more.
        values = [each for each in result.result.get("partial_unexpected_list") or () if each is not None]
        if expectation.type in POINTED:
            observed = result.result.get("observed_value")
            values = observed if isinstance(observed, list) else [observed]
    return ContractFinding(
        rule=expectation.type,
        columns=about[:_NAMED],
        outcome=outcome_,
        severity=expectation.severity,
        reason=reason,
        unexpected=unexpected,
        looked=_looked(result) if unexpected is None or "element_count" in result.result else None,
        examples=examples(_example(value) for value in values),
        line=expectation.line,
        source=source,
    )


def secret(expectation: Expectation, private: Collection[str]) -> bool:
    """Return whether a result may hold values of private columns.

    It may where it is about one or its row condition names one (errors show values), and where it names no
    column: a query, or an expectation of somebody's own, may be about any of them.
    """
    about = columns(expectation)
    condition = str(expectation.kwargs.get("row_condition") or "")
    return bool(private) and (
        not about or not set(about).isdisjoint(private) or any(name in condition for name in private)
    )


def columns(expectation: Expectation) -> tuple[str, ...]:
    """Return the columns whose values an expectation is about; none where it is about the table."""
    if expectation.type.startswith(_TABLE):
        return ()
    kwargs = expectation.kwargs
    listed = kwargs.get("column_list")
    named = [
        *(kwargs.get(key) for key in ("column", "column_A", "column_B")),
        *(listed if isinstance(listed, list) else ()),
    ]
    return tuple(dict.fromkeys(name for name in named if isinstance(name, str)))


def vacuous(expectation: Expectation, nonnull: Mapping[str, int]) -> str | None:
    """Return why an expectation says nothing about this data, if it does not: its columns hold no value.

    What is about nulls, existence or types says something even then.

    Args:
        expectation: What is asked.
        nonnull: How many values each column of the data holds, by name.
    """
    about = columns(expectation)
    if expectation.type in _ABOUT_NULLS or not about or any(nonnull.get(name) != 0 for name in about):
        return None
    return f"{called(about)} {'holds' if len(about) == 1 else 'hold'} no value, so nothing was looked at"


def toothless(expectation: Expectation) -> str | None:
    """Return why no data could violate an expectation, if none could.

    Args:
        expectation: What is asked.
    """
    kwargs = expectation.kwargs
    mostly: Any = kwargs.get("mostly")
    # Great Expectations takes a text for the number in it.
    with contextlib.suppress(TypeError, ValueError):
        if float(mostly) == 0:
            return "`mostly: 0` lets everything pass"
    if expectation.type.endswith("_quantile_values_to_be_between"):
        ranges = (kwargs.get("quantile_ranges") or {}).get("value_ranges") or []
        bounded = any(bound is not None for pair in ranges for bound in pair)
        return None if bounded else "it bounds no quantile, so everything passes"
    if expectation.type.endswith("_to_be_between"):
        low, high = kwargs.get("min_value"), kwargs.get("max_value")
        if low is None and high is None:
            return "it names neither a least nor a greatest value, so everything passes"
        # Counts, lengths and shares are never below 0, and shares never above 1.
        open_low = low is None or (isinstance(low, int | float) and low <= 0)
        share = "_proportion_of_" in expectation.type
        open_high = high is None or (share and isinstance(high, int | float) and high >= 1)
        counts = share or any(part in expectation.type for part in ("_count_", "_lengths_"))
        return "no data has less, so everything passes" if counts and open_low and open_high else None
    if wanted := _MAY_BE_EMPTY.get(expectation.type):
        listed = kwargs.get(wanted)
        if listed in (None, "") or (isinstance(listed, list) and all(each is None for each in listed)):
            return f"its `{wanted}` is empty, so everything passes"
    if expectation.type == "expect_table_columns_to_match_set":
        lenient = kwargs.get("exact_match") is False and not kwargs.get("column_set")
        return "its `column_set` is empty, so everything passes" if lenient else None
    if expectation.type in _EQUALITIES:
        named = kwargs.get("column_list") or [kwargs.get("column_A"), kwargs.get("column_B")]
        alone = isinstance(named, list) and all(each == named[0] for each in named)
        return "it compares a column with itself" if alone else None
    return None


_MAY_BE_EMPTY = {
    "expect_column_distinct_values_to_contain_set": "value_set",
    "expect_column_kl_divergence_to_be_less_than": "threshold",
    "expect_column_values_to_be_in_type_list": "type_list",
    "expect_column_values_to_match_regex": "regex",
    "expect_column_values_to_not_be_in_set": "value_set",
    "expect_column_values_to_not_match_like_pattern_list": "like_pattern_list",
    "expect_column_values_to_not_match_regex_list": "regex_list",
    "expect_table_columns_to_match_ordered_list": "column_list",
}
"""What an empty list lets pass, in Great Expectations, whatever the data are."""

_EQUALITIES = frozenset(
    {
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_equal",
        "expect_multicolumn_values_to_be_equal",
    }
)


def absent(name: object, known: Collection[str]) -> str:
    """Return a sentence on a column that is not there, with the one that was probably meant.

    Args:
        name: Of the column.
        known: The names of the columns that are there.
    """
    word = str(name)
    alike = [each for each in known if each.strip().casefold() == word.strip().casefold()]
    near = alike or difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    hint = f"; did you mean {called(near[:1])}?" if near else f", which has {len(known):,} others"
    return f"there is no column {called([word])} in the data{hint}"


def _judged(
    expectation: Expectation, result: Result, nonnull: Mapping[str, int], *, hidden: bool
) -> tuple[Outcome, str]:
    if nothing := vacuous(expectation, nonnull):
        return Outcome.NOT_EVALUATED, nothing
    if result.exception is not None:
        return Outcome.NOT_EVALUATED, _fault(expectation, result.exception, nonnull, hidden=hidden)
    looked, unexpected = _looked(result), _count(result.result.get("unexpected_count"))
    schema = expectation.type in _ABOUT_SCHEMA or expectation.type.startswith(_TABLE)
    if looked == 0 and not schema:
        return Outcome.NOT_EVALUATED, _nobody(expectation, result)
    if expectation.type in MEASURED and _missing(result.result.get("observed_value")):
        noun, _ = MEASURED[expectation.type]
        return Outcome.NOT_EVALUATED, f"{noun} cannot be computed from these values"
    if result.success and (lenient := toothless(expectation)):
        return Outcome.NOT_EVALUATED, lenient
    if result.success and looked and unexpected == looked:
        return Outcome.NOT_EVALUATED, "every value is unexpected, and `mostly` lets all of them pass"
    said = _said(expectation, result, nonnull, hidden=hidden)
    if result.success:
        return Outcome.MET, said
    among = conditions.told(expectation.kwargs.get("row_condition"))
    return Outcome.VIOLATED, f"{said}, of the rows where {among}" if among else said


def _fault(expectation: Expectation, exception: str, nonnull: Mapping[str, int], *, hidden: bool) -> str:
    gone = [name for name in columns(expectation) if name not in nonnull]
    if gone and nonnull:
        return absent(gone[0], nonnull)
    if hidden:
        return "it could not be evaluated; why is not shown, since it may hold values of a private column"
    lines = exception.strip().splitlines() or ["an error without a text"]
    return f"it could not be evaluated: {shown(lines[0], limit=_TEXT)}"


def _nobody(expectation: Expectation, result: Result) -> str:
    elements = _count(result.result.get("element_count"))
    if elements:
        return f"all {elements:,} values are null, so nothing was looked at"
    if expectation.kwargs.get("row_condition") is None:
        return "there is no row that it looks at"
    if elements == 0:
        return "no row meets its condition, so nothing was looked at"
    return "no row that meets its condition holds a value, so nothing was looked at"


def _said(expectation: Expectation, result: Result, nonnull: Mapping[str, int], *, hidden: bool) -> str:
    """Return what an expectation that was evaluated saw, in one sentence."""
    kind, kwargs, values = expectation.type, expectation.kwargs, result.result
    if "element_count" in values:
        return _map(expectation, result)
    if kind in MEASURED:
        return _measured(expectation, result, hidden=hidden)
    if kind == "expect_column_to_exist":
        if result.success:
            return "the column is there"
        name = kwargs.get("column")
        if str(name) not in nonnull:
            return absent(name, nonnull)
        return f"the column is there, but not at place {shown(kwargs.get('column_index'))} (from 0)"
    if kind.startswith("expect_table_columns_to_match_"):
        return _headers(result, exact=kwargs.get("exact_match") is not False)
    if kind.startswith("expect_column_distinct_values_to_"):
        return _distinct(result)
    if kind == "expect_column_quantile_values_to_be_between":
        held = (values.get("details") or {}).get("success_details") or []
        verb = "is" if held.count(False) == 1 else "are"
        return f"{held.count(False):,} of {len(held):,} quantiles {verb} out of range"
    if "type" in kind and isinstance(values.get("observed_value"), str):
        wanted = kwargs.get("type_") or kwargs.get("type_list") or ()
        names = [wanted] if isinstance(wanted, str) else [str(each) for each in wanted]
        asked = "as expected" if result.success else f"and not {' or '.join(map(shown, names[:_FEW]))}"
        return f"the type is {shown(values['observed_value'])}, {asked}"
    said = "as expected" if result.success else "not as expected"
    observed = values.get("observed_value")
    return said if hidden or not _numeric(observed) else f"observed {_number(observed)}, {said}"


def _map(expectation: Expectation, result: Result) -> str:
    looked, bad = _looked(result) or 0, _count(result.result.get("unexpected_count")) or 0
    unit, predicate = UNEXPECTED.get(expectation.type, ("values", "not as expected"))
    condition = " among the rows that meet its condition" if expectation.kwargs.get("row_condition") else ""
    if not bad:
        return f"all {looked:,} {unit} are as expected{condition}"
    told = predicate if isinstance(predicate, str) else predicate(expectation.kwargs)
    verb = "is" if bad == 1 else "are"
    mostly = expectation.kwargs.get("mostly", 1)
    allowed = "" if mostly is None or mostly == 1 else f"; `mostly: {shown(mostly)}` is asked"
    return f"{share(bad, looked, unit)} {verb} {told}{condition}{allowed}"


def _measured(expectation: Expectation, result: Result, *, hidden: bool) -> str:
    kind, kwargs = expectation.type, expectation.kwargs
    noun, asked = MEASURED[kind]
    observed = result.result.get("observed_value")
    # A least or greatest value is one of the data, so it is an example and not a part of the sentence.
    told = kind not in POINTED and _numeric(observed) and (kind in COUNTED or not hidden)
    said = f"{noun} is {_number(observed)}" if told else noun
    if result.success:
        return f"{said}, as expected" if told else f"{said} is as expected"
    wrong = outside(kwargs) if asked is None else asked(kwargs)
    return f"{said}, which is {wrong}" if told else f"{said} is {wrong}"


def _headers(result: Result, *, exact: bool) -> str:
    if result.success:
        return "the columns are as expected"
    wrong = (result.result.get("details") or {}).get("mismatched")
    if isinstance(wrong, dict):
        said = [
            f"{called([str(name) for name in wrong[key]])} {'is' if len(wrong[key]) == 1 else 'are'} {told}"
            for key, told in (("missing", "missing"), ("unexpected", "not expected"))
            if wrong.get(key) and (exact or key == "missing")
        ]
        return "; ".join(said) or "the columns are not as expected"
    if isinstance(wrong, list) and wrong and isinstance(wrong[0], dict):
        first = wrong[0]
        pair = [
            "no column" if first.get(key) is None else called([str(first[key])])
            for key in ("Found", "Expected")
        ]
        at = shown(first.get("Expected Column Position"))
        return f"{len(wrong):,} places differ; at place {at} (from 0) is {pair[0]} instead of {pair[1]}"
    return "the columns are not as expected"


def _distinct(result: Result) -> str:
    if result.success:
        return "the distinct values are as expected"
    bad, missing = (_count(result.result.get(key)) or 0 for key in ("unexpected_count", "missing_count"))
    said = [f"{bad:,} distinct {'value is' if bad == 1 else 'values are'} not in the set"] if bad else []
    if missing:
        said.append(f"{missing:,} {'value' if missing == 1 else 'values'} of the set did not occur")
    return " and ".join(said) or "the distinct values are not as expected"


def _example(value: object) -> str:
    """Return a value, or those of several columns, as people write it."""
    match value:
        case None:
            return "null"
        case dict():
            return ", ".join(f"{name}: {_example(each)}" for name, each in value.items())
        case list() | tuple():
            return ", ".join(_example(each) for each in value)
        case _:
            return str(value)


def _looked(result: Result) -> int | None:
    """Return at how many values or rows was looked, where the result says so."""
    if result.considered is not None:
        return result.considered
    elements = _count(result.result.get("element_count"))
    return None if elements is None else elements - (_count(result.result.get("missing_count")) or 0)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _numeric(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _missing(observed: object) -> bool:
    return observed is None or (isinstance(observed, float) and math.isnan(observed))


def _number(value: Any) -> str:
    if isinstance(value, int):
        return shown(f"{value:,}")
    return "infinite" if math.isinf(value) else f"{value:.6g}"
