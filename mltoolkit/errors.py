"""What can go wrong; each kind owns its exit code.

An error says what happened, where, and what to do next. The exit codes are those that a
workflow acts on; they are part of the public contract.
"""

import errno
from typing import ClassVar, NamedTuple


class Location(NamedTuple):
    """Where something stands in a file that a person wrote.

    Attributes:
        path: The file.
        line: Counted from 1.
        key: Dotted.
    """

    path: str
    line: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        """Render as ``path:line: key``, the form that editors jump to."""
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return place if self.key is None else f"{place}: {self.key}"


class MltoolkitError(Exception):
    """The root of everything we raise on purpose. Use one of the kinds below.

    Args:
        what: One sentence on what happened, with the values that matter.
        where: The file, line and key that it is about.
        hint: What to do next.
    """

    exit_code: ClassVar[int]

    def __init__(self, what: str, *, where: Location | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """Render for a terminal: place, sentence, advice."""
        head = self.what if self.where is None else f"{self.where}: {self.what}"
        return head if self.hint is None else f"{head}\n  {self.hint}"


class RefusedError(MltoolkitError):
    """The answer is no: the gate rejects, the contract is broken, a version did not prove itself."""

    exit_code = 1


class InputError(MltoolkitError):
    """The configuration or an input is wrong, and a person can mend it."""

    exit_code = 2


class CannotTellError(MltoolkitError):
    """Nobody can say yes or no on this evidence: it is missing, damaged, stale or too thin."""

    exit_code = 3


class OutsideError(MltoolkitError):
    """The world outside failed: git, DVC, a tracking server, a model server, a disk."""

    exit_code = 4


class RolledBackError(MltoolkitError):
    """A release went out and was taken back."""

    exit_code = 5


class SupersededError(MltoolkitError):
    """Somebody else holds the lock, or a newer release won."""

    exit_code = 6


INTERNAL_ERROR = 70
"""The exit code of our own bugs (``EX_SOFTWARE`` of sysexits.h)."""


def of_disk(error: OSError, path: str | None = None) -> OutsideError | None:
    """Return the error that a disk takes nothing more, or None where it is not the disk's fault.

    Args:
        error: What the operating system said.
        path: Where, if the error itself does not say it.
    """
    place = path or error.filename
    where = None if place is None else Location(path=str(place))
    what = f"cannot be written: {error.strerror}"
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return OutsideError(what, where=where, hint="free some space, and do it again")
        case errno.EROFS:
            return OutsideError(
                what, where=where, hint="its disk can only be read; work where it can be written"
            )
        case errno.EIO:
            return OutsideError(
                what, where=where, hint="the disk, or the way to it, is broken; try another one"
            )
        case _:
            return None


def meant(word: str, known: list[str]) -> str:
    """Return advice on a word that is not known."""
    import difflib  # not at the top: `--help` needs no advice and must start fast

    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known) or 'none'}"
