"""Columns by role: types that can be made, and none that cannot."""

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.errors import InputError
from mltoolkit.stages import columns
from mltoolkit.stages.settings import PrepareSettings, read

Write = Callable[[dict[str, Any], Mapping[str, Any]], Path]

TYPES: dict[str, Any] = {
    "row_id": pa.array([1, 2, 3]),
    "late": pa.array([0, 1, 0]),
    "month": pa.array(["a", "b", "c"]),
    "whole": pa.array([1, None, 3], pa.int32()),
    "flag": pa.array([True, False, None]),
    "price": pa.array([1, 2, None], pa.decimal128(5, 2)),
    "gap": pa.array([1.5, float("nan"), 2.5]),
    "word": pa.array(["x", None, "y"], pa.large_string()),
    "code": pa.array([7, 8, None], pa.int64()),
    "category": pa.array(["x", "y", None]).dictionary_encode(),
    "day": pa.array([dt.date(2013, 1, 1)] * 3),
}


def test_numbers_become_float64_and_names_become_text(write: Write, params: dict[str, Any]) -> None:
    params["prepare"] |= {
        "numeric": ["whole", "flag", "price", "gap"],
        "categorical": ["word", "code", "category"],
    }
    write(params, TYPES)
    settings, section = read("prepare", PrepareSettings)
    made = columns.features(columns.read(settings, section), settings, section)
    assert {name: column.to_pylist() for name, column in made.items()} == {
        "whole": [1.0, None, 3.0],
        "flag": [1.0, 0.0, None],
        "price": [1.0, 2.0, None],
        "gap": [1.5, None, 2.5],
        "word": ["x", None, "y"],
        "code": ["7", "8", None],
        "category": ["x", "y", None],
    }


@pytest.mark.parametrize("role", ["numeric", "categorical"])
def test_a_date_is_neither_a_number_nor_a_name(role: str, write: Write, params: dict[str, Any]) -> None:
    params["prepare"] |= {"numeric": [], "categorical": [], role: ["day"]}
    write(params, TYPES)
    settings, section = read("prepare", PrepareSettings)
    with pytest.raises(InputError, match=rf"prepare.{role}\[0\]: 'day' is date32"):
        columns.features(columns.read(settings, section), settings, section)


def test_two_columns_of_one_name_are_refused(write: Write, params: dict[str, Any], tmp_path: Path) -> None:
    params["prepare"] |= {"numeric": ["whole"], "categorical": []}
    write(params, TYPES)
    twice = pa.Table.from_arrays([*TYPES.values(), TYPES["whole"]], names=[*TYPES, "whole"])
    pq.write_table(twice, tmp_path / "data/table.parquet")
    settings, section = read("prepare", PrepareSettings)
    with pytest.raises(InputError, match="more than one column 'whole'"):
        columns.read(settings, section)
