import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mltoolkit import files, http, models, project, scoring, verdicts
from mltoolkit.commands import deploy
from mltoolkit.deployers.base import difference
from mltoolkit.deployers.mlflow_server import WORKER, MlflowServer
from mltoolkit.deployers.processes import running
from mltoolkit.errors import CannotTellError
from mltoolkit.evidence import Evidence, Golden
from mltoolkit.journal import Journal
from mltoolkit.releases import Endpoint, State, folder
from mltoolkit.settings import EndpointSettings

Cli = Callable[..., Any]
A, B = (f"sha256:{letter * 64}" for letter in "ab")
GOLDEN = Golden(
    request={"dataframe_split": {"columns": ["a"], "data": [[1], [2]]}},
    predictions=(1.0, 2.0),
    ids=("r1", "r2"),
)


def test_the_line_to_copy_asks_with_a_real_row_and_survives_a_shell() -> None:
    golden = msgspec.structs.replace(
        GOLDEN, request={"dataframe_split": {"columns": ["a'b"], "data": [["$x"], ["y"]]}}
    )

    words = shlex.split(deploy.curl("http://127.0.0.1:1", golden))

    assert words[:3] == ["curl", "--noproxy", "*"]
    assert json.loads(words[-1]) == {"dataframe_split": {"columns": ["a'b"], "data": [["$x"]]}}


@pytest.fixture(scope="module")
def scored(saved_models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Golden]:
    """What two models answer offline."""
    made = {}
    for name in ("binary", "other"):
        answers = scoring.score(
            models.read(saved_models / name),
            saved_models / "rows.parquet",
            rows_digest=A,
            golden=[0, 1, 2],
            hidden=(),
            cache=tmp_path_factory.mktemp("scores"),
            python=None,
            fresh=True,
        )
        made[name] = Golden(request=answers.request, predictions=answers.predictions, ids=("r0", "r1", "r2"))
    return made


@pytest.fixture
def judged(
    toy: Path, saved_models: Path, judge: Callable[..., None], scored: dict[str, Golden]
) -> Iterator[Callable[..., Path]]:
    """A project whose reports promote a model: ``judged("other", champion="binary")``."""

    def make(model: str, *, champion: str | None = None, wrong: bool = False, quality: str = "good") -> Path:
        shutil.rmtree(toy / "model")
        shutil.copytree(saved_models / model, toy / "model")
        golden = scored[model]
        if wrong:
            golden = msgspec.structs.replace(golden, predictions=tuple([0.5, 0.5] for _ in golden.ids))
        judge(
            toy,
            golden=golden,
            champion=None if champion is None else models.digest(saved_models / champion),
            quality=quality,
        )
        return toy

    yield make
    MlflowServer(toy / ".mltoolkit", EndpointSettings()).settle(Endpoint(name="local", fence=99))


