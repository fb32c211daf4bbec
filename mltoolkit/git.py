"""The one place that starts git. Its texts are never parsed, only its exit codes and plumbing output."""

from collections.abc import Mapping
from pathlib import Path

from mltoolkit import proc
from mltoolkit.errors import InputError, Location, OutsideError

_TIMEOUT = 60.0
_NEUTRAL = {
    # One language, no pagers, no prompts, no hooks or aliases of the user's in what we automate.
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
}

_ELSEWHERE = (
    # Set inside hooks; with them git would work on another repository than the folder we name.
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)


def git(
    root: Path,
    *words: str,
    data: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout: float = _TIMEOUT,
) -> proc.Completed:
    """Run git in a folder and return how it ended.

    Raises:
        OutsideError: git cannot be started, or hangs.
    """
    inherited = proc.full_environment(_NEUTRAL)
    own = {name: value for name, value in inherited.items() if name not in _ELSEWHERE}
    return proc.run(
        ["git", "-C", root, *words],
        env={**own, **(env or {})},
        data=data,
        timeout=timeout,
    )


def output(
    root: Path,
    *words: str,
    data: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout: float = _TIMEOUT,
) -> str:
    """Run git and return what it printed, without the last newline.

    Raises:
        OutsideError: It ended with another code than 0.
    """
    done = git(root, *words, data=data, env=env, timeout=timeout)
    if done.code:
        raise failed(root, done, *words)
    return done.out.decode(errors="surrogateescape").removesuffix("\n")


def failed(root: Path, done: proc.Completed, *words: str) -> OutsideError:
    """Return the error that git ended with another code than 0, with the command that a person would type."""
    words = tuple(word for word, before in zip(words, ("", *words), strict=False) if before != "-c")
    command = next((word for word in words if not word.startswith("-")), "")
    return OutsideError(
        f"git {command} failed: {done.tail()}",
        where=Location(path=str(root)),
        hint="mend what git says, and do it again; by hand in that folder it says the same",
    )


def top(folder: Path) -> Path:
    """Return the root of the work tree that ``folder`` is in.

    Raises:
        InputError: There is no git repository, or it has no commit.
    """
    done = git(folder, "rev-parse", "--show-toplevel")
    if done.code:
        raise InputError(
            f"{folder} is not in a git repository",
            hint="evidence names the commit it was made from: git init && git add -A && git commit",
        )
    return Path(done.out.decode(errors="surrogateescape").removesuffix("\n"))


def head(root: Path) -> str:
    """Return the commit that is checked out, as 40 hex digits.

    Raises:
        InputError: The repository has no commit yet.
    """
    commit = resolve(root, "HEAD")
    if commit is None:
        raise InputError(f"the repository {root} has no commit yet", hint="git add -A && git commit")
    return commit


def resolve(root: Path, ref: str) -> str | None:
    """Return the commit that a name stands for, or None where there is none."""
    done = git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return None if done.code else done.out.decode().strip()


def changes(root: Path) -> list[str]:
    """Return the paths that differ from the commit that is checked out, untracked ones included."""
    listed = output(root, "status", "--porcelain=v1", "-z", "--untracked-files=normal", "--no-renames")
    return [entry[3:] for entry in listed.split("\0") if entry]


def shallow(root: Path) -> bool:
    """Tell whether history is cut off."""
    return output(root, "rev-parse", "--is-shallow-repository") == "true"


def merge_base(root: Path, one: str, other: str) -> str | None:
    """Return the newest commit that two commits share, or None."""
    done = git(root, "merge-base", "--end-of-options", one, other)
    return None if done.code else done.out.decode().strip()


def holds(root: Path, commit: str, path: str) -> bool:
    """Tell whether a commit has a file or folder at a path, relative to the root of the work tree."""
    return not git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:{path}").code


def differs(root: Path, commit: str, path: str) -> bool:
    """Tell whether a file or folder stands otherwise in the work tree than in a commit.

    Args:
        root: The work tree.
        commit: 40 hex digits.
        path: Relative to the root of the work tree, with forward slashes.

    Raises:
        OutsideError: git cannot tell.
    """
    words = ("diff", "--quiet", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
    done = git(root, "--literal-pathspecs", *words, commit, "--", path)
    if done.code not in {0, 1}:
        raise OutsideError(f"git diff failed: {done.tail()}")
    return done.code == 1


def show(root: Path, commit: str, path: str) -> bytes | None:
    """Return a file as it was in a commit, or None where it was not there.

    Args:
        root: The work tree.
        commit: 40 hex digits.
        path: Relative to the root of the work tree, with forward slashes.
    """
    done = git(root, "cat-file", "blob", f"{commit}:{path}")
    return None if done.code else done.out
