"""One model server, as a program: ``python worker.py FOLDER``.

It may run under another interpreter than ours, so it imports MLflow, what MLflow's own server is made
of, and the standard library; never this package. ``FOLDER/worker.json`` says what to serve, as whom, and
where; ``FOLDER/token`` holds the word that the control routes ask for.

It answers on a private loopback port first, and writes ``FOLDER/ready.json`` when it does. Only when told
there does it open the public address. Public: MLflow's own routes and ``GET /-/model``. Private: those,
and ``POST /-/open`` and ``POST /-/close``.
"""

import asyncio
import contextlib
import hmac
import json
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn
from starlette.responses import JSONResponse

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_PATIENCE = 10
"""Seconds that requests which have begun may take to end."""


class Server(uvicorn.Server):
    """One listening address. The program handles signals, once for all addresses."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


class Worker:
    """A model behind a private port and, when told so, behind the public one.

    Args:
        app: MLflow's scoring application.
        identity: What ``/-/model`` answers.
        public: Host and port of the public address.
        token: The word that control routes ask for.
    """

    def __init__(self, app: App, identity: dict[str, Any], public: tuple[str, int], token: str) -> None:
        self._app = app
        self._identity = identity
        self._public = public
        self._token = token
        self._open: tuple[Server, asyncio.Task[None]] | None = None
        self._changing = asyncio.Lock()
        self._finishing: set[asyncio.Task[None]] = set()

    async def serve(self, ready: Callable[[int], None]) -> None:
        """Serve until SIGTERM or SIGINT; what was begun is finished, in bounded time.

        Args:
            ready: Called with the private port once it answers.
        """
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        private = socket.create_server(("127.0.0.1", 0))
        port = private.getsockname()[1]
        server, task = await _listen(self.private, private)
        ready(port)
        await stop.wait()
        # Predictions run in threads, which Python would wait for without a bound.
        last = threading.Timer(_PATIENCE + 2, os._exit, [1])
        last.daemon = True
        last.start()
        async with self._changing:
            self._close()
        server.should_exit = True
        await asyncio.gather(task, *self._finishing)

    async def public(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer ``/-/model``; everything else is MLflow's."""
        if scope["type"] == "http" and scope["path"] == "/-/model":
            await JSONResponse(self._identity)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def private(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the control routes too, to those who know the token."""
        if scope["type"] != "http" or scope["path"] not in {"/-/open", "/-/close"}:
            await self.public(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"authorization", b"")
        if scope["method"] != "POST" or not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            await JSONResponse({"error": "not allowed"}, status_code=403)(scope, receive, send)
            return
        opens = scope["path"] == "/-/open"
        try:
            async with self._changing:
                if opens:
                    await self._listen_publicly()
                else:
                    self._close()
        except OSError as error:
            await JSONResponse({"error": str(error)}, status_code=409)(scope, receive, send)
            return
        await JSONResponse({"open": opens})(scope, receive, send)

    async def _listen_publicly(self) -> None:
        if self._open is not None:
            return
        host, port = self._public
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # The version before listens on the same port until it is told to stop: no gap.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listening.bind((host, port))
        except OSError:
            listening.close()
            raise
        self._open = await _listen(self.public, listening)

    def _close(self) -> None:
        """Accept nothing more now; connections that are open finish what they have begun."""
        if self._open is None:
            return
        server, task = self._open
        self._open = None
        for each in server.servers:
            each.close()
        server.should_exit = True
        # asyncio itself holds tasks only weakly.
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)


async def _listen(app: App, listening: socket.socket) -> tuple[Server, asyncio.Task[None]]:
    config = uvicorn.Config(
        app,
        interface="asgi3",  # what uvicorn guesses from a method is wrong
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_PATIENCE,
    )
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers a flag, no event
        await asyncio.sleep(0.005)
    return server, task


def main(folder: Path) -> None:
    """Load the model, warm it up, and serve it."""
    # Our own folder comes first on the path; a model must not find our modules there.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).parent]
    import mlflow.pyfunc
    from mlflow.pyfunc import scoring_server

    settings = json.loads((folder / "worker.json").read_text(encoding="utf-8"))
    token = (folder / "token").read_text(encoding="ascii")
    model = mlflow.pyfunc.load_model(str(folder / "model"))
    if model.input_example is not None:
        # What is loaded late is loaded now, and not at the cost of the first user.
        model.predict(model.input_example)
    identity = {name: settings[name] for name in ("endpoint", "digest", "version", "fence")}
    worker = Worker(
        scoring_server.init(model),
        {**identity, "pid": os.getpid()},
        (settings["host"], settings["port"]),
        token,
    )
    asyncio.run(worker.serve(lambda port: _write_ready(folder, port)))


def _write_ready(folder: Path, port: int) -> None:
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".ready.", delete=False) as beside:
        json.dump({"pid": os.getpid(), "port": port, "started": _started()}, beside)
    Path(beside.name).replace(folder / "ready.json")


def _started() -> str | None:
    """Return this process's start in the form of ``deployers.processes.started``; None off Linux."""
    try:
        stat = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    return f"{boot}:{stat.rpartition(')')[2].split()[19]}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
