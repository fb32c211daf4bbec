import datetime as dt
import decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.contract.leakage import splits
from mltoolkit.contract.leakage.splits import Splits
from mltoolkit.errors import InputError, OutsideError

UTC = dt.UTC
SPLITS = (splits.TRAIN, splits.EVALUATION)


def written(path: Path, values: "pa.Array[Any]") -> Path:
    pq.write_table(pa.table({"a": values}), path)
    return path


def read(both: Splits, split: str, sql: str) -> list[tuple[Any, ...]]:
    """Values of an expression and their hashes, in the order of the rows."""
    return both.connection.view(split).project(f"{sql} AS value, hash({sql})").fetchall()


def equal(tmp_path: Path, one: "pa.Array[Any]", two: "pa.Array[Any]") -> list[tuple[int, int]]:
    """Which rows of the one are equal to which of the other, in value and hash."""
    files = written(tmp_path / "one.parquet", one), written(tmp_path / "two.parquet", two)
    with splits.opened(*files) as both:
        (pair,) = both.pairs
        found = [read(both, split, sql) for split, sql in zip(SPLITS, pair.compared, strict=True)]
    return [(x, y) for x, left in enumerate(found[0]) for y, right in enumerate(found[1]) if left == right]


ALIKE: dict[str, tuple[Any, Any]] = {
    "nan is null": (pa.array([float("nan"), 1.0]), pa.array([None, 1.0])),
    "nan beside one value": (pa.array([float("nan"), 0.0]), pa.array([None, 0.0])),
    "minus zero": (pa.array([-0.0, 1.0]), pa.array([0.0, 1.0])),
    "widths": (pa.array([-1, 5], pa.int8()), pa.array([-1, 5], pa.int64())),
    "signs": (pa.array([1, 2**63 - 1], pa.int64()), pa.array([1, 2**63 - 1], pa.uint64())),
    "singles": (pa.array([0.1, 1e300], pa.float32()), pa.array([0.1, 1e300], pa.float64())),
    "whole floats": (pa.array([1, None], pa.int64()), pa.array([1.0, None])),
    "written numbers": (pa.array([7, 12]), pa.array(["007", " 12.0"])),
    "booleans": (pa.array([True, False]), pa.array(["True", "false"])),
    "codes": (pa.array([True, False]), pa.array([1, 0])),
    "dates": (
        pa.array([dt.date(2013, 5, 1), None]),
        pa.array([dt.datetime(2013, 5, 1, tzinfo=UTC).replace(tzinfo=None), None]),
    ),
    "written dates": (
        pa.array([dt.date(2013, 5, 1), None]),
        pa.array(["2013-05-01T00:00:00", None]),
    ),
    "decimals": (
        pa.array([decimal.Decimal("1.50"), decimal.Decimal("10.00")]),
        pa.array([decimal.Decimal("1.500"), decimal.Decimal("10.000")]),
    ),
    "decimals and floats": (
        pa.array([decimal.Decimal("1.50"), decimal.Decimal("10.00")]),
        pa.array([1.5, 10.0]),
    ),
    "zones": (
        pa.array([dt.datetime(2013, 5, 1, 12, tzinfo=UTC), None]),
        pa.array([dt.datetime(2013, 5, 1, 12, tzinfo=UTC).replace(tzinfo=None), None]),
    ),
}


@pytest.mark.parametrize("case", ALIKE)
def test_what_is_equal_in_other_types_is_equal(tmp_path: Path, case: str) -> None:
    assert equal(tmp_path, *ALIKE[case]) == [(0, 0), (1, 1)]


UNLIKE: dict[str, tuple[Any, Any]] = {
    "beyond floats": (pa.array([2**53 + 1]), pa.array([2.0**53])),
    "fractions": (pa.array([1]), pa.array([1.5])),
    "a fraction and null": (pa.array([None], pa.int64()), pa.array([1.5])),
    "out of a single's range": (pa.array([None], pa.float32()), pa.array([1e300])),
    "text": (pa.array(["007"]), pa.array(["7"])),
    "a word": (pa.array([7]), pa.array(["7a"])),
    "a written fraction": (pa.array([2]), pa.array(["1.5"])),
}


