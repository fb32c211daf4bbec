"""Expectations about each value of a column as a text, compiled: lengths, patterns, dates, JSON."""

import re
from typing import Any

from mltoolkit.contract.gallery.column_map import ANY, each, switch
from mltoolkit.contract.gallery.regular_expressions import checked
from mltoolkit.contract.scan import Question
from mltoolkit.contract.sources import Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError, literal
from mltoolkit.contract.suites import Expectation


def lengths_between(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_value_lengths_to_be_between``: in code points, of numbers as Python writes them."""
    held = []
    for name, strict, sign in (("min_value", "strict_min", ">"), ("max_value", "strict_max", "<")):
        operator = sign if switch(expectation, strict) else f"{sign}="
        bound = expectation.kwargs.get(name)
        if bound is None:
            continue
        if isinstance(bound, bool) or not isinstance(bound, int):
            raise NotCompiledError
        held.append(f"{_length(column)} {operator} {literal(bound)}")
    if not held:
        raise NotCompiledError
    return each(expectation, table, column, " AND ".join(held))


def length_equal(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_value_lengths_to_equal``."""
    value = expectation.kwargs.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotCompiledError
    equal = f"{_length(column)} = {int(value)}" if literal(value) and value == int(value) else "false"
    return each(expectation, table, column, equal)


def match_regex(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_match_regex``: found anywhere in the text."""
    found, unsure = _searched(table, column, [expectation.kwargs.get("regex")])
    return each(expectation, table, column, found[0], unsure=unsure)


def not_match_regex(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_not_match_regex``."""
    found, unsure = _searched(table, column, [expectation.kwargs.get("regex")])
    return each(expectation, table, column, f"NOT {found[0]}", unsure=unsure)


def match_regex_list(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_match_regex_list``: any of them, or all."""
    words = {"any": " OR ", "all": " AND "}
    match_on = expectation.kwargs.get("match_on", "any")
    if not isinstance(match_on, str) or match_on not in words:
        raise NotCompiledError
    found, unsure = _searched(table, column, expectation.kwargs.get("regex_list"))
    return each(expectation, table, column, words[match_on].join(found), unsure=unsure)


def not_match_regex_list(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_not_match_regex_list``: none of them."""
    found, unsure = _searched(table, column, expectation.kwargs.get("regex_list"))
    return each(expectation, table, column, f"NOT ({' OR '.join(found)})", unsure=unsure)


def match_strftime_format(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_match_strftime_format``, of numbers of a date and a time between signs.

    Python reads more than the format says (several spaces for one, a space before a day of one digit,
    digits of other scripts): where a text is read so, Great Expectations answers.
    """
    text = expectation.kwargs.get("strftime_format")
    if column.kind is not Kind.TEXT or not isinstance(text, str):
        raise NotCompiledError
    strict, loose = _forms(text)
    form, parsed = literal(strict), literal(text)
    valid = f"regexp_matches({column.sql}, {form})"
    if "%d" in text:
        valid = f"({valid} AND try_strptime({column.sql}, {parsed}) IS NOT NULL)"
    odd = f"NOT regexp_matches({column.sql}, {form}) AND regexp_matches({column.sql}, {literal(loose)})"
    return each(expectation, table, column, valid, unsure=[odd, not_ascii(column)])


def json_parseable(expectation: Expectation, table: Table, column: Column) -> Question:
    """``expect_column_values_to_be_json_parseable``.

    DuckDB forgives a comma before a bracket and spells infinities freely, Python reads halves of characters,
    neither many digits nor many brackets within each other: there Great Expectations answers.
    """
    if column.kind is Kind.OTHER:
        raise NotCompiledError
    if column.kind is not Kind.TEXT:
        return each(expectation, table, column, "false")
    text = column.sql
    brackets = f"length({text}) - length(translate({text}, '[{{', ''))"
    return each(
        expectation,
        table,
        column,
        f"json_valid({text})",
        unsure=[
            f"json_valid({text}) AND regexp_matches({text}, {literal(_FORGIVEN)})",
            rf"contains({text}, '\u') AND NOT json_valid({text})",
            f"length({text}) > {_LONG} AND ({brackets} > {_LONG} OR regexp_matches({text}, '[0-9]{{1000}}'))",
        ],
    )


def not_ascii(column: Column) -> str:
    """Return whether a text holds more than ASCII, in SQL."""
    return f"strlen({column.sql}) <> length({column.sql})"


def _searched(table: Table, column: Column, patterns: Any) -> tuple[list[str], list[str]]:
    """Return whether each pattern is found, and where that is not sure, in SQL."""
    if not isinstance(patterns, list) or not patterns or not all(isinstance(each, str) for each in patterns):
        raise NotCompiledError
    text = _text(column)
    made = [checked(pattern, table) for pattern in patterns]
    unsure = []
    if column.kind is Kind.TEXT:
        if any(pattern.ascii_only for pattern in made):
            unsure.append(not_ascii(column))
        if any(pattern.one_line for pattern in made):
            unsure.append(f"contains({column.sql}, chr(10))")
    return [f"({pattern.found(text)})" for pattern in made], unsure


def _text(column: Column) -> str:
    """Return a value as Python writes it, in SQL."""
    match column.kind:
        case Kind.TEXT:
            return column.sql
        case Kind.INTEGER:
            return f"{column.sql}::VARCHAR"
        case Kind.BOOLEAN:
            return f"CASE WHEN {column.sql} THEN 'True' ELSE 'False' END"
        case _:
            raise NotCompiledError


def _length(column: Column) -> str:
    return f"length({_text(column)})"


_FIELDS = {
    "%Y": "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])",
    "%m": "(1[0-2]|0[1-9]|[1-9])",
    "%d": "(3[0-1]|[1-2][0-9]|0[1-9]|[1-9])",
    "%H": "(2[0-3]|[0-1][0-9]|[0-9])",
    "%M": "([0-5][0-9]|[0-9])",
    "%S": "([0-5][0-9]|[0-9])",
}
_LOOSE = {**_FIELDS, "%d": "(3[0-1]|[1-2][0-9]|0[1-9]|[1-9]| [1-9])"}
_FORM = re.compile(r"(%[YmdHMS])|([-/.:, TZ_])")


def _forms(text: str) -> tuple[str, str]:
    """Return the regular expressions of what a format says, and of all that Python may read by it."""
    strict, loose, at, before = ["^"], ["(?i)^"], 0, "sign"
    seen = set()
    while at < len(text):
        found = _FORM.match(text, at)
        if found is None or (found[1] and (before == "field" or found[1] in seen)):
            raise NotCompiledError
        at = found.end()
        before = "field" if found[1] else "sign"
        if found[1]:
            seen.add(found[1])
            strict.append(_FIELDS[found[1]])
            loose.append(_LOOSE[found[1]])
        else:
            strict.append(re.escape(found[2]) if found[2] not in " TZ_" else found[2])
            loose.append(r"[\s\x{1c}-\x{1f}\v]+" if found[2] == " " else re.escape(found[2]))
    if not seen or (seen & {"%Y", "%m", "%d"} and not {"%Y", "%m", "%d"} <= seen):
        raise NotCompiledError
    return "".join([*strict, r"\z"]), "".join([*loose, r"\z"])


_FORGIVEN = r"(?i),\s*[\]}]|(^|[\[:,\s-])(inf|infinity|nan)\s*([,\]}]|\z)"
_LONG = 400

_REGEX = ANY | {"regex"}

COMPILED = {
    "expect_column_value_lengths_to_be_between": (
        lengths_between,
        ANY | {"min_value", "max_value", "strict_min", "strict_max"},
    ),
    "expect_column_value_lengths_to_equal": (length_equal, ANY | {"value"}),
    "expect_column_values_to_match_regex": (match_regex, _REGEX),
    "expect_column_values_to_not_match_regex": (not_match_regex, _REGEX),
    "expect_column_values_to_match_regex_list": (match_regex_list, ANY | {"regex_list", "match_on"}),
    "expect_column_values_to_not_match_regex_list": (not_match_regex_list, ANY | {"regex_list"}),
    "expect_column_values_to_be_json_parseable": (json_parseable, ANY),
    "expect_column_values_to_match_strftime_format": (match_strftime_format, ANY | {"strftime_format"}),
}
"""For each type: what compiles it, and the arguments that it knows."""
