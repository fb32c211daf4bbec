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
    document = documents.parse(files.read_bytes(path).decode("utf-8", errors="replace"), str(path))
    flavors = document.values.get("flavors")
    if not isinstance(flavors, dict) or not isinstance(flavors.get("python_function"), dict):
        raise InputError("has no python_function flavor", where=document.at(("flavors",)), hint=_SUPPORTED)
    flavor = _flavor(document, flavors)
    if flavor == "sklearn":
        _check_sklearn(document, flavors.get("sklearn"), allow_pickle=allow_pickle)
    _check_paths(document, flavors)
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


def _check_sklearn(document: documents.Document, flavor: Any, *, allow_pickle: bool) -> None:
    where = document.at(("flavors", "sklearn"))
    if not isinstance(flavor, dict):
        raise InputError("the sklearn flavor is empty", where=where)
    form = flavor.get("serialization_format")
    if form != "skops":
        if allow_pickle:
            return
        raise InputError(
            f"is saved as {form}, which runs code when it is read",
            where=where,
            hint="save it with serialization_format='skops', or set `allow-pickle: true` for this model",
        )
    trusted = flavor.get("skops_trusted_types") or []
    if not isinstance(trusted, list) or (unknown := sorted({str(kind) for kind in trusted} - REVIEWED_TYPES)):
        raise InputError(
            f"asks to trust types that nobody reviewed: {', '.join(unknown)}",
            where=document.at(("flavors", "sklearn", "skops_trusted_types")),
            hint="reviewed types: mltoolkit.models.REVIEWED_TYPES",
        )


def _check_paths(document: documents.Document, flavors: dict[str, Any]) -> None:
    """Refuse code that comes with the model, and paths that lead out of it."""
    for name, flavor in flavors.items():
        if not isinstance(flavor, dict):
            raise InputError("is not a mapping", where=document.at(("flavors", name)))
        if flavor.get("code"):
            raise InputError(
                "brings code of its own, which is refused", where=document.at(("flavors", name, "code"))
            )
        for key in ("data", "model_path", "pickled_model", "model_data", "model_file"):
            value = flavor.get(key)
            if value is None:
                continue
            parts = PurePosixPath(str(value))
            if parts.is_absolute() or ".." in parts.parts or "\\" in str(value):
                raise InputError(
                    f"{value!r} leads out of the model", where=document.at(("flavors", name, key))
                )


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
