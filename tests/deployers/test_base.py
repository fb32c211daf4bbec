"""What any deployer must do, and when answers are equal. Each deployer goes through the one contract."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from mltoolkit.deployers.base import Identity, difference
from mltoolkit.errors import OutsideError
from mltoolkit.releases import Endpoint, Revision


def test_a_deployer_stages_in_private_switches_goes_back_and_leaves_nothing(
    target: Callable[[str], Any],
    revision: Callable[..., Revision],
    golden: dict[str, Any],
    live: Callable[[Revision], Endpoint],
) -> None:
    deployer = target("binary")
    address = deployer.address(Endpoint(name="local"))
    first = revision("binary", fence=1, address=address)

    deployer.stage(first)
    assert deployer.ready(first).is_of(first)
    assert deployer.observe(address) is None, "staged, and nobody's request reaches it"
    answers = deployer.predict(first, golden["binary"].request)
    assert difference(golden["binary"].predictions, answers, 1e-6) is None

    deployer.switch(first)
    deployer.switch(first)
    assert deployer.observe(address).is_of(first)
    assert deployer.address(live(first)) == address, "its own server is no reason to refuse"

    deployer = target("other")
    second = revision("other", fence=2, address=address)
    deployer.stage(second)
    deployer.stage(second)
    assert deployer.ready(second).is_of(second)
    assert all(deployer.observe(address).is_of(first) for _ in range(10))

    deployer.switch(second)
    assert all(deployer.observe(address).is_of(second) for _ in range(10))
    deployer.back(second, first)
    assert all(deployer.observe(address).is_of(first) for _ in range(10))

    assert deployer.found("local") == {1: True, 2: True}
    assert deployer.found("loca") == {}
    deployer.settle(live(first))
    assert deployer.ready(second).is_of(second), "a higher fence is another rollout's"
    deployer.discard("local", 2)
    deployer.discard("local", 2)
    with pytest.raises(OutsideError):
        deployer.predict(second, golden["other"].request)
    assert deployer.observe(address).is_of(first)

    deployer.retire("local", 1)
    assert deployer.observe(address) is None
    assert deployer.found("local") == {1: False}
    deployer.stage(first)
    deployer.ready(first)
    deployer.switch(first)
    assert deployer.observe(address).is_of(first), "what was retired starts again from its copy"


def test_an_identity_is_of_a_revision_only_if_all_of_it_is_equal(revision: Callable[..., Revision]) -> None:
    one = revision("binary", fence=3, address="http://127.0.0.1:1", digest=f"sha256:{'a' * 64}")
    same = Identity(endpoint="local", digest=f"sha256:{'a' * 64}", version=3, fence=3)

    assert same.is_of(one)
    assert msgspec.structs.replace(same, pid=7).is_of(one), "whichever process it is"
    for other in (
        Identity(endpoint="else", digest=same.digest, version=3, fence=3),
        Identity(endpoint="local", digest=f"sha256:{'b' * 64}", version=3, fence=3),
        Identity(endpoint="local", digest=same.digest, version=2, fence=3),
        Identity(endpoint="local", digest=same.digest, version=3, fence=2),
    ):
        assert not other.is_of(one)


@pytest.mark.parametrize(
    ("expected", "answered"),
    [
        ([0.5, 1], [0.5 + 1e-9, 1.0]),
        ([1e9], [1e9 + 1]),
        (["late", "on time"], ["late", "on time"]),
        ([[0.1, 0.9]], [[0.1, 0.9]]),
        (({"a": 1.0},), [{"a": 1.0}]),
        ([True, None], [True, None]),
    ],
)
def test_answers_that_are_equal(expected: Any, answered: Any) -> None:
    assert difference(expected, answered, 1e-6) is None


@pytest.mark.parametrize(
    ("expected", "answered"),
    [
        ([0.5], [0.5001]),
        ([0.5], [float("nan")]),
        ([0.5], [None]),
        ([0.5], ["0.5"]),
        ([1], [True]),
        (["late"], ["Late"]),
        ([0.5], [0.5, 0.5]),
        ([[0.1, 0.9]], [[0.9, 0.1]]),
        ([0.5], 0.5),
        (({"a": 1.0},), [{"b": 1.0}]),
    ],
)
def test_answers_that_differ_say_where(expected: Any, answered: Any) -> None:
    assert difference(expected, answered, 1e-6)
