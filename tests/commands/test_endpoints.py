import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mltoolkit
from mltoolkit.deployers import processes
from mltoolkit.deployers.mlflow_server import WORKER, MlflowServer
from mltoolkit.deployers.worker_folder import ask
from mltoolkit.journal import Journal
from mltoolkit.releases import Endpoint, State, folder
from mltoolkit.settings import EndpointSettings

Cli = Callable[..., Any]
VERBS = ("describe", "url", "logs", "history", "start", "stop", "delete")


@pytest.fixture
def deployed(toy: Path, cli: Cli) -> Iterator[Path]:
    """A project whose model went the whole way: evaluated, judged, live."""
    root = toy.resolve()
    for command in ("evaluate", "gate", "deploy"):
        called = cli(command, "--project", root)
        assert called.code == 0, called.err
    yield root
    MlflowServer(root / ".mltoolkit", EndpointSettings()).settle(Endpoint(name="local", fence=99))


def states(root: Path) -> list[State]:
    return [event.state for event in Journal(root / ".mltoolkit").history("local")]


def test_the_life_of_an_endpoint(deployed: Path, cli: Cli, tmp_path: Path) -> None:
    def say(*words: object, code: int = 0) -> Any:
        called = cli("endpoints", *words, "--project", deployed, "--json")
        assert called.code == code, called.out
        return json.loads(called.out)

    address = say("url", "local")["address"]
    (listed,) = say("list")["endpoints"]
    assert (listed["name"], listed["model"], listed["version"]) == ("local", "toy", 1)
    described = say("describe", "local")
    assert (described["problem"], described["answers"]["digest"]) == (None, listed["digest"])
    assert described["address"] == address
    assert [event["state"] for event in say("history", "local")["events"]][-1] == "committed"
    told = cli("endpoints", "history", "local", "--project", deployed).out
    assert all(word in told for word in ("committed", "2 of 2 blocking rules passed", "Ada Lovelace"))
    assert Path(say("logs", "local")["path"]).name == "worker.log"

    request = tmp_path / "request.json"
    golden = json.loads((deployed / "reports" / "toy" / "golden.json").read_text())
    request.write_text(json.dumps(golden["request"]))
    assert say("predict", "local", request)["predictions"] == golden["predictions"]
    request.write_text('{"dataframe_split": {"columns": ["z"], "data": [[1]]}}')
    wrong = cli("endpoints", "predict", "local", request, "--project", deployed)
    assert (wrong.code, "answered 400" in wrong.err, "Traceback" in wrong.err) == (2, True, False)

    # Killed from outside: said so, and brought back from its own copy of the model.
    shutil.rmtree(deployed / "model")
    state = (deployed / ".mltoolkit").resolve()
    (worker,) = processes.running(WORKER, folder(state, "local", 1))
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(10)
    assert "nobody answers" in say("describe", "local", code=4)["problem"]
    assert "PROBLEM   nobody answers" in cli("endpoints", "describe", "local", "--project", deployed).out
    unanswered = cli("endpoints", "predict", "local", request, "--project", deployed)
    assert unanswered.code == 4
    assert say("start", "local")["changed"] is True
    assert say("start", "local")["changed"] is False
    assert say("describe", "local")["problem"] is None

    assert say("stop", "local")["changed"] is True
    assert say("stop", "local")["changed"] is False
    assert processes.running(WORKER, folder(state, "local", 1)) == []
    described = say("describe", "local")
    assert (described["stopped"], described["problem"], described["answers"]) == (True, None, None)

    # Somebody else took the address meanwhile: found, and nothing is recorded.
    before = states(deployed)
    with socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))):
        called = cli("endpoints", "start", "local", "--project", deployed)
        assert (called.code, "is used by another program" in called.err) == (2, True)
    assert states(deployed) == before

    assert say("delete", "local")["changed"] is True
    assert say("delete", "local")["changed"] is False
    assert list((state / "endpoints" / "local").iterdir()) == []
    assert say("list")["endpoints"][0]["state"] == "deleted"
    assert states(deployed)[-3:] == [State.STARTED, State.STOPPED, State.DELETED]
    gone = cli("endpoints", "url", "local", "--project", deployed)
    assert (gone.code, "nothing is live" in gone.err) == (2, True)


def answers(root: Path) -> Any:
    """Who answers at the endpoint's public address."""
    live = Journal(root / ".mltoolkit").endpoint("local").live
    assert live is not None
    return ask(live.revision.address)


