import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.checks import Outcome
from mltoolkit.contract.leakage import splits, target_copies
from mltoolkit.contract.leakage.target_copies import Copies

Columns = dict[str, Any]
ROWS = 2000
RNG = np.random.default_rng(0)
LATE = RNG.random(ROWS) < 0.3
RARE = np.arange(ROWS) % 250 == 0  # 8 rows
CLASSES = np.array(["ship", "plane", "car"])[RNG.integers(0, 3, ROWS)]
DELAY = RNG.normal(size=ROWS).round(4) * 60
NOISE = RNG.normal(size=ROWS)


def look(folder: Path, target: Any, **features: Any) -> list[Copies]:
    file = folder / "rows.parquet"
    pq.write_table(pa.table({"target": target, **features}), file)
    with splits.opened(file, file) as both:
        truth, *others = both.train.columns
        return list(target_copies.look(both, truth, others))


def some(values: Any, known: Any) -> Any:
    """The values where they are known, and nulls."""
    return pa.array([each if keep else None for each, keep in zip(values.tolist(), known, strict=True)])


def but(values: Any, rows: int) -> Any:
    """The values, wrong in some rows."""
    changed = values.copy()
    changed[:rows] = np.roll(values, 1)[:rows]
    return changed


COPIES: dict[str, tuple[Any, Any, str]] = {
    "itself": (LATE, LATE, "equals the target"),
    "numbers": (LATE, LATE.astype(int), "tell each other"),
    "the other way round": (LATE, ~LATE, "tell each other"),
    "words": (LATE, np.where(LATE, "True", "False"), "tell each other"),
    "shifted codes": (CLASSES, np.unique(CLASSES, return_inverse=True)[1] + 7, "tell each other"),
    "classes": (CLASSES, CLASSES, "equals the target"),
    "partly null": (LATE, some(LATE, NOISE > 1), "equals the target"),
    "a near copy": (CLASSES, but(CLASSES, 5), "equals the target"),
    "near codes": (CLASSES, but(np.unique(CLASSES, return_inverse=True)[1], 5), "tell each other"),
    "a rare class": (RARE, RARE.astype(float), "tell each other"),
    "a number": (DELAY, DELAY, "equals the target"),
    "another unit": (DELAY, DELAY / 60 + 273.15, "straight line"),
    "a falling line": (DELAY, 5 - 2 * DELAY, "straight line"),
    "a written number": (DELAY, DELAY.astype(str), "tell each other|straight line"),
    "its logarithm": (np.exp(NOISE), NOISE, "rises whenever"),
    "its rank from above": (NOISE, -NOISE.argsort().argsort(), "falls whenever"),
    "large numbers": (NOISE * 1e300, NOISE, "straight line"),
    "unique names": (
        [f"name {at}" for at in range(ROWS)],
        [f"name {at}" for at in range(ROWS)],
        "equals the target",
    ),
    "nulls": (LATE, some(NOISE, LATE), "is null where"),
    "days": (
        RNG.integers(0, 3, ROWS) * 0 + np.unique(CLASSES, return_inverse=True)[1],
        [dt.date(2013, 5, 1 + int(at)) for at in np.unique(CLASSES, return_inverse=True)[1]],
        "tell each other",
    ),
}


@pytest.mark.parametrize("case", COPIES)
def test_a_copy_is_found_in_every_dress(tmp_path: Path, case: str) -> None:
    target, feature, said = COPIES[case]

    (found,) = look(tmp_path, target, other=NOISE[::-1].copy(), dressed=feature)

    assert (found.outcome, found.columns, found.warns) == (Outcome.VIOLATED, ["dressed"], False)
    assert any(part in found.reason for part in said.split("|"))


WARNS: dict[str, tuple[Any, Any, str]] = {
    "a threshold": (DELAY > 15, DELAY, "by thresholds"),
    "ranges": (np.digitize(DELAY, [-20, 20]), DELAY, "by thresholds"),
    "finer classes": (LATE, np.where(LATE, 10, 20) + np.arange(ROWS) % 4, "tells the target"),
    "almost a line": (DELAY, DELAY + NOISE[::-1], "nearly lies on a straight line"),
}


@pytest.mark.parametrize("case", WARNS)
def test_what_tells_the_target_one_way_warns(tmp_path: Path, case: str) -> None:
    target, feature, said = WARNS[case]

    (found,) = look(tmp_path, target, dressed=feature)

    assert (found.outcome, found.columns, found.warns) == (Outcome.VIOLATED, ["dressed"], True)
    assert said in found.reason


