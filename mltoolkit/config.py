"""``params.yaml`` to frozen values; every error names file, line, key, and what was probably meant."""

import difflib
import re
import types
from enum import Enum
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from mltoolkit.documents import Document, Key, KeyPath
from mltoolkit.errors import InputError, Location
from mltoolkit.rules import Rule

T = TypeVar("T")

SECTION = "mltoolkit"

_FORMS = {"memory": ("an amount of memory", "1GB, 500MB"), "within": ("an age", "36h, 7d")}
"""What texts of a certain form are, by their key, with examples."""

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
"""A DNS label of at most 40 characters: it becomes host, branch, folder and Kubernetes names."""


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
        target: The column with the truth.
        model: The MLflow model directory that training writes.
        rows: The evaluation rows, a Parquet file with id, target, features and slice columns.
        id: The column that names a row; values are unique.
        task: What is predicted; without it, the model's own metadata or the target's type says so.
        positive: The class whose probability is judged; without it, the last one in the order of the values.
        slices: Columns whose values name slices.
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

    target: str
    model: str = "model"
    rows: str = "evaluation.parquet"
    id: str = "row_id"
    task: Literal["binary", "multiclass", "regression"] | None = None
    positive: str | int | bool | None = None
    slices: tuple[str, ...] = ()
    training: str | None = None
    leaderboard: str | None = None
    metrics: str | None = None
    python: str | None = None
    allow_pickle: bool = False
    data: tuple[DataSettings, ...] = ()
    splits: SplitSettings | None = None
    rules: tuple[Rule, ...] = ()
    endpoints: dict[Name, EndpointSettings] = msgspec.field(
        default_factory=lambda: {"local": EndpointSettings()}
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


def toolkit(document: Document) -> ToolkitSettings:
    """Return the section ``mltoolkit:`` of a document.

    Raises:
        InputError: The section is missing or does not fit.
    """
    if SECTION not in document.values:
        near = difflib.get_close_matches(SECTION, list(document.values), n=1)
        raise InputError(
            f"no section `{SECTION}:`",
            where=document.at((near[0],)) if near else Location(path=document.path),
            hint=f"did you mean `{SECTION}:`?"
            if near
            else "add one; the README shows the smallest that works",
        )
    settings = section(document, (SECTION,), ToolkitSettings)
    if not settings.models:
        raise InputError("no models", where=document.at((SECTION, "models")))
    owner: dict[str, str] = {}
    for name, model in settings.models.items():
        for endpoint in model.endpoints:
            # An endpoint answers with one model; two owners would deploy over each other.
            if endpoint in owner:
                raise InputError(
                    f"the endpoint {endpoint!r} belongs to {owner[endpoint]!r} too",
                    where=document.at((SECTION, "models", name, "endpoints", endpoint)),
                    hint="give each model an endpoint of its own",
                )
            owner[endpoint] = name
    return settings


def section(document: Document, keys: tuple[str, ...], kind: type[T]) -> T:
    """Return one section of a document as its type.

    Args:
        document: The parsed file.
        keys: The path of the section.
        kind: A Settings type.

    Raises:
        InputError: The section is missing, holds unknown keys, or values that do not fit.
    """
    values: Any = document.values
    for depth, key in enumerate(keys):
        if not isinstance(values, dict) or key not in values:
            raise InputError(f"no section `{'.'.join(keys)}:`", where=document.at(keys[:depth]))
        values = values[key]
    try:
        return msgspec.convert(values, kind, strict=True)
    except msgspec.ValidationError as error:
        raise _explain(document, keys, kind, values, str(error)) from error


def meant(word: str, known: list[str]) -> str:
    """Return advice on a word that is not known."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known) or 'none'}"


def _explain(document: Document, keys: KeyPath, kind: Any, values: Any, message: str) -> InputError:
    """Turn msgspec's sentence into one with a line and advice."""
    what, _, path = message.partition(" - at `")
    in_key = path.startswith("key")
    steps = re.findall(
        r"\.([^.\[`]+)|\[(\d+|\.\.\.)\]", path.removeprefix("key in ").lstrip("`").removeprefix("$")
    )
    for name, index in steps:
        kind = _inside(kind, values)
        if index == "...":  # msgspec does not say which key of a mapping: find the first that does not fit
            return _explain_child(document, keys, kind, values, what)
        key: Key = int(index) if index else name
        kind = _child(kind, key)
        keys, values = (*keys, key), _item(values, key)
        if values is None:
            break
    kind = _inside(kind, values)
    if in_key:
        return _explain_child(document, keys, kind, values, what)
    if "matching regex" in what and (form := _FORMS.get(str(keys[-1]))):
        return InputError(f"{values!r} is not {form[0]}", where=document.at(keys), hint=f"such as {form[1]}")
    if "matching regex" in what:
        return InputError(
            f"{keys[-1]!r} is not a name",
            where=document.at(keys),
            hint="names are lower-case letters, digits and dashes, at most 40",
        )
    if unknown := re.search(r"unknown field `(.+)`", what):
        known = _known(kind)
        return InputError(
            "unknown key", where=document.at((*keys, unknown[1])), hint=meant(unknown[1], known)
        )
    if missing := re.search(r"missing required field `(.+)`", what):
        return InputError(f"`{missing[1]}` is missing", where=document.at(keys))
    return InputError(f"{what[0].lower()}{what[1:]}", where=document.at(keys), hint=_choices(kind, values))


def _explain_child(document: Document, keys: KeyPath, kind: Any, values: Any, what: str) -> InputError:
    inner = get_args(kind)[-1] if get_origin(kind) is dict else Any
    name_kind = get_args(kind)[0] if get_origin(kind) is dict else str
    for key, value in values.items():
        for part, part_kind in ((key, name_kind), (value, inner)):
            try:
                msgspec.convert(part, part_kind, strict=True)
            except msgspec.ValidationError as error:
                return _explain(document, (*keys, key), part_kind, part, str(error))
    return InputError(what, where=document.at(keys))


def _inside(kind: Any, values: Any) -> Any:
    """Strip Annotated and optional wrappers; of a tagged union take the member the values name."""
    if get_origin(kind) is Annotated:
        return _inside(get_args(kind)[0], values)
    if get_origin(kind) in {Union, types.UnionType}:
        members = [member for member in get_args(kind) if member is not type(None)]
        if len(members) == 1:
            return _inside(members[0], values)
        named = [m for m in members if isinstance(m, type) and issubclass(m, Settings | msgspec.Struct)]
        if len(named) == 1 and isinstance(values, dict):
            return named[0]
        tags = [(m, m.__struct_config__.tag_field, m.__struct_config__.tag) for m in named]
        found = values if isinstance(values, dict) else {}
        return next((m for m, field_, tag in tags if field_ and found.get(field_) == tag), kind)
    return kind


def _child(kind: Any, key: Key) -> Any:
    if isinstance(key, int):
        return next(iter(get_args(kind)), Any)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return next((f.type for f in msgspec.structs.fields(kind) if f.encode_name == key), kind)
    return kind


def _item(values: Any, key: Key) -> Any:
    if isinstance(values, dict):
        return values.get(key)
    return values[key] if isinstance(values, list) and isinstance(key, int) else None


def _known(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        tag = kind.__struct_config__.tag_field
        return [*([tag] if tag else []), *(f.encode_name for f in msgspec.structs.fields(kind))]
    return []


def _choices(kind: Any, values: Any) -> str | None:
    """Name what would have fitted, where the type says so."""
    if get_origin(kind) is Literal:
        return meant(str(values), [str(choice) for choice in get_args(kind)])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return meant(str(values), [str(choice.value) for choice in kind])
    if get_origin(kind) in {Union, types.UnionType}:
        tags = [
            m.__struct_config__.tag
            for m in get_args(kind)
            if isinstance(m, type) and issubclass(m, msgspec.Struct)
        ]
        return meant(str(values), [str(tag) for tag in tags]) if tags else None
    return None
