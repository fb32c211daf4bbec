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
    train, evaluation = halves(measured(3000, 1) | {"t": np.arange(3000) % 3}, 1)
    copied = min(copied, len(evaluation["x"]))

    found = look(tmp_path, joined(train, taken(evaluation, slice(0, copied))), evaluation, "t")

    assert (found.matched, found.natural) == (copied, False)


def test_records_that_were_twice_in_the_data_before_the_split_are_a_leak(tmp_path: Path) -> None:
    once = measured(2000, 1) | {"t": np.random.default_rng(2).integers(0, 3, 2000)}

    found = look(tmp_path, *halves(joined(once, once), 1), "t")

    assert found.matched
    assert not found.natural
    assert "`x` and `y` alone tell distinct rows apart and equal rows have equal targets" in found.reason


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
    once = measured(500, 1) | {"t": np.random.default_rng(2).normal(size=500)}
    split = halves(joined(once, once), 1)
    whole = look(tmp_path, *split, "t")
    monkeypatch.setattr(repeats, "_AT_ONCE", 1)

    assert look(tmp_path, *split, "t") == whole
    assert "`x` and `y` alone tell" in whole.reason


RNG = np.random.default_rng(7)
HOURS = 6000
STATION = RNG.integers(0, 900, HOURS)
PRODUCT = RNG.integers(0, 1500, HOURS)
SENSOR = np.repeat(np.arange(HOURS // 4), 4)
ACTIVE = RNG.random(HOURS) < 0.5
NOISE = RNG.normal(size=HOURS)
CLASS = RNG.integers(0, 2, HOURS)
HONEST: dict[str, tuple[Columns, Any]] = {
    "half of the customers are all zero": ({"spent": ACTIVE * NOISE, "calls": ACTIVE * NOISE**2}, CLASS),
    "and those spend nothing next year": (
        {"spent": ACTIVE * NOISE, "calls": ACTIVE * NOISE**2},
        ACTIVE * NOISE[::-1],
    ),
    "stations": ({"lat": NOISE[STATION], "lon": NOISE[::-1][STATION]}, NOISE),
    "products": (
        {
            "sku": PRODUCT,
            "price": np.abs(NOISE[PRODUCT]).round(2),
            "name": np.array([f"product {at}" for at in PRODUCT]),
        },
        CLASS,
    ),
    "a sensor that stands still": ({"temp": NOISE[SENSOR], "pressure": NOISE[::-1][SENSOR]}, NOISE),
    "nearly all targets are the same": (
        {"x": np.repeat(NOISE[: HOURS // 2], 2)},
        np.repeat(np.arange(HOURS // 2) % 100 == 0, 2),
    ),
}


@pytest.mark.parametrize("case", HONEST)
def test_rows_that_repeat_in_honest_splits_warn(tmp_path: Path, case: str) -> None:
    features, target = HONEST[case]

    found = look(tmp_path, *halves(features | {"t": target}, 1), "t")

    assert found.matched
    assert found.natural, found.reason


def texts(rows: int) -> Columns:
    return {"text": np.array([f"what was said {at}" for at in range(rows)]), "t": np.arange(rows) % 4}


def test_texts_that_were_all_doubled_before_the_split_are_a_leak(tmp_path: Path) -> None:
    once = texts(3000)

    found = look(tmp_path, *halves(joined(once, once), 1, 0.78), "t")

    assert found.matched
    assert not found.natural
    assert "all of them in the target too" in found.reason
    assert "`text` alone tells distinct rows apart" in found.reason


@pytest.mark.parametrize("target", ["another one", "none"])
def test_doubled_texts_warn_where_no_target_says_that_they_are_the_same_record(
    tmp_path: Path, target: str
) -> None:
    columns = joined(texts(3000), texts(3000))
    columns["t"] = np.random.default_rng(3).integers(0, 4, 6000)
    chosen = columns if target == "another one" else {"text": columns["text"]}

    found = look(tmp_path, *halves(chosen, 1), "t" if target == "another one" else None)

    assert found.matched
    assert found.natural


def test_records_of_a_rare_class_that_were_copied_often_before_the_split_are_a_leak(tmp_path: Path) -> None:
    rare = np.r_[np.arange(100), np.repeat(np.arange(100, 200), 60)]
    once = measured(200, 1) | {"t": np.arange(200) >= 100}

    found = look(
        tmp_path, *halves(joined(taken(once, rare), measured(2000, 2) | {"t": CLASS[:2000] > 2}), 1), "t"
    )

    assert found.matched
    assert not found.natural


HIDES: dict[str, Any] = {
    "a unique text": np.array([f"row {at}" for at in range(4000)]),
    "a unique number": np.random.default_rng(4).permutation(40_000)[:4000],
    "a time of loading": np.arange(4000).astype("datetime64[s]"),
}


@pytest.mark.parametrize("case", HIDES)
def test_a_unique_column_hides_no_doubled_records(tmp_path: Path, case: str) -> None:
    once = measured(2000, 1) | {"t": np.arange(2000) % 3}
    columns = {"key": HIDES[case]} | joined(once, once)

    found = look(tmp_path, *halves(columns, 1), "t")

    assert found.matched
    assert not found.natural
    assert "but for `key`, which share no value" in found.reason


def test_a_column_that_was_changed_hides_no_copied_rows(tmp_path: Path) -> None:
    train, evaluation = halves(measured(2000, 1), 1)
    rows = len(evaluation["x"])
    copied = evaluation | {"note": np.full(rows, "loaded again")}

    found = look(
        tmp_path,
        joined(
            train | {"note": np.full(len(train["x"]), "first")}, evaluation | {"note": np.full(rows, "first")}
        ),
        copied,
    )

    assert (found.matched, found.natural) == (rows, False)
    assert "but for `note`, which share no value" in found.reason


def test_natural_repeats_but_for_a_unique_column_are_none(tmp_path: Path) -> None:
    columns = few_valued(3000, 1) | {"key": np.arange(3000) * 7}

    found = look(tmp_path, *halves(columns, 1))

    assert found == Repeats(
        0, natural=False, reason="no evaluation row equals a training row in all 6 features"
    )


def test_features_that_share_no_value_leave_nothing_to_compare(tmp_path: Path) -> None:
    found = look(tmp_path, {"key": ["a", "b"]}, {"key": ["c", "d"]})

    assert found == Repeats(
        0, natural=False, reason="no evaluation row equals a training row in its one feature"
    )


@pytest.mark.parametrize("cells", [1, 10_000_000])
def test_columns_that_share_no_value_are_the_same_in_a_wide_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    train = {"one": [*"ab"] * 30, "x": NOISE[:60], "two": [*"cd"] * 30, "three": [None, *range(59)]}
    evaluation = train | {"two": [*"ef"] * 30, "three": [*range(100, 159), None]}
    narrow = look(tmp_path, train, evaluation)
    monkeypatch.setattr(repeats, "_SINGLY", 0)
    monkeypatch.setattr(repeats, "_CELLS", cells)

    assert look(tmp_path, train, evaluation) == narrow
    assert narrow.matched == 60
    assert "all 2 features, but for `two` and `three`, which share no value" in narrow.reason


def test_columns_of_very_many_values_are_not_compared_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = RNG.normal(size=60)
    train, evaluation = ({"x": values, "key": np.arange(60) * 7 + at} for at in (0, 1000))
    monkeypatch.setattr(repeats, "_KEYS", 30)

    assert look(tmp_path, train, evaluation).matched == 0
