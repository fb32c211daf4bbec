import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mltoolkit import http
from mltoolkit.errors import OutsideError


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.reply(200, json.dumps({"path": self.path}).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(201, body if self.path == "/echo" else b"<html>")

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_answer_has_status_and_body(server: str) -> None:
    answer = http.request("GET", f"{server}/ping", timeout=5)

    assert answer.status == 200
    assert answer.json() == {"path": "/ping"}


def test_a_body_is_sent_as_json(server: str) -> None:
    answer = http.request("POST", f"{server}/echo", body={"a": [1.5, None]}, timeout=5)

    assert (answer.status, answer.json()) == (201, {"a": [1.5, None]})


def test_loopback_is_never_sent_through_a_proxy(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert http.request("GET", f"{server}/ping", timeout=5).status == 200


def test_html_is_not_json(server: str) -> None:
    with pytest.raises(OutsideError, match="answered 201 with something that is not JSON"):
        http.request("POST", f"{server}/html", body={}, timeout=5).json()


def test_nobody_there_is_an_error_of_the_outside_world() -> None:
    with pytest.raises(OutsideError, match=r"GET http://127\.0\.0\.1:9/ping"):
        http.request("GET", "http://127.0.0.1:9/ping", timeout=2)
