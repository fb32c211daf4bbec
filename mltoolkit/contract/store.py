"""Validation results in Great Expectations' own store, written without it.

The folder is a project of Great Expectations: its file context opens it, and finds the suites and the
results of the newest run. Earlier runs are not kept; they are in the history of whoever keeps them.
"""

import datetime as dt
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mltoolkit import __version__, files
from mltoolkit.contract import suites
from mltoolkit.contract.outcomes import secret
from mltoolkit.contract.results import Result
from mltoolkit.contract.suites import Expectation, Suite
from mltoolkit.errors import InputError, Location
from mltoolkit.evidence import Value

_CONFIGURATION = b"""\
# Written by mltoolkit, with all that is in this folder, at every check. Great Expectations opens it:
#     great_expectations.get_context(mode="file", context_root_dir="this folder")
config_version: 4
plugins_directory:
config_variables_file_path:
stores:
  expectations_store:
    class_name: ExpectationsStore
    store_backend:
      class_name: TupleFilesystemStoreBackend
      base_directory: expectations/
      suppress_store_backend_id: true
  validation_results_store:
    class_name: ValidationResultsStore
    store_backend:
      class_name: TupleFilesystemStoreBackend
      base_directory: validations/
      suppress_store_backend_id: true
  checkpoint_store:
    class_name: CheckpointStore
    store_backend:
      class_name: TupleFilesystemStoreBackend
      base_directory: checkpoints/
      suppress_store_backend_id: true
  validation_definition_store:
    class_name: ValidationDefinitionStore
    store_backend:
      class_name: TupleFilesystemStoreBackend
      base_directory: validation_definitions/
      suppress_store_backend_id: true
expectations_store_name: expectations_store
validation_results_store_name: validation_results_store
checkpoint_store_name: checkpoint_store
data_docs_sites: {}
"""
_NAME = "great_expectations.yml"
_LONGEST = 80
_LONGEST_VALUE = 1000
"""Characters of a part of a path: file systems allow 255 bytes, and a character may take four."""

_KEPT = ("id", "notes", "description")
_COUNTS = frozenset(
    {
        *("element_count", "missing_count", "missing_percent", "unexpected_count", "unexpected_percent"),
        *("unexpected_percent_total", "unexpected_percent_nonmissing"),
    }
)
"""What a result says without showing a value."""


class Held(Value, frozen=True, kw_only=True):
    """A data file that was held to a suite.

    Attributes:
        path: The file, as the project names it.
        suite: The suite.
        results: One for each of its expectations, in their order.
        private: Columns whose values no result shows.
    """

    path: str
    suite: Suite
    results: tuple[Result, ...]
    private: tuple[str, ...] = ()


def write(folder: Path, held: Sequence[Held], *, run: str | None, time: dt.datetime) -> Path:
    """Write suites and validation results, in the place of those of the run before.

    What passes only because nothing was looked at stands there as an exception: the pages that are built from it
    must not be green where the check blocks.

    Args:
        folder: Where ``gx`` is made.
        held: The data files of the run.
        run: Its name.
        time: When it was, with a time zone.

    Returns:
        The folder ``gx``.

    Raises:
        InputError: There is a ``gx`` that is not of ours, or it cannot be written.
    """
    made = folder / "gx"
    where = Location(path=str(made))
    try:
        if made.is_symlink() or (made.exists() and not _ours(made)):
            raise InputError(
                "is not a folder that a check wrote", where=where, hint="move it, or name another for reports"
            )
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".gx-", dir=folder) as name:
            beside = Path(name) / "new"
            _write(beside, held, run=run, time=time)
            if made.exists():
                made.rename(Path(name) / "old")
            beside.rename(made)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=where) from error
    return made


def remove(folder: Path) -> None:
    """Remove what an earlier run wrote; it is of other data.

    Raises:
        InputError: It cannot be removed.
    """
    made = folder / "gx"
    if made.is_symlink() or not made.exists() or not _ours(made):
        return
    try:
        shutil.rmtree(made)
    except OSError as error:
        raise InputError(f"cannot be removed: {error.strerror}", where=Location(path=str(made))) from error


def _ours(folder: Path) -> bool:
    path = folder / _NAME
    return path.is_file() and path.read_bytes().startswith(_CONFIGURATION.splitlines()[0])


