import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mltoolkit import http, models
from mltoolkit.deployers import processes
from mltoolkit.deployers.base import difference
from mltoolkit.deployers.mlflow_server import WORKER, MlflowServer
from mltoolkit.errors import InputError, OutsideError, RefusedError
from mltoolkit.releases import Endpoint, Revision, folder
from mltoolkit.settings import EndpointSettings

ADDRESS = "http://127.0.0.1:1"


@pytest.fixture
def server(tmp_path: Path, saved_models: Path) -> Iterator[Callable[..., MlflowServer]]:
    def make(model: str = "binary", **settings: Any) -> MlflowServer:
        source = tmp_path / "source"
        if not source.exists():
            shutil.copytree(saved_models / model, source)
        return MlflowServer(tmp_path, EndpointSettings(**settings), source=source)

    yield make
    make().settle(Endpoint(name="local", fence=99))


def test_a_port_that_somebody_uses_is_found_before_anything_is_written(
    tmp_path: Path, server: Callable[..., MlflowServer]
) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
        port = other.getsockname()[1]

        with pytest.raises(InputError, match=f"port {port} on 127.0.0.1 is used"):
            server(port=port).address(Endpoint(name="local"))

    assert not (tmp_path / "endpoints").exists()
    assert server(port=port).address(Endpoint(name="local")) == f"http://127.0.0.1:{port}"


def test_an_address_of_another_machine_is_refused(server: Callable[..., MlflowServer]) -> None:
    with pytest.raises(InputError, match=r"cannot listen on 192\.0\.2\.1"):
        server(host="192.0.2.1").address(Endpoint(name="local"))


@pytest.mark.parametrize("host", ["a" * 70, "a..b", "", " ", "a\0b", "\ud800"])
def test_what_cannot_be_a_host_is_refused_with_its_key(
    server: Callable[..., MlflowServer], host: str
) -> None:
    with pytest.raises(InputError, match="is no host") as caught:
        server(host=host).address(Endpoint(name="local"))

    assert str(caught.value.where) == "params.yaml: endpoints.local.host"


def test_the_port_that_was_taken_first_is_kept(
    server: Callable[..., MlflowServer], revision: Callable[..., Revision], live: Callable[..., Endpoint]
) -> None:
    address = server().address(Endpoint(name="local"))

    assert server().address(live(revision("binary", fence=1, address=address))) == address


def test_a_model_that_is_not_the_judged_one_is_not_started(
    tmp_path: Path, server: Callable[..., MlflowServer], revision: Callable[..., Revision]
) -> None:
    deployer = server()
    judged = revision("binary", fence=1, address=ADDRESS)
    (tmp_path / "source" / "extra").write_text("changed after it was judged")

    with pytest.raises(RefusedError, match="was judged"):
        deployer.stage(judged)

    assert processes.running(WORKER, folder(tmp_path, "local", 1)) == []


def test_a_copy_that_another_journal_left_is_replaced(
    tmp_path: Path, server: Callable[..., MlflowServer], revision: Callable[..., Revision]
) -> None:
    left = folder(tmp_path, "local", 1) / "model"
    left.mkdir(parents=True)
    (left / "MLmodel").write_text("flavors: {}")

    with pytest.raises(OutsideError, match="cannot start"):
        server(python="/nonexistent/python").stage(revision("binary", fence=1, address=ADDRESS))

    assert "mlflow.sklearn" in (left / "MLmodel").read_text()


def test_a_model_that_cannot_be_loaded_is_an_error_in_seconds_with_the_end_of_its_log(
    tmp_path: Path, server: Callable[..., MlflowServer], revision: Callable[..., Revision]
) -> None:
    deployer = server()
    (tmp_path / "source" / "model.skops").write_bytes(b"not a skops file")
    broken = revision("binary", fence=1, address=ADDRESS, digest=models.digest(tmp_path / "source"))
    deployer.stage(broken)
    begun = time.monotonic()

    with pytest.raises(OutsideError, match="ended before it was ready") as caught:
        deployer.ready(broken)

    assert time.monotonic() - begun < 30
    assert "zip" in str(caught.value.hint)
    assert "zip" not in caught.value.what, "the journal takes this part, and a log may hold anything"
    deployer.discard("local", 1)
    assert not folder(tmp_path, "local", 1).exists()


