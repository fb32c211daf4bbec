from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit import slices


def column(values: Sequence[str]) -> slices.Column:
    names, codes = np.unique(np.array(values), return_inverse=True)
    return codes, tuple(str(name) for name in names)


def test_the_most_frequent_values_come_first_and_rare_ones_not_at_all() -> None:
    found = slices.find({"carrier": column(["rare"] * 3 + ["some"] * 140 + ["most"] * 160)})

    assert [(each.name, each.count) for each in found.slices] == [
        ("carrier=most", 160),
        ("carrier=some", 140),
    ]
    assert (found.rare, found.beyond) == (1, 0)


def test_slices_are_shown_with_fewer_rows_than_are_compared() -> None:
    columns = {"carrier": column(["a"] * 3 + ["b"] * 40 + ["c"] * 60)}

    shown = dict(slices.slices(columns))

    assert list(shown) == ["carrier=c", "carrier=b"]
    assert int(shown["carrier=c"].sum()) == 60
    assert slices.find(columns) == slices.Found(slices=(), rare=3, beyond=0)


def test_missing_values_are_a_slice_of_their_own() -> None:
    found = slices.find({"x": column([slices.MISSING] * 130 + ["a"] * 120)})

    assert [each.name for each in found.slices] == ["x=(missing)", "x=a"]


def test_the_number_of_slices_is_bounded_and_single_columns_come_before_pairs() -> None:
    rng = np.random.default_rng(1)
    columns = {f"c{at}": column([f"v{code}" for code in rng.integers(0, 12, 20_000)]) for at in range(10)}

    every = slices.find(columns)
    found = every.slices

    assert len(found) == slices.LIMIT
    assert [len(each.terms) for each in found] == [1] * 120 + [2] * 80
    assert len({each.name for each in found}) == slices.LIMIT
    counts = [each.count for each in found[120:]]
    assert counts == sorted(counts, reverse=True)
    # Of 45 pairs of columns, each with 144 pairs of values, nearly all have a hundred rows.
    assert (every.rare, every.beyond) == (0, 45 * 144 - 80 - 3)
    assert len(list(slices.slices(columns))) == slices.SHOWN


def test_every_value_of_a_column_is_a_slice_up_to_the_limit_of_all() -> None:
    many = column([f"v{at // 100:03}" for at in range(25_000)])
    few = column(["a"] * 12_000 + ["b"] * 13_000)

    alone, beside = slices.find({"dest": many}), slices.find({"dest": many, "origin": few})

    assert (len(alone.slices), alone.beyond) == (slices.LIMIT, 50)
    # A column of many values does not crowd out one whose values have more rows.
    assert [each.name for each in beside.slices[:3]] == ["origin=b", "origin=a", "dest=v000"]
    assert beside.beyond == 52
    assert len(list(slices.slices({"dest": many}))) == slices.SHOWN_OF_COLUMN


def test_pairs_of_columns_with_a_value_for_nearly_every_row_take_no_more_room_than_the_rows() -> None:
    values = ["often"] * 200 + [f"v{at}" for at in range(60_000)]

    found = slices.find({"user": column(values), "order": column([*values[100:], *values[:100]])})

    assert [(each.name, each.count) for each in found.slices] == [
        ("order=often", 200),
        ("user=often", 200),
        ("user=often & order=often", 100),
    ]
    assert found.rare == 120_000


def test_equal_counts_are_ordered_by_name() -> None:
    assert [each.name for each in slices.find({"x": column(["b"] * 130 + ["a"] * 130)}).slices] == [
        "x=a",
        "x=b",
    ]


def test_a_pair_whose_rows_are_those_of_one_value_is_left_out() -> None:
    columns = {
        "carrier": column(["UA"] * 200 + ["AA"] * 400),
        "fleet": column(["boeing"] * 400 + ["airbus"] * 200),
    }

    pairs = [each.name for each in slices.find(columns).slices if len(each.terms) == 2]

    # All of UA flies boeing and all airbus is AA's; of AA's boeings alone there is something new to ask.
    assert pairs == ["carrier=AA & fleet=boeing"]


VALUES = st.sampled_from(["a", "b", "x & y=z", "c=d", slices.MISSING])


@given(
    rows=st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=80),
    minimum=st.integers(min_value=1, max_value=10),
)
def test_slices_are_what_counting_rows_finds_and_names_lead_back_to_them(
    rows: list[tuple[str, str, str]], minimum: int
) -> None:
    columns = {name: column([row[at] for row in rows]) for at, name in enumerate(("p", "q", "y"))}

    every = slices.find(columns, minimum=minimum, limit=1000)
    found = every.slices

    def said(terms: tuple[tuple[str, int], ...]) -> tuple[tuple[str, str], ...]:
        return tuple((name, columns[name][1][code]) for name, code in terms)

    single = Counter((name, row[at]) for row in rows for at, name in enumerate("pqy"))
    pairs = Counter(
        (("pqy"[one], row[one]), ("pqy"[other], row[other]))
        for row in rows
        for one, other in ((0, 1), (0, 2), (1, 2))
    )
    wanted: dict[tuple[tuple[str, str], ...], int] = {
        (each,): count for each, count in single.items() if count >= minimum
    }
    wanted |= {
        pair: count
        for pair, count in pairs.items()
        if count >= minimum and count not in {single[pair[0]], single[pair[1]]}
    }
    assert {said(each.terms): each.count for each in found} == wanted
    assert len({each.name for each in found}) == len(found)
    assert every.rare == sum(count < minimum for count in single.values())
    for each in found:
        assert slices.locate(columns, each.name) == each
        inside = slices.rows(columns, each.terms)
        assert int(inside.sum()) == each.count


@pytest.mark.parametrize("name", ["", "x", "x=", "x=c", "y=a", "x=a & ", "x=a & x=b", " & ", "x=a & y=a"])
def test_a_name_that_no_row_could_have_is_no_slice(name: str) -> None:
    assert slices.locate({"x": column(["a", "b"]), "z": column(["a", "a"])}, name) is None
