"""A model directory as MLflow writes it: its digest, its signature, and what is refused.

``MLmodel`` names the module that loads the model, so it is code; only what is on our lists may pass.
Nothing is loaded here.
"""

import json
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from mltoolkit import documents, files
from mltoolkit.errors import InputError, Location

LOADERS = {
    "mlflow.sklearn": "sklearn",
    "mlflow.onnx": "onnx",
    "mlflow.xgboost": "xgboost",
    "mlflow.lightgbm": "lightgbm",
}
"""The modules that may load a model, and the flavor that each stands for."""

REVIEWED_TYPES = frozenset(
    {
        "numpy.dtype",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.tree._tree.Tree",
    }
)
"""Types that skops does not trust by itself and that we read: plain arrays behind compiled code of
scikit-learn, without ``__reduce__`` of their own that runs anything else, and the element type of an
array, which skops takes from an empty array that numpy reads with pickles refused."""

_PATHS = ("data", "model_path", "pickled_model", "model_data", "model_file")
_METADATA = "mltoolkit"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One input of a model's signature.

    Attributes:
        name: The column.
        type: MLflow's name of the type.
        required: Whether a request must hold it.
    """

    name: str
    type: str
    required: bool


class ModelDirectory(msgspec.Struct, frozen=True, kw_only=True):
    """A model directory that passed our checks.

    Attributes:
        path: Where it stands.
        digest: Of the sorted manifest of its files.
        size: Of all files together, in bytes.
        flavor: What kind of model it is.
        inputs: The signature's columns; empty where it has no column signature.
        metadata: What our ``train`` stage noted: ``task``, ``classes``; empty for other models.
        predicts_probabilities: Whether it answers class probabilities.
    """

    path: Path
    digest: str
    size: int
    flavor: str
    inputs: tuple[Column, ...]
    metadata: dict[str, Any]
    predicts_probabilities: bool


def digest(root: Path) -> str:
    """Return the digest of a model directory: that of its sorted manifest of files.

    Raises:
        InputError: It is no folder, is empty, or holds links or special files.
    """
    return files.digest_bytes(files.dump_json(files.manifest(root)))


def read(root: Path, *, allow_pickle: bool = False) -> ModelDirectory:
    """Check a model directory and tell what it is, without loading the model.

    Args:
        root: The directory.
        allow_pickle: Whether formats that run code when they are read may pass.

    Raises:
        InputError: It is not one, or something in it is not on our lists.
    """
    path = root / "MLmodel"
    if root.is_dir() and not path.exists():
        raise InputError(
            "not an MLflow model directory: it has no file MLmodel",
            where=Location(path=str(root)),
            hint="write it with mlflow.<flavor>.save_model(...)",
        )
    try:
        text = files.read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 (byte {error.start})", where=Location(path=str(path))) from error
    document = documents.parse(text, str(path))
    flavors = document.values.get("flavors")
    if not isinstance(flavors, dict) or not isinstance(flavors.get("python_function"), dict):
        raise InputError("has no python_function flavor", where=document.at(("flavors",)), hint=_SUPPORTED)
    flavor = _flavor(document, flavors)
    _check_format(document, flavor, flavors.get(flavor), allow_pickle=allow_pickle)
    _check_paths(document, root, flavors)
    metadata = document.values.get("metadata") or {}
    own = metadata.get(_METADATA) if isinstance(metadata, dict) else None
    return ModelDirectory(
        path=root,
        digest=digest(root),
        size=sum(file.stat().st_size for file in files.walk(root)),
        flavor=flavor,
        inputs=_inputs(document),
        metadata=own if isinstance(own, dict) else {},
        predicts_probabilities=flavors["python_function"].get("predict_fn") == "predict_proba",
    )


_SUPPORTED = f"supported flavors: {', '.join(LOADERS.values())}"


def _flavor(document: documents.Document, flavors: dict[str, Any]) -> str:
    loader = flavors["python_function"].get("loader_module")
    where = document.at(("flavors", "python_function", "loader_module"))
    if loader not in LOADERS:
        raise InputError(f"is loaded by {loader!r}, which is not on our list", where=where, hint=_SUPPORTED)
    flavor = LOADERS[loader]
    if others := sorted(set(flavors) - {"python_function", flavor}):
        raise InputError(
            f"has the flavors {', '.join(others)} too", where=document.at(("flavors",)), hint=_SUPPORTED
        )
    return flavor


def _check_format(document: documents.Document, flavor: str, settings: Any, *, allow_pickle: bool) -> None:
    """Refuse formats that run code when they are read, unless a person allowed them."""
    where = document.at(("flavors", flavor))
    if not isinstance(settings, dict):
        raise InputError(f"the {flavor} flavor is empty", where=where)
    if allow_pickle or flavor == "onnx":
        return
    form = settings.get("serialization_format") if flavor == "sklearn" else f"{flavor}'s own"
    if form != "skops":
        raise InputError(
            f"is saved in the format {form}, which may run code when it is read",
            where=where,
            hint="save it with serialization_format='skops', or set `allow-pickle: true` for this model",
        )
    trusted = settings.get("skops_trusted_types") or []
    if not isinstance(trusted, list) or (unknown := sorted({str(kind) for kind in trusted} - REVIEWED_TYPES)):
        raise InputError(
            f"asks to trust types that nobody reviewed: {', '.join(unknown)}",
            where=document.at(("flavors", flavor, "skops_trusted_types")),
            hint="reviewed types: mltoolkit.models.REVIEWED_TYPES",
        )


def _check_paths(document: documents.Document, root: Path, flavors: dict[str, Any]) -> None:
    """Refuse code that comes with the model, and paths to anything but a file beside MLmodel.

    A loader that is sent to a folder below reads the MLmodel that stands there, which nobody checked.
    """
    for name, flavor in flavors.items():
        if not isinstance(flavor, dict):
            raise InputError("is not a mapping", where=document.at(("flavors", name)))
        for key, value in flavor.items():
            where = document.at(("flavors", name, key))
            if "code" in key and value:
                raise InputError("brings code of its own, which is refused", where=where)
            if key in _PATHS and value is not None and not _beside(root, str(value)):
                raise InputError(f"{value!r} is not a file beside MLmodel", where=where)
    for path in files.walk(root):
        if path.name == "MLmodel" and path.parent != root:
            raise InputError("a second MLmodel is refused", where=Location(path=str(path)))


def _beside(root: Path, name: str) -> bool:
    return PurePosixPath(name).name == name and "\\" not in name and (root / name).is_file()


def _inputs(document: documents.Document) -> tuple[Column, ...]:
    signature = document.values.get("signature")
    text = signature.get("inputs") if isinstance(signature, dict) else None
    if not isinstance(text, str):
        return ()
    where = document.at(("signature", "inputs"))
    try:
        columns = json.loads(text)
        return tuple(
            Column(name=str(c["name"]), type=str(c["type"]), required=bool(c.get("required", True)))
            for c in columns
            if c.get("type") != "tensor"
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError("is not a column signature", where=where) from error
