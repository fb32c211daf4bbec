"""Regular expressions that texts of one form fit, guessed from some of them."""

import re
from collections.abc import Sequence
from itertools import groupby

_CLASSES = (
    "[0-9]",
    "[A-Z]",
    "[a-z]",
    "[0-9a-f]",
    "[A-Z0-9]",
    "[a-z0-9]",
    "[A-Za-z]",
    "[A-Za-z0-9]",
    "[A-Za-z0-9_-]",
)
"""From the narrow to the wide: the first that all texts fit is the guess."""

_LONGEST = 64
_SPECIAL = frozenset(r"\.^$*+?{}[]|()")


def candidates(texts: Sequence[str]) -> tuple[str, ...]:
    """Return regular expressions that all of these texts fit, the most telling one first.

    DuckDB's engine and Python's read them alike: anchors, classes of ASCII, literals, repetitions.

    Args:
        texts: Some texts of a column; whether the others fit too is a question to the data.
    """
    if not texts or any(not text or len(text) > _LONGEST for text in texts):
        return ()
    if not all(text.isascii() and text.isprintable() for text in texts):
        return ()
    runs, classes = _by_runs(texts), _by_class(texts)
    return tuple(dict.fromkeys(f"^{each}$" for each in (*runs, *classes)))


def _by_runs(texts: Sequence[str]) -> list[str]:
    """Guess from the order of letters, digits and signs: ``N14228`` is a letter, then digits."""
    shapes = [[(kind, len(list(run))) for kind, run in groupby(text, _kind)] for text in texts]
    kinds = [kind for kind, _ in shapes[0]]
    if any([kind for kind, _ in shape] != kinds for shape in shapes):
        return []
    if not any(kind in _CLASSES for kind in kinds):
        return []
    lengths = [{shape[at][1] for shape in shapes} for at in range(len(kinds))]
    open_ended = [
        found if kind not in _CLASSES else {1, 2} for kind, found in zip(kinds, lengths, strict=True)
    ]
    return ["".join(map(_repeated, kinds, each)) for each in (lengths, open_ended)]


def _by_class(texts: Sequence[str]) -> list[str]:
    for each in _CLASSES:
        if all(re.fullmatch(f"{each}+", text) for text in texts):
            return [_repeated(each, {len(text) for text in texts}), f"{each}+"]
    return []


def _kind(character: str) -> str:
    if character.isdigit():
        return "[0-9]"
    if character.isalpha():
        return "[A-Z]" if character.isupper() else "[a-z]"
    return f"\\{character}" if character in _SPECIAL else character


def _repeated(what: str, lengths: set[int]) -> str:
    if len(lengths) > 1:
        return f"{what}+"
    (length,) = lengths
    return what if length == 1 else f"{what}{{{length}}}"