HARMLESS: dict[str, tuple[Any, Any]] = {
    "a unique number": (LATE, np.arange(ROWS)),
    "a unique name": (LATE, [f"row {at}" for at in range(ROWS)]),
    "a key of pairs": (np.repeat(LATE[: ROWS // 2], 2), np.repeat(np.arange(ROWS // 2), 2)),
    "a constant": (LATE, np.zeros(ROWS)),
    "nothing but nulls": (LATE, pa.nulls(ROWS, pa.float64())),
    "a good feature": (LATE, LATE + NOISE * 0.4),
    "a better guess than a constant": (CLASSES, but(CLASSES, 150)),
    "the majority of a rare class": (RARE, np.arange(ROWS) % 125 == 0),
    "a correlated number": (DELAY, DELAY + NOISE[::-1] * 20),
    "infinities": (DELAY, np.where(LATE, np.inf, NOISE)),
    "the same code for missing": (
        np.where(LATE, -9999.0, NOISE),
        np.where(LATE, -9999.0, NOISE[::-1]),
    ),
    "known in few rows": (LATE, some(LATE, np.arange(ROWS) < 15)),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_is_no_copy_is_none(tmp_path: Path, case: str) -> None:
    target, feature = HARMLESS[case]

    (found,) = look(tmp_path, target, feature=feature)

    assert (found.outcome, found.columns) == (Outcome.MET, [])


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (np.ones(100), "one value"),
        (np.arange(19), "19 rows with a target are too few"),
        (pa.nulls(100, pa.int64()), "0 rows with a target"),
    ],
)
def test_nobody_can_say_of_a_target_without_much_in_it(tmp_path: Path, target: Any, said: str) -> None:
    (found,) = look(tmp_path, target, feature=np.arange(len(target)))

    assert found.outcome is Outcome.NOT_EVALUATED
    assert said in found.reason


def test_without_features_nobody_can_say(tmp_path: Path) -> None:
    assert [each.outcome for each in look(tmp_path, LATE)] == [Outcome.NOT_EVALUATED]


def test_copies_block_beside_hints_that_warn(tmp_path: Path) -> None:
    found = look(tmp_path, DELAY > 15, copy=DELAY > 15, delay=DELAY, other=NOISE[::-1].copy())

    assert [(each.columns, each.warns) for each in found] == [(["copy"], False), (["delay"], True)]


METER = np.cumsum(np.abs(NOISE) + 0.1)
GROWS: dict[str, tuple[Any, Any]] = {
    "its last value": (METER, np.r_[0.0, METER[:-1]]),
    "the day": (METER, np.arange(ROWS)),
    "the time": (METER, np.arange(ROWS).astype("datetime64[s]")),
    "what is left": (METER, -np.r_[0.0, METER[:-1]]),
    "a meter that runs back": (-METER, np.arange(ROWS)),
    "a squared counter": (METER, np.arange(ROWS) ** 2),
    "the day of many rows": (np.repeat(METER[:200], 10), np.repeat(np.arange(200), 10)),
    "a meter that was set back once": (np.r_[METER[:1000], METER[1000:] - 5], np.r_[0.0, METER[:-1]]),
}


@pytest.mark.parametrize("case", GROWS)
def test_what_rises_with_a_target_that_rises_from_row_to_row_warns(tmp_path: Path, case: str) -> None:
    target, feature = GROWS[case]

    (found,) = look(tmp_path, target, feature=feature)

    assert (found.columns, found.warns) == (["feature"], True), found.reason


def test_why_it_warns_is_told(tmp_path: Path) -> None:
    (found,) = look(tmp_path, METER, day=np.arange(ROWS) ** 2)

    assert found.columns == ["day"]
    assert "rises whenever the target rises" in found.reason
    assert "goes one way from row to row" in found.reason


@pytest.mark.parametrize("target", [METER, METER.round(2), 0.1 * np.arange(ROWS), -METER])
def test_a_straight_line_blocks_also_where_the_target_rises_from_row_to_row(
    tmp_path: Path, target: Any
) -> None:
    (found,) = look(tmp_path, target, dressed=3.6 * target + 273.15, same=target)

    assert (found.columns, found.warns) == (["dressed", "same"], False)


def test_what_rises_with_a_target_in_no_order_blocks(tmp_path: Path) -> None:
    mixed = np.random.default_rng(1).permutation(ROWS)

    (found,) = look(tmp_path, METER[mixed], rank=(np.arange(ROWS) ** 2)[mixed])

    assert (found.columns, found.warns) == (["rank"], False)


def test_many_copies_are_counted(tmp_path: Path) -> None:
    (found,) = look(tmp_path, LATE, **{f"c{at}": LATE for at in range(30)})

    assert len(found.columns) == 30
    assert "and 25 more" in found.reason
    assert len(found.reason) < 1000


def test_more_copies_than_are_compared_are_not_overlooked(tmp_path: Path) -> None:
    copies, others = look(tmp_path, LATE, **{f"c{at}": LATE for at in range(203)})

    assert len(copies.columns) == 200
    assert others.outcome is Outcome.NOT_EVALUATED
    assert others.reason.startswith("3 more features")


def test_a_rare_class_is_in_the_sample_of_many_rows(tmp_path: Path) -> None:
    rare = np.arange(100_000) % 10_000 == 7

    (found,) = look(tmp_path, rare, code=np.where(rare, 3, 4), other=np.arange(100_000) % 11)

    assert found.columns == ["code"]
    assert "100,000 of 100,000 (100 %)" in found.reason


def test_columns_are_asked_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {f"c{at}": RNG.normal(size=ROWS) for at in range(5)}
    whole = look(tmp_path, LATE, **columns, copy=~LATE)
    monkeypatch.setattr(target_copies, "_AT_ONCE", 2)

    assert look(tmp_path, LATE, **columns, copy=~LATE) == whole
    assert whole[0].columns == ["copy"]
