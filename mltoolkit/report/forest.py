"""A forest of intervals as text: one line a number, all of one picture on one axis; shown in a fenced block."""

import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from mltoolkit.rules import disclosure
from mltoolkit.rules.base import Answer
from mltoolkit.rules.numbers import Estimate

WIDTH = 100
"""Columns that no line goes beyond."""

_MARKS = {Answer.PASS: "✓", Answer.FAIL: "✗", Answer.UNKNOWN: "?", Answer.NOT_APPLICABLE: "·"}
_LABEL, _PLOT = 28, 33
_BOUND = {" ": "┃", "─": "╂", "├": "┠", "┤": "┨", "●": "●"}
"""What a bound looks like on top of what is there already; the number itself is never hidden."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a forest.

    Attributes:
        label: What the number is about, in a few words.
        answer: What was answered.
        estimate: The number with its interval.
        bound: What it is compared with, in the same unit.
        note: A word or two behind the numbers.
    """

    label: str
    answer: Answer
    estimate: Estimate
    bound: float | None
    note: str = ""


def draw(bars: Sequence[Bar]) -> str:
    """Return the picture, in the order of the bars; empty where no number is known.

    Args:
        bars: Of one unit.
    """
    seen = [value for bar in bars for value in _numbers(bar)]
    if not any(bar.estimate.value is not None for bar in bars):
        return ""
    low, high = min(seen), max(seen)
    if low == high:
        low, high = low - max(1.0, abs(low) / 2), high + max(1.0, abs(high) / 2)
    lines = [_line(bar, low, high) for bar in bars]
    ends = f"{low:.3g}", f"{high:.3g}"
    axis = f"{ends[0]}{' ' * max(1, _PLOT - len(ends[0]) - len(ends[1]))}{ends[1]}"
    lines.append(f"{'':{_LABEL + 3}}{axis}")
    return "\n".join(["```text", *(line.rstrip() for line in lines), "```"])


def _numbers(bar: Bar) -> Iterable[float]:
    found = (bar.estimate.value, bar.estimate.low, bar.estimate.high, bar.bound)
    return (value for value in found if value is not None)


def _line(bar: Bar, low: float, high: float) -> str:
    estimate = bar.estimate
    plot = [" "] * _PLOT

    def column(value: float) -> int:
        # Halves, because the distance of the largest numbers is no number.
        return round((value / 2 - low / 2) / (high / 2 - low / 2) * (_PLOT - 1))

    if estimate.low is not None and estimate.high is not None:
        start, end = column(estimate.low), column(estimate.high)
        plot[start : end + 1] = ["─"] * (end + 1 - start)
        plot[start], plot[end] = "├", "┤"
    if estimate.value is not None:
        plot[column(estimate.value)] = "●"
    if bar.bound is not None:
        at = column(bar.bound)
        plot[at] = _BOUND[plot[at]]
    # The mark is what keeps a label from closing the block: a line never begins with a fence.
    front = f"{_MARKS[bar.answer]} {padded(bar.label, _LABEL)} {''.join(plot)} "
    return front + padded(f"{_told(estimate)} {bar.note}", WIDTH - _LABEL - _PLOT - 4)


def _told(estimate: Estimate) -> str:
    if estimate.value is None:
        return "withheld" if estimate.reason == disclosure.WITHHELD else estimate.reason or "not known"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3g} (no interval)"
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"


def padded(words: str, width: int) -> str:
    """Return a text on one line that takes so many columns: wide letters take two, marks on letters none.

    Args:
        words: Anything, also what nobody checked; what is not to be seen is left out.
        width: Columns.
    """
    shown, taken = "", 0
    flat = " ".join(words.split())
    for at, letter in enumerate(flat):
        if unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cs", "Cn"}:
            continue
        takes = _columns(letter)
        rest = sum(_columns(each) for each in flat[at + 1 : at + 1 + width])
        if taken + takes + (1 if rest else 0) > width and taken + takes + rest > width:
            shown, taken = f"{shown}…", taken + 1
            break
        shown, taken = shown + letter, taken + takes
    return shown + " " * (width - taken)


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