def _write(folder: Path, held: Sequence[Held], *, run: str | None, time: dt.datetime) -> None:
    files.write_bytes(folder / _NAME, _CONFIGURATION)
    for section in ("expectations", "validations"):
        (folder / section).mkdir()
    moment = time.astimezone(dt.UTC)
    digests: dict[str, str] = {}
    for each in held:
        name = _part(each.suite.name, dots=True)
        if digests.setdefault(name.casefold(), each.suite.digest) != each.suite.digest:
            # Two files name their suite alike; here they would be one.
            name = f"{name}-{files.short(each.suite.digest)}"
            digests[name.casefold()] = each.suite.digest
        path = (folder / "expectations").joinpath(*name.split("."))
        suites.write(path.with_name(f"{path.name}.json"), _suite(each, name))
        batch = f"data-{_part(each.path)}-{hashlib.sha256(each.path.encode()).hexdigest()[:8]}"
        key = (
            *name.split("."),
            _part(run) if run else "__none__",
            moment.strftime("%Y%m%dT%H%M%S.%fZ"),
            batch,
        )
        whole = _validation(each, name=name, batch=batch, run=run, moment=moment)
        path = (folder / "validations").joinpath(*key)
        files.write_bytes(
            path.with_name(f"{path.name}.json"), json.dumps(whole, indent=2, sort_keys=True).encode()
        )


def _part(text: str, *, dots: bool = False) -> str:
    """Return a text as a part of a path: of a name with dots, Great Expectations makes a folder for each.

    It is told from others by a digest where that changes it.
    """
    clean = re.sub(r"[^\w. -]", "-", text)
    clean = re.sub(r"\.{2,}", ".", clean).strip(". ")[:_LONGEST].strip(". ") or "unnamed"
    if clean == text:
        return text
    return f"{clean}-{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}" if dots else clean


def _suite(held: Held, name: str) -> dict[str, Any]:
    return {
        **{key: value for key, value in held.suite.source.items() if value is not None},
        "name": name,
        "expectations": [_configuration(each) for each in held.suite.expectations],
    }


def _configuration(expectation: Expectation, **kwargs: Any) -> dict[str, Any]:
    source = expectation.source
    return {
        **{key: source[key] for key in _KEPT if source.get(key) is not None},
        "type": expectation.type,
        "kwargs": {**expectation.kwargs, **kwargs},
        "meta": source.get("meta") or {},
        "severity": expectation.severity.value,
    }


def _validation(held: Held, *, name: str, batch: str, run: str | None, moment: dt.datetime) -> dict[str, Any]:
    results = [
        _result(expectation, result, batch=batch, private=held.private)
        for expectation, result in zip(held.suite.expectations, held.results, strict=True)
    ]
    evaluated, successful = len(results), sum(each["success"] for each in results)
    return {
        "id": None,
        "suite_name": name,
        "suite_parameters": held.suite.source.get("suite_parameters") or {},
        # Great Expectations calls a suite without expectations a success; here it never is.
        "success": bool(results) and successful == evaluated,
        "results": results,
        "statistics": {
            "evaluated_expectations": evaluated,
            "successful_expectations": successful,
            "unsuccessful_expectations": evaluated - successful,
            "success_percent": successful / evaluated * 100 if evaluated else None,
        },
        "meta": {
            "active_batch_definition": {
                "batch_identifiers": {},
                "data_asset_name": held.path,
                "data_connector_name": "fluent",
                "datasource_name": "data",
            },
            "batch_markers": {"ge_load_time": moment.strftime("%Y%m%dT%H%M%S.%fZ")},
            "batch_parameters": None,
            "batch_spec": {"path": held.path},
            "checkpoint_id": None,
            "great_expectations_version": suites.FORMAT,
            "mltoolkit_version": __version__,
            "run_id": {"run_name": run, "run_time": moment.isoformat()},
            "validation_id": None,
            "validation_time": moment.isoformat(),
        },
    }


def _bounded(value: Any) -> Any:
    """Cut long texts: a store of a few findings must not become a copy of the data."""
    match value:
        case str() if len(value) > _LONGEST_VALUE:
            return f"{value[:_LONGEST_VALUE]}…"
        case dict():
            return {key: _bounded(each) for key, each in value.items()}
        case list() | tuple():
            return [_bounded(each) for each in value]
        case _:
            return value


def _result(
    expectation: Expectation, result: Result, *, batch: str, private: Sequence[str]
) -> dict[str, Any]:
    exception, shown = result.exception, result.result
    if exception is None and result.success and result.considered == 0:
        exception = "nothing was looked at: there is no row, or no value but nulls"
    if secret(expectation, private):
        shown = {key: value for key, value in shown.items() if key in _COUNTS}
        exception = exception and "it raised; its message is not shown, as its columns are private"
    return {
        "success": result.success and exception is None,
        "expectation_config": _configuration(expectation, batch_id=batch),
        "result": _bounded(shown),
        "meta": {},
        "exception_info": {
            "raised_exception": exception is not None,
            "exception_message": exception,
            # A text where it raised: pages cannot be built of a trace that is null.
            "exception_traceback": exception,
        },
    }
