import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mltoolkit.deployers import processes
from mltoolkit.deployers.worker_folder import WorkerFolder, address, ask, reachable
from mltoolkit.errors import OutsideError

# Answers as a worker does on both addresses, and takes a tenth of a second to start.
WORKER = """
import http.server, json, os, pathlib, sys
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"endpoint": "local", "digest": "d", "version": 1, "fence": 1, "pid": os.getpid()})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@pytest.fixture
def worker(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker of ``tmp_path/old/1``, whose ready file a copy of the folder, ``tmp_path/copy/1``, has too."""
    (tmp_path / "worker.py").write_text(WORKER)
    for parent in ("old", "copy"):
        (tmp_path / parent / "1").mkdir(parents=True)
    place = tmp_path / "old" / "1"
    command = [sys.executable, str(tmp_path / "worker.py"), str(place)]
    with subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        ready = {"pid": process.pid, "port": port, "started": processes.started(process.pid)}
        for parent in ("old", "copy"):
            (tmp_path / parent / "1" / "ready.json").write_text(json.dumps(ready))
        yield process
        process.kill()


def at(path: Path, fence: int = 1) -> WorkerFolder:
    return WorkerFolder(path, Path("elsewhere/worker.py"), "local", fence)


def test_a_worker_is_known_in_its_folder_and_ended_there(
    tmp_path: Path, worker: "subprocess.Popen[bytes]"
) -> None:
    place = at(tmp_path / "old" / "1")

    ready = place.ready()
    assert ready is not None
    assert ready.pid == worker.pid
    assert [each.pid for each in place.workers()] == [worker.pid]
    said = ask(ready.address)
    assert said is not None
    assert said.pid == worker.pid

    place.end()
    place.end()

    assert worker.wait(10) < 0
    assert (place.ready(), place.workers(), ask(ready.address)) == (None, [], None)
    assert list(place.path.iterdir()) == []


def test_a_copy_of_a_folder_ends_nothing_and_does_not_say_that_it_has(
    tmp_path: Path, worker: "subprocess.Popen[bytes]"
) -> None:
    copy = at(tmp_path / "copy" / "1")
    assert (copy.ready(), copy.workers()) == (None, [])

    for _ in range(2):
        with pytest.raises(OutsideError, match=rf"still runs: process {worker.pid} answers at http://127"):
            copy.end()

    assert worker.poll() is None


@pytest.mark.parametrize("change", [{"fence": 2}, {"digest": "other"}])
def test_the_server_of_something_else_at_the_public_address_is_no_reason_to_fail(
    tmp_path: Path, worker: "subprocess.Popen[bytes]", change: dict[str, object]
) -> None:
    ready = at(tmp_path / "old" / "1").ready()
    assert ready is not None
    settings = {"endpoint": "local", "digest": "d", "version": 1, "fence": 1}
    asked = {**settings, "host": "127.0.0.1", "port": ready.port, **change}
    place = tmp_path / "copy" / "1"
    (place / "worker.json").write_text(json.dumps(asked))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (place / "ready.json").write_text(json.dumps({"pid": worker.pid, "port": port, "started": "gone"}))

    at(place, fence=2 if "fence" in change else 1).end()

    assert worker.poll() is None
    (place / "ready.json").write_text(json.dumps({"pid": worker.pid, "port": port, "started": "gone"}))
    (place / "worker.json").write_text(json.dumps({**asked, **settings}))
    with pytest.raises(OutsideError, match=f"process {worker.pid} answers"):
        at(place).end()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_damaged_file_says_nothing(tmp_path: Path, content: str) -> None:
    for name in ("ready.json", "worker.json"):
        (tmp_path / name).write_text(content)

    assert (at(tmp_path).ready(), at(tmp_path).settings(), at(tmp_path).workers()) == (None, None, [])


def test_a_number_that_was_used_again_is_not_the_worker(tmp_path: Path) -> None:
    ready = {"pid": os.getpid(), "port": 1, "started": "another boot:17"}
    (tmp_path / "ready.json").write_text(json.dumps(ready))

    assert (at(tmp_path).ready(), at(tmp_path).workers()) == (None, [])


def test_an_address_that_listens_everywhere_is_asked_on_loopback() -> None:
    assert reachable(address("0.0.0.0", 80)) == "http://127.0.0.1:80"  # noqa: S104 - nothing listens
    assert reachable(address("::", 80)) == "http://[::1]:80"
    assert reachable(address("10.0.0.1", 80)) == "http://10.0.0.1:80"


def test_what_does_not_say_who_it_is_is_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
    assert ask(f"http://127.0.0.1:{port}") is None
