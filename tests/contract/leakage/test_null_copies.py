from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.contract.leakage import null_copies, splits, target_copies
from mltoolkit.contract.leakage.target_copies import Copies

ROWS = 2000
RNG = np.random.default_rng(0)
CANCELLED = RNG.random(ROWS) < 0.1
CLASSES = np.array(["ship", "plane", "car"])[RNG.integers(0, 3, ROWS)]
CODE = RNG.integers(1, 5, ROWS)


def some(known: Any, values: Any = CODE) -> Any:
    """The values where they are known, and nulls."""
    return pa.array([each if keep else None for each, keep in zip(values.tolist(), known, strict=True)])


def look(folder: Path, target: Any, **features: Any) -> list[Copies]:
    file = folder / "rows.parquet"
    pq.write_table(pa.table({"target": target, **features}), file)
    with splits.opened(file, file) as both:
        truth, *others = both.train.columns
        return list(target_copies.look(both, truth, others))


def flipped(values: Any, rows: int) -> Any:
    return np.r_[~values[:rows], values[rows:]]


COPIES: dict[str, tuple[Any, Any]] = {
    "null but in one class": (CANCELLED, some(CANCELLED)),
    "null in one class": (CANCELLED, some(~CANCELLED)),
    "a text": (np.where(CANCELLED, "yes", "no"), some(CANCELLED, CODE.astype(str))),
    "one value": (CANCELLED.astype(int), some(CANCELLED, np.ones(ROWS))),
    "unique values": (CANCELLED, some(CANCELLED, RNG.permutation(ROWS))),
    "not a number": (CANCELLED, np.where(CANCELLED, 1.5, np.nan)),
    "a near copy": (CLASSES == "car", some(flipped(CLASSES == "car", 5))),
    "a target that is not always known": (some(CODE != 1, CANCELLED), some(CANCELLED)),
}


@pytest.mark.parametrize("case", COPIES)
def test_nulls_that_are_the_target_are_a_copy(tmp_path: Path, case: str) -> None:
    target, feature = COPIES[case]

    (found,) = look(tmp_path, target, cancel_reason=feature)

    assert (found.columns, found.warns) == (["cancel_reason"], False)
    assert "`cancel_reason` is null where the target has one value and known where it has" in found.reason


@pytest.mark.parametrize("known", [CLASSES == "car", CLASSES != "car"])
def test_nulls_that_tell_one_of_several_classes_warn(tmp_path: Path, known: Any) -> None:
    (found,) = look(tmp_path, CLASSES, door=some(known))

    assert (found.columns, found.warns) == (["door"], True)
    assert "where the target has one of its values and nowhere else" in found.reason
    assert not any(name in found.reason for name in ("ship", "plane", "car"))


HARMLESS: dict[str, tuple[Any, Any]] = {
    "nulls by chance": (CANCELLED, some(RNG.random(ROWS) < 0.9)),
    "nulls in one class, but not in all of it": (CANCELLED, some(~CANCELLED | (RNG.random(ROWS) < 0.1))),
    "nothing but nulls": (CANCELLED, pa.nulls(ROWS, pa.int64())),
    "too few": (np.arange(ROWS) < 4, some(np.arange(ROWS) < 4)),
    "a number": (RNG.normal(size=ROWS), some(CANCELLED)),
    "three of several classes": (RNG.integers(0, 6, ROWS) * 1, some(CANCELLED)),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_nulls_that_do_not_tell_the_target_are_none(tmp_path: Path, case: str) -> None:
    target, feature = HARMLESS[case]

    (found,) = look(tmp_path, target, feature=feature)

    assert found.columns == []


def test_nulls_of_few_rows_in_the_sample_are_asked_about() -> None:
    y = np.array([0] * 50 + [1] * 50 + [-1] * 10)

    assert null_copies.suspicious(y == 0, y)
    assert null_copies.suspicious(y != 0, y)
    assert not null_copies.suspicious(np.arange(110) % 2 == 0, y)
    assert not null_copies.suspicious(y < -1, y)


def test_near_copies_end_at_a_hundredth_of_what_a_constant_gets_wrong(tmp_path: Path) -> None:
    target = np.arange(ROWS) % 2 == 0
    near, far = (look(tmp_path, target, feature=some(flipped(target, rows))) for rows in (10, 11))

    assert near[0].columns == ["feature"]
    assert far[0].columns == []
