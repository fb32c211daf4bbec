"""The flagship project as an example to copy, and a way to break it."""

import re
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq

from mltoolkit import files, git
from mltoolkit.errors import InputError
from mltoolkit.training import Prepared

_PARTS = (".dvc/config", ".dvc/.gitignore", "dvc.yaml", "params.yaml", "pipeline", "expectations")


def flagship() -> Path:
    """Return the folder with the flagship project: inside an installed wheel, or the checkout's root.

    Raises:
        InputError: It is in neither.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "flagship", package.parent):
        if all((folder / part).exists() for part in _PARTS):
            return folder
    raise InputError("the flagship project is not installed", hint="install mltoolkit from its wheel")


def copy(target: Path) -> None:
    """Copy the flagship's sources into a folder; what its pipeline makes stays behind.

    Raises:
        InputError: The flagship is not installed.
    """
    source = flagship()
    for part in _PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (target / part).parent.mkdir(exist_ok=True)
            shutil.copy(source / part, target / part)
    ignored = ["/.mltoolkit/", "/broken/", "/data/", "/model/", "/reports/", "__pycache__/"]
    files.write_bytes(target / ".gitignore", "\n".join([*ignored, ""]).encode())


def arrive(folder: Path, month: str) -> None:
    """Move the last month whose data has arrived.

    Args:
        folder: The project.
        month: As ``ingest.until`` has it.
    """
    params = folder / "params.yaml"
    lines = params.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = [f"  until: {month}\n" if line.startswith("  until:") else line for line in lines]
    files.write_bytes(params, "".join(changed).encode())


def commit(folder: Path, subject: str) -> None:
    """Commit what has changed, with an author even where git knows none."""
    name = git.git(folder, "config", "user.name").out.decode(errors="replace").strip() or "mltoolkit demo"
    git.output(folder, "add", "--all")
    git.output(
        folder,
        *("-c", f"user.name={name}", "-c", "user.email=demo@localhost"),
        *("commit", "--quiet", "--no-verify", "--allow-empty", "-m", subject),
    )


def break_labels(folder: Path) -> Path:
    """Put a project aside whose training data has shuffled labels, and return its folder.

    Args:
        folder: The project, with its data prepared.
    """
    broken = folder / "broken"
    (broken / "data").mkdir(parents=True)
    shuffle_labels(folder / "data", broken / "data")
    # One estimator is enough to be wrong.
    params = (folder / "params.yaml").read_text(encoding="utf-8")
    alone = re.sub(r"(?m)^    boosted:\n(      .*\n)+", "", params)
    files.write_bytes(broken / "params.yaml", alone.encode())
    return broken


def shuffle_labels(source: Path, target: Path) -> None:
    """Copy prepared training data with the labels dealt out anew, by a fixed seed.

    Args:
        source: The folder with ``train.parquet`` and ``prepared.json``.
        target: The folder to write to.
    """
    prepared = files.load(source / "prepared.json", Prepared)
    table = pq.read_table(source / "train.parquet")
    # A tenth of the rows is enough to be wrong.
    table = table.take(np.arange(0, table.num_rows, 10))
    order = np.random.default_rng(7).permutation(table.num_rows)
    at = table.column_names.index(prepared.target)
    dealt = table.set_column(at, prepared.target, table[prepared.target].take(order))
    pq.write_table(dealt, target / "train.parquet")
    digests = {**prepared.digests, "train": files.digest_file(target / "train.parquet")}
    files.write_bytes(
        target / "prepared.json", files.dump_json(msgspec.structs.replace(prepared, digests=digests))
    )
