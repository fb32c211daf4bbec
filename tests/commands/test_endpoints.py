import json
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mltoolkit.config import EndpointSettings
from mltoolkit.deployers import processes
from mltoolkit.deployers.mlflow_server import WORKER, MlflowServer
from mltoolkit.journal import Journal
from mltoolkit.releases import Endpoint, State, folder

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
    def ask(*words: object) -> Any:
        called = cli("endpoints", *words, "--project", deployed, "--json")
        assert called.code == 0, called.out
        return json.loads(called.out)

    address = ask("url", "local")["address"]
    (listed,) = ask("list")["endpoints"]
    assert (listed["name"], listed["model"], listed["version"]) == ("local", "toy", 1)
    described = ask("describe", "local")
    assert (described["problem"], described["answers"]["digest"]) == (None, listed["digest"])
    assert described["address"] == address
    assert [event["state"] for event in ask("history", "local")["events"]][-1] == "committed"
    told = cli("endpoints", "history", "local", "--project", deployed).out
    assert "committed" in told
    assert "1 blocking rule passed" in told
    assert "Ada Lovelace" in told
    assert Path(ask("logs", "local")["path"]).name == "worker.log"

    request = tmp_path / "request.json"
    golden = json.loads((deployed / "reports" / "toy" / "golden.json").read_text())
    request.write_text(json.dumps(golden["request"]))
    assert ask("predict", "local", request)["predictions"] == golden["predictions"]
    request.write_text('{"dataframe_split": {"columns": ["z"], "data": [[1]]}}')
    wrong = cli("endpoints", "predict", "local", request, "--project", deployed)
    assert (wrong.code, "answered 400" in wrong.err, "Traceback" in wrong.err) == (2, True, False)

    # Killed from outside: said so, and brought back from its own copy of the model.
    shutil.rmtree(deployed / "model")
    state = (deployed / ".mltoolkit").resolve()
    (worker,) = processes.running(WORKER, folder(state, "local", 1))
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(10)
    assert "nobody answers" in ask("describe", "local")["problem"]
    unanswered = cli("endpoints", "predict", "local", request, "--project", deployed)
    assert unanswered.code == 4
    assert ask("start", "local")["changed"] is True
    assert ask("start", "local")["changed"] is False
    assert ask("describe", "local")["problem"] is None

    assert ask("stop", "local")["changed"] is True
    assert ask("stop", "local")["changed"] is False
    assert processes.running(WORKER, folder(state, "local", 1)) == []
    described = ask("describe", "local")
    assert (described["stopped"], described["problem"], described["answers"]) == (True, None, None)

    # Somebody else took the address meanwhile: found, and nothing is recorded.
    before = states(deployed)
    with socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))):
        called = cli("endpoints", "start", "local", "--project", deployed)
        assert (called.code, "is used by another program" in called.err) == (2, True)
    assert states(deployed) == before

    assert ask("delete", "local")["changed"] is True
    assert ask("delete", "local")["changed"] is False
    assert list((state / "endpoints" / "local").iterdir()) == []
    assert ask("list")["endpoints"][0]["state"] == "deleted"
    assert states(deployed)[-3:] == [State.STARTED, State.STOPPED, State.DELETED]
    gone = cli("endpoints", "url", "local", "--project", deployed)
    assert (gone.code, "nothing is live" in gone.err) == (2, True)


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
