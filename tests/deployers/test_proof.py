from collections.abc import Callable
from typing import Any

import pytest

from mltoolkit.deployers import proof
from mltoolkit.deployers.base import Identity
from mltoolkit.errors import OutsideError, RefusedError
from mltoolkit.evidence import Golden
from mltoolkit.releases import Revision

A = f"sha256:{'a' * 64}"
GOLDEN = Golden(
    request={"dataframe_split": {"columns": ["a"], "data": [[1]]}}, predictions=(1.0,), ids=("r",)
)
STRANGER = Identity(endpoint="local", digest=A, version=8, fence=8, pid=77)


@pytest.fixture
def staged(
    memory: Any, revision: Callable[..., Revision], monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, Revision]:
    """A deployer and a revision that is staged on it."""
    monkeypatch.setattr(proof, "_OBSERVE", 0.05)
    one = revision("binary", fence=1, address="http://127.0.0.1:5001", digest=A)
    memory.stage(one)
    return memory, one


def test_a_revision_that_says_who_it_is_and_answers_as_offline_is_proved(
    staged: tuple[Any, Revision],
) -> None:
    deployer, one = staged

    assert proof.identify(deployer, one).is_of(one)
    assert proof.compare(deployer, one, GOLDEN) == 1
    deployer.switch(one)
    proof.watch(deployer, one)


def test_another_identity_or_other_answers_are_refused(staged: tuple[Any, Revision]) -> None:
    deployer, one = staged
    deployer.answers = [2.0]
    with pytest.raises(RefusedError, match="differently"):
        proof.compare(deployer, one, GOLDEN)

    deployer.says = STRANGER
    with pytest.raises(RefusedError, match="says that it is v8"):
        proof.identify(deployer, one)


def test_silence_at_the_address_is_the_revisions_fault_and_a_stranger_there_is_not(
    staged: tuple[Any, Revision],
) -> None:
    deployer, one = staged
    with pytest.raises(RefusedError, match="nobody answers"):
        proof.watch(deployer, one)

    deployer.observe = lambda _: STRANGER
    with pytest.raises(OutsideError, match=r"the answer comes from v8 .* process 77"):
        proof.watch(deployer, one)


def test_only_one_that_answers_in_between_is_not_enough(staged: tuple[Any, Revision]) -> None:
    deployer, one = staged
    answers = [deployer.servers["local", 1], None] * 500
    deployer.observe = lambda _: answers.pop()

    with pytest.raises(RefusedError, match="nobody answers"):
        proof.watch(deployer, one)


def test_what_answers_still_is_not_gone(staged: tuple[Any, Revision]) -> None:
    deployer, one = staged
    proof.gone(deployer, one)
    deployer.switch(one)

    with pytest.raises(OutsideError, match=r"still answers at http://127\.0\.0\.1:5001"):
        proof.gone(deployer, one)

    deployer.observe = lambda _: STRANGER
    proof.gone(deployer, one)
