"""The one door to MLflow tracking and registry: a mirror of what is on disk, made once.

Nothing is decided on what stands there. Every write is looked up before and after, because a server
may fail after it has written; every wait on the network is bounded to seconds, where MLflow's own
retries block for four minutes.
"""

import contextlib
import logging
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from mltoolkit import files, proc
from mltoolkit.errors import InputError, OutsideError
from mltoolkit.training import Leaderboard

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

T = TypeVar("T")

DIGEST, VERDICT, COMMIT = "mltoolkit.digest", "mltoolkit.verdict", "mltoolkit.commit"
APPROVAL = "mltoolkit.approval"
"""The tags of a model version."""

_TRAINING, _ESTIMATOR, _KIND, _CHOSEN = (
    "mltoolkit.training",
    "mltoolkit.estimator",
    "mltoolkit.kind",
    "mltoolkit.chosen",
)

_ARTIFACTS = "model"
_NAME_LIMIT = 250
_BOUNDS = {
    # A POST that MLflow sends again after a 500 may write twice; we look first instead.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": "60",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """Where MLflow keeps runs and versions.

    Attributes:
        uri: A server, or a sqlite file.
        artifacts: Where a new experiment keeps its files; None leaves that to the server.
    """

    uri: str
    artifacts: str | None

    @property
    def shown(self) -> str:
        """The address without credentials, for messages."""
        return _redacted(self.uri)

    @property
    def page(self) -> str:
        """How a person opens the pages of it."""
        return self.shown if self.artifacts is None else f"mlflow ui --backend-store-uri {self.shown}"


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A registered version.

    Attributes:
        name: Of the registered model.
        version: Its number, as MLflow counts.
        digest: Of the model directory.
        created: Whether it was made now, and was not there before.
    """

    name: str
    version: str
    digest: str
    created: bool


def tracking(state: Path) -> Tracking:
    """Return the tracking store: ``MLFLOW_TRACKING_URI``, or a sqlite file in the state folder.

    Args:
        state: The project's folder for what is not versioned.

    Raises:
        InputError: The folder's path cannot stand in the address of a sqlite file.
    """
    if uri := os.environ.get("MLFLOW_TRACKING_URI"):
        return Tracking(uri=uri, artifacts=None)
    folder = state.resolve() / "mlflow"
    if any(letter in str(folder) for letter in "?#%\n"):
        raise InputError(
            f"MLflow's sqlite store cannot be in {folder}",
            hint="choose another `mltoolkit.state`, or set MLFLOW_TRACKING_URI",
        )
    return Tracking(uri=f"sqlite:///{folder}/mlflow.db", artifacts=(folder / "artifacts").as_uri())


def record_training(store: Tracking, *, experiment: str, leaderboard: Leaderboard) -> dict[str, str]:
    """Make each tried estimator a run of MLflow, unless it is one already.

    Args:
        store: Where.
        experiment: The experiment's name.
        leaderboard: What was tried.

    Returns:
        The run's id by estimator.

    Raises:
        InputError: A number is not finite, or two names become one under MLflow's rules.
        OutsideError: MLflow is away or refuses.
    """
    numbers = {tried.estimator: _numbers(tried.metrics) for tried in leaderboard.tried}
    training = files.digest_bytes(files.dump_json(leaderboard))
    wanted = {
        tried.estimator: (
            numbers[tried.estimator],
            mapped({"kind": tried.kind, **leaderboard.parameters.get(tried.estimator, {})}),
            {
                DIGEST: leaderboard.model,
                _TRAINING: training,
                _ESTIMATOR: tried.estimator,
                _KIND: tried.kind,
                _CHOSEN: str(tried.chosen).lower(),
            },
        )
        for tried in leaderboard.tried
    }
    with _outside(store):
        client = _client(store)
        where = _experiment(client, store, experiment)
        return {
            estimator: _record(client, where, metrics=metrics, parameters=parameters, tags=tags)
            for estimator, (metrics, parameters, tags) in wanted.items()
        }


def register_version(
    store: Tracking,
    *,
    name: str,
    model: Path,
    digest: str,
    verdict: str,
    commit: str,
    run: str | None,
    approval: str | None = None,
) -> Version:
    """Make a model directory a version of a registered model, unless it is one already.

    Args:
        store: Where.
        name: The registered model, and the experiment of a run that is made for its files.
        model: The directory; it is uploaded as it is.
        digest: Of the directory.
        verdict: What the gate said.
        commit: The commit that the verdict was made in.
        run: The training run that keeps the files; without one, a run is made for them.
        approval: Who approved an inconclusive verdict, and why.

    Raises:
        OutsideError: MLflow is away or refuses.
    """
    with _outside(store):
        client = _client(store)
        if found := _versions(client, name, digest):
            return Version(name=name, version=str(found[0].version), digest=digest, created=False)
        if run is None:
            where = _experiment(client, store, name)
            run = _run(client, where, f"register-{files.short(digest)}", {DIGEST: digest}, DIGEST).info.run_id
        # Files first: a version must never be there without them.
        client.log_artifacts(run, str(model), _ARTIFACTS)
        _finish(client, run)
        _once(lambda: client.create_registered_model(name), lambda: _registered(client, name))
        tags = {DIGEST: digest, VERDICT: verdict, COMMIT: commit}
        if approval is not None:
            tags[APPROVAL] = approval
        source = f"runs:/{run}/{_ARTIFACTS}"
        made = _once(
            lambda: client.create_model_version(name, source, run_id=run, tags=tags, await_creation_for=10),
            lambda: next(iter(_versions(client, name, digest)), None),
        )
        first = _versions(client, name, digest)[0]
        if first.version != made.version:
            # Somebody registered the same model in the same moment; the older version stays.
            client.delete_model_version(name, str(made.version))
        return Version(
            name=name,
            version=str(first.version),
            digest=digest,
            created=first.version == made.version,
        )


def mapped(values: Mapping[str, T]) -> dict[str, T]:
    """Return the values under names that MLflow accepts.

    Raises:
        InputError: Two names become one.
    """
    made: dict[str, T] = {}
    for name, value in values.items():
        allowed = re.sub(r"[^\w.\- /]", "_", name)[:_NAME_LIMIT]
        # MLflow makes paths of names.
        allowed = "/".join(part if part.strip(".") else "_" for part in allowed.split("/"))
        if allowed in made:
            raise InputError(
                f"{name!r} and another name are both {allowed!r} to MLflow", hint="rename one of them"
            )
        made[allowed] = value
    return made


def _numbers(metrics: Mapping[str, float]) -> dict[str, float]:
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise InputError(f"the metric {name!r} is {value}, and only finite numbers are recorded")
    return mapped(metrics)


def _client(store: Tracking) -> "MlflowClient":
    for name, value in (proc.QUIET | _BOUNDS).items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    # A new sqlite file is announced with a dozen lines of migrations.
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if store.artifacts is not None:
        folder = Path(store.uri.removeprefix("sqlite:///")).parent
        files.ignored_folder(folder.parent)
        folder.mkdir(exist_ok=True)
    return MlflowClient(tracking_uri=store.uri, registry_uri=store.uri)


def _experiment(client: "MlflowClient", store: Tracking, name: str) -> str:
    found = _once(
        lambda: client.get_experiment(client.create_experiment(name, artifact_location=store.artifacts)),
        lambda: client.get_experiment_by_name(name),
    )
    if found.lifecycle_stage != "active":
        raise OutsideError(
            f"the MLflow experiment {name!r} was deleted",
            hint=f"restore it: mlflow experiments restore -x {found.experiment_id}",
        )
    return str(found.experiment_id)


def _record(
    client: "MlflowClient",
    experiment: str,
    *,
    metrics: Mapping[str, float],
    parameters: Mapping[str, Any],
    tags: Mapping[str, str],
) -> str:
    from mlflow.entities import Metric, Param

    run = _run(client, experiment, tags[_ESTIMATOR], tags, _TRAINING, _ESTIMATOR)
    name = str(run.info.run_id)
    if run.info.status != "FINISHED":
        # The time is the run's own: a record that was cut short is completed and not doubled.
        made = run.info.start_time
        client.log_batch(
            name,
            metrics=[Metric(key, value, made, 0) for key, value in metrics.items()],
            params=[Param(key, str(value)) for key, value in parameters.items()],
        )
        _finish(client, name)
    return name


def _run(client: "MlflowClient", experiment: str, name: str, tags: Mapping[str, str], *keys: str) -> "Run":
    """Return the one run with these values under ``keys``; make it where there is none."""
    wanted = " and ".join(f"tags.`{key}` = '{tags[key]}'" for key in keys)

    def there() -> list["Run"]:
        return list(
            client.search_runs([experiment], wanted, max_results=10, order_by=["attributes.start_time ASC"])
        )

    made = _once(
        lambda: client.create_run(experiment, tags=dict(tags), run_name=name),
        lambda: next(iter(there()), None),
    )
    # Somebody may have made the same run in the same moment; the older one stays.
    first = there()[0]
    if first.info.run_id != made.info.run_id:
        client.delete_run(made.info.run_id)
    return first


def _finish(client: "MlflowClient", run: str) -> None:
    if client.get_run(run).info.status != "FINISHED":
        client.set_terminated(run, "FINISHED")


def _registered(client: "MlflowClient", name: str) -> Any:
    return next(iter(client.search_registered_models(f"name = '{name}'", max_results=1)), None)


def _versions(client: "MlflowClient", name: str, digest: str) -> list["ModelVersion"]:
    """Return the versions with a digest, the oldest first."""
    wanted = f"name = '{name}' and tags.`{DIGEST}` = '{digest}'"
    found: Iterable[ModelVersion] = client.search_model_versions(wanted, max_results=100)
    return sorted(found, key=lambda version: int(version.version))


def _once(create: Callable[[], T], find: Callable[[], T | None]) -> T:
    """Return what is there; else create it, and where that fails look whether it was written all the same."""
    from mlflow.exceptions import MlflowException

    if (found := find()) is not None:
        return found
    try:
        return create()
    except MlflowException:
        if (found := find()) is None:
            raise
        return found


@contextlib.contextmanager
def _outside(store: Tracking) -> Iterator[None]:
    """Turn what MLflow, its database and its files raise into one kind of error, without credentials."""
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, RequestException, CommandError, OSError) as error:
        line = _redacted(next(iter(str(error).splitlines()), type(error).__name__))
        raise OutsideError(f"MLflow at {store.shown}: {line}") from error


def _redacted(text: str) -> str:
    return re.sub(r"://[^/@\s]+@", "://", text)
