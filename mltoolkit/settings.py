"""The section ``mltoolkit:`` of ``params.yaml`` as frozen values, each with a sensible default."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

import msgspec

from mltoolkit.errors import InputError, meant
from mltoolkit.metrics import FROM_FILE, METRICS, Task
from mltoolkit.rules import catalogue
from mltoolkit.rules.catalogue import AnyRule

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
"""A DNS label of at most 40 characters: it becomes host, branch, folder and Kubernetes names."""

TAKEN = ("evidence", "ledger")
"""No endpoint has these names: they are branches of the journal, which are kept beside those of endpoints."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One section of ``params.yaml``: unknown keys are refused, keys are kebab-case."""


class EndpointSettings(Settings, frozen=True, kw_only=True):
    """Where answers come from.

    Attributes:
        deployer: What brings a release onto it.
        host: The address to listen on.
        port: The port to listen on; without one, a free port is taken at the first deploy and kept.
        python: The interpreter that runs the model server; without one, the one that runs us.
        start_timeout: Seconds until a new server must be ready.
    """

    deployer: Literal["mlflow-server"] = "mlflow-server"
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    python: str | None = None
    start_timeout: Annotated[float, msgspec.Meta(gt=0)] = 60.0


Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class FreshnessSettings(Settings, frozen=True, kw_only=True):
    """How old the newest row may be.

    Attributes:
        column: Holds dates or timestamps (without a zone they are UTC), or ISO 8601 texts of them. One that
            lies more than a day ahead is refused; nulls are not looked at.
        within: The greatest age: ``36h``, ``7d``. A date is as old as its end.
    """

    column: str
    within: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,4}[hd]$")]


class DataSettings(Settings, frozen=True, kw_only=True):
    """Data that a contract holds for: a suite, and what no suite can say.

    Attributes:
        path: A Parquet or CSV file (also compressed), or a folder of either.
        suite: An expectation suite in Great Expectations' JSON format.
        minimum_rows: Fewer rows than this are never a pass.
        id: A column, or several together, whose values name a row: never null, never twice.
        nulls: The share of nulls that every column may have, or that of each column named (``"*"`` stands
            for all others). A column of nothing but nulls is never a pass unless its share here is 1.
        freshness: How old the newest row may be.
        unexpected_columns: What a column means that neither the suite nor these settings name.
        like: A data file whose columns and types this one must have.
        types: Types of a CSV file's columns in DuckDB's words; others come from the suite or the values.
        private: Columns whose values no result shows.
    """

    path: str
    suite: str
    minimum_rows: Annotated[int, msgspec.Meta(ge=1)] = 1
    id: str | tuple[str, ...] | None = None
    nulls: Share | dict[str, Share] | None = None
    freshness: FreshnessSettings | None = None
    unexpected_columns: Literal["allow", "refuse"] = "allow"
    like: str | None = None
    types: dict[str, str] = {}
    private: tuple[str, ...] = ()


class SplitSettings(Settings, frozen=True, kw_only=True):
    """The rows a model learns from and those it is evaluated on, which must not know each other.

    Attributes:
        train: A Parquet or CSV file.
        evaluation: Another; the model's evaluation rows where none is named.
        id: The column that names a row; the model's where none is named.
        group: Columns whose rows belong together, such as a customer or a day.
        time: A column that must be later in the evaluation rows than in the training rows.
        ignore: Columns that no model sees and that may differ, such as the name of the split.
        mode: What a leak does.
    """

    train: str
    evaluation: str | None = None
    id: str | None = None
    group: tuple[str, ...] = ()
    time: str | None = None
    ignore: tuple[str, ...] = ()
    mode: Literal["block", "warn"] = "block"


class CheckSettings(Settings, frozen=True, kw_only=True):
    """What a check may use.

    Attributes:
        memory: What a scan may hold before it spills to disk, such as ``1GB``.
        seconds: How long Great Expectations itself may take for what the scan cannot answer.
    """

    memory: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,5} ?[KMGT]i?B$")] = "1GB"
    seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 120.0


