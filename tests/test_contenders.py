import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mltoolkit import contenders, models
from mltoolkit.errors import InputError
from mltoolkit.journal import Journal
from mltoolkit.releases import Event, Holder, Release, Revision, State, folder
from mltoolkit.settings import ModelSettings

SETTINGS = ModelSettings(target="target")
A = f"sha256:{'a' * 64}"

Promote = Callable[[str], str]


@pytest.fixture
def promote(saved_models: Path, tmp_path: Path) -> Promote:
    """Make a model the live version of the endpoint, as a deployer and a rollout leave it; its digest."""

    def call(name: str) -> str:
        journal = Journal(tmp_path)
        tip = journal.read("local")
        fence, version = tip.endpoint.fence + 1, tip.endpoint.versions + 1
        digest = models.digest(saved_models / name)
        shutil.copytree(saved_models / name, folder(tmp_path, "local", fence) / "model")
        release = Release(
            endpoint="local", model="toy", digest=digest, champion=None, verdict=A, evidence=A, golden=A,
            commit="c" * 40, reason="all rules passed",
        )  # fmt: skip
        revision = Revision(release=release, version=version, fence=fence, address="http://127.0.0.1:5001")
        event = Event(
            endpoint="local", state=State.PLANNED, fence=fence, at="2026-11-24T07:00:00.000+00:00", by="Ada",
            reason="all rules passed", revision=revision, holder=Holder(host="here", pid=7, started="boot:1"),
        )  # fmt: skip
        tip = journal.append(tip, event)
        states = (State.LOCKED, State.STAGED, State.READY, State.PROBED, State.SWITCHING, State.SWITCHED)
        for state in (*states, State.COMMITTED):
            share = 100 if state in {State.SWITCHING, State.SWITCHED} else None
            then = msgspec.structs.replace(event, state=state, revision=None, holder=None, share=share)
            tip = journal.append(tip, then)
        # What a deployer no longer keeps.
        for old in range(1, fence):
            if old not in tip.endpoint.kept:
                shutil.rmtree(folder(tmp_path, "local", old), ignore_errors=True)
        return digest

    return call


def anchor(state: Path, settings: ModelSettings = SETTINGS) -> contenders.Contender:
    contenders.keep(state, settings, "local")
    return contenders.anchor(state, settings, "local")


def test_where_nothing_was_promoted_there_is_neither(tmp_path: Path) -> None:
    assert contenders.champion(tmp_path, SETTINGS, "local").absent == "nothing is live on local yet"
    assert anchor(tmp_path).absent == "nothing was promoted on local yet"
    assert contenders.champion(tmp_path, SETTINGS, None).absent == "the model has no endpoint"
    assert contenders.anchor(tmp_path, SETTINGS, None).absent == "the model has no endpoint"
    assert list(tmp_path.iterdir()) == []


def test_the_champion_is_live_and_the_anchor_was_first(tmp_path: Path, promote: Promote) -> None:
    first = promote("binary")
    one = contenders.champion(tmp_path, SETTINGS, "local"), anchor(tmp_path)
    second = promote("other")
    two = contenders.champion(tmp_path, SETTINGS, "local"), anchor(tmp_path)

    assert [each.model and each.model.digest for each in one] == [first, first]
    assert [each.model and each.model.digest for each in two] == [second, first]


def test_the_anchor_outlives_the_versions_that_the_endpoint_keeps(tmp_path: Path, promote: Promote) -> None:
    first = promote("binary")
    contenders.keep(tmp_path, SETTINGS, "local")
    for name in ("other", "shuffled", "labels", "other"):
        promote(name)

    assert not folder(tmp_path, "local", 1).exists()
    kept = anchor(tmp_path)
    assert kept.model is not None
    assert kept.model.digest == first == models.digest(contenders.place(tmp_path, first))


def test_an_anchor_of_which_no_copy_is_left_is_a_fault_and_not_absent(
    tmp_path: Path, promote: Promote
) -> None:
    for name in ("binary", "other", "shuffled", "labels", "other"):
        promote(name)
    found = anchor(tmp_path)

    assert (found.model, found.absent) == (None, None)
    assert found.fault is not None
    assert found.fault.startswith("no copy of ")


def test_an_anchor_can_be_named_and_moving_it_keeps_the_other(tmp_path: Path, promote: Promote) -> None:
    first, second = promote("binary"), promote("other")
    assert anchor(tmp_path).model is not None
    moved = anchor(tmp_path, ModelSettings(target="target", anchor=second))

    assert moved.model is not None
    assert moved.model.digest == second
    assert contenders.place(tmp_path, first).exists()


def test_a_changed_copy_is_a_fault_and_made_again_while_another_is_there(
    tmp_path: Path, promote: Promote
) -> None:
    first = promote("binary")
    assert anchor(tmp_path).model is not None
    copy = contenders.place(tmp_path, first)
    (copy / "MLmodel").write_text((copy / "MLmodel").read_text() + "\n")

    changed = contenders.anchor(tmp_path, SETTINGS, "local")
    assert changed.model is None
    assert changed.fault is not None
    assert "was changed" in changed.fault
    assert anchor(tmp_path).model is not None


def test_a_copy_that_is_no_model_is_a_fault(tmp_path: Path, promote: Promote) -> None:
    first = promote("binary")
    assert anchor(tmp_path).model is not None
    shutil.rmtree(contenders.place(tmp_path, first))
    contenders.place(tmp_path, first).mkdir()
    found = contenders.anchor(tmp_path, SETTINGS, "local")

    assert found.fault is not None
    assert "cannot be used" in found.fault


def test_a_changed_copy_of_the_champion_is_refused(tmp_path: Path, promote: Promote) -> None:
    promote("binary")
    path = folder(tmp_path, "local", 1) / "model" / "MLmodel"
    path.write_text(path.read_text() + "\n")

    with pytest.raises(InputError, match="kept copy of the live model"):
        contenders.champion(tmp_path, SETTINGS, "local")
