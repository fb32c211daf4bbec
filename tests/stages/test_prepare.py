"""The stage prepare: what it writes, and what it refuses."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit import files
from mltoolkit.errors import InputError
from mltoolkit.stages import prepare
from mltoolkit.training import Imputation, Prepared

Write = Callable[[dict[str, Any], Mapping[str, Any]], Path]


def test_months_are_split_and_types_are_made(write: Write, params: dict[str, Any], columns: Any) -> None:
    params["prepare"] |= {"keep": ["customer"], "impute": {"features": {"count": {"constant": 0}}}}
    folder = write(params, columns)
    assert prepare.stage() == "600 rows: 400 train, 100 validation, 100 evaluation; 3 features"
    train = pq.read_table(folder / "data/train.parquet")
    held = pq.read_table(folder / "data/evaluation.parquet")
    assert train.column_names == ["row_id", "late", "size", "count", "color", "customer", "month", "split"]
    assert held.column_names == ["row_id", "late", "size", "count", "color", "customer", "month"]
    assert train.schema.field("count").type == pa.float64()
    assert set(held.column("month").to_pylist()) == {"2013-06"}
    assert train.column("size").null_count > 0  # nothing is filled before training
    made = files.load(folder / "data/prepared.json", Prepared)
    assert made.impute == {
        "size": Imputation(strategy="median"),
        "count": Imputation(strategy="constant", value=0.0),
        "color": Imputation(strategy="most-frequent"),
    }
    assert made.classes == {
        "0": columns["late"][:500].tolist().count(False),
        "1": columns["late"][:500].tolist().count(True),
    }
    assert made.positive == "1"
    assert made.digests["train"] == files.digest_file(folder / "data/train.parquet")


def test_the_same_input_gives_the_same_bytes(write: Write, params: dict[str, Any], columns: Any) -> None:
    folder = write(params, columns)
    prepare.stage()
    first = files.manifest(folder / "data")
    prepare.stage()
    assert files.manifest(folder / "data") == first


def test_a_regression_notes_how_the_target_of_training_rows_is_spread(
    write: Write, params: dict[str, Any], columns: Any
) -> None:
    params["prepare"] |= {"task": "regression", "target": "minutes"}
    folder = write(params, columns)
    prepare.stage()
    made = files.load(folder / "data/prepared.json", Prepared)
    learned = columns["minutes"][:500]
    assert made.mean == pytest.approx(learned.mean())
    assert made.classes == {}
    assert len(made.percentiles) == 99
    assert made.quantile(0.9) == sorted(learned)[449]
    assert made.quantile(0.5) == sorted(learned)[249]
    assert made.quantile(0.975) is None


def test_groups_stay_together_and_new_rows_move_none(
    write: Write, params: dict[str, Any], columns: Any
) -> None:
    params["prepare"]["split"] = {"by": "group", "column": "customer", "evaluate": 0.25, "validate": 0.25}
    params["prepare"]["keep"] = ["customer"]

    def evaluated(rows: int) -> set[str]:
        folder = write(params, {name: values[:rows] for name, values in columns.items()})
        prepare.stage()
        held = pq.read_table(folder / "data/evaluation.parquet")
        ids: set[Any] = set(held.column("row_id").to_pylist())
        customers: set[Any] = set(held.column("customer").to_pylist())
        there = {
            i
            for i, c in zip(columns["row_id"][:rows], columns["customer"][:rows], strict=True)
            if c in customers
        }
        assert ids == there
        return ids

    some, every = evaluated(400), evaluated(600)
    assert some == every & set(columns["row_id"][:400])


def test_a_random_split_follows_its_salt(write: Write, params: dict[str, Any], columns: Any) -> None:
    def evaluated(salt: str) -> set[str]:
        params["prepare"]["split"] = {"by": "random", "reason": "independent draws", "salt": salt}
        folder = write(params, columns)
        prepare.stage()
        held = pq.read_table(folder / "data/evaluation.parquet")
        assert "month" not in held.column_names
        found: set[Any] = set(held.column("row_id").to_pylist())
        return found

    one, other = evaluated("one"), evaluated("other")
    assert evaluated("one") == one != other
    assert 80 < len(one) < 160  # about a fifth of 600


@pytest.mark.parametrize(
    "case",
    [
        ({"numeric": ["sise"]}, {}, r"prepare.numeric\[0\]: .* no column 'sise'\n  did you mean `size`"),
        ({"numeric": ["late", "size"]}, {}, r"prepare.numeric\[0\]: 'late' is the target"),
        ({"numeric": ["size", "size"]}, {}, "'size' is a feature twice"),
        ({"numeric": ["row_id"]}, {}, "is the row's id"),
        ({"numeric": [], "categorical": []}, {}, "no features"),
        ({"numeric": ["color"], "categorical": []}, {}, r"'color' is string, not a number\n.*categorical"),
        ({"categorical": ["size"], "numeric": []}, {}, r"'size' is double, not a name\n.*numeric"),
        ({"id": "late"}, {}, "the row's id too"),
        ({"id": "minutes"}, {}, "ids are text or whole numbers"),
        ({"positive": "maybe"}, {}, "no row has the class maybe"),
        ({"split": {"by": "time", "column": "row_id"}}, {}, "every row would be a period of its own"),
        ({"task": "regression"}, {}, "a regression needs a number"),
        ({"target": "minutes"}, {}, "classes are text, whole numbers or true and false"),
        ({"target": "grade"}, {}, "a binary task has two classes, and the training rows have 3"),
        ({"impute": {"features": {"sise": "mean"}}}, {}, "'sise' is not a feature"),
        ({"impute": {"features": {"color": "mean"}}}, {}, "cannot be filled by 'mean'"),
        ({"impute": {"numeric": {"constant": "much"}}}, {}, "must be filled with a number"),
        ({"split": {"by": "time", "column": "month", "evaluate": 5}}, {}, "6 of them are held out"),
        ({}, {"row_id": ["same"] * 600}, "1 values of 'row_id' name more than one row, such as 'same'"),
        ({}, {"row_id": [None, *(str(at) for at in range(599))]}, "1 rows have no 'row_id'"),
        ({}, {"late": [None, None, *([True, False] * 299)]}, "2 rows have no 'late'"),
        ({}, {"late": [True] * 600}, "the training rows have 1"),
        ({}, {"size": pa.nulls(600, pa.float64())}, "'size' has no value in any training row"),
        ({}, {"size": np.where(np.arange(600) == 9, np.inf, 1.0)}, "'size' is infinite in 1 rows"),
        ({}, {"month": [None, *["2013-01"] * 599]}, "1 rows have no 'month'"),
        ({}, {"month": ["2013-01"] * 600}, "nothing is left to train on"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(
    case: tuple[dict[str, Any], dict[str, Any], str], write: Write, params: dict[str, Any], columns: Any
) -> None:
    settings, changed, message = case
    params["prepare"] |= settings
    folder = write(params, columns | changed)
    with pytest.raises(InputError, match=message) as caught:
        prepare.stage()
    assert str(caught.value).startswith("params.yaml:")
    assert not (folder / "data/train.parquet").exists()


def test_a_class_that_training_never_saw_is_named(write: Write, params: dict[str, Any], columns: Any) -> None:
    params["prepare"] |= {"task": "multiclass", "target": "grade"}
    write(params, columns | {"grade": [*columns["grade"][:599], "z"]})
    with pytest.raises(InputError, match="no training row has the class z"):
        prepare.stage()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"keep": ["split"]}, r"prepare.keep\[0\]"),
        ({"split": {"by": "time", "column": "split"}}, "split.column"),
    ],
)
def test_the_name_of_the_split_is_reserved(
    change: dict[str, Any], key: str, write: Write, params: dict[str, Any], columns: Any
) -> None:
    params["prepare"] |= change
    write(params, columns | {"split": columns["month"]})
    with pytest.raises(InputError, match=f"{key}: 'split' is a reserved name"):
        prepare.stage()


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really", b"a,b\n1,2\n"])
def test_a_file_that_is_not_parquet_is_named(
    content: bytes, write: Write, params: dict[str, Any], columns: Any
) -> None:
    folder = write(params, columns)
    (folder / "data/table.parquet").write_bytes(content)
    with pytest.raises(InputError, match=r"data/table.parquet: is not a Parquet file"):
        prepare.stage()


def test_a_missing_or_empty_table_is_named(write: Write, params: dict[str, Any], columns: Any) -> None:
    folder = write(params, {name: values[:0] for name, values in columns.items()})
    with pytest.raises(InputError, match="has no rows"):
        prepare.stage()
    (folder / "data/table.parquet").unlink()
    with pytest.raises(InputError, match=r"data/table.parquet: no such file"):
        prepare.stage()
