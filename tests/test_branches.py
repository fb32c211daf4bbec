import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mltoolkit.branches import Branches, Entry
from mltoolkit.errors import CannotTellError, InputError, OutsideError

Git = Callable[..., str]
REFERENCE = "refs/heads/mltoolkit/notes"


def entry(*, over: bool = False, **contents: str) -> Entry:
    return Entry(
        files={name: text.encode() for name, text in contents.items()},
        text="a note\n",
        by="Ada <ada@example.org>",
        at="2026-11-24T07:00:00+00:00",
        over=over,
    )


def test_nothing_is_there_and_reading_makes_nothing(tmp_path: Path) -> None:
    branches = Branches(tmp_path / "state")

    assert branches.names() == ()
    assert branches.read("notes", "a") == (None, [None])
    assert not (tmp_path / "state").exists()


def test_an_entry_is_read_again_and_stands_alone(tmp_path: Path) -> None:
    branches = Branches(tmp_path)
    first = branches.append("notes", None, entry(a="1", b="2"))
    second = branches.append("notes", first, entry(a="3"))
    assert first is not None
    assert second is not None

    assert branches.names() == ("notes",)
    assert branches.read("notes", "a", "b") == (second, [b"3", None])
    assert branches.history("notes", second) == [first, second]
    assert branches.contents([first, second], "b") == [b"2", None]


def test_an_entry_may_leave_what_stood_before_beside_it(tmp_path: Path, git: Git) -> None:
    branches = Branches(tmp_path)
    first = branches.append("notes", None, entry(a="1", b="2", over=True))
    branches.append("notes", first, entry(a="3", over=True))

    assert branches.read("notes", "a", "b")[1] == [b"3", b"2"]
    assert git(branches.path, "fsck", "--strict") == ""


def test_a_journal_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    branches = Branches(tmp_path)
    first = branches.append("notes", None, entry(a="1"))
    for place in (f"{number:02x}" for number in range(256)):
        # No room for another object, also for who may write everywhere.
        if not (branches.path / "objects" / place).exists():
            (branches.path / "objects" / place).write_text("")

    with pytest.raises(OutsideError, match="the journal cannot be written: git hash-object: ") as caught:
        branches.append("notes", first, entry(a="another text"))

    assert caught.value.where is not None
    assert caught.value.where.path == str(branches.path)
    assert "nothing was added" in (caught.value.hint or "")
    assert branches.read("notes", "a") == (first, [b"1"])


def test_who_adds_after_an_old_end_changes_nothing(tmp_path: Path) -> None:
    branches = Branches(tmp_path)
    first = branches.append("notes", None, entry(a="1"))
    second = branches.append("notes", first, entry(a="2"))

    assert branches.append("notes", first, entry(a="3")) is None
    assert branches.append("notes", None, entry(a="3")) is None
    assert branches.read("notes", "a") == (second, [b"2"])


def test_of_several_at_once_exactly_one_is_next(tmp_path: Path) -> None:
    def add(number: int) -> str | None:
        return Branches(tmp_path).append("notes", None, entry(a=str(number)))

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(add, range(4)))

    (won,) = [commit for commit in made if commit is not None]
    assert Branches(tmp_path).read("notes", "a") == (won, [str(made.index(won)).encode()])


def test_bytes_of_any_kind_and_size_are_kept(tmp_path: Path) -> None:
    branches = Branches(tmp_path)
    odd = bytes(range(256)) * 20_000
    made = Entry(files={"x.parquet": odd, "empty": b""}, text="", by="", at="2026-11-24T07:00:00Z")
    branches.append("notes", None, made)

    assert branches.read("notes", "x.parquet", "empty")[1] == [odd, b""]


def test_a_branch_of_somebody_elses_is_left_alone(tmp_path: Path, git: Git) -> None:
    branches = Branches(tmp_path)
    branches.append("mine", None, entry(a="1"))
    tree = git(branches.path, "hash-object", "-w", "-t", "tree", os.devnull)
    foreign = git(branches.path, "commit-tree", "-m", "theirs", tree)
    git(branches.path, "update-ref", REFERENCE, foreign)

    with pytest.raises(InputError, match="not a journal of ours"):
        branches.read("notes", "a")
    assert git(branches.path, "rev-parse", REFERENCE) == foreign


@pytest.mark.parametrize("content", ["", "not a commit\n"])
def test_a_damaged_branch_is_told_and_not_written_over(tmp_path: Path, content: str) -> None:
    branches = Branches(tmp_path)
    branches.append("notes", None, entry(a="1"))
    (branches.path / REFERENCE).write_text(content)

    with pytest.raises(CannotTellError, match="damaged"):
        branches.read("notes", "a")
    with pytest.raises(CannotTellError, match="damaged"):
        branches.append("notes", None, entry(a="2"))
    assert (branches.path / REFERENCE).read_text() == content
