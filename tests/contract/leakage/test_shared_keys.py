from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mltoolkit.contract.leakage import shared_keys, splits
from mltoolkit.contract.leakage.shared_keys import Shared


def shared(folder: Path, train: dict[str, Any], evaluation: dict[str, Any]) -> Shared:
    for name, columns in (("train", train), ("evaluation", evaluation)):
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    with splits.opened(folder / "train.parquet", folder / "evaluation.parquet") as both:
        return shared_keys.look(both, both.pairs)


def test_keys_of_both_are_counted_with_their_rows(tmp_path: Path) -> None:
    found = shared(tmp_path, {"a": [1, 2, 2]}, {"a": [2, 2, 1, 3]})

    assert found == Shared(unkeyed=0, lacking=0, rows=3, keys=2, values=("1", "2"))


def test_a_null_is_no_key(tmp_path: Path) -> None:
    found = shared(tmp_path, {"a": [1, None, 3], "b": ["x", "y", None]}, {"a": [1, None], "b": ["x", "y"]})

    assert found == Shared(unkeyed=2, lacking=1, rows=1, keys=1, values=("1, x",))


def test_parts_do_not_run_into_each_other(tmp_path: Path) -> None:
    assert not shared(tmp_path, {"a": ["x,"], "b": ["y"]}, {"a": ["x"], "b": [",y"]}).keys


def test_few_values_are_kept_in_their_order(tmp_path: Path) -> None:
    many = {"a": list(range(50, 0, -1))}

    found = shared(tmp_path, many, many)

    assert (found.keys, found.values) == (50, ("1", "2", "3", "4", "5"))
