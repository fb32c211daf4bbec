"""Prepared rows as estimators take them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mltoolkit.errors import InputError
from mltoolkit.stages import prepare
from mltoolkit.stages.prepared import load_prepared, read, rows

Write = Callable[[dict[str, Any], Mapping[str, Any]], Path]


def test_rows_keep_their_order_and_what_is_missing(
    write: Write, params: dict[str, Any], columns: Any
) -> None:
    folder = write(params, columns)
    prepare.stage()
    prepared = load_prepared(folder / "data")
    held = rows(read(folder / "data/evaluation.parquet", digest=prepared.digests["evaluation"]), prepared)
    assert list(held.features) == ["size", "count", "color"]
    np.testing.assert_array_equal(held.features["size"], columns["size"][500:])
    np.testing.assert_array_equal(held.truth, columns["late"][500:])
    taken = held.take(held.truth)
    assert len(taken.features) == len(taken.truth) == columns["late"][500:].sum()


def test_a_missing_preparation_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"prepared.json: no such file"):
        load_prepared(tmp_path)


def test_a_file_that_changed_since_is_refused(write: Write, params: dict[str, Any], columns: Any) -> None:
    folder = write(params, columns)
    prepare.stage()
    with pytest.raises(InputError, match=r"is not the file that prepared.json tells about"):
        read(folder / "data/train.parquet", digest=f"sha256:{'0' * 64}")
