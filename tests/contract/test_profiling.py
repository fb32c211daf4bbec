import decimal
import gzip
import random
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit import files, profile
from mltoolkit.contract import profiling, sources
from mltoolkit.errors import InputError, OutsideError
from mltoolkit.profile import ColumnProfile, Profile

DIGEST = f"sha256:{'a' * 64}"


def measure(path: Path, **options: Any) -> Profile:
    with sources.opened(path) as table:
        return profiling.measured(table, digest=DIGEST, **options)


@pytest.fixture
def one(tmp_path: Path) -> Any:
    """Measure one column of values: ``one([1, 2])``."""

    def made(values: Any, **options: Any) -> ColumnProfile:
        path = tmp_path / "d.parquet"
        pq.write_table(pa.table({"a": values}), path)
        (column,) = measure(path, **options).columns
        return column

    return made


def test_numbers_are_measured_as_numpy_does(one: Any) -> None:
    values = np.random.default_rng(1).normal(5, 2, 10_000)

    column = one(values)

    numbers = column.numbers
    assert numbers is not None
    assert (numbers.min, numbers.max) == (values.min(), values.max())
    assert numbers.mean == pytest.approx(values.mean(), rel=1e-9)
    assert numbers.stdev == pytest.approx(values.std(), rel=1e-9)
    assert len(numbers.counts) == profiling.BINS
    assert all(abs(count - 500) <= 1 for count in numbers.counts)
    assert tuple(np.bincount(np.searchsorted(numbers.edges, values))) == numbers.counts


def test_ties_share_a_bin(one: Any) -> None:
    values = [0.0] * 60 + [1.0] * 30 + [float(at) for at in range(2, 12)]

    numbers = one(values).numbers

    assert numbers is not None
    assert numbers.edges[:2] == (0.0, 1.0)
    assert numbers.counts[:2] == (60, 30)
    assert sum(numbers.counts) == 100


def test_nan_is_null_and_infinities_are_counted_apart(one: Any) -> None:
    column = one([1.0, 3.0, float("nan"), None, float("inf"), float("inf"), float("-inf")])

    assert (column.nulls, column.null_rate) == (2, 0.285714286)
    numbers = column.numbers
    assert numbers is not None
    assert (numbers.finite, numbers.positive_infinities, numbers.negative_infinities) == (2, 2, 1)
    assert (numbers.min, numbers.max, numbers.mean, numbers.stdev) == (1.0, 3.0, 2.0, 1.0)


def test_nothing_but_infinities_has_no_range(one: Any) -> None:
    numbers = one([float("inf"), float("-inf")]).numbers

    assert numbers is not None
    assert (numbers.finite, numbers.min, numbers.max, numbers.mean) == (0, None, None, None)


def test_numbers_whose_squares_are_none_have_no_mean(one: Any) -> None:
    numbers = one([1e308, -1e308, 1.5e308]).numbers

    assert numbers is not None
    assert (numbers.min, numbers.max) == (-1e308, 1.5e308)
    assert (numbers.mean, numbers.stdev) == (None, None)


