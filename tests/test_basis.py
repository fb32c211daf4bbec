from collections.abc import Callable
from pathlib import Path

import pytest

from mltoolkit import basis
from mltoolkit.errors import InputError

Git = Callable[..., str]


def commit(root: Path, git: Git, subject: str) -> str:
    git(root, "commit", "--quiet", "--allow-empty", "-m", subject)
    return git(root, "rev-parse", "HEAD")


def test_it_is_the_parent(repository: Path, git: Git) -> None:
    first = git(repository, "rev-parse", "HEAD")

    assert basis.base(repository, None) == (None, "this is the first commit")
    commit(repository, git, "Second")
    assert basis.base(repository, None) == (first, None)


def test_it_is_the_one_that_was_named(repository: Path, git: Git) -> None:
    first = git(repository, "rev-parse", "HEAD")
    commit(repository, git, "Second")
    commit(repository, git, "Third")

    assert basis.base(repository, "HEAD~2") == (first, None)
    with pytest.raises(InputError, match="no commit 'nowhere'"):
        basis.base(repository, "nowhere")


def test_of_a_pull_request_it_is_where_the_branches_parted(
    repository: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "switch", "--quiet", "-c", "topic")
    commit(repository, git, "One")
    commit(repository, git, "Two")
    git(repository, "switch", "--quiet", "main")
    commit(repository, git, "Meanwhile")
    git(repository, "switch", "--quiet", "topic")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")

    assert basis.base(repository, None) == (first, None)
    monkeypatch.setenv("GITHUB_BASE_REF", "elsewhere")
    assert basis.base(repository, None) == (None, "the base branch elsewhere was not fetched")


def test_a_shallow_clone_says_what_to_do(repository: Path, tmp_path: Path, git: Git) -> None:
    commit(repository, git, "Second")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", "shallow")

    base, why = basis.base(tmp_path / "shallow", None)

    assert base is None
    assert "git fetch --unshallow" in str(why)
