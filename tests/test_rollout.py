import importlib.util
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mltoolkit import rollout
from mltoolkit.deployers import proof
from mltoolkit.deployers.base import Identity
from mltoolkit.errors import (
    CannotTellError,
    InputError,
    MltoolkitError,
    OutsideError,
    RefusedError,
    RolledBackError,
    SupersededError,
)
from mltoolkit.evidence import Golden
from mltoolkit.journal import Journal
from mltoolkit.releases import Event, Holder, Release, State, Tip
from mltoolkit.rollout import Operator, Outcome

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
GOLDEN = Golden(
    request={"dataframe_split": {"columns": ["a"], "data": [[1]]}}, predictions=(1.0,), ids=("r1",)
)
OPERATOR = Operator(
    by="Ada",
    run=None,
    holder=Holder(host="here", pid=7, started="boot:1"),
    now=lambda: datetime(2026, 11, 24, 7, 0, tzinfo=UTC),
    alive=lambda _: True,
)
LATER = msgspec.structs.replace(
    OPERATOR, holder=Holder(host="here", pid=8, started="boot:2"), alive=lambda _: False
)
STORY = [
    State.PLANNED,
    State.LOCKED,
    State.STAGED,
    State.READY,
    State.PROBED,
    State.SWITCHING,
    State.SWITCHED,
    State.BAKING,
    State.COMMITTED,
]


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The fake deployer that passes the contract of all deployers (tests/deployers/test_base.py)."""
    monkeypatch.setattr(proof, "_OBSERVE", 0.1)
    monkeypatch.setattr(proof, "_PAUSE", 0.0)
    path = Path(__file__).parent / "deployers" / "memory.py"
    spec = importlib.util.spec_from_file_location("memory_deployer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.MemoryDeployer()


@pytest.fixture
def history(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


class Dying:
    """A history whose user is killed right after one state was recorded."""

    def __init__(self, journal: Journal, last: State) -> None:
        self._journal = journal
        self._last = last
        self._dead = False

    def read(self, name: str) -> Tip:
        if self._dead:
            raise SystemExit(9)
        return self._journal.read(name)

    def append(self, tip: Tip, event: Event) -> Tip:
        if self._dead:
            raise SystemExit(9)
        after = self._journal.append(tip, event)
        if event.state is self._last:
            self._dead = True
            raise SystemExit(9)
        return after


def release(digest: str, champion: str | None = None) -> Release:
    return Release(
        endpoint="local",
        model="toy",
        digest=digest,
        champion=champion,
        verdict=C,
        evidence=C,
        golden=C,
        commit="c" * 40,
        reason="all rules passed",
    )


def deploy(target: Any, history: Any, digest: str, champion: str | None = None, **more: Any) -> Outcome:
    more.setdefault("operator", OPERATOR)
    return rollout.deploy(release(digest, champion), GOLDEN, deployer=target, history=history, **more)


def states(history: Journal) -> list[State]:
    return [event.state for event in history.history("local")]


def live(history: Journal) -> str | None:
    committed = history.endpoint("local").live
    return None if committed is None else committed.digest


def test_a_release_goes_through_every_state_and_answers(target: Any, history: Journal) -> None:
    outcome = deploy(target, history, A)

    assert states(history) == STORY
    assert outcome.changed
    assert outcome.endpoint.live is not None
    assert target.observe("").is_of(outcome.endpoint.live.revision)
    assert {event.by for event in history.history("local")} == {"Ada"}
    assert history.history("local")[0].reason == "all rules passed"


def test_the_same_release_again_changes_nothing(target: Any, history: Journal) -> None:
    deploy(target, history, A)

    assert not deploy(target, history, A).changed
    assert states(history) == STORY


def test_a_second_release_takes_over_and_the_copy_of_the_first_stays(target: Any, history: Journal) -> None:
    deploy(target, history, A)

    deploy(target, history, B, champion=A)

    assert live(history) == B
    assert (list(target.servers), sorted(target.copies)) == ([("local", 2)], [("local", 1), ("local", 2)])


def test_a_verdict_against_another_champion_asks_to_judge_again(target: Any, history: Journal) -> None:
    deploy(target, history, A)

    with pytest.raises(CannotTellError, match="judge again"):
        deploy(target, history, B, champion=None)
    with pytest.raises(CannotTellError, match="judge again"):
        deploy(target, history, B, champion=C)

    assert states(history) == STORY


def test_an_address_in_use_is_found_before_anything_is_recorded(target: Any, history: Journal) -> None:
    target.faults["address"] = InputError("port 5001 is used")

    with pytest.raises(InputError):
        deploy(target, history, A)

    assert states(history) == []


def other_identity(target: Any) -> None:
    target.says = Identity(endpoint="local", digest=A, version=1, fence=1)


def other_answers(target: Any) -> None:
    target.answers = [1.1]


def cannot_start(target: Any) -> None:
    target.faults["ready"] = OutsideError("it ended", hint="the end of its log:\nsecret")


def cancelled(target: Any) -> None:
    target.faults["predict"] = KeyboardInterrupt()


def our_bug(target: Any) -> None:
    target.faults["stage"] = ZeroDivisionError()


@pytest.mark.parametrize(
    ("break_it", "error", "reason"),
    [
        (other_identity, RefusedError, "the staged server says that it is v1"),
        (other_answers, RefusedError, "answers the golden rows differently: [0] 1.1, offline 1.0"),
        (cannot_start, OutsideError, "it ended"),
        (cancelled, KeyboardInterrupt, "cancelled"),
        (our_bug, ZeroDivisionError, "a bug of mltoolkit: ZeroDivisionError"),
    ],
)
def test_what_fails_before_the_switch_never_touches_the_version_before(
    target: Any,
    history: Journal,
    break_it: Callable[[Any], None],
    error: type[BaseException],
    reason: str,
) -> None:
    deploy(target, history, A)
    break_it(target)

    with pytest.raises(error):
        deploy(target, history, B, champion=A)

    last = history.history("local")[-1]
    assert (last.state, live(history), history.endpoint("local").held) == (State.ABORTED, A, ())
    assert reason in last.reason
    assert "secret" not in last.reason
    assert target.observe("").digest == A
    assert (list(target.servers), target.copies) == ([("local", 1)], {("local", 1)})


def test_a_version_that_does_not_answer_after_the_switch_is_taken_back_and_held(
    target: Any, history: Journal
) -> None:
    deploy(target, history, A)
    target.deaf = True

    with pytest.raises(RolledBackError, match="nobody answers"):
        deploy(target, history, B, champion=A)

    assert states(history)[-1] is State.ROLLED_BACK
    assert (live(history), target.observe("").digest) == (A, A)
    assert list(target.servers) == [("local", 1)]
    with pytest.raises(RefusedError, match="held"):
        deploy(target, history, B, champion=A)
    outcome = deploy(target, history, B, champion=A, unhold=True)
    assert (live(history), outcome.endpoint.held) == (B, ())
    assert State.UNHELD in states(history)


@pytest.mark.parametrize(
    ("fault", "error"),
    [(OutsideError("the port is gone"), RolledBackError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_what_says_nothing_about_the_version_does_not_hold_it(
    target: Any, history: Journal, fault: BaseException, error: type[BaseException]
) -> None:
    deploy(target, history, A)
    target.faults["switch"] = fault

    with pytest.raises(error):
        deploy(target, history, B, champion=A)

    assert states(history)[-1] is State.ROLLED_BACK
    assert (history.endpoint("local").held, target.observe("").digest) == ((), A)


def test_a_version_that_another_server_keeps_from_its_address_is_innocent(
    target: Any, history: Journal
) -> None:
    deploy(target, history, A)
    other = Identity(endpoint="local", digest=C, version=9, fence=9, pid=77)
    target.observe = lambda _address: other

    with pytest.raises(RolledBackError, match=r"the answer comes from v9 .* process 77"):
        deploy(target, history, B, champion=A)

    assert (states(history)[-1], history.endpoint("local").held) == (State.ROLLED_BACK, ())


@pytest.mark.parametrize("last", STORY)
def test_after_a_kill_at_any_state_the_same_command_converges(
    target: Any, history: Journal, last: State
) -> None:
    deploy(target, history, A)

    with pytest.raises(SystemExit):
        deploy(target, Dying(history, last), B, champion=A)
    switched = STORY.index(last) >= STORY.index(State.SWITCHED)
    assert target.observe("").digest == (B if switched else A)
    deploy(target, history, B, champion=A, operator=LATER)

    assert (live(history), target.observe("").digest, len(target.servers)) == (B, B, 1)
    assert history.endpoint("local").running is None
    told = [event.reason for event in history.history("local")[len(STORY) :]]
    assert last is State.COMMITTED or any("the process that ran it is gone" in reason for reason in told)


def test_a_switch_that_cannot_be_finished_is_taken_back_without_blame(target: Any, history: Journal) -> None:
    deploy(target, history, A)
    with pytest.raises(SystemExit):
        deploy(target, Dying(history, State.SWITCHED), B, champion=A)
    target.retire("local", 2)

    with pytest.raises(CannotTellError):
        deploy(target, history, C, champion=B, operator=LATER)

    assert states(history)[-1] is State.ROLLED_BACK
    assert (live(history), history.endpoint("local").held) == (A, ())
    assert target.observe("").digest == A


def test_a_rollout_whose_process_lives_is_left_alone_and_named(target: Any, history: Journal) -> None:
    with pytest.raises(SystemExit):
        deploy(target, Dying(history, State.STAGED), A)
    before = states(history)

    acts: list[Callable[[], object]] = [
        lambda: deploy(target, history, B),
        lambda: rollout.stop("local", deployer=target, history=history, operator=OPERATOR),
        lambda: rollout.delete("local", deployer=target, history=history, operator=OPERATOR),
    ]
    for act in acts:
        with pytest.raises(SupersededError, match=r"staged: v1 by Ada since .*, process 7 on here"):
            act()

    assert states(history) == before


def test_who_loses_the_race_for_the_lock_has_changed_nothing(target: Any, history: Journal) -> None:
    class Slow:
        """Somebody else plans between our reading and our planning."""

        def read(self, name: str) -> Tip:
            return history.read(name)

        def append(self, tip: Tip, event: Event) -> Tip:
            if event.state is State.PLANNED:
                with pytest.raises(SystemExit):
                    deploy(target, Dying(history, State.PROBED), B)
            return history.append(tip, event)

    mine = msgspec.structs.replace(OPERATOR, holder=LATER.holder)
    with pytest.raises(SupersededError, match="process 7 on here"):
        deploy(target, Slow(), A, operator=mine)

    assert states(history)[-1] is State.PROBED
    assert [identity.digest for identity in target.servers.values()] == [B]


def test_stop_start_and_delete_are_recorded_once_each(target: Any, history: Journal) -> None:
    deploy(target, history, A)
    place: dict[str, Any] = {"deployer": target, "history": history, "operator": OPERATOR}

    assert [rollout.stop("local", **place).changed for _ in range(2)] == [True, False]
    assert (target.servers, history.endpoint("local").stopped) == ({}, True)
    assert [rollout.start("local", **place).changed for _ in range(2)] == [True, False]
    assert target.observe("").digest == A
    assert [rollout.delete("local", **place).changed for _ in range(2)] == [True, False]
    assert (target.servers, target.copies, live(history)) == ({}, set(), None)

    assert states(history)[len(STORY) :] == [State.STOPPED, State.STARTED, State.STOPPED, State.DELETED]
    for act in (rollout.stop, rollout.start):
        with pytest.raises(InputError, match="nothing is live"):
            act("local", **place)
    deploy(target, history, A)
    assert live(history) == A


def test_the_same_release_again_brings_back_a_server_that_died(target: Any, history: Journal) -> None:
    deploy(target, history, A)
    target.retire("local", 1)

    assert deploy(target, history, A).changed

    assert target.observe("").digest == A
    assert states(history)[-1] is State.STARTED


def test_a_start_that_fails_leaves_no_server(target: Any, history: Journal) -> None:
    deploy(target, history, A)
    target.retire("local", 1)
    other_identity(target)
    target.says = msgspec.structs.replace(target.says, digest=B)

    with pytest.raises(MltoolkitError, match="says that it is v1"):
        rollout.start("local", deployer=target, history=history, operator=OPERATOR)

    assert target.servers == {}


@pytest.mark.parametrize("act", [rollout.stop, rollout.delete])
def test_what_answers_still_is_never_said_to_be_stopped(
    target: Any, history: Journal, act: Callable[..., Outcome]
) -> None:
    deploy(target, history, A)
    place: dict[str, Any] = {"deployer": target, "history": history, "operator": OPERATOR}
    target.unending = True

    for _ in range(2):
        with pytest.raises(OutsideError, match="still answers at http://127"):
            act("local", **place)

    assert states(history)[len(STORY) :] == [State.STOPPED], "and never deleted"
    target.unending = False
    act("local", **place)
    assert target.servers == {}


@pytest.mark.parametrize("act", [rollout.stop, rollout.delete])
def test_a_server_that_a_lost_journal_knew_is_ended(
    target: Any, history: Journal, tmp_path: Path, act: Callable[..., Outcome]
) -> None:
    deploy(target, history, A)
    lost = Journal(tmp_path / "new")

    outcome = act("local", deployer=target, history=lost, operator=OPERATOR)

    assert (outcome.unknown, outcome.changed, target.servers) == ((1,), False, {})
    assert target.copies == (set() if act is rollout.delete else {("local", 1)})
    assert states(lost) == []


def test_a_deploy_after_a_lost_journal_ends_what_it_left(
    target: Any, history: Journal, tmp_path: Path
) -> None:
    deploy(target, history, A)
    deploy(target, history, B, champion=A)
    lost = Journal(tmp_path / "new")

    with pytest.raises(CannotTellError):
        deploy(target, lost, C, champion=B)
    assert list(target.servers) == [("local", 2)], "nothing is ended for a release that does not go"
    deploy(target, lost, C)

    assert [identity.digest for identity in target.servers.values()] == [C]
    assert (live(lost), target.observe("").digest) == (C, C)


def test_a_rollout_that_began_since_we_read_is_not_taken_for_a_lost_one(
    target: Any, history: Journal
) -> None:
    class Late:
        """Somebody else stages between our first reading and our looking at the target."""

        begun = False

        def read(self, name: str) -> Tip:
            tip = history.read(name)
            if not self.begun:
                self.begun = True
                with pytest.raises(SystemExit):
                    deploy(target, Dying(history, State.PROBED), B)
            return tip

        def append(self, tip: Tip, event: Event) -> Tip:
            return history.append(tip, event)

    with pytest.raises(SupersededError):
        deploy(target, Late(), A, operator=msgspec.structs.replace(OPERATOR, holder=LATER.holder))

    assert [identity.digest for identity in target.servers.values()] == [B]
