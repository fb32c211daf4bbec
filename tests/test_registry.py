"""The mirror in MLflow: once, loadable, bounded, and never a number that is not one."""

import contextlib
import math
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mltoolkit import http, models, proc, registry
from mltoolkit.errors import InputError, OutsideError
from mltoolkit.evidence import Tried
from mltoolkit.training import Leaderboard

# MLflow warns of itself when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore")

BOARD = Leaderboard(
    metric="brier",
    tried=(
        Tried(estimator="boosted", kind="histogram-gradient-boosting", metrics={"brier": 0.1}, chosen=True),
        Tried(estimator="logistic", kind="logistic-regression", metrics={"brier": 0.2}, chosen=False),
    ),
    model=f"sha256:{'a' * 64}",
    parameters={"boosted": {"max_iter": 5}, "logistic": {}},
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> registry.Tracking:
    """A sqlite store, made once: its tables take two seconds."""
    return registry.tracking(tmp_path_factory.mktemp("state"))


def rows(store: registry.Tracking, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(store.uri.removeprefix("sqlite:///"))) as database:
        return database.execute(query).fetchall()


@contextlib.contextmanager
def server(store: Path, port: int) -> Iterator[str]:
    """A real MLflow server on a loopback port, and nothing of it left afterwards."""
    words = ["--workers", "1", "--host", "127.0.0.1", "--port", str(port)]
    words += [
        "--backend-store-uri",
        f"sqlite:///{store}/s.db",
        "--artifacts-destination",
        str(store / "files"),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", *words],
        cwd=store,
        env=proc.full_environment({"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(OutsideError):
                if http.request("GET", f"{address}/health", timeout=2).status == 200:
                    break
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_each_try_is_one_run_however_often_it_is_recorded(store: registry.Tracking) -> None:
    first = registry.record_training(store, experiment="once", leaderboard=BOARD)
    assert registry.record_training(store, experiment="once", leaderboard=BOARD) == first
    assert set(first) == {"boosted", "logistic"}
    # A record that was cut short is completed, and not made twice.
    with contextlib.closing(sqlite3.connect(store.uri.removeprefix("sqlite:///"))) as database:
        database.execute("update runs set status = 'RUNNING' where name = 'boosted'")
        database.execute("delete from metrics")
        database.commit()
    assert registry.record_training(store, experiment="once", leaderboard=BOARD) == first
    assert rows(store, "select name, status from runs order by name") == [
        ("boosted", "FINISHED"),
        ("logistic", "FINISHED"),
    ]
    assert rows(store, "select key, value from metrics") == [("brier", 0.1)]
    assert ("max_iter", "5") in rows(store, "select key, value from params")
    other = msgspec.structs.replace(BOARD, model=f"sha256:{'b' * 64}")
    assert not set(registry.record_training(store, experiment="once", leaderboard=other).values()) & set(
        first.values()
    )


def test_a_version_is_made_once_and_can_be_loaded(store: registry.Tracking, saved_models: Path) -> None:
    import mlflow.pyfunc

    model = saved_models / "binary"
    digest = models.digest(model)

    def register() -> registry.Version:
        return registry.register_version(
            store, name="toy", model=model, digest=digest, verdict="promote", commit="c" * 40, run=None
        )

    made = register()
    assert (made.name, made.version, made.created) == ("toy", "1", True)
    again = register()
    assert (again.version, again.created) == ("1", False)
    assert dict(rows(store, "select key, value from model_version_tags")) == {
        registry.DIGEST: digest,
        registry.VERDICT: "promote",
        registry.COMMIT: "c" * 40,
    }
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(store.uri)
    try:
        local = mlflow.artifacts.download_artifacts("models:/toy/1", tracking_uri=store.uri)
        assert mlflow.pyfunc.load_model("models:/toy/1").metadata.signature is not None
    finally:
        mlflow.set_tracking_uri(before)
    assert Path(local, "MLmodel").read_bytes() == (model / "MLmodel").read_bytes()


def test_a_server_that_is_down_fails_in_seconds_and_is_caught_up_with_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved_models: Path
) -> None:
    port = free_port()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ada:hush@127.0.0.1:{port}")
    store = registry.tracking(tmp_path)
    began = time.monotonic()
    with pytest.raises(OutsideError, match=rf"MLflow at http://127.0.0.1:{port}: ") as caught:
        registry.record_training(store, experiment="later", leaderboard=BOARD)
    assert time.monotonic() - began < 10
    assert "hush" not in str(caught.value)
    model = saved_models / "binary"
    with server(tmp_path, port):
        runs = registry.record_training(store, experiment="later", leaderboard=BOARD)
        assert registry.record_training(store, experiment="later", leaderboard=BOARD) == runs
        version = registry.register_version(
            store,
            name="toy",
            model=model,
            digest=models.digest(model),
            verdict="promote",
            commit="c" * 40,
            run=runs["boosted"],
        )
        assert version.created
    uploaded = list((tmp_path / "files").rglob("MLmodel"))
    assert len(uploaded) == 1
    assert uploaded[0].read_bytes() == (model / "MLmodel").read_bytes()


def test_what_was_written_before_a_server_failed_is_found_and_not_written_again() -> None:
    from mlflow.exceptions import MlflowException

    written: list[str] = []

    def create() -> str:
        written.append("run")
        raise MlflowException("500, after the write")

    assert registry._once(create, lambda: next(iter(written), None)) == "run"
    assert registry._once(create, lambda: next(iter(written), None)) == "run"
    assert written == ["run"]
    with pytest.raises(MlflowException):
        registry._once(create, lambda: None)


def test_a_number_that_is_not_finite_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    tried = msgspec.structs.replace(BOARD.tried[0], metrics={"brier": math.nan})
    state = tmp_path / "state"
    with pytest.raises(InputError, match="the metric 'brier' is nan"):
        registry.record_training(
            registry.tracking(state),
            experiment="x",
            leaderboard=msgspec.structs.replace(BOARD, tried=(tried,)),
        )
    assert not state.exists()


def test_names_that_mlflow_refuses_are_mapped_and_collisions_found() -> None:
    assert registry.mapped({"acc@5": 1, "a|b": 2, "x" * 300: 3, "a/../b": 4}) == {
        "acc_5": 1,
        "a_b": 2,
        "x" * 250: 3,
        "a/_/b": 4,
    }
    with pytest.raises(InputError, match="'a@b' and another name are both 'a_b'"):
        registry.mapped({"a|b": 1, "a@b": 2})


def test_a_damaged_store_is_an_error_of_the_world_outside(tmp_path: Path) -> None:
    store = registry.tracking(tmp_path)
    path = tmp_path / "mlflow" / "mlflow.db"
    path.parent.mkdir()
    path.write_bytes(b"not a database, and long enough to be read as one" * 50)
    with pytest.raises(OutsideError, match="MLflow at sqlite:"):
        registry.record_training(store, experiment="x", leaderboard=BOARD)


def test_a_folder_that_cannot_stand_in_an_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be in"):
        registry.tracking(tmp_path / "what?")
