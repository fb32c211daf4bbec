"""Markdown that untrusted text cannot break: no mention, link, image, HTML or table cell of its own."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_LIMIT = 200
_SPECIAL = re.compile(
    r"""[\\`*\[\]#|~$<>&@]  # code, emphasis, links, issues, cells, struck text, formulas, HTML, mentions
    | (?<![^\W_])_ | _(?![^\W_])  # emphasis; inside a word an underscore is only itself
    | :(?=\S)                # addresses and :emoji:
    | (?<=\bwww)\.           # addresses without a scheme
    | (?<=\bgh)-(?=\d)       # GH-12
    """,
    re.VERBOSE | re.IGNORECASE,
)


def text(value: object, *, limit: int = _LIMIT) -> str:
    """Return untrusted text for one line or cell.

    Control, zero-width and bidirectional characters go, line ends become spaces, what means something
    to Markdown or HTML is escaped, and what GitHub turns into links of itself (``@name``, ``#12``,
    ``www.``, ``://``) is broken.

    Args:
        value: Anything.
        limit: Characters; what is longer is cut and says so.
    """
    flat = " ".join(str(value).split())
    seen = "".join(
        character
        for character in flat
        if unicodedata.category(character) not in {"Cc", "Cf", "Co", "Cs", "Cn"}
    )
    if len(seen) > limit:
        seen = f"{seen[: limit - 1]}…"
    # Numeric entities are text to every part of the renderer: cells, links, HTML and emphasis.
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", seen)


def code(value: object) -> str:
    """Return a short identifier of ours (a digest, a commit) as code.

    Raises:
        ValueError: It holds anything but letters, digits and a few separators.
    """
    word = str(value)
    if not re.fullmatch(r"[A-Za-z0-9_.:/+-]{1,100}", word):
        raise ValueError(f"not an identifier: {word!r}")
    return f"`{word}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its cells are Markdown already.

    Args:
        head: The k headings; the first column is left-aligned, the others right.
        rows: Of k cells each.
    """
    lines = [_row(head), _row([":--", *["--:"] * (len(head) - 1)]), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def folded(summary: str, body: str) -> str:
    """Return a part that is closed until a reader opens it.

    Args:
        summary: The line that is shown, as Markdown already.
        body: Markdown.
    """
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"
