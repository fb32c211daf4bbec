"""``row_condition``: which rows an expectation is about.

Great Expectations makes a text for ``DataFrame.query`` of each condition, so pandas says what it means:

- a comparison with null is false for floats, texts and dates, and ``!=`` is true, for it is not the other;
- a comparison with null is neither for integers and booleans, and stays so in ``and``, ``or``, ``not``;
- ``==`` with a text is true for texts alone: dates equal no text, though they can be before or after one.
"""

import ast
import io
import keyword
import re
import tokenize
import unicodedata
import warnings
from typing import Any

from mltoolkit.contract.gallery.comparisons import (
    MOMENTS,
    NUMBERS,
    OPERATORS,
    before_or_after,
    compared,
    member,
    moment,
)
from mltoolkit.contract.sources import Column, Kind, Table
from mltoolkit.contract.sql import NotCompiledError
from mltoolkit.contract.suites import Expectation
from mltoolkit.contract.wording import shown

_OWN = frozenset({"great_expectations", "great_expectations__experimental__"})
_PARSERS = _OWN | {"pandas", "spark"}
_MOST = 100
_DEEPEST = 30
_LONGEST = 10_000
_TOLD = 100
"""Characters of a condition that a sentence shows."""

_COLUMN = r'\s*col\("(?P<column>[^"\\\t\r\n]+)"\)\s*'
_VALUE = r"[A-Za-z0-9.,:;_/+()<>=-]([A-Za-z0-9.,:;_/+()<>= -]*[A-Za-z0-9.,:;_/+()<>=-])?"
_CONDITION = re.compile(
    _COLUMN + r"(?:(?P<notnull>(?i:\.notnull\(\)))|(?P<operator>[<>]=?|[=!]=)\s*"
    r"(?:(?P<number>[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)"
    rf"""|"(?P<double>{_VALUE})"|'(?P<single>{_VALUE})'))\s*"""
)

_TAKEN = frozenset({"Timestamp", "datetime", "True", "False", "list", "tuple", "inf", "Inf", "index"})
"""Names that mean something else than a column to ``DataFrame.query``."""

_QUOTABLE = re.compile(r"[A-Za-z0-9_.%/-]+( [A-Za-z0-9_.%/-]+)*")


def rows(expectation: Expectation, table: Table) -> str | None:
    """Return the condition on rows as SQL that is never null; ``None`` where all rows are meant.

    Raises:
        NotCompiledError: It says something that we do not compile.
    """
    condition = expectation.kwargs.get("row_condition")
    parser = expectation.kwargs.get("condition_parser")
    if parser is not None and parser not in _PARSERS:
        raise NotCompiledError
    match condition:
        case None:
            return None
        case dict():
            held = _structured(condition, table)
        case str() if parser in _OWN:
            held = _own(condition, table)
        case str():
            held = _query(condition, table)
        case _:
            raise NotCompiledError
    return f"coalesce({held}, false)"


def columns(condition: object) -> set[str]:
    """Return the columns that a condition names: a tree, or a text in Great Expectations' own language.

    Args:
        condition: As it stands in a suite.
    """
    match condition:
        case str():
            return set(re.findall(r"""col\(\s*["'](.*?)["']\s*\)""", condition))
        case {"column": {"name": str(name)}}:
            return {name}
        case dict():
            return set().union(*map(columns, condition.values()))
        case list():
            return set().union(*map(columns, condition))
        case _:
            return set()


def told(condition: object) -> str:
    """Return a condition on rows for a sentence; empty where all rows are meant.

    Args:
        condition: As it stands in a suite: a text, or the tree that Great Expectations writes today.
    """
    match condition:
        case None:
            return ""
        case {"type": "comparison", "column": {"name": name}, "operator": operator, "parameter": value}:
            values = f"({', '.join(map(str, value))})" if isinstance(value, list) else value
            return shown(f"{name} {operator} {values}", limit=_TOLD)
        case {"type": "nullity", "column": {"name": name}, "is_null": null}:
            return shown(f"{name} is {'' if null else 'not '}null", limit=_TOLD)
        case {"type": "and" | "or" as word, "conditions": [*parts]}:
            return shown(f" {word} ".join(map(told, parts)), limit=_TOLD)
        case {"type": "pass_through", "pass_through_filter": text}:
            return shown(text, limit=_TOLD)
        case _:
            return shown(condition, limit=_TOLD)


