import datetime as dt
import decimal
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit import models, rows
from mltoolkit.errors import CannotTellError, InputError
from mltoolkit.metrics import Task
from mltoolkit.rows import Frame
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.settings import ModelSettings
from mltoolkit.slices import MISSING
from mltoolkit.statistics.answers import Answers

Read = Callable[..., Frame]


@pytest.fixture
def read(saved_models: Path, tmp_path: Path) -> Read:
    model = models.read(saved_models / "binary")

    def call(columns: dict[str, Any], **settings: Any) -> Frame:
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.table(columns), path)
        return rows.read(path, ModelSettings(target="target", **settings), model)

    return call


def test_zero_and_one_are_classes_and_the_second_is_positive(read: Read) -> None:
    frame = read({"row_id": ["a", "b", "c"], "target": [0, 1, 1]})

    assert frame.task is Task.BINARY
    assert (frame.classes, frame.positive) == (("0", "1"), "1")
    assert frame.truth.tolist() == [0, 1, 1]


def test_booleans_are_the_same_classes(read: Read) -> None:
    frame = read({"row_id": ["a", "b"], "target": [False, True]})

    assert frame.classes == ("0", "1")


def test_words_are_classes_and_the_positive_one_can_be_named(read: Read) -> None:
    frame = read({"row_id": ["a", "b"], "target": ["late", "on time"]}, positive="late")

    assert (frame.classes, frame.positive) == (("late", "on time"), "late")


def test_three_words_are_many_classes(read: Read) -> None:
    assert read({"row_id": ["a", "b", "c"], "target": ["x", "y", "z"]}).task is Task.MULTICLASS


def test_other_numbers_are_a_regression_unless_said_otherwise(read: Read) -> None:
    columns = {"row_id": ["a", "b", "c"], "target": [1, 2, 3]}

    assert read(columns).task is Task.REGRESSION
    assert read(columns, task="multiclass").task is Task.MULTICLASS


def test_classes_stand_in_the_order_of_their_values(read: Read) -> None:
    frame = read({"row_id": ["a", "b", "c"], "target": [10, 2, 1]}, task="multiclass")

    assert frame.classes == ("1", "2", "10")
    assert frame.truth.tolist() == [2, 1, 0]


def test_numbers_are_ids_too(read: Read) -> None:
    assert read({"row_id": [7, 8], "target": [0, 1]}).ids == ["7", "8"]


def test_slice_columns_are_codes_and_what_is_missing_is_one_of_them(read: Read) -> None:
    frame = read(
        {"row_id": ["a", "b", "c"], "target": [0, 1, 1], "carrier": ["UA", None, "UA"]}, slices=("carrier",)
    )
    codes, texts = frame.slices["carrier"]

    assert [texts[code] for code in codes] == ["UA", MISSING, "UA"]
    assert len(texts) == len(set(texts)) == 2


def test_groups_are_combinations_of_values(read: Read) -> None:
    columns = {
        "row_id": list("abcdef"),
        "target": [0, 1, 1, 0, 1, 0],
        "day": [dt.date(2026, 1, 1)] * 3 + [dt.date(2026, 1, 2)] * 3,
        "customer": ["x", "y", "x", "x", None, None],
    }
    one = read(columns, group=("day",)).groups
    two = read(columns, group=("day", "customer")).groups

    assert one is not None
    assert one.tolist() == [0, 0, 0, 1, 1, 1]
    assert two is not None
    codes = two.tolist()
    assert codes[0] == codes[2] != codes[1]
    assert codes[3] not in codes[:3]
    # Whatever says nothing is together in one group, and apart from all others.
    assert codes[4] == codes[5]
    assert len(set(codes)) == 4


def test_a_null_is_no_group_of_the_same_name(read: Read) -> None:
    columns = {"row_id": list("abc"), "target": [0, 1, 1], "customer": [None, MISSING, "null"]}
    groups = read(columns, group=("customer",)).groups

    assert groups is not None
    assert len(set(groups.tolist())) == 3


def test_groups_that_say_nothing_cannot_tell(read: Read) -> None:
    columns = {"row_id": ["a", "b"], "target": [0, 1], "customer": pa.array([None, None], pa.string())}

    with pytest.raises(CannotTellError, match="customer, which is null in every row"):
        read(columns, group=("customer",))


def test_columns_of_dates_are_named_where_no_group_is_set(read: Read) -> None:
    columns = {
        "row_id": ["2026-01-01", "2026-01-02"],
        "target": [0, 1],
        "day": [dt.date(2026, 1, 1), None],
        "at": [dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC), None],
        "text": ["2026-01-01", None],
        "coded": pa.array(["2026-01-01T10:00", "2026-01-02 11:00:00Z"]).dictionary_encode(),
        "near": ["2026-01-01", "soon"],
        "nothing": pa.array([None, None], pa.string()),
        "number": [20260101, 20260102],
    }

    assert read(columns).dates == ("day", "at", "text", "coded")
    assert read(columns, group=("day",)).dates == ()


BINARY = {"row_id": ["a", "b", "c"], "target": [0, 1, 1]}


def of_column(read: Read, values: Any, columns: dict[str, Any] = BINARY, metric: str = "accuracy") -> Any:
    rule = BetterThanBaseline(metric=metric, baseline="column:said")
    return read(columns | {"said": values}, rules=(rule,)).columns["column:said"]