class ModelSettings(Settings, frozen=True, kw_only=True):
    """One model of the project.

    Attributes:
        target: The column with the truth. Without it the gate judges the numbers of ``metrics`` alone, and
            says that it has no confidence in them.
        model: The MLflow model directory that training writes.
        rows: The evaluation rows, a Parquet file with id, target, features and slice columns.
        id: The column that names a row; values are unique.
        task: What is predicted; without it, the model's own metadata or the target's type says so.
        positive: The class whose probability is judged; without it, the last one in the order of the values.
        slices: Columns whose values name slices.
        group: Columns whose values say which rows stand or fall together, such as a day or a customer.
        quantile: The quantile that is predicted, for the pinball loss.
        anchor: The earlier champion that many small losses are counted from: ``first``, the first that was
            promoted, or the digest of another that is kept. To move it takes a commit.
        tests: A JUnit XML report of the project's own tests.
        training: ``prepared.json`` of our ``prepare`` stage: the training rows' summary that baselines are
            made from. Without it, the best constants on the evaluation rows are the baselines.
        leaderboard: ``leaderboard.json`` of our ``train`` stage.
        metrics: A JSON file of further numbers that a stage writes.
        python: The interpreter that scores the model; without one, the one that runs us.
        allow_pickle: Whether the model may be saved in a format that runs code when it is read.
        data: The data contract.
        splits: The training and evaluation rows that must not know each other.
        rules: What the gate asks; without it, the defaults of the task.
        endpoints: Where the model may go, by name.
    """

    target: str | None = None
    model: str = "model"
    rows: str = "evaluation.parquet"
    id: str = "row_id"
    task: Literal["binary", "multiclass", "regression"] | None = None
    positive: str | int | bool | None = None
    slices: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    quantile: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    anchor: Annotated[str, msgspec.Meta(pattern=r"^(first|sha256:[0-9a-f]{64})$")] = "first"
    tests: str | None = None
    training: str | None = None
    leaderboard: str | None = None
    metrics: str | None = None
    python: str | None = None
    allow_pickle: bool = False
    data: tuple[DataSettings, ...] = ()
    splits: SplitSettings | None = None
    rules: tuple[AnyRule, ...] = ()
    endpoints: dict[Name, EndpointSettings] = msgspec.field(
        default_factory=lambda: {"local": EndpointSettings()}
    )

    def __post_init__(self) -> None:
        """Refuse a model of which nothing could be known, and rules that no model could meet."""
        if self.target is None and self.metrics is None:
            raise ValueError(
                "needs `target`, the column with the truth (or `metrics` alone, a file of numbers)"
            )
        if taken := [name for name in self.endpoints if name in TAKEN]:
            raise ValueError(f"no endpoint can be called {taken[0]!r}: the journal has a branch of that name")
        task = None if self.task is None else Task(self.task)
        if (found := catalogue.contradiction(self.rules, task)) is not None:
            raise ValueError(f"rules[{found[0]}]: {found[1]}")
        for at, rule in enumerate(self.rules):
            known = [metric for metric in catalogue.metrics(rule) if metric in METRICS]
            if self.target is None and known:
                raise ValueError(
                    f"rules[{at}]: {known[0]} needs rows and a `target`; a number of a stage is {FROM_FILE}{known[0]}"
                )


class ToolkitSettings(Settings, frozen=True, kw_only=True):
    """The section ``mltoolkit:``.

    Attributes:
        models: The models of the project by name.
        state: The folder for what is not versioned: the journal, running servers, caches.
        reports: The folder that evidence, verdicts and reports are written to.
        check: What a check of data may use.
    """

    models: dict[Name, ModelSettings]
    check: CheckSettings = CheckSettings()
    state: str = ".mltoolkit"
    reports: str = "reports"

    def __post_init__(self) -> None:
        """Refuse folders that are not the toolkit's own: it tells git to ignore them."""
        for name in (self.state, self.reports):
            path = PurePosixPath(name)
            if path == path.parent or ".." in path.parts:
                raise ValueError(f"{name!r} must name a folder of its own")

    def model(self, name: str | None = None) -> tuple[str, ModelSettings]:
        """Return the named model, or the only one.

        Raises:
            InputError: There is no such model, or there are several and none was named.
        """
        if name is None:
            if len(self.models) == 1:
                return next(iter(self.models.items()))
            raise InputError(
                f"there are {len(self.models)} models: {', '.join(self.models)}", hint="name one with --model"
            )
        if name not in self.models:
            raise InputError(f"no model {name!r} in params.yaml", hint=meant(name, list(self.models)))
        return name, self.models[name]