def _structured(condition: dict[str, Any], table: Table) -> str:
    match condition:
        case {"type": "and", "conditions": [_, *_] as parts, **rest} if not rest and len(parts) <= _MOST:
            return _joined("AND", parts, table, {"and", "comparison", "nullity"})
        case {"type": "or", "conditions": [_, *_] as parts, **rest} if not rest and len(parts) <= _MOST:
            return _joined("OR", parts, table, {"and", "comparison", "nullity"})
        case {
            "type": "nullity",
            "column": {"name": str(name), **more},
            "is_null": bool(null),
            **rest,
        } if not (rest or more):
            return _null(_found(name, table), null=null)
        case {
            "type": "comparison",
            "column": {"name": str(name), **more},
            "operator": str(operator),
            "parameter": value,
            **rest,
        } if not (rest or more):
            return _comparison(_found(name, table), operator, value)
        case {"type": "pass_through", "pass_through_filter": str(text), **rest} if not rest:
            return _query(text, table)
        case _:
            raise NotCompiledError


def _joined(word: str, parts: list[Any], table: Table, allowed: set[str]) -> str:
    held = []
    for part in parts:
        if not isinstance(part, dict) or part.get("type") not in allowed:
            raise NotCompiledError
        if part["type"] == "and" and not all(
            isinstance(each, dict) and each.get("type") in {"comparison", "nullity"}
            for each in part.get("conditions", [])
        ):
            raise NotCompiledError
        held.append(f"({_structured(part, table)})")
    return f" {word} ".join(held)


def _comparison(column: Column, operator: str, value: Any) -> str:
    if isinstance(value, str) and "`" in value:
        raise NotCompiledError
    if operator in {"IN", "NOT_IN"}:
        if not isinstance(value, list):
            raise NotCompiledError
        kinds = {type(each) for each in value}
        if not (kinds <= {int, float} or kinds <= {str}):
            raise NotCompiledError
        return _in(column, value, among=operator == "IN")
    if operator not in OPERATORS or not isinstance(value, str | int | float):
        raise NotCompiledError
    return _compared(column, operator, value)


def _own(condition: str, table: Table) -> str:
    found = _CONDITION.fullmatch(condition)
    if found is None:
        raise NotCompiledError
    column = _found(found["column"], table)
    if found["notnull"]:
        return _null(column, null=False)
    number = found["number"]
    if number is None:
        return _compared(column, found["operator"], found["double"] or found["single"])
    value = int(number) if re.fullmatch(r"[+-]?[0-9]+", number) else float(number)
    return _compared(column, found["operator"], value)


def _compared(column: Column, operator: str, value: Any) -> str:
    """Return a comparison: null where pandas says neither yes nor no."""
    if column.kind is Kind.OTHER:
        raise NotCompiledError
    unequal = operator == "!="
    if isinstance(value, str) and operator in {"==", "!="}:
        return _in(column, [value], among=not unequal)
    if column.kind in MOMENTS:
        return f"coalesce({before_or_after(column, operator, moment(value))}, false)"
    if column.kind is Kind.TEXT and not isinstance(value, str):
        if operator not in {"==", "!="}:
            raise NotCompiledError
        return "true" if unequal else "false"
    held = compared(column, operator, value)
    if column.kind in NUMBERS - {Kind.FLOAT}:
        return held
    return f"coalesce({held}, {'true' if unequal else 'false'})"


def _in(column: Column, values: list[Any], *, among: bool) -> str:
    if any(isinstance(value, str) and "`" in value for value in values):
        raise NotCompiledError
    return f"{'' if among else 'NOT '}{member(column, values)}"


