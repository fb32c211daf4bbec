import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from mltoolkit import profile
from mltoolkit.profile import Categories, Category, ColumnProfile, Numbers, Profile

DIGEST = f"sha256:{'a' * 64}"


def numbers(bins: int = 20) -> Numbers:
    return Numbers(
        finite=10 * bins,
        min=0,
        max=bins,
        mean=1.5,
        stdev=0.5,
        edges=tuple(float(at) for at in range(1, bins)),
        counts=(10,) * bins,
    )


def made(**changes: Any) -> Profile:
    column = ColumnProfile(
        name='a "b"\n',
        kind="integer",
        type="BIGINT",
        nulls=0,
        null_rate=0.0,
        numbers=numbers(),
        categories=Categories(
            top=tuple(Category(value=at, count=100 - at) for at in range(50)),
            other=7,
        ),
    )
    return Profile(
        tool="t",
        path="d.parquet",
        digest=DIGEST,
        rows=200,
        columns=(msgspec.structs.replace(column, **changes),),
    )


def test_what_is_rendered_reads_back_and_is_a_line_for_each_column() -> None:
    first = made()
    whole = msgspec.structs.replace(first, columns=(*first.columns, *made(name="é").columns))

    text = profile.render(whole)

    assert msgspec.convert(json.loads(text), Profile, strict=True) == whole
    assert len([line for line in text.decode().splitlines() if '"kind"' in line]) == 2
    assert profile.render(whole) == text


def test_a_profile_without_columns_reads_back() -> None:
    empty = msgspec.structs.replace(made(), columns=())

    assert msgspec.convert(json.loads(profile.render(empty)), Profile, strict=True) == empty


def test_a_column_is_found_by_its_name() -> None:
    assert made().column('a "b"\n') == made().columns[0]
    assert made().column("a") is None


@pytest.mark.parametrize("limit", [1700, 1500, 1200, 800])
def test_too_long_a_profile_gets_coarser_and_loses_no_count(limit: int) -> None:
    (column,) = profile.bounded(made(), limit).columns

    assert column.numbers is not None
    assert column.categories is not None
    assert len(profile.render(profile.bounded(made(), limit))) <= limit
    assert 0 < len(column.numbers.counts) < 20
    assert sum(column.numbers.counts) == 200
    assert all(left < right for left, right in pairwise(column.numbers.edges))
    total = sum(each.count for each in column.categories.top) + column.categories.other
    assert total == sum(range(51, 101)) + 7


def test_coarser_bins_are_unions_of_the_finer_ones() -> None:
    (column,) = profile.bounded(made(categories=None), 650).columns

    assert column.numbers is not None
    # Each bin of `numbers()` but the first and the last is one wide and holds ten.
    for left, right, count in zip(
        column.numbers.edges, column.numbers.edges[1:], column.numbers.counts[1:], strict=False
    ):
        assert count == 10 * (right - left)


def test_what_cannot_be_left_out_is_not() -> None:
    (column,) = profile.bounded(made(), 10).columns

    assert column.name == 'a "b"\n'
    assert column.numbers is not None
    assert column.numbers.counts == (200,)


def test_bins_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="hold each finite number once"):
        Numbers(finite=3, min=0, max=1, mean=0.5, stdev=0.5, edges=(1.0,), counts=(1, 1))
    with pytest.raises(ValueError, match="do not ascend"):
        Numbers(finite=3, min=0, max=1, mean=0.5, stdev=0.5, edges=(1.0, 1.0), counts=(1, 1, 1))


def test_a_private_column_that_shows_values_is_refused() -> None:
    with pytest.raises(ValueError, match="private"):
        made(private=True).columns[0].__post_init__()
