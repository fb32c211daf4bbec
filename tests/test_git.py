from collections.abc import Callable
from pathlib import Path

import pytest

from mltoolkit import git as door
from mltoolkit.errors import InputError, OutsideError

Git = Callable[..., str]


def test_the_top_of_a_work_tree_is_found_from_below(repository: Path) -> None:
    below = repository / "a" / "b"
    below.mkdir(parents=True)

    assert door.top(below) == repository.resolve()


def test_a_folder_without_a_repository_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="git init"):
        door.top(tmp_path)


def test_a_repository_without_a_commit_has_no_head(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "--quiet")

    with pytest.raises(InputError, match="no commit yet"):
        door.head(tmp_path)


def test_head_is_the_commit(repository: Path, git: Git) -> None:
    assert door.head(repository) == git(repository, "rev-parse", "HEAD")


def test_changes_name_edited_and_untracked_files_with_odd_names(repository: Path, git: Git) -> None:
    (repository / "new file\nö").write_text("")
    (repository / ".gitignore").write_text("/x\n")

    assert sorted(door.changes(repository)) == [".gitignore", "new file\nö"]
    git(repository, "add", "-A")
    git(repository, "commit", "--quiet", "-m", "Second")
    assert door.changes(repository) == []


def test_a_name_that_is_no_commit_resolves_to_nothing(repository: Path) -> None:
    assert door.resolve(repository, "no-such-branch") is None
    assert door.resolve(repository, "--all") is None


def test_a_file_is_shown_as_it_was(repository: Path) -> None:
    commit = door.head(repository)

    assert door.show(repository, commit, ".gitignore") == b"/reports/\n/.mltoolkit/\n"
    assert door.show(repository, commit, "none") is None


def test_a_shallow_clone_is_known(repository: Path, tmp_path: Path, git: Git) -> None:
    (repository / "f").write_text("")
    git(repository, "add", "-A")
    git(repository, "commit", "--quiet", "-m", "Second")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", "shallow")

    assert door.shallow(tmp_path / "shallow")
    assert not door.shallow(repository)


def test_the_newest_common_commit_is_found(repository: Path, git: Git) -> None:
    base = door.head(repository)
    git(repository, "checkout", "--quiet", "-b", "side")
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "Side")

    assert door.merge_base(repository, "main", "side") == base


def test_a_failing_git_is_an_error_of_the_outside_world(repository: Path) -> None:
    with pytest.raises(OutsideError, match="git cat-file failed"):
        door.output(repository, "cat-file", "blob", "HEAD:none")


def test_the_command_is_named_and_not_the_options_before_it(repository: Path) -> None:
    with pytest.raises(OutsideError, match="git cat-file failed") as caught:
        door.output(repository, "-c", "core.fsync=all", "--git-dir=.git", "cat-file", "blob", "HEAD:none")

    assert caught.value.where is not None
    assert caught.value.where.path == str(repository)


def test_a_path_that_stands_otherwise_than_in_a_commit_is_told(repository: Path, git: Git) -> None:
    (repository / "folder").mkdir()
    (repository / "folder" / "a*.txt").write_text("1")
    git(repository, "add", "-A")
    git(repository, "commit", "--quiet", "-m", "Two")
    commit = door.head(repository)
    assert door.holds(repository, commit, "folder")
    assert not door.holds(repository, commit, "nothing")
    assert not door.differs(repository, commit, "nothing")

    (repository / "folder" / "a*.txt").write_text("2")
    assert door.differs(repository, commit, "folder")
    assert door.differs(repository, commit, "folder/a*.txt")
    assert not door.differs(repository, commit, "folder/*")
    with pytest.raises(OutsideError):
        door.differs(repository, "0" * 40, "folder")
