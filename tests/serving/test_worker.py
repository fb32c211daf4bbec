"""The worker as the program that it is: started, asked, told, ended."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mltoolkit import http, proc
from mltoolkit.deployers import processes
from mltoolkit.deployers.mlflow_server import WORKER
from mltoolkit.errors import OutsideError

TOKEN = "a word that only the owner knows"


class Running(msgspec.Struct):
    process: subprocess.Popen[bytes]
    folder: Path
    private: str
    public: str

    def tell(self, what: str, token: str = TOKEN, method: str = "POST") -> http.Answer:
        headers = {"Authorization": f"Bearer {token}"}
        return http.request(method, f"{self.private}/-/{what}", headers=headers, timeout=10)

    def who(self, address: str) -> Any:
        return http.request("GET", f"{address}/-/model", timeout=10).json()


@pytest.fixture(scope="module")
def worker(saved_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("worker") / "with a space"
    shutil.copytree(saved_models / "binary", folder / "model")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = {
        "endpoint": "local",
        "digest": "d",
        "version": 2,
        "fence": 3,
        "host": "127.0.0.1",
        "port": port,
    }
    (folder / "worker.json").write_text(json.dumps(settings))
    (folder / "token").write_text(TOKEN)
    log = (folder / "worker.log").open("wb")
    with (
        log,
        subprocess.Popen(
            [sys.executable, "-u", WORKER, folder], env=proc.clean_environment(), stdout=log, stderr=log
        ) as process,
    ):
        while not (folder / "ready.json").exists():
            assert process.poll() is None, (folder / "worker.log").read_text()
            time.sleep(0.05)
        ready = json.loads((folder / "ready.json").read_text())
        yield Running(process, folder, f"http://127.0.0.1:{ready['port']}", f"http://127.0.0.1:{port}")
        process.kill()


def test_the_ready_file_tells_the_process_by_more_than_its_number(worker: Running) -> None:
    ready = json.loads((worker.folder / "ready.json").read_text())

    assert ready["pid"] == worker.process.pid
    assert ready["started"] == processes.started(worker.process.pid)
    assert not list(worker.folder.glob(".ready*"))


def test_before_it_is_told_only_the_private_port_answers(worker: Running) -> None:
    assert worker.who(worker.private) == {
        "endpoint": "local",
        "digest": "d",
        "version": 2,
        "fence": 3,
        "pid": worker.process.pid,
    }
    with pytest.raises(OutsideError):
        worker.who(worker.public)


@pytest.mark.parametrize("what", ["open", "close"])
def test_control_without_the_token_is_refused(worker: Running, what: str) -> None:
    assert worker.tell(what, token="").status == 403
    assert worker.tell(what, token=TOKEN[:-1]).status == 403
    assert worker.tell(what, method="GET").status == 403
    assert http.request("POST", f"{worker.private}/-/{what}", timeout=10).status == 403
    with pytest.raises(OutsideError):
        worker.who(worker.public)


def test_an_address_that_is_taken_is_said_so_and_nothing_breaks(worker: Running) -> None:
    port = int(worker.public.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        assert worker.tell("open").status == 409

    assert worker.who(worker.private)["version"] == 2


def test_it_opens_and_closes_its_address_as_often_as_it_is_told(worker: Running) -> None:
    for _ in range(2):
        assert worker.tell("open").json() == {"open": True}
        assert worker.tell("open").json() == {"open": True}
        assert worker.who(worker.public) == worker.who(worker.private)

        assert worker.tell("close").json() == {"open": False}
        assert worker.tell("close").json() == {"open": False}
        with pytest.raises(OutsideError):
            worker.who(worker.public)


def test_control_is_not_on_the_public_port_even_with_the_token(worker: Running) -> None:
    worker.tell("open")
    headers = {"Authorization": f"Bearer {TOKEN}"}

    answer = http.request("POST", f"{worker.public}/-/close", headers=headers, timeout=10)

    assert answer.status == 404
    assert worker.who(worker.public)["fence"] == 3


def test_told_to_end_it_finishes_what_it_has_begun(worker: Running) -> None:
    worker.tell("open")
    rows = [[0.1 * at, "x"] for at in range(60_000)]
    body = {"dataframe_split": {"columns": ["a", "b"], "data": rows}}
    answers: list[http.Answer] = []

    def ask() -> None:
        answers.append(http.request("POST", f"{worker.public}/invocations", body=body, timeout=30))

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.15)
    begun = time.monotonic()
    worker.process.send_signal(signal.SIGTERM)
    asking.join()

    assert worker.process.wait(15) == 0
    assert time.monotonic() - begun < 14
    assert [answer.status for answer in answers] == [200]
    assert len(answers[0].json()["predictions"]) == 60_000
    assert "Traceback" not in (worker.folder / "worker.log").read_text()
