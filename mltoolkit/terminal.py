"""What is printed of texts that are not ours: names and words of programs, of reports and of data.

A terminal obeys control characters, and a line break in a name begins a line that looks like ours.
"""

import re

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Those of ASCII and of Unicode, but tab and line break; and what turns the direction of a text."""


def plain(text: str) -> str:
    r"""Return text whose control characters are spelled out, such as ``\x1b``; tabs and line breaks stay."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text.replace("\r\n", "\n"))


def line(text: str) -> str:
    """Return text as one line, without control characters."""
    return plain(" ".join(text.split()))


def fits(text: str) -> bool:
    """Return whether text can stand in a line as it is."""
    return "\n" not in text and plain(text) == text


def plain_json(text: str) -> str:
    """Return JSON that means the same, in which control characters are escaped that JSON leaves as they are."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
