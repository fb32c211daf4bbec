"""What a suite may not ask of Great Expectations: to run code, or to fetch something.

A suite comes with a pull request. `DataFrame.query`, which row conditions go to, evaluates Python: with
``@`` and attributes it reaches everything that Python does.
"""

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from typing import Any

from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.suites import Expectation

_LONGEST = 10_000
_QUOTED = re.compile(r"`[^`\n]*`")
_NODES = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.Invert, ast.USub, ast.UAdd,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.BitAnd, ast.BitOr,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
    ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple, ast.Attribute, ast.Call, ast.keyword,
)  # fmt: skip
_ATTRIBUTES = frozenset(
    [
        "str",
        "dt",
        "isnull",
        "isna",
        "notnull",
        "notna",
        "isin",
        "between",
        "startswith",
        "endswith",
        "contains",
        "match",
        "fullmatch",
        "len",
        "lower",
        "upper",
        "strip",
        "abs",
        "round",
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "dayofweek",
        "quarter",
        "date",
    ]
)
"""What may follow the dot after a column: questions about its values."""


def refused(expectation: Expectation) -> str | None:
    """Return why an expectation is not handed to Great Expectations, if it must not be."""
    kwargs = expectation.kwargs
    asked = kwargs.get("row_condition")
    if "$PARAMETER" in str([asked, kwargs.get("condition_parser"), kwargs.get("json_schema")]):
        return "its condition or schema stands in a suite parameter, where nobody can see what it asks"
    # Of the other languages for texts Great Expectations knows none on pandas, and says so.
    texts = (
        () if isinstance(asked, str) and kwargs.get("condition_parser") != "pandas" else _conditions(asked)
    )
    for condition in texts:
        if not harmless(condition):
            return "its row condition may run code: only comparisons of columns and questions about them may be asked"
    for name in conditions.columns(kwargs.get("row_condition")):
        if "`" in name:
            return "its row condition names a column with a backtick, which could end the name and run code"
    if expectation.type == "expect_column_values_to_match_json_schema" and any(
        not target.startswith("#") for target in _references(kwargs.get("json_schema"))
    ):
        return "its JSON schema refers to another document, which would be fetched"
    return None


def harmless(condition: str) -> bool:
    """Return whether a text for ``DataFrame.query`` only compares columns and asks about their values."""
    text = _QUOTED.sub("column", condition.strip())
    if len(text) > _LONGEST or len(text.splitlines()) > 1:
        return False
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        # What is no expression cannot be evaluated either: Great Expectations says so itself, if it is let.
        return False
    if any(token.type == tokenize.OP and token.string == "@" for token in tokens):
        return False
    return all(isinstance(node, _NODES) and _allowed(node) for node in ast.walk(tree))


def _allowed(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name):
            return name in _ATTRIBUTES
        case ast.Call(func=function):
            return isinstance(function, ast.Attribute)
        case ast.Name(id=name):
            return not name.startswith("__")
        case _:
            return True


def _conditions(condition: Any) -> Iterator[str]:
    """Yield each text that goes to ``DataFrame.query`` as it is."""
    match condition:
        case str():
            yield condition
        case dict():
            for key, value in condition.items():
                if key == "pass_through_filter":
                    yield str(value)
                elif isinstance(value, dict | list):
                    yield from _conditions(value)
        case list():
            for each in condition:
                if not isinstance(each, str):
                    yield from _conditions(each)


def _references(schema: Any) -> Iterator[str]:
    match schema:
        case dict():
            for key, value in schema.items():
                if key in {"$ref", "$dynamicRef", "$recursiveRef"}:
                    yield str(value)
                yield from _references(value)
        case list():
            for each in schema:
                yield from _references(each)
