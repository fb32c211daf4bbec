"""Make a saved model directory the same for the same model: its digest then names the model.

MLflow notes the time, a random id and the builder's tools; skops names arrays and objects by their
memory addresses, and a zip archive notes when each member was added. None of that is the model.
"""

import io
import json
import re
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from mltoolkit import files
from mltoolkit.errors import OutsideError

_EPOCH = "1970-01-01 00:00:00.000000"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODEL = "MLmodel"
ARCHIVE = "model.skops"
"""The file of a model that is saved with skops."""
_SCHEMA = "schema.json"


def canonicalize(root: Path) -> None:
    """Rewrite what differs from run to run in a directory that ``mlflow.sklearn`` saved with skops.

    Args:
        root: The model directory; changed in place.

    Raises:
        OutsideError: The directory is not as the versions of MLflow and skops that we know write it.
    """
    archive = root / ARCHIVE
    files.write_bytes(archive, renumbered(archive.read_bytes()))
    for name, rewrite in (("python_env.yaml", _python_env), ("conda.yaml", _conda)):
        path = root / name
        files.write_bytes(path, rewrite(path.read_text(encoding="utf-8")).encode())
    path = root / _MODEL
    text = path.read_text(encoding="utf-8")
    if re.search(r"^run_id:", text, re.MULTILINE):
        raise OutsideError(f"{path} names a run: save the model outside of one")
    size = sum(file.stat().st_size for file in files.walk(root) if file != path)
    text = _replaced(text, "utc_time_created", f"'{_EPOCH}'")
    text = _replaced(text, "model_size_bytes", str(size))
    text = _replaced(text, "model_uuid", "null")
    files.write_bytes(path, text.encode())
    # The id comes from everything else, so that it changes when the model does.
    content = files.digest_bytes(files.dump_json(files.manifest(root)))
    files.write_bytes(path, _replaced(text, "model_uuid", content.removeprefix("sha256:")[:32]).encode())


def renumbered(archive: bytes) -> bytes:
    """Return a skops archive with ids counted in order of appearance, members sorted, times fixed.

    Raises:
        OutsideError: It is not an archive as the version of skops that we know writes it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as source:
            schema = json.loads(source.read(_SCHEMA))
            members = {name: source.read(name) for name in source.namelist() if name != _SCHEMA}
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise OutsideError(f"{ARCHIVE} is not an archive of skops: {error}") from error
    ids: dict[int, int] = {}
    renamed: dict[str, bytes] = {}

    def count(address: int) -> int:
        return ids.setdefault(address, len(ids) + 1)

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(child) for child in node]
        if not isinstance(node, dict):
            return node
        made: dict[str, Any] = {}
        for key, value in node.items():
            if key == "__id__" and isinstance(value, int):
                made[key] = count(value)
            elif key == "file" and isinstance(value, str) and value in members:
                old = PurePosixPath(value)
                made[key] = f"{count(int(old.stem))}{old.suffix}"
                renamed[made[key]] = members[value]
            else:
                made[key] = walk(value)
        return made

    try:
        text = json.dumps(walk(schema), separators=(",", ":")).encode()
    except ValueError as error:
        raise OutsideError(f"{ARCHIVE} names its arrays in a way that we do not know: {error}") from error
    if len(renamed) != len(members):
        raise OutsideError(f"{ARCHIVE} has {len(members)} members, and its schema names {len(renamed)}")
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in sorted((renamed | {_SCHEMA: text}).items()):
            member = zipfile.ZipInfo(name, date_time=_ZIP_EPOCH)
            member.external_attr = 0o644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(member, data)
    return sink.getvalue()


def _replaced(text: str, key: str, value: str) -> str:
    made, count = re.subn(rf"^{key}:.*$", f"{key}: {value}", text, flags=re.MULTILINE)
    if count != 1:
        raise OutsideError(
            f"{_MODEL} names {key} {count} times and not once",
            hint="this version of MLflow is not known; see the dependency bounds",
        )
    return made


def _python_env(text: str) -> str:
    """Drop the versions of the build tools: they are the machine's, and the model needs none in particular."""
    return re.sub(r"^(- (?:pip|setuptools|wheel))[=<>].*$", r"\1", text, flags=re.MULTILINE)


def _conda(text: str) -> str:
    return re.sub(r"^- pip[=<>].*$", "- pip", text, flags=re.MULTILINE)