def test_integers_beyond_2_to_the_53_read_back(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    pq.write_table(pa.table({"a": pa.array([2**62 + 1, 2**62 + 3, -5]), "b": [7, 8, 9]}), path)

    made = measure(path)
    profiling.write(tmp_path / "p.json", made)

    assert profiling.read(tmp_path / "p.json") == made
    large, small = (column.numbers for column in made.columns)
    assert large is not None
    assert small is not None
    assert (large.min, large.max) == (-5, float(2**62))
    assert made.columns[0].categories is None
    assert small.max == 9
    assert isinstance(small.max, int)


def test_decimals_dates_timestamps_and_booleans(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    times = [datetime(2013, 1, 2, 3, 4, 5, 6), None, datetime(1, 1, 1)]  # noqa: DTZ001 - files hold times without a zone
    table: dict[str, Any] = {
        "decimal": [decimal.Decimal("1.50"), None, decimal.Decimal("2.25")],
        "date": [date(2013, 1, 2), date(2014, 1, 2), None],
        "time": times,
        "flag": [True, True, None],
        "nothing": pa.nulls(3),
        "list": [[1], [2], None],
    }
    pq.write_table(pa.table(table), path)

    by = {column.name: column for column in measure(path).columns}

    assert by["decimal"].kind == "decimal"
    assert by["decimal"].numbers is not None
    assert (by["decimal"].numbers.min, by["decimal"].numbers.max) == (1.5, 2.25)
    assert by["date"].span == profile.Span(min="2013-01-02", max="2014-01-02")
    assert by["time"].span == profile.Span(min="0001-01-01T00:00:00.000000", max="2013-01-02T03:04:05.000006")
    assert by["flag"].categories is not None
    assert [(each.value, each.count) for each in by["flag"].categories.top] == [(True, 2)]
    assert (by["nothing"].nulls, by["nothing"].null_rate) == (3, 1.0)
    assert by["list"].kind == "other"
    assert by["list"].nulls == 1


def test_categories_are_exact_and_in_order(one: Any) -> None:
    values = [f"v{at:03}" for at in range(80) for _ in range(3)] + ["v005", "", None]

    column = one(values)

    assert column.categories is not None
    assert (column.distinct, column.estimated, column.unique) == (81, False, False)
    assert [each.value for each in column.categories.top[:3]] == ["v005", "v000", "v001"]
    assert len(column.categories.top) == profiling.TOP
    assert sum(each.count for each in column.categories.top) + column.categories.other == 242
    assert column.lengths == profile.Lengths(min=0, max=4)
    assert column.pattern is None


def test_few_integers_are_categories_too_and_many_are_not(one: Any) -> None:
    few, many = one([1, 2, 2, 3] * 10), one(list(range(1000)) * 2)

    assert few.categories is not None
    assert few.categories.top[0] == profile.Category(value=2, count=20)
    assert many.categories is None
    assert (many.distinct, many.unique) == (1000, False)


def test_keys_are_unique_and_have_no_categories(one: Any) -> None:
    column = one([f"N{at:05}" for at in range(5000)])

    assert column.unique
    assert (column.distinct, column.estimated) == (5000, False)
    assert column.categories is None
    assert column.pattern == "^[A-Z][0-9]{5}$"
    assert not one([f"N{at:05}" for at in range(5000)] + ["N00000"]).unique


def test_one_text_of_another_form_is_no_pattern(one: Any) -> None:
    texts = [f"N{at:05}" for at in range(5000)]

    assert one(texts).pattern is not None
    assert one([*texts, "é"]).pattern is None
    assert one([*texts, ""]).pattern is None
    assert one(["ABC", "DEF"] * 50 + ["GH "]).pattern is None


def test_long_texts_are_cut_and_told_apart(one: Any) -> None:
    column = one(["x" * 1_000_000 + "a"] * 2 + ["x" * 1_000_000 + "b"])

    assert column.categories is not None
    first, second = column.categories.top
    assert (first.count, second.count) == (2, 1)
    assert first.value != second.value
    assert isinstance(first.value, str)
    assert len(first.value) < 200
    assert column.lengths == profile.Lengths(min=1_000_001, max=1_000_001)


def test_odd_texts_survive_the_file(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    name = 'a"b\n`c`; DROP'
    pq.write_table(pa.table({name: ["'", '"', "\n", "\0", "👍", "'"]}), path)

    profiling.write(tmp_path / "p.json", measure(path))

    column = profiling.read(tmp_path / "p.json").column(name)
    assert column is not None
    assert column.categories is not None
    assert {each.value for each in column.categories.top} == {"'", '"', "\n", "\0", "👍"}


def test_private_columns_show_no_value(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    pq.write_table(pa.table({"who": ["Ada", "Grace", None], "age": [41, 42, 43], "b": [1, 2, 3]}), path)

    made = measure(path, private=("who", "age"))

    who, age, _ = made.columns
    assert who == ColumnProfile(
        name="who",
        kind="text",
        type="VARCHAR",
        private=True,
        nulls=1,
        null_rate=0.333333333,
        distinct=2,
        unique=True,
    )
    assert age.numbers is None
    text = profile.render(made).decode()
    assert not any(value in text for value in ("Ada", "Grace", "41", "42", "43"))


def test_a_private_column_that_is_not_there_is_wrong_input(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    pq.write_table(pa.table({"customer": ["Ada"]}), path)

    with pytest.raises(InputError, match="did you mean `customer`"):
        measure(path, private=("custome",))


def test_no_rows_have_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    table: dict[str, Any] = {
        "a": pa.array([], pa.int64()),
        "b": pa.array([], pa.string()),
        "c": pa.array([], pa.float64()),
    }
    pq.write_table(pa.table(table), path)

    made = measure(path)
    profiling.write(tmp_path / "p.json", made)

    assert made.rows == 0
    assert [(column.nulls, column.null_rate) for column in made.columns] == [(0, 0.0)] * 3
    assert profiling.read(tmp_path / "p.json") == made


def test_the_bytes_do_not_depend_on_the_order_of_rows_or_groups(tmp_path: Path) -> None:
    draw = np.random.default_rng(2)
    rows = 200_000
    table = pa.table(
        {
            "x": pa.array(draw.lognormal(0, 3, rows)),
            "y": pa.array(draw.normal(0, 1e9, rows)),
            "k": pa.array(draw.integers(0, 40, rows)),
            "s": [f"c{at}" for at in draw.integers(0, 3000, rows)],
        }
    )
    texts = set()
    for at, size in enumerate((10_000, 70_000, 200_000)):
        path = tmp_path / str(at) / "d.parquet"
        path.parent.mkdir()
        pq.write_table(table.take(draw.permutation(rows)), path, row_group_size=size)
        made = measure(path)
        texts.add(profile.render(made).replace(str(path).encode(), b"d"))

    assert len(texts) == 1


def test_many_rows_are_sampled_for_edges_and_counted_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiling, "_SAMPLED", 5000)
    values = np.random.default_rng(3).normal(0, 1, 50_000)
    path = tmp_path / "d.parquet"
    pq.write_table(pa.table({"x": pa.array(values), "constant": [1] * 50_000}), path)

    x, constant = (column.numbers for column in measure(path).columns)

    assert x is not None
    assert constant is not None
    assert sum(x.counts) == 50_000
    assert tuple(np.bincount(np.searchsorted(x.edges, values), minlength=len(x.counts))) == x.counts
    assert all(1500 < count < 3500 for count in x.counts)
    assert constant.counts == (50_000, 0)


def test_csv_has_the_same_profile_as_parquet(tmp_path: Path) -> None:
    lines = ["a,b,c", *(f"{at},{at / 4},w{at % 3}" for at in range(500))]
    csv, packed, parquet = tmp_path / "d.csv", tmp_path / "d.csv.gz", tmp_path / "d.parquet"
    csv.write_text("\n".join(lines) + "\n")
    packed.write_bytes(gzip.compress(csv.read_bytes()))
    numbers = list(range(500))
    pq.write_table(
        pa.table({"a": numbers, "b": [at / 4 for at in numbers], "c": [f"w{at % 3}" for at in numbers]}),
        parquet,
    )

    first, *others = (measure(path).columns for path in (parquet, csv, packed))

    assert all(other == first for other in others)


def test_wide_data_fits_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "JSON_LIMIT", 150_000)
    draw = random.Random(4)  # noqa: S311 - made-up data
    names = [f"column-{at}" for at in range(500)]
    table: dict[str, list[Any]] = {name: [draw.random() for _ in range(30)] for name in names[::2]}
    table |= {name: [f"{name}-{draw.random()}" for _ in range(30)] for name in names[1::2]}
    path = tmp_path / "d.parquet"
    pq.write_table(pa.table(table), path)

    made = measure(path)
    profiling.write(tmp_path / "p.json", made)

    assert (tmp_path / "p.json").stat().st_size <= files.JSON_LIMIT
    read = profiling.read(tmp_path / "p.json")
    assert len(read.columns) == 500
    assert all(column.numbers or column.lengths for column in read.columns)


def test_a_damaged_profile_is_wrong_input(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"schema": "mltoolkit.profile/9"}')

    with pytest.raises(InputError, match=r"mltoolkit\.profile/1"):
        profiling.read(path)


def test_data_that_breaks_off_is_wrong_input(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    draw = np.random.default_rng(5)
    pq.write_table(pa.table({"a": pa.array(draw.random(100_000))}), path, compression="gzip")
    whole = bytearray(path.read_bytes())
    whole[1000:400_000] = bytes(399_000)
    path.write_bytes(whole)

    with pytest.raises(InputError, match=r"d\.parquet"):
        measure(path)


def test_too_little_memory_is_said(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    texts = [f"{at:0400}" for at in range(100_000)]
    pq.write_table(pa.table({"a": texts}), path)

    with sources.opened(path, memory="8MB") as table:
        table.connection.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(OutsideError, match=r"mltoolkit\.check\.memory"):
            profiling.measured(table, digest=DIGEST)