def start(root: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "mltoolkit", "deploy", "--project", root],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def reached(root: Path, state: State) -> None:
    """Wait until a rollout is there, as the journal says."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        rolling = Journal(root / ".mltoolkit").endpoint("local").running
        if rolling is not None and rolling.state is state:
            return
        time.sleep(0.01)
    pytest.fail(f"no rollout was {state}")


def workers(root: Path) -> list[int]:
    """The fences whose server runs."""
    state = (root / ".mltoolkit").resolve()
    return [fence for fence in range(1, 9) if running(WORKER, folder(state, "local", fence))]


def states(root: Path) -> list[State]:
    return [event.state for event in Journal(root / ".mltoolkit").history("local")]


def test_from_a_verdict_to_an_answer_equal_to_the_offline_one(
    judged: Callable[..., Path], cli: Cli, scored: dict[str, Golden], saved_models: Path
) -> None:
    root = judged("binary")

    first = cli("deploy", "--project", root, "--json")
    assert first.code == 0, first.err
    said = json.loads(first.out)
    assert (said["version"], said["changed"]) == (1, True)
    assert said["digest"] == models.digest(saved_models / "binary")
    body = shlex.split(said["curl"])[-1].encode()
    answer = http.request("POST", f"{said['address']}/invocations", body=body, timeout=10).json()
    assert difference(scored["binary"].predictions[:1], answer["predictions"], 1e-9) is None

    before = states(root)
    again = cli("deploy", "--project", root)
    assert (again.code, states(root)) == (0, before)
    assert "was live before" in again.out

    # A model that does not answer as it did offline never reaches a user.
    refused = cli("deploy", "--project", judged("other", champion="binary", wrong=True))
    assert (refused.code, states(root)[-1]) == (1, State.ABORTED)
    assert "answers the golden rows differently" in refused.err
    assert workers(root) == [1]
    answer = http.request("POST", f"{said['address']}/invocations", body=body, timeout=10).json()
    assert difference(scored["binary"].predictions[:1], answer["predictions"], 1e-9) is None

    # A verdict against an older champion asks for a new one.
    stale = cli("deploy", "--project", judged("other"))
    assert (stale.code, "judge again" in stale.err) == (3, True)

    second = cli("deploy", "--project", judged("other", champion="binary"), "--json")
    assert second.code == 0, second.err
    now = json.loads(second.out)
    assert (now["version"], now["address"]) == (2, said["address"])
    answer = http.request("POST", f"{said['address']}/invocations", body=body, timeout=10).json()
    assert difference(scored["other"].predictions[:1], answer["predictions"], 1e-9) is None
    assert workers(root) == [3]
    event = Journal(root / ".mltoolkit").history("local")[-1]
    assert "2 of 2 blocking rules passed" in event.reason

    # The first version is kept as the anchor, whatever comes after it; whoever is compared is scored afresh.
    assert cli("evaluate", "--project", root).code == 0
    compared = files.load(root / "reports" / "toy" / "evidence.json", Evidence)
    assert compared.faults == {}
    assert [each and each.digest for each in (compared.champion, compared.anchor)] == [
        now["digest"],
        said["digest"],
    ]
    assert compared.measured("brier", "anchor") is not None


def test_the_journal_keeps_who_approved_and_why(
    judged: Callable[..., Path], cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = judged("binary", quality="unclear")
    refused = cli("deploy", "--project", root)
    assert (refused.code, "mltoolkit approve" in refused.err) == (3, True)
    assert not (root / ".mltoolkit" / "journal.git").exists()

    monkeypatch.setenv("GIT_AUTHOR_NAME", "Grace Hopper")
    assert cli("approve", "--project", root, "--reason", "the floor is old").code == 0
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada Lovelace")
    deployed = cli("deploy", "--project", root)

    assert deployed.code == 0, deployed.err
    why = "approved by Grace Hopper <ada@example.org>: the floor is old"
    live = Journal(root / ".mltoolkit").endpoint("local").live
    assert live is not None
    assert live.by == "Ada Lovelace <ada@example.org>"
    release = live.revision.release
    assert release.approval == files.digest_file(root / "reports" / "toy" / "approval.json")
    assert release.reason == why
    assert (
        f"Ada Lovelace <ada@example.org>: {why}"
        in cli("endpoints", "history", "local", "--project", root).out
    )


def test_of_two_deploys_at_once_one_wins_and_a_killed_one_leaves_no_orphan(
    judged: Callable[..., Path], cli: Cli
) -> None:
    root = judged("binary")

    with start(root) as one:
        reached(root, State.STAGED)
        lost = cli("deploy", "--project", root)
        assert lost.code == 6
        assert f"process {one.pid} on" in lost.err
        while not workers(root):
            time.sleep(0.01)
        one.kill()
    assert workers(root) == [1]

    with start(root) as one, start(root) as other:
        codes = sorted([one.wait(60), other.wait(60)])
    assert codes == [0, 6]
    assert workers(root) == [2]
    history = Journal(root / ".mltoolkit").history("local")
    assert [event.reason for event in history if event.state is State.ABORTED] == [
        "the process that ran it is gone"
    ]
    assert sorted(path.name for path in (root / ".mltoolkit" / "endpoints" / "local").iterdir()) == ["2"]


def test_a_cancelled_deploy_says_so_and_leaves_nothing(judged: Callable[..., Path]) -> None:
    root = judged("binary")

    with start(root) as process:
        reached(root, State.STAGED)
        while not workers(root):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 130

    last = Journal(root / ".mltoolkit").history("local")[-1]
    assert (last.state, last.reason) == (State.ABORTED, "cancelled")
    assert workers(root) == []
    assert list((root / ".mltoolkit" / "endpoints" / "local").iterdir()) == []


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target"])
def test_a_verdict_that_was_made_for_show_is_refused(
    toy: Path, judge: Callable[..., None], cli: Cli, event: str
) -> None:
    judge(toy, origin={"event": event})
    # The gate cannot tell, since nobody knows the base here, and a person approves that.
    assert cli("approve", "--project", toy, "--reason", "a reason").code == 0

    called = cli("deploy", "--project", toy)

    assert called.code == 3
    assert f"the verdict was made in a {event} run, which is for show" in called.err


def test_a_verdict_for_another_endpoint_is_refused(toy: Path, judge: Callable[..., None]) -> None:
    judge(toy)
    case = verdicts.read(project.load(toy), "toy")

    deploy.judge(case, endpoint="local")
    with pytest.raises(CannotTellError, match="for the endpoint local, not elsewhere"):
        deploy.judge(case, endpoint="elsewhere")


@pytest.mark.parametrize("missing", ["verdict.json", "evidence.json", "golden.json"])
def test_without_a_file_that_it_rests_on_nobody_can_tell(
    judged: Callable[..., Path], cli: Cli, missing: str
) -> None:
    root = judged("binary")
    (root / "reports" / "toy" / missing).unlink()

    called = cli("deploy", "--project", root)

    assert called.code == 3
    assert missing in called.err
    assert not (root / ".mltoolkit" / "journal.git").exists()


def test_a_damaged_file_is_cannot_tell(judged: Callable[..., Path], cli: Cli) -> None:
    root = judged("binary")
    (root / "reports" / "toy" / "verdict.json").write_text("{")

    assert cli("deploy", "--project", root).code == 3


def test_a_model_that_changed_since_the_verdict_is_refused(judged: Callable[..., Path], cli: Cli) -> None:
    root = judged("binary")
    (root / "model" / "note.txt").write_text("changed")

    called = cli("deploy", "--project", root)

    assert (called.code, "for the model digest" in called.err) == (3, True)


def test_an_unknown_endpoint_is_wrong_input(judged: Callable[..., Path], cli: Cli) -> None:
    called = cli("deploy", "--project", judged("binary"), "--endpoint", "locale")

    assert called.code == 2
    assert "local" in called.err


def test_a_journal_that_is_not_ours_is_left_alone(judged: Callable[..., Path], cli: Cli) -> None:
    root = judged("binary")
    (root / ".mltoolkit" / "journal.git").mkdir(parents=True)

    called = cli("deploy", "--project", root)

    assert (called.code, "not a journal of ours" in called.err) == (2, True)
    assert not (root / ".mltoolkit" / "endpoints").exists()


def test_who_acts_is_the_account_of_the_run_or_the_user_of_git(
    toy: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = project.load(toy)
    assert deploy.operator(here).by == "Ada Lovelace <ada@example.org>"
    for part in ("NAME", "EMAIL"):
        monkeypatch.delenv(f"GIT_AUTHOR_{part}")
    git(toy, "config", "user.name", "Grace Hopper")
    git(toy, "config", "user.email", "grace@example.org")
    assert deploy.operator(here).by == "Grace Hopper <grace@example.org>"

    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": "octocat",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_RUN_ID": "7",
    }.items():
        monkeypatch.setenv(name, value)
    acting = deploy.operator(here)
    assert (acting.by, acting.run) == ("octocat", "https://github.example/a/b/actions/runs/7")
    assert acting.holder.pid == os.getpid()
