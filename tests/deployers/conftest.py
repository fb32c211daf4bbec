import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mltoolkit import models, scoring
from mltoolkit.deployers.mlflow_server import MlflowServer
from mltoolkit.releases import Committed, Endpoint, Release, Revision
from mltoolkit.settings import EndpointSettings

A = f"sha256:{'a' * 64}"


@pytest.fixture(scope="session")
def golden(saved_models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, scoring.Scored]:
    """What two of the models answer offline to four rows."""
    return {
        name: scoring.score(
            models.read(saved_models / name),
            saved_models / "rows.parquet",
            rows_digest=A,
            golden=[0, 1, 2, 3],
            hidden=(),
            cache=tmp_path_factory.mktemp("scores"),
            python=None,
            fresh=True,
        )
        for name in ("binary", "other")
    }


@pytest.fixture
def revision(saved_models: Path) -> Callable[..., Revision]:
    """Make a revision of a saved model: ``revision("binary", fence=1, address=...)``."""

    def make(model: str, *, fence: int, address: str, digest: str | None = None) -> Revision:
        release = Release(
            endpoint="local",
            model="toy",
            digest=digest or models.digest(saved_models / model),
            champion=None,
            verdict=A,
            evidence=A,
            golden=A,
            commit="c" * 40,
            reason="a test",
        )
        return Revision(release=release, version=fence, fence=fence, address=address)

    return make


def load_memory() -> Any:
    """Import the fake deployer beside this file; tests are no package."""
    path = Path(__file__).with_name("memory.py")
    spec = importlib.util.spec_from_file_location("memory_deployer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def memory() -> Any:
    """The deployer without processes."""
    return load_memory().MemoryDeployer()


@pytest.fixture(params=["memory", "mlflow"])
def target(
    request: pytest.FixtureRequest, tmp_path: Path, saved_models: Path, golden: dict[str, scoring.Scored]
) -> Iterator[Callable[[str], Any]]:
    """Every deployer there is, by the model that it stages next: ``target("binary")``."""
    state = tmp_path / "state of things"
    if request.param == "memory":
        memory = load_memory().MemoryDeployer()

        def next_model(model: str) -> Any:
            memory.answers = list(golden[model].predictions)
            return memory
    else:

        def next_model(model: str) -> Any:
            return MlflowServer(state, EndpointSettings(), source=saved_models / model)

    yield next_model
    next_model("binary").settle(Endpoint(name="local", fence=99))


@pytest.fixture
def live() -> Callable[[Revision], Endpoint]:
    """Make the endpoint on which a revision is live."""

    def make(revision: Revision) -> Endpoint:
        committed = Committed(revision=revision, since="2026-11-24T07:00:00Z", by="Ada")
        return Endpoint(name="local", live=committed, fence=revision.fence, versions=revision.version)

    return make