def _null(column: Column, *, null: bool) -> str:
    return f"{column.sql} IS {'' if null else 'NOT '}NULL"


def _found(name: str, table: Table) -> Column:
    """Return the column that pandas finds by a name, which it reads as a part of an expression."""
    plain = name.isidentifier() and not keyword.iskeyword(name)
    if plain:
        if name in _TAKEN or name.startswith("__") or unicodedata.normalize("NFKC", name) != name:
            raise NotCompiledError
    elif not _QUOTABLE.fullmatch(name) or _like(name, table) > 1:
        raise NotCompiledError
    columns = [column for column in table.columns if column.name == name]
    if len(columns) != 1:
        raise NotCompiledError
    return columns[0]


def _like(name: str, table: Table) -> int:
    """Return how many columns may have the same name once their spaces and signs are replaced."""
    replaced = re.sub(r"\W", "_", name)
    return sum(re.sub(r"\W", "_", column.name) == replaced for column in table.columns)


def _query(text: str, table: Table) -> str:
    """Compile a text for ``DataFrame.query``: comparisons of columns with literals."""
    if len(text) > _LONGEST or "`" in text or "@" in text or len(text.splitlines()) != 1:
        raise NotCompiledError
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(_words(text.strip()), mode="eval")
        return _Query(table).boolean(tree.body, 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
        raise NotCompiledError from error


def _words(text: str) -> str:
    """Write ``&`` and ``|`` as words, as pandas does before it parses: they bind less tightly then."""
    words = {"&": "and", "|": "or"}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return tokenize.untokenize(
        (tokenize.NAME, words[each.string]) if each.type == tokenize.OP and each.string in words else each[:2]
        for each in tokens
    )


_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class _Query:
    """Says in SQL what ``DataFrame.query`` understands."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def boolean(self, node: ast.expr, depth: int) -> str:
        if depth > _DEEPEST:
            raise NotCompiledError
        match node:
            case ast.BoolOp(op=ast.And() | ast.Or() as op, values=values):
                word = " AND " if isinstance(op, ast.And) else " OR "
                return word.join(f"({self.boolean(value, depth + 1)})" for value in values)
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                return f"NOT ({self.boolean(operand, depth + 1)})"
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                terms = [left, *comparators]
                pairs = zip(terms[:-1], ops, terms[1:], strict=True)
                return " AND ".join(f"({self._compare(*pair)})" for pair in pairs)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), args=args, keywords=[]):
                return self._call(_found(name, self._table), method, args)
            case ast.Name(id=name) if (column := _found(name, self._table)).kind is Kind.BOOLEAN:
                return column.sql
            case _:
                raise NotCompiledError

    def _compare(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> str:
        if isinstance(right, ast.Name) and isinstance(op, tuple(_SIGNS)):
            return _compared(_found(right.id, self._table), _MIRRORED[_SIGNS[type(op)]], _constant(left))
        if not isinstance(left, ast.Name):
            raise NotCompiledError
        column = _found(left.id, self._table)
        if isinstance(op, ast.In | ast.NotIn):
            return _in(column, _constants(right), among=isinstance(op, ast.In))
        if isinstance(right, ast.List | ast.Tuple) and isinstance(op, ast.Eq | ast.NotEq):
            return _in(column, _constants(right), among=isinstance(op, ast.Eq))
        if type(op) not in _SIGNS:
            raise NotCompiledError
        return _compared(column, _SIGNS[type(op)], _constant(right))

    def _call(self, column: Column, method: str, args: list[ast.expr]) -> str:
        match method, args:
            case "isnull" | "isna", []:
                return _null(column, null=True)
            case "notnull" | "notna", []:
                return _null(column, null=False)
            case "isin", [values]:
                return _in(column, _constants(values), among=True)
            case _:
                raise NotCompiledError


def _constants(node: ast.expr) -> list[Any]:
    if not isinstance(node, ast.List | ast.Tuple):
        raise NotCompiledError
    return [_constant(each) for each in node.elts]


def _constant(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case _:
            raise NotCompiledError
