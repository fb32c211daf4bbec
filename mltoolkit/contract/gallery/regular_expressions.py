r"""Python's regular expressions for DuckDB's engine, RE2, where both find the same.

pandas takes Python's engine for some patterns on some data and RE2 for others; where the two differ it
chooses by the data (``\d``, ``\w`` and ``\b`` once a text is not of ASCII, ``$`` once there is a newline).
So a pattern comes with what the data must not hold for the translation to be right.
"""

import re
import warnings
from typing import NamedTuple

from mltoolkit.contract.queries import DataError, fetched
from mltoolkit.contract.sources import Table
from mltoolkit.contract.sql import NotCompiledError, literal

_SPACES = r"\t-\r\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
"""What is space to Python, in a class: RE2's own ``\\s`` is narrower."""

_FLAGS = re.compile(r"\(\?([is]+)\)")
_GROUP = re.compile(r"\((?!\?)|\(\?:|\(\?P<[A-Za-z_][A-Za-z0-9_]*>")
_REPEAT = re.compile(r"\{([0-9]{1,3})(,[0-9]{0,3})?\}")
_HEX = re.compile(r"x([0-9a-fA-F]{2})")
_SAME = "nrtfva"
"""Escapes of single characters that mean the same to both."""

_AMBIGUOUS = ("--", "&&", "~~", "||")
"""Python keeps these in a class for later; nobody should rest on what they mean now."""

_PLACES = frozenset({"^", "$", r"\A", r"\Z", r"\b"})
"""What fits a place and no character."""

_LONGEST = 2_000


class Pattern(NamedTuple):
    """A regular expression in RE2's syntax.

    Attributes:
        text: The expression.
        ascii_only: Whether it is right for texts of ASCII alone.
        one_line: Whether it is right for texts without a newline alone.
        filled: Whether what it finds is never empty.
    """

    text: str
    ascii_only: bool
    one_line: bool
    filled: bool

    def found(self, value: str) -> str:
        """Return whether it is found in a text, in SQL.

        Args:
            value: The text, an expression.
        """
        if self.filled:
            # For a column of few texts DuckDB computes this once for each of them, the other for each row.
            return f"regexp_extract({value}, {literal(self.text)}) <> ''"
        return f"regexp_matches({value}, {literal(self.text)})"


def checked(pattern: str, table: Table) -> Pattern:
    """Translate a regular expression, and let DuckDB try it alone, where it can spoil nothing else.

    Args:
        pattern: In Python's syntax.
        table: Its database is asked.

    Raises:
        NotCompiledError: It is invalid, or means something that RE2 does not know.
    """
    made = translated(pattern)
    try:
        fetched(table, f"SELECT regexp_matches('', {literal(made.text)})")
    except DataError as error:
        raise NotCompiledError from error
    return made


def translated(pattern: str) -> Pattern:
    """Translate a regular expression for a search.

    Args:
        pattern: In Python's syntax.

    Raises:
        NotCompiledError: It is invalid, or there is no translation that is surely right.
    """
    if len(pattern) > _LONGEST:
        raise NotCompiledError
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise NotCompiledError from error
    return _Translation(pattern).result()


class _Translation:
    """Reads a pattern from its beginning to its end, and writes it anew."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._ascii_only = False
        self._one_line = False
        self._bare: list[str] = []

    def result(self) -> Pattern:
        parts = []
        flags = _FLAGS.match(self._pattern)
        if flags:
            # Python and RE2 know different pairs of letters beyond ASCII.
            self._ascii_only = "i" in flags[1]
            self._at = flags.end()
            parts.append(flags[0])
        while self._at < len(self._pattern):
            begin = self._at
            parts.append(self._next())
            read = self._pattern[begin : self._at]
            self._bare.append("(?:)" if read in _PLACES else read)
        return Pattern("".join(parts), self._ascii_only, self._one_line, self._filled())

    def _filled(self) -> bool:
        """Return whether the pattern needs a character: with each place taken for any, it does not fit none."""
        try:
            return re.match("".join(self._bare), "") is None
        except re.error:
            return False

    def _next(self) -> str:
        match self._pattern[self._at]:
            case "\\":
                return self._escape(inside=False)
            case "[":
                return self._class()
            case "(":
                return self._taken(_GROUP)
            case "{":
                return self._taken(_REPEAT)
            case "]" | "}":
                raise NotCompiledError
            case "$":
                self._at += 1
                if self._at == len(self._pattern):
                    # Python's end is also before a newline at the end; nothing follows, so it may be read.
                    return r"\n?\z"
                self._one_line = True
                return "$"
            case character:
                self._at += 1
                return character

    def _taken(self, form: re.Pattern[str]) -> str:
        found = form.match(self._pattern, self._at)
        if found is None:
            raise NotCompiledError
        self._at = found.end()
        return found[0]

    def _class(self) -> str:
        parts = ["["]
        self._at += 1
        if self._pattern[self._at] == "^":
            parts.append("^")
            self._at += 1
        if self._pattern[self._at] == "]":
            raise NotCompiledError
        while (character := self._pattern[self._at]) != "]":
            if character == "[" or self._pattern[self._at : self._at + 2] in _AMBIGUOUS:
                raise NotCompiledError
            if character == "\\":
                parts.append(self._escape(inside=True))
            else:
                parts.append(character)
                self._at += 1
        self._at += 1
        return "".join([*parts, "]"])

    def _escape(self, *, inside: bool) -> str:
        letter = self._pattern[self._at + 1]
        hexadecimal = _HEX.match(self._pattern, self._at + 1)
        self._at += 2
        if hexadecimal:
            self._at = hexadecimal.end()
            return f"\\x{{{hexadecimal[1]}}}"
        if letter in "dDwW" or (letter == "b" and not inside):
            self._ascii_only = True
            return f"\\{letter}"
        if letter == "s":
            return _SPACES if inside else f"[{_SPACES}]"
        if letter == "S" and not inside:
            return f"[^{_SPACES}]"
        if letter in "AZ" and not inside:
            return r"\A" if letter == "A" else r"\z"
        if letter in _SAME:
            return f"\\{letter}"
        if letter == "_":
            return letter
        if letter.isascii() and letter.isprintable() and not letter.isalnum():
            return f"\\{letter}"
        raise NotCompiledError