@pytest.mark.parametrize("case", UNLIKE)
def test_what_differs_is_not_equal(tmp_path: Path, case: str) -> None:
    assert equal(tmp_path, *UNLIKE[case]) == []


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        (pa.array([dt.date(1970, 1, 2)]), 86_400),
        (pa.array(["1970-01-02"]), 86_400),
        (pa.array(["1970-02"]), 31 * 86_400),
        (pa.array(["1970-01-01T02:00:00+02:00"]), 0),
        (pa.array(["1970-01-01 00:00:07Z"]), 7),
        (pa.array(["1970-01-01T00:00:07"]), 7),
        (pa.array([dt.datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC)]), 7),
        (pa.array([dt.datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC)], pa.timestamp("ns")), 7),
        (pa.array(["yesterday"]), None),
        (pa.array(["1970-13"]), None),
    ],
)
def test_times_are_microseconds(tmp_path: Path, values: "pa.Array[Any]", seconds: int | None) -> None:
    file = written(tmp_path / "one.parquet", values)
    with splits.opened(file, file) as both:
        for split, column in zip(SPLITS, (both.train.columns[0], both.evaluation.columns[0]), strict=True):
            ((found, _),) = read(both, split, str(splits.instant(column)))
            assert found == (None if seconds is None else seconds * 1_000_000)


def test_infinite_numbers_have_no_place_in_time(tmp_path: Path) -> None:
    file = written(tmp_path / "one.parquet", pa.array([float("inf"), 2.5]))
    with splits.opened(file, file) as both:
        found = read(both, "train", str(splits.instant(both.train.columns[0])))
    assert [value for value, _ in found] == [None, 2.5]


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
def test_minus_zero_becomes_zero(tmp_path: Path, kind: Any) -> None:
    file = written(tmp_path / "one.parquet", pa.array([-0.0, 2.0], kind))
    with splits.opened(file, file) as both:
        for split, sql in zip(SPLITS, both.pairs[0].compared, strict=True):
            assert [str(value) for value, _ in read(both, split, sql)] == ["0.0", "2.0"]


def test_columns_are_paired_by_name(tmp_path: Path) -> None:
    odd = 'a "b"\n`c`; DROP TABLE x'
    pq.write_table(pa.table({"x": [1], odd: [2], "only": [0]}), tmp_path / "one.parquet")
    pq.write_table(pa.table({odd: [3], "X": [4]}), tmp_path / "two.parquet")
    with splits.opened(tmp_path / "one.parquet", tmp_path / "two.parquet") as both:
        (pair,) = both.pairs
        assert pair.name == odd
        assert read(both, "train", pair.train.sql)[0][0] == 2
        assert read(both, "evaluation", pair.evaluation.sql)[0][0] == 3


def test_what_arrow_has_no_type_for_is_compared_as_text(tmp_path: Path) -> None:
    lists = pa.array([[1, 2], None])
    assert equal(tmp_path, lists, lists) == [(0, 0), (1, 1)]


def test_damage_is_a_located_error(tmp_path: Path) -> None:
    good = written(tmp_path / "good.parquet", pa.array([1]))
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"PAR1 is not enough PAR1")
    for files in ((good, bad), (bad, good)):
        with pytest.raises(InputError, match=r"bad\.parquet"), splits.opened(*files):
            pass


def test_a_query_that_needs_too_much_memory_says_which_setting(tmp_path: Path) -> None:
    file = written(tmp_path / "one.parquet", pa.array([1]))
    with (
        pytest.raises(OutsideError, match=r"mltoolkit\.check\.memory"),
        splits.opened(file, file, memory="20MB") as both,
    ):
        both.ask("SELECT length(string_agg(i::VARCHAR || repeat('x', 100), '')) FROM range(1000000) AS r(i)")