def test_a_server_that_takes_too_long_is_an_error(
    server: Callable[..., MlflowServer], revision: Callable[..., Revision]
) -> None:
    deployer = server(start_timeout=0.2)
    slow = revision("binary", fence=1, address=ADDRESS)
    deployer.stage(slow)

    with pytest.raises(OutsideError, match=r"not ready in 0\.2 s"):
        deployer.ready(slow)


def test_a_server_that_was_started_for_something_else_is_never_used_again(
    tmp_path: Path, server: Callable[..., MlflowServer], revision: Callable[..., Revision]
) -> None:
    deployer = server()
    one = revision("binary", fence=1, address=deployer.address(Endpoint(name="local")))
    deployer.stage(one)
    deployer.ready(one)
    deployer.switch(one)
    (before,) = processes.running(WORKER, folder(tmp_path, "local", 1))

    moved = revision("binary", fence=1, address=deployer.address(Endpoint(name="local")))
    assert moved.address != one.address
    deployer.stage(moved)
    assert processes.started(before.pid) is None
    assert deployer.observe(one.address) is None
    deployer.ready(moved)
    deployer.switch(moved)

    said = deployer.observe(moved.address)
    assert said is not None
    (now,) = processes.running(WORKER, folder(tmp_path, "local", 1))
    assert (said.is_of(moved), said.pid) == (True, now.pid)

    # Without its folder it is still found, by where it works.
    shutil.rmtree(folder(tmp_path, "local", 1))
    assert deployer.found("local") == {1: True}
    deployer.retire("local", 1)
    assert deployer.observe(moved.address) is None


def test_a_server_whose_token_is_gone_cannot_be_told(
    tmp_path: Path, server: Callable[..., MlflowServer], revision: Callable[..., Revision]
) -> None:
    deployer = server()
    one = revision("binary", fence=1, address=deployer.address(Endpoint(name="local")))
    deployer.stage(one)
    deployer.ready(one)
    (folder(tmp_path, "local", 1) / "token").unlink()

    with pytest.raises(OutsideError, match="fence 1 cannot be told"):
        deployer.switch(one)


def test_a_served_model_answers_as_mlflow_does_and_keeps_its_control_private(
    tmp_path: Path,
    server: Callable[..., MlflowServer],
    revision: Callable[..., Revision],
    golden: dict[str, Any],
) -> None:
    deployer = server()
    address = deployer.address(Endpoint(name="local"))
    one = revision("binary", fence=1, address=address)
    deployer.stage(one)
    deployer.ready(one)
    deployer.switch(one)
    shutil.rmtree(tmp_path / "source")

    answer = http.request("POST", f"{address}/invocations", body=golden["binary"].request, timeout=10)
    assert difference(golden["binary"].predictions, answer.json()["predictions"], 1e-9) is None
    for path in ("ping", "health", "version"):
        assert http.request("GET", f"{address}/{path}", timeout=10).status == 200
    assert http.request("POST", f"{address}/-/close", timeout=10).status == 404

    with pytest.raises(RefusedError, match="golden rows with 400"):
        deployer.predict(one, {"dataframe_split": {"columns": ["unknown"], "data": [[1]]}})

    token = folder(tmp_path, "local", 1) / "token"
    assert token.stat().st_mode & 0o077 == 0
    assert "Traceback" not in deployer.log(one).read_text()

    (worker,) = processes.running(WORKER, folder(tmp_path, "local", 1))
    worker.kill()
    worker.wait(10)
    with pytest.raises(OutsideError, match="has ended"):
        deployer.switch(one)