def test_a_server_is_ended_wherever_the_project_and_the_package_are(
    deployed: Path, cli: Cli, tmp_path: Path
) -> None:
    def call(*words: object, root: Path = deployed) -> Any:
        return cli("endpoints", *words, "--project", root)

    # A copy of the project knows the server of the original, and ends it not.
    copy = tmp_path / "copy"
    shutil.copytree(deployed, copy)
    pid = answers(deployed).pid
    for verb in ("stop", "delete"):
        refused = call(verb, "local", root=copy)
        assert (refused.code, f"process {pid} answers" in refused.err) == (4, True)
    told = call("describe", "local", root=copy)
    assert (told.code, f"PROBLEM   process {pid} answers" in told.out) == (4, True)
    assert answers(deployed).pid == pid

    # Another installation of the package ends it.
    installed = tmp_path / "installed"
    shutil.copytree(Path(mltoolkit.__file__).parent, installed / "mltoolkit")
    command = [sys.executable, "-m", "mltoolkit", "endpoints", "stop", "local", "--project", str(deployed)]
    env = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(command, check=True, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.stdout == "local is stopped\n"
    assert answers(deployed) is None

    # So does the project after it was moved.
    assert call("start", "local").code == 0
    pid = answers(deployed).pid
    moved = tmp_path / "moved"
    deployed.rename(moved)
    assert (call("describe", "local", root=moved).code, answers(moved).pid) == (0, pid)
    assert call("stop", "local", root=moved).out == "local is stopped\n"
    assert answers(moved) is None
    assert call("start", "local", root=moved).code == 0
    address = call("url", "local", root=moved).out.strip()
    moved.rename(deployed)
    assert call("delete", "local").code == 0
    assert ask(address) is None
    assert list((deployed / ".mltoolkit" / "endpoints" / "local").iterdir()) == []


def test_without_its_journal_a_server_is_found_told_and_ended(deployed: Path, cli: Cli) -> None:
    def lose() -> str:
        live = Journal(deployed / ".mltoolkit").endpoint("local").live
        assert live is not None
        shutil.rmtree(deployed / ".mltoolkit" / "journal.git")
        return live.revision.address

    def call(*words: object) -> Any:
        return cli(*words, "--project", deployed)

    first = lose()
    told = call("endpoints", "describe", "local")
    assert (told.code, "that the journal does not know, fence 1" in told.out) == (4, True)
    again = call("deploy")
    assert again.code == 0, again.err
    said = answers(deployed)
    assert (said.fence, said.version) == (1, 1)
    second = lose()
    assert first == second or ask(first) is None

    stopped = call("endpoints", "stop", "local")
    assert (stopped.code, "local is stopped; a server was ended" in stopped.out) == (0, True)
    assert ask(second) is None
    assert call("endpoints", "stop", "local").code == 2
    assert call("endpoints", "describe", "local").code == 0

    assert call("deploy").code == 0
    third = lose()
    deleted = call("endpoints", "delete", "local", "--json")
    assert (deleted.code, json.loads(deleted.out)["unknown"]) == (0, [1])
    assert ask(third) is None
    assert list((deployed / ".mltoolkit" / "endpoints" / "local").iterdir()) == []
    assert call("endpoints", "delete", "local").out == "local had nothing to delete\n"


def test_a_journal_that_is_damaged_in_the_middle_is_cannot_tell(deployed: Path, cli: Cli, git: Any) -> None:
    journal = deployed / ".mltoolkit" / "journal.git"
    name = git(journal, "rev-parse", "refs/heads/mltoolkit/local~2")
    path = journal / "objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(b"damaged")

    called = cli("endpoints", "history", "local", "--project", deployed)

    assert (called.code, "the journal is damaged" in called.err) == (3, True)


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_name_names_what_exists_and_touches_nothing(toy: Path, cli: Cli, verb: str) -> None:
    for name in ("loca", "local2", "*", ""):
        called = cli("endpoints", verb, name, "--project", toy)

        assert called.code == 2
        assert "there are: local" in called.err
    assert not (toy / ".mltoolkit").exists()


@pytest.mark.parametrize("words", [("--endpoint", "loca"), ("--model", "to"), ("--model", "")])
def test_a_filter_that_fits_nothing_lists_nothing(toy: Path, cli: Cli, words: tuple[str, ...]) -> None:
    called = cli("endpoints", "list", *words, "--project", toy)
    as_json = cli("endpoints", "list", *words, "--project", toy, "--json")

    assert (called.code, called.out.strip()) == (0, "no endpoint matches")
    assert (as_json.code, json.loads(as_json.out)) == (0, {"endpoints": []})


def test_filters_that_fit_exactly_list_it(toy: Path, cli: Cli) -> None:
    called = cli("endpoints", "list", "--model", "toy", "--endpoint", "local", "--project", toy)

    assert (called.code, called.out.split()[:2]) == (0, ["local", "toy"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "local"), "list takes no name"),
        (("stop",), "needs the name"),
        (("stop", "local", "--model", "toy"), "no filter"),
        (("stop", "local", "x.json"), "only predict takes one"),
        (("predict", "local"), "predict needs a file"),
        (("stop", "local"), "nothing is live"),
        (("start", "local"), "nothing is live"),
        (("logs", "local"), "nothing is live"),
    ],
)
def test_words_that_do_not_fit_are_wrong_input(
    toy: Path, cli: Cli, words: tuple[str, ...], said: str
) -> None:
    called = cli("endpoints", *words, "--project", toy)

    assert (called.code, said in called.err) == (2, True), called.err


def test_a_journal_that_is_not_ours_is_left_alone(toy: Path, cli: Cli) -> None:
    (toy / ".mltoolkit" / "journal.git").mkdir(parents=True)

    called = cli("endpoints", "list", "--project", toy)

    assert (called.code, "not a journal of ours" in called.err) == (2, True)
