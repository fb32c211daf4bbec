from typing import Any

import pytest

from mltoolkit import releases
from mltoolkit.errors import SupersededError
from mltoolkit.releases import Endpoint, Event, Holder, IllegalChangeError, Release, Revision, State

A = f"sha256:{'a' * 64}"
B = f"sha256:{'b' * 64}"
HOLDER = Holder(host="here", pid=7, started="boot:1")
TO_COMMITTED = (
    State.LOCKED,
    State.STAGED,
    State.READY,
    State.PROBED,
    State.SWITCHING,
    State.SWITCHED,
    State.COMMITTED,
)


def revision(fence: int, version: int, digest: str = A) -> Revision:
    release = Release(
        endpoint="local",
        model="toy",
        digest=digest,
        champion=None,
        verdict=B,
        evidence=B,
        golden=B,
        commit="c" * 40,
        reason="all rules passed",
    )
    return Revision(release=release, version=version, fence=fence, address="http://127.0.0.1:5001")


def event(state: State, fence: int, **more: Any) -> Event:
    if state in releases.AFTER_SWITCH:
        more.setdefault("share", 100)
    return Event(
        endpoint="local",
        state=state,
        fence=fence,
        at="2026-11-24T07:00:00Z",
        by="Ada",
        reason="a test",
        **more,
    )


def planned(endpoint: Endpoint, digest: str = A) -> Endpoint:
    place = revision(endpoint.fence + 1, endpoint.versions + 1, digest)
    return releases.apply(endpoint, event(State.PLANNED, place.fence, revision=place, holder=HOLDER))


def rolled(endpoint: Endpoint, *states: State, digest: str = A) -> Endpoint:
    endpoint = planned(endpoint, digest)
    for state in states:
        endpoint = releases.apply(endpoint, event(state, endpoint.fence))
    return endpoint


def test_a_rollout_ends_with_one_live_version_and_no_rollout() -> None:
    endpoint = rolled(Endpoint(name="local"), *TO_COMMITTED)

    assert endpoint.running is None
    assert endpoint.live is not None
    assert (endpoint.live.digest, endpoint.live.by, endpoint.versions) == (A, "Ada", 1)


def test_the_version_before_is_kept_and_only_the_last_three_are() -> None:
    endpoint = Endpoint(name="local")
    for _ in range(6):
        endpoint = rolled(endpoint, *TO_COMMITTED)

    assert endpoint.kept == (6, 5, 4, 3)


def test_an_abort_before_the_switch_uses_no_version_number_and_leaves_what_is_live() -> None:
    first = rolled(Endpoint(name="local"), *TO_COMMITTED)

    after = rolled(first, State.LOCKED, State.STAGED, State.ABORTED, digest=B)

    assert (after.live, after.versions, after.fence) == (first.live, 1, 2)


def test_a_version_that_was_taken_back_is_held_until_a_person_lets_it_go() -> None:
    switched = rolled(Endpoint(name="local"), *TO_COMMITTED[:-1])

    after = releases.apply(switched, event(State.ROLLED_BACK, 1, digest=A))

    assert (after.live, after.versions, after.running, after.held) == (None, 1, None, (A,))
    with pytest.raises(IllegalChangeError, match="held"):
        planned(after)
    assert releases.apply(after, event(State.UNHELD, 1, digest=A)).held == ()


def test_a_rollback_that_says_nothing_about_the_version_holds_nothing() -> None:
    switched = rolled(Endpoint(name="local"), *TO_COMMITTED[:-1])

    assert releases.apply(switched, event(State.ROLLED_BACK, 1)).held == ()


def test_a_share_may_only_grow_and_is_whole_at_the_end() -> None:
    probed = rolled(Endpoint(name="local"), *TO_COMMITTED[:4])
    ten = releases.apply(probed, event(State.SWITCHING, 1, share=10))
    ten = releases.apply(ten, event(State.SWITCHED, 1, share=10))
    baking = releases.apply(ten, event(State.BAKING, 1, share=10))

    with pytest.raises(IllegalChangeError, match="10 %"):
        releases.apply(baking, event(State.COMMITTED, 1))
    with pytest.raises(IllegalChangeError, match="after 10 %"):
        releases.apply(baking, event(State.SWITCHING, 1, share=10))
    whole = releases.apply(baking, event(State.SWITCHING, 1, share=100))
    whole = releases.apply(whole, event(State.SWITCHED, 1, share=100))
    assert releases.apply(whole, event(State.COMMITTED, 1)).live is not None


@pytest.mark.parametrize("state", [state for state in State if state is not State.PLANNED])
def test_a_stale_fence_changes_nothing(state: State) -> None:
    endpoint = planned(rolled(Endpoint(name="local"), *TO_COMMITTED))

    with pytest.raises(SupersededError):
        releases.apply(endpoint, event(state, 1))


def test_a_second_rollout_is_refused_and_names_the_first() -> None:
    with pytest.raises(SupersededError, match=r"planned: v1 by Ada since .* process 7 on here"):
        planned(planned(Endpoint(name="local")))


@pytest.mark.parametrize("skipped", range(len(TO_COMMITTED) - 1))
def test_no_state_can_be_skipped(skipped: int) -> None:
    endpoint = rolled(Endpoint(name="local"), *TO_COMMITTED[:skipped])

    with pytest.raises(IllegalChangeError, match="cannot follow"):
        releases.apply(endpoint, event(TO_COMMITTED[skipped + 1], 1))


def test_what_was_switched_cannot_be_aborted_and_what_was_not_cannot_be_rolled_back() -> None:
    probed = rolled(Endpoint(name="local"), *TO_COMMITTED[:4])
    switching = rolled(Endpoint(name="local"), *TO_COMMITTED[:5])

    with pytest.raises(IllegalChangeError):
        releases.apply(probed, event(State.ROLLED_BACK, 1))
    with pytest.raises(IllegalChangeError):
        releases.apply(switching, event(State.ABORTED, 1))


def test_a_deleted_endpoint_has_no_version_and_goes_on_counting() -> None:
    endpoint = rolled(Endpoint(name="local"), *TO_COMMITTED)
    endpoint = releases.apply(endpoint, event(State.STOPPED, 1))
    assert endpoint.stopped

    endpoint = releases.apply(endpoint, event(State.DELETED, 1))
    assert (endpoint.live, endpoint.kept, endpoint.deleted, endpoint.stopped) == (None, (), True, False)
    with pytest.raises(IllegalChangeError, match="nothing is live"):
        releases.apply(endpoint, event(State.STARTED, 1))

    endpoint = rolled(endpoint, *TO_COMMITTED)
    assert endpoint.live is not None
    assert (endpoint.live.revision.version, endpoint.fence, endpoint.deleted) == (2, 2, False)


def test_an_event_of_another_endpoint_is_refused() -> None:
    with pytest.raises(IllegalChangeError, match="an event of local on other"):
        releases.apply(Endpoint(name="other"), event(State.LOCKED, 1))
