import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mltoolkit.errors import CannotTellError, InputError, OutsideError, SupersededError
from mltoolkit.journal import Journal, model_directory
from mltoolkit.releases import Event, Holder, Release, Revision, State, Tip

Git = Callable[..., str]
A = f"sha256:{'a' * 64}"
REFERENCE = "refs/heads/mltoolkit/local"


def planned(fence: int = 1, by: str = "Ada Lovelace <ada@example.org>") -> Event:
    release = Release(
        endpoint="local",
        model="toy",
        digest=A,
        champion=None,
        verdict=A,
        evidence=A,
        golden=A,
        commit="c" * 40,
        reason="all rules passed",
    )
    return Event(
        endpoint="local",
        state=State.PLANNED,
        fence=fence,
        at="2026-11-24T07:00:00.000+00:00",
        by=by,
        run="https://example.org/runs/1",
        reason="all rules passed",
        revision=Revision(release=release, version=1, fence=fence, address="http://127.0.0.1:5001"),
        holder=Holder(host="here", pid=7, started="boot:1"),
    )


def then(state: State, share: int | None = None) -> Event:
    return Event(
        endpoint="local",
        state=state,
        fence=1,
        at="2026-11-24T07:00:01.000+00:00",
        by="Ada",
        reason="a\nreason",
        share=share,
    )


def committed(journal: Journal) -> Tip:
    tip = journal.append(journal.read("local"), planned())
    for state in (State.LOCKED, State.STAGED, State.READY, State.PROBED):
        tip = journal.append(tip, then(state))
    for state in (State.SWITCHING, State.SWITCHED):
        tip = journal.append(tip, then(state, 100))
    return journal.append(tip, then(State.COMMITTED))


def test_without_a_journal_nothing_is_live_and_nothing_is_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")

    assert journal.endpoint("local").live is None
    assert (journal.names(), journal.history("local")) == ((), ())
    assert not (tmp_path / "state").exists()


def test_what_was_recorded_is_read_again(tmp_path: Path) -> None:
    tip = committed(Journal(tmp_path))
    journal = Journal(tmp_path)

    assert journal.read("local") == tip
    assert journal.names() == ("local",)
    assert [event.state for event in journal.history("local")][:2] == [State.PLANNED, State.LOCKED]
    live = journal.endpoint("local").live
    assert live is not None
    assert model_directory(tmp_path, live) == tmp_path / "endpoints" / "local" / "1" / "model"


def test_plain_git_log_tells_who_what_when_and_why(tmp_path: Path, git: Git) -> None:
    committed(Journal(tmp_path))
    repository = tmp_path / "journal.git"

    subjects = git(repository, "log", "--reverse", "--format=%s", REFERENCE).splitlines()
    first = git(repository, "log", "--format=%an %ae %aI%n%B", f"{REFERENCE}~7", "-1")

    assert subjects[0] == "journal of local"
    assert subjects[1] == "planned: toy v1 aaaaaaaaaaaa is to go to local"
    assert subjects[-1] == "committed: toy v1 aaaaaaaaaaaa is live on local"
    assert "Ada Lovelace ada@example.org 2026-11-24T07:00:00+00:00" in first
    assert "all rules passed" in first
    assert "Run: https://example.org/runs/1" in first
    assert git(repository, "fsck", "--strict") == ""


def test_an_author_of_odd_characters_is_still_recorded(tmp_path: Path, git: Git) -> None:
    Journal(tmp_path).append(Journal(tmp_path).read("local"), planned(by="<>\n"))

    assert git(tmp_path / "journal.git", "log", "-1", "--format=%an", REFERENCE) == "unknown"


def test_who_records_after_an_old_end_loses_and_hears_who_won(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    old = journal.read("local")
    won = journal.append(old, planned())

    with pytest.raises(SupersededError, match=r"planned: v1 by Ada Lovelace .* process 7 on here"):
        journal.append(old, planned(by="Bob"))

    assert journal.read("local") == won
    done = journal.append(won, then(State.ABORTED))
    with pytest.raises(SupersededError, match="changed meanwhile: aborted by Ada"):
        journal.append(won, then(State.LOCKED))
    assert journal.read("local") == done


def test_of_several_that_plan_at_once_exactly_one_wins(tmp_path: Path) -> None:
    def plan(number: int) -> bool:
        journal = Journal(tmp_path)
        try:
            journal.append(nothing, planned(by=f"racer {number}"))
        except SupersededError:
            return False
        return True

    nothing = Journal(tmp_path).read("local")
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(plan, range(4)))

    assert won.count(True) == 1
    assert [event.by for event in Journal(tmp_path).history("local")] == [f"racer {won.index(True)}"]