@pytest.mark.parametrize(
    "values", [[0, 1, 0], [False, True, False], ["0", "1", "0"], [0.0, 1.0, 0.0], pa.array(["0", "1", "0"]).dictionary_encode()],
    ids=["numbers", "booleans", "words", "floats", "coded"],
)  # fmt: skip
def test_a_column_of_labels_answers_like_a_model(read: Read, values: Any) -> None:
    said = of_column(read, values)

    assert isinstance(said, Answers)
    assert said.labels is not None
    assert said.labels.tolist() == [0, 1, 0]
    assert said.probabilities is None


def test_a_column_of_shares_is_the_probability_of_the_positive_class(read: Read) -> None:
    said = of_column(read, [0.25, 0.5, 1.0])

    assert isinstance(said, Answers)
    assert said.probabilities is not None
    assert said.probabilities[:, 1].tolist() == [0.25, 0.5, 1.0]


def test_a_column_of_numbers_is_a_prediction_of_a_number(read: Read) -> None:
    numbers = {"row_id": ["a", "b", "c"], "target": [1.5, 2.0, 3.0]}
    said = of_column(read, [decimal.Decimal("1.5"), decimal.Decimal(2), decimal.Decimal(4)], numbers, "rmse")

    assert isinstance(said, Answers)
    assert said.values is not None
    assert said.values.tolist() == [1.5, 2.0, 4.0]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([0, None, 1], "is null in 1 rows"),
        ([0.5, float("nan"), 1.0], "NaN or infinite"),
        ([0.5, 1.5, 0.0], "outside 0 to 1"),
        (["x", "y", "z"], "none of the classes 0, 1"),
        ([[0], [1], [1]], "not one value a row"),
        ([dt.date(2026, 1, 1)] * 3, "none of the classes"),
    ],
    ids=["null", "nan", "outside", "words", "lists", "dates"],
)
def test_a_column_that_says_nothing_is_a_reason(read: Read, values: Any, why: str) -> None:
    said = of_column(read, values)

    assert isinstance(said, str)
    assert why in said


def test_a_column_that_is_not_there_is_a_reason(read: Read) -> None:
    rule = BetterThanBaseline(metric="accuracy", baseline="column:other")

    assert read(BINARY, rules=(rule,)).columns == {"column:other": "the rows have no column other"}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"row_id": pa.array([], pa.string()), "target": pa.array([], pa.int64())}, "empty"),
        ({"row_id": ["a", "b"], "target": [1, 1]}, "one class only: 1"),
        ({"row_id": ["a", "a"], "target": [0, 1]}, "not unique"),
        ({"row_id": ["a", None], "target": [0, 1]}, "missing or not unique"),
        ({"row_id": ["a", "b", "c"], "target": [0, 1, None]}, "1 rows have no `target`"),
        ({"row_id": ["a", "b"], "target": [0.5, float("nan")]}, "NaN or infinities"),
        ({"row_id": ["a", "b"], "target": [0.5, float("inf")]}, "NaN or infinities"),
        ({"row_id": ["a", "b", "c"], "target": pa.array([0.0, 1.0, float("nan")])}, "NaN or infinities"),
    ],
)
def test_rows_that_nobody_can_judge_on_cannot_tell(read: Read, columns: dict[str, Any], said: str) -> None:
    with pytest.raises(CannotTellError, match=said):
        read(columns)


@pytest.mark.parametrize(
    ("columns", "settings", "said"),
    [
        ({"row_id": ["a", "b"], "other": [0, 1]}, {}, "no column target"),
        ({"id": ["a", "b"], "target": [0, 1]}, {}, "no column row_id"),
        ({"row_id": ["a", "b"], "target": [0, 1]}, {"slices": ("carrier",)}, "no column carrier"),
        ({"row_id": ["a", "b"], "target": [0, 1]}, {"group": ("day",)}, "no column day"),
        ({"row_id": ["a", "b"], "target": [0, 1]}, {"positive": "2"}, "none of the classes 0, 1"),
        ({"row_id": ["a", "b"], "target": ["x", "y"]}, {"task": "regression"}, "not a number"),
        ({"row_id": ["a", "b", "c"], "target": [1, 2, 3]}, {"task": "binary"}, "there are 3 classes"),
        ({"row_id": [["a"], ["b"]], "target": [0, 1]}, {}, "the column row_id holds list"),
        ({"row_id": ["a", "b"], "target": [{"x": 1}, {"x": 2}]}, {}, "the column target holds struct"),
        ({"row_id": [b"\xff", b"b"], "target": [0, 1]}, {}, "not"),
        (
            {"row_id": [str(n) for n in range(1001)], "target": list(range(1001))},
            {"task": "multiclass"},
            "no classes",
        ),
    ],
)
def test_rows_that_do_not_fit_the_settings_are_wrong_input(
    read: Read, columns: dict[str, Any], settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        read(columns, **settings)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"row_id,target\na,1\n", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_a_file_that_is_not_parquet_is_wrong_input(
    saved_models: Path, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(content)

    with pytest.raises(InputError, match="not a Parquet file"):
        rows.read(path, ModelSettings(target="target"), models.read(saved_models / "binary"))


def test_not_a_number_in_a_classification_is_no_class(read: Read) -> None:
    with pytest.raises(CannotTellError, match="NaN"):
        read({"row_id": ["a", "b", "c"], "target": pa.array([0.0, 1.0, float("nan")])}, task="binary")


def test_a_pipe_is_no_file_and_does_not_block(saved_models: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(InputError, match="not a file"):
        rows.read(tmp_path / "pipe", ModelSettings(target="target"), models.read(saved_models / "binary"))


def test_a_missing_file_is_wrong_input(saved_models: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        rows.read(tmp_path / "none", ModelSettings(target="target"), models.read(saved_models / "binary"))
