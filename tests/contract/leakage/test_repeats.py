from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.contract.leakage import repeats, splits
from mltoolkit.contract.leakage.repeats import Repeats

Columns = dict[str, Any]


def look(folder: Path, train: Columns, evaluation: Columns, target: str | None = None) -> Repeats:
    for name, columns in (("train", train), ("evaluation", evaluation)):
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    with splits.opened(folder / "train.parquet", folder / "evaluation.parquet") as both:
        features = [pair for pair in both.pairs if pair.name != target]
        truth = next((pair for pair in both.pairs if pair.name == target), None)
        rows = tuple(len(next(iter(columns.values()))) for columns in (train, evaluation))
        return repeats.look(both, features, truth, (rows[0], rows[1]))


def halves(columns: Columns, seed: int, share: float = 0.7) -> tuple[Columns, Columns]:
    rows = len(next(iter(columns.values())))
    first = np.random.default_rng(seed).random(rows) < share
    return {n: v[first] for n, v in columns.items()}, {n: v[~first] for n, v in columns.items()}


def few_valued(rows: int, seed: int, values: int = 4, columns: int = 5) -> Columns:
    """Categories with a long tail."""
    rng = np.random.default_rng(seed)
    return {f"c{at}": np.minimum(rng.geometric(0.4, rows), values) for at in range(columns)}


def measured(rows: int, seed: int) -> Columns:
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(size=rows), "y": rng.normal(size=rows), "c": rng.integers(0, 3, rows)}


def taken(columns: Columns, chosen: Any) -> Columns:
    return {name: values[chosen] for name, values in columns.items()}


def joined(one: Columns, two: Columns) -> Columns:
    return {name: np.concatenate([one[name], two[name]]) for name in one}


@pytest.mark.parametrize("seed", range(8))
def test_few_values_repeat_by_themselves(tmp_path: Path, seed: int) -> None:
    values, columns = ((4, 5), (40, 6))[seed % 2]
    train, evaluation = halves(few_valued(3000, seed, values, columns), seed)

    found = look(tmp_path, train, evaluation)

    assert found.matched
    assert found.natural
    assert "repeat by themselves" in found.reason


def test_few_values_that_were_copied_too_are_more_than_chance(tmp_path: Path) -> None:
    train, evaluation = halves(few_valued(3000, 1, 4, 7), 1)
    before = look(tmp_path, train, evaluation)

    found = look(tmp_path, joined(train, evaluation), evaluation)

    assert before.natural
    assert found.matched == len(evaluation["c0"])
    assert not found.natural
    assert "chance does not bring so many" in found.reason


@pytest.mark.parametrize("copied", [1, 3, 900])
def test_copied_rows_of_measured_values_are_a_leak(tmp_path: Path, copied: int) -> None:
    train, evaluation = halves(measured(3000, 1), 1)
    copied = min(copied, len(evaluation["x"]))

    found = look(tmp_path, joined(train, taken(evaluation, slice(0, copied))), evaluation)

    assert (found.matched, found.natural) == (copied, False)


def test_records_that_were_twice_in_the_data_before_the_split_are_a_leak(tmp_path: Path) -> None:
    once = measured(2000, 1)

    found = look(tmp_path, *halves(joined(once, once), 1))

    assert found.matched
    assert not found.natural
    assert "`x` and `y` alone tell distinct rows apart" in found.reason


def test_rows_of_their_own_are_none(tmp_path: Path) -> None:
    assert look(tmp_path, *halves(measured(2000, 1), 1)).matched == 0


@pytest.mark.parametrize("through", [False, True])
def test_the_number_of_a_row_is_no_feature(tmp_path: Path, *, through: bool) -> None:
    train, evaluation = halves(measured(2000, 1), 1)
    train = joined(train, taken(evaluation, slice(0, 5)))
    sizes = len(train["x"]), len(evaluation["x"])
    order = np.random.default_rng(2).permutation(sum(sizes))
    numbers = (
        (order[: sizes[0]], order[sizes[0] :]) if through else (np.arange(sizes[0]), np.arange(sizes[1]))
    )

    found = look(tmp_path, {"n": numbers[0], **train}, {"n": numbers[1], **evaluation})

    assert found.matched == 5
    assert "but for the row number `n`" in found.reason


def test_whole_numbers_with_a_gap_are_a_feature(tmp_path: Path) -> None:
    numbers = np.arange(100)
    gap = np.where(numbers == 99, 100, numbers)

    assert look(tmp_path, {"n": gap, "c": gap % 3}, {"n": gap + 200, "c": gap % 3}).matched == 0


def test_the_target_is_told_apart(tmp_path: Path) -> None:
    train = {"x": [0.1, 0.2, 0.3], "t": [True, False, None]}
    evaluation = {"x": [0.1, 0.2, 0.3, 0.4], "t": [True, True, None, True]}

    found = look(tmp_path, train, evaluation, "t")

    assert found.matched == 3
    assert "; 2 of them in the target too" in found.reason


def test_nulls_equal_nulls_and_minus_zero_equals_zero(tmp_path: Path) -> None:
    train = {"x": [None, 0.0, 1.0], "c": ["a", None, "c"]}
    evaluation = {"x": [float("nan"), -0.0, None], "c": ["a", None, "c"]}

    assert look(tmp_path, train, evaluation).matched == 2


def test_rows_of_other_types_are_the_same_rows(tmp_path: Path) -> None:
    train = {"x": pa.array([1, None], pa.int64()), "c": ["a", "b"]}
    evaluation = {"x": pa.array([1.0, None], pa.float64()), "c": ["a", "b"]}

    assert look(tmp_path, train, evaluation).matched == 2


def test_without_features_nobody_can_say(tmp_path: Path) -> None:
    assert look(tmp_path, {"t": [1]}, {"t": [1]}, "t").matched is None


def test_a_wide_table(tmp_path: Path) -> None:
    wide = {f"c{at}": [at, at + 1] for at in range(2000)}

    found = look(tmp_path, wide, wide)

    assert found.matched == 2
    assert "all 2,000 features" in found.reason


def test_what_chance_may_add_shrinks_with_the_rows() -> None:
    assert repeats.chance(0.5, (100, 100)) > repeats.chance(0.5, (10_000, 10_000)) > 0
    assert repeats.chance(0.0, (10_000, 10_000)) < 0.001


def test_columns_are_counted_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once = measured(500, 1)
    split = halves(joined(once, once), 1)
    whole = look(tmp_path, *split)
    monkeypatch.setattr(repeats, "_AT_ONCE", 1)

    assert look(tmp_path, *split) == whole
    assert "`x` and `y` alone tell" in whole.reason
