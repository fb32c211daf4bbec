import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.contract import frames, sources


@pytest.fixture
def path(tmp_path: Path) -> Path:
    table = pa.table(
        {
            "big": [1, None, 2**53 + 1],
            "whole": [1, 2, 3],
            "real": [1.5, float("nan"), None],
            "flag": [True, None, False],
            "day": [dt.date(2020, 1, 1), None, dt.date(2021, 1, 1)],
            "far": [dt.date(9999, 1, 1), None, dt.date(1, 1, 1)],
            "text": ["a", None, ""],
            'odd "name"\n': [1, 2, 3],
        }
    )
    pq.write_table(table, tmp_path / "data.parquet")
    return tmp_path / "data.parquet"


def test_types_are_kept_where_pandas_would_lose_values(path: Path) -> None:
    with sources.opened(path) as table:
        made = frames.frame(table)

    assert {str(name): str(kind) for name, kind in made.dtypes.items()} == {
        "big": "Int64",
        "whole": "int64",
        "real": "float64",
        "flag": "boolean",
        "day": "datetime64[ns]",
        "far": "datetime64[us]",
        "text": "str",
        'odd "name"\n': "int64",
    }
    assert made["big"][2] == 2**53 + 1
    assert made["far"][0].year == 9999
    assert made.isna().sum().to_dict() == {
        "big": 1,
        "whole": 0,
        "real": 2,
        "flag": 1,
        "day": 1,
        "far": 1,
        "text": 1,
        'odd "name"\n': 0,
    }


@pytest.mark.parametrize(("names", "columns"), [(["text", "big", "none"], ["big", "text"]), ([], [])])
def test_only_the_columns_that_are_wanted_are_read(path: Path, names: list[str], columns: list[Any]) -> None:
    with sources.opened(path) as table:
        made = frames.frame(table, names)

    assert (list(made.columns), len(made)) == (columns, 3)
