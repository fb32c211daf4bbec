"""Prepared rows as the estimators take them: features as a frame, the truth as an array."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mltoolkit import files
from mltoolkit.errors import InputError, Location
from mltoolkit.metrics import Task
from mltoolkit.training import Prepared


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one split.

    Attributes:
        features: (n, k) in the order of ``Prepared``: float64, and strings; NaN where missing.
        truth: (n,) the target as it is in the table.
    """

    features: pd.DataFrame
    truth: npt.NDArray[Any]

    def take(self, wanted: npt.NDArray[np.bool_]) -> "Rows":
        """Return some of the rows.

        Args:
            wanted: (n,) which ones.
        """
        return Rows(features=self.features[wanted], truth=self.truth[wanted])


def load_prepared(folder: Path) -> Prepared:
    """Read what ``prepare`` found out.

    Raises:
        InputError: It is missing or damaged.
    """
    return files.load(folder / "prepared.json", Prepared)


def read(path: Path, *, digest: str) -> pa.Table:
    """Read a file that ``prepare`` wrote.

    Args:
        path: The Parquet file.
        digest: What ``prepared.json`` says of it.

    Raises:
        InputError: It is missing, or another one than ``prepared.json`` tells about.
    """
    with files.reading(path):
        data = path.read_bytes()
    if files.digest_bytes(data) != digest:
        raise InputError(
            "is not the file that prepared.json tells about",
            where=Location(path=str(path)),
            hint="run the stage prepare again",
        )
    return pq.read_table(pa.BufferReader(data))


def rows(table: pa.Table, prepared: Prepared) -> Rows:
    """Return features and truth of a table that ``prepare`` wrote."""
    features = table.select([*prepared.numeric, *prepared.categorical]).to_pandas()
    # scikit-learn works on Python strings: converted once here, and not again by every fit.
    features = features.astype(dict.fromkeys(prepared.categorical, object))
    truth = table.column(prepared.target).to_pandas().to_numpy()
    if prepared.task is not Task.REGRESSION and truth.dtype.kind not in "bi":
        truth = truth.astype(object)
    return Rows(features=features, truth=truth)
