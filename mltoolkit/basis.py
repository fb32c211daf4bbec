"""The commit that a change is compared with: where a pull request wants to go, or the parent."""

import os
from pathlib import Path

from mltoolkit import git, github
from mltoolkit.errors import InputError


def base(top: Path, asked: str | None) -> tuple[str | None, str | None]:
    """Return the commit to compare with, as 40 hex digits, or None and why there is none.

    It is the one asked for; in a pull request's run the newest commit that it shares with the branch it
    wants to go to; and otherwise the parent of what is checked out.

    Args:
        top: The root of the work tree.
        asked: A commit, a branch or a tag that somebody named.

    Raises:
        InputError: There is no such commit, or the repository has none.
    """
    head = git.head(top)
    if asked is not None:
        found = git.resolve(top, asked)
        if found is None:
            raise InputError(f"no commit {asked!r} here", hint=_fetch(top))
        return found, None
    target = github.context(os.environ).base
    if target is None:
        found = git.resolve(top, "HEAD~1")
        return found, None if found else _why_none(top, "this is the first commit")
    tip = git.resolve(top, f"refs/remotes/origin/{target}") or git.resolve(top, f"refs/heads/{target}")
    if tip is None:
        return None, _why_none(top, f"the base branch {target} was not fetched")
    found = git.merge_base(top, tip, head)
    return found, None if found else _why_none(top, f"no common commit with {target}")


def _why_none(top: Path, otherwise: str) -> str:
    return "history is cut off (a shallow clone): git fetch --unshallow" if git.shallow(top) else otherwise


def _fetch(top: Path) -> str | None:
    return "history is cut off here; try git fetch --unshallow" if git.shallow(top) else None