@pytest.mark.parametrize("name", ["../x", "a b", "x\nrefs/heads/mltoolkit/local", "", "-"])
def test_a_name_that_no_endpoint_can_have_has_no_history(tmp_path: Path, name: str) -> None:
    committed(Journal(tmp_path))

    assert Journal(tmp_path).read(name).commit is None


@pytest.mark.parametrize("what", ["folder", "repository", "file"])
def test_something_else_in_its_place_is_refused_and_left_alone(tmp_path: Path, git: Git, what: str) -> None:
    place = tmp_path / "journal.git"
    if what == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "mine").write_text("mine")
    if what == "repository":
        git(place, "init", "--quiet", "--bare")
    before = sorted(path.name for path in place.rglob("*"))
    journal = Journal(tmp_path)

    nothing = Journal(tmp_path / "elsewhere").read("local")
    for act in (journal.names, lambda: journal.read("local"), lambda: journal.append(nothing, planned())):
        with pytest.raises(InputError, match="not a journal of ours"):
            act()

    assert sorted(path.name for path in place.rglob("*")) == before


def test_a_branch_with_foreign_content_is_refused_and_left_alone(tmp_path: Path, git: Git) -> None:
    committed(Journal(tmp_path))
    repository = tmp_path / "journal.git"
    tree = git(repository, "hash-object", "-w", "-t", "tree", os.devnull)
    foreign = git(repository, "commit-tree", "-m", "mine", tree)
    git(repository, "update-ref", REFERENCE, foreign)

    with pytest.raises(InputError, match="not a journal of ours"):
        Journal(tmp_path).read("local")

    assert git(repository, "rev-parse", REFERENCE) == foreign


def test_another_schema_is_refused_with_both_names(tmp_path: Path) -> None:
    Journal(tmp_path).append(Journal(tmp_path).read("local"), planned())
    (tmp_path / "journal.git" / "journal.json").write_text('{"schema": "mltoolkit.journal/2"}')

    with pytest.raises(InputError, match=r"'mltoolkit\.journal/2', and this version reads"):
        Journal(tmp_path).read("local")


@pytest.mark.parametrize("how", ["object", "branch", "empty branch"])
def test_damage_is_told_and_never_written_over(tmp_path: Path, git: Git, how: str) -> None:
    committed(Journal(tmp_path))
    nothing = Journal(tmp_path / "elsewhere").read("local")
    repository = tmp_path / "journal.git"
    if how == "object":
        blob = git(repository, "rev-parse", f"{REFERENCE}:endpoint.json")
        path = repository / "objects" / blob[:2] / blob[2:]
        path.chmod(0o644)
        path.write_bytes(b"damaged")
    else:
        (repository / REFERENCE).write_text("" if how == "empty branch" else "not a commit\n")

    with pytest.raises(CannotTellError, match="damaged"):
        Journal(tmp_path).read("local")
    with pytest.raises((CannotTellError, OutsideError, SupersededError)):
        Journal(tmp_path).append(nothing, planned())


@pytest.mark.parametrize("what", ["~2", "~2^{tree}", "~2:event.json", "~8"])
@pytest.mark.parametrize("content", [b"damaged", b""])
def test_damage_in_the_middle_of_a_history_is_told(
    tmp_path: Path, git: Git, what: str, content: bytes
) -> None:
    committed(Journal(tmp_path))
    repository = tmp_path / "journal.git"
    name = git(repository, "rev-parse", REFERENCE + what)
    path = repository / "objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(content)

    with pytest.raises(CannotTellError, match="the journal is damaged"):
        Journal(tmp_path).history("local")


def test_a_lock_that_a_dead_git_left_is_named(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    tip = journal.append(journal.read("local"), planned())
    lock = tmp_path / "journal.git" / f"{REFERENCE}.lock"
    lock.touch()

    with pytest.raises(OutsideError, match=r"local\.lock"):
        journal.append(tip, then(State.LOCKED))

    assert journal.read("local") == tip


def test_a_hook_of_another_repository_does_not_lead_it_astray(
    tmp_path: Path, repository: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository / ".git" / "index"))

    committed(Journal(tmp_path / "state"))

    monkeypatch.delenv("GIT_DIR")
    assert git(repository, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_a_cancellation_waits_until_the_entry_is_whole(tmp_path: Path) -> None:
    program = f"""
import os, pathlib, signal, sys, threading, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_journal import *
signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
journal = Journal(pathlib.Path({str(tmp_path)!r}))
tip = journal.append(journal.read("local"), planned())
threading.Timer(0.004, os.kill, [os.getpid(), signal.SIGTERM]).start()
try:
    for state in (State.LOCKED, State.STAGED, State.READY, State.PROBED):
        tip = journal.append(tip, then(state))
    time.sleep(5)
except KeyboardInterrupt:
    sys.exit(3)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)

    assert done.returncode == 3
    assert not list((tmp_path / "journal.git").rglob("*.lock"))
    assert Journal(tmp_path).endpoint("local").running is not None
