import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit import files, ledger
from mltoolkit.errors import CannotTellError
from mltoolkit.evidence import Sketch
from mltoolkit.ledger import SKETCH, Ledger, Look


def digest(name: str) -> str:
    return files.digest_bytes(name.encode())


def rows(start: int, count: int) -> list[str]:
    return [f"row {number}" for number in range(start, start + count)]


def look(challenger: str, ids: list[str]) -> Look:
    return Look(challenger=digest(challenger), rows=digest("\n".join(sorted(ids))), sketch=ledger.sketch(ids))


def looked(*looks: Look) -> Ledger:
    kept = Ledger()
    for each in looks:
        kept = ledger.recorded(kept, each)
    return kept


ids = st.lists(st.text(max_size=5), min_size=1, max_size=60, unique=True)
sizes = st.integers(1, 3000)
starts = st.integers(0, 10**9)


@given(ids, st.randoms())
def test_a_sketch_is_of_the_set_and_not_of_its_order(found: list[str], order: random.Random) -> None:
    mixed = order.sample(found, len(found))

    assert ledger.sketch(found) == ledger.sketch(iter(mixed))
    assert ledger.fault(ledger.sketch(found)) is None


def test_a_sketch_is_the_same_on_every_machine_and_in_every_version() -> None:
    assert ledger.sketch(["1", "2", "ä"]) == Sketch(
        count=3, hashes=(983529775148525, 8454932970325364, 8690025591207750)
    )


def test_a_large_set_has_a_small_sketch_and_a_set_of_nothing_has_none() -> None:
    made = ledger.sketch(rows(0, 5000))

    assert (made.count, len(made.hashes)) == (5000, SKETCH)
    assert made.hashes == ledger.sketch(rows(0, 5000)[::-1]).hashes
    with pytest.raises(ValueError, match="no rows"):
        ledger.sketch([])


@given(ids, ids)
def test_the_overlap_of_small_sets_is_exact(one: list[str], other: list[str]) -> None:
    wanted = len({*one} & {*other}) / min(len(one), len(other))

    assert ledger.overlap(ledger.sketch(one), ledger.sketch(other)) == wanted


@given(sizes, sizes, starts)
def test_what_has_nothing_in_common_overlaps_nowhere(one: int, other: int, start: int) -> None:
    a, b = ledger.sketch(rows(start, one)), ledger.sketch(rows(start + one, other))

    assert ledger.overlap(a, b) == ledger.overlap(b, a) == 0


@given(sizes, st.floats(0.1, 1), starts, st.randoms())
def test_a_subset_overlaps_wholly(count: int, share: float, start: int, draw: random.Random) -> None:
    whole = rows(start, count)
    part = draw.sample(whole, max(1, int(share * count)))
    a, b = ledger.sketch(whole), ledger.sketch(part)

    assert ledger.overlap(a, b) == ledger.overlap(b, a)
    # Of a small part of a large set it may be that no row is in the sample; of a tenth it never was.
    assert ledger.overlap(a, b) == 1 or len(part) < count / 20


@given(st.integers(1000, 5000), st.floats(0.2, 0.9), starts)
def test_the_overlap_of_large_sets_is_near_the_truth(count: int, share: float, start: int) -> None:
    common = int(share * count)
    a, b = ledger.sketch(rows(start, count)), ledger.sketch(rows(start + count - common, count))

    # At least 200 of a sample's rows are in it; five standard deviations.
    assert ledger.overlap(a, b) == pytest.approx(common / count, abs=5 * 0.5 / 200**0.5)


def test_the_first_look_is_the_first_and_each_challenger_is_one_more() -> None:
    whole = rows(0, 1000)
    looks = [look(f"model {number}", whole) for number in range(5)]

    assert [ledger.place(looked(*looks[:k]), looks[k]) for k in range(5)] == [1, 2, 3, 4, 5]
    assert len(looked(*looks).sketches) == 1


def test_a_look_keeps_its_place_for_ever() -> None:
    whole = rows(0, 1000)
    looks = [look(f"model {number}", whole) for number in range(5)]
    kept = looked(*looks, *looks[::-1])

    assert kept == looked(*looks)
    assert [ledger.place(kept, each) for each in looks] == [1, 2, 3, 4, 5]


@given(st.integers(20, 3000), st.integers(1, 9), starts)
def test_dropping_rows_resets_nothing(count: int, tenths: int, start: int) -> None:
    whole = rows(start, count)
    dropped = whole[count * tenths // 10 :]

    assert ledger.place(looked(look("one", whole)), look("two", dropped)) == 2
    assert ledger.place(looked(look("one", whole)), look("one", dropped)) == 2


@given(st.integers(1, 400), st.integers(2, 9), starts)
def test_a_grown_set_is_a_further_look_also_for_the_same_model(count: int, times: int, start: int) -> None:
    first, grown = look("one", rows(start, count)), look("one", rows(start, times * count))

    assert ledger.place(looked(first), grown) == 2
    assert ledger.place(looked(first, grown), first) == 1
    assert ledger.place(looked(first, grown), look("two", rows(start, count * (times + 1)))) == 3


def test_a_set_that_moves_on_by_and_by_counts_what_it_still_shares() -> None:
    months = [look("one", rows(1000 * month, 3000)) for month in range(6)]
    places = [ledger.place(looked(*months[:k]), months[k]) for k in range(6)]

    assert places == [1, 2, 3, 3, 3, 3]


def test_a_new_month_is_a_fresh_set() -> None:
    june = [look(f"model {number}", rows(0, 1000)) for number in range(30)]

    assert ledger.place(looked(*june), look("model 1", rows(1000, 1000))) == 1


def test_a_file_with_other_columns_is_the_same_set() -> None:
    one = look("one", rows(0, 1000))
    other = Look(challenger=digest("two"), rows=digest("another file"), sketch=one.sketch)

    assert ledger.place(looked(one), other) == 2


def test_a_file_whose_ids_are_another_column_is_the_same_set() -> None:
    one = look("one", rows(0, 1000))
    other = Look(challenger=digest("two"), rows=one.rows, sketch=ledger.sketch(rows(5000, 1000)))

    assert ledger.place(looked(one), other) == 2


def test_ids_that_nobody_has_seen_are_a_fresh_set_and_that_is_the_limit() -> None:
    renamed = [f"again {name}" for name in rows(0, 1000)]

    assert ledger.place(looked(look("one", rows(0, 1000))), look("two", renamed)) == 1


def test_a_sample_of_a_fiftieth_is_known_nearly_always() -> None:
    whole = ledger.sketch(rows(0, 20_000))
    samples = [ledger.sketch(f"row {number}" for number in range(start, 20_000, 50)) for start in range(50)]

    assert sum(ledger.overlap(whole, each) == 1 for each in samples) >= 48


@pytest.mark.parametrize("change", [-1, 2**53], ids=["negative", "too large"])
def test_hashes_that_cannot_be_are_a_fault(change: int) -> None:
    assert ledger.fault(Sketch(count=1, hashes=(change,)))
    assert ledger.fault(Sketch(count=2, hashes=(2, 1)))
    assert ledger.fault(Sketch(count=2, hashes=(1,)))
    assert ledger.fault(Sketch(count=1000, hashes=tuple(range(SKETCH + 1))))
    assert ledger.fault(Sketch(count=1, hashes=()))


@pytest.mark.parametrize("wrong", [-1, 1])
def test_a_ledger_whose_parts_do_not_fit_is_refused(tmp_path: Path, wrong: int) -> None:
    kept = looked(look("one", rows(0, 10)))
    path = tmp_path / "ledger.json"
    path.write_bytes(files.dump_json(kept))
    assert files.load(path, Ledger, error=CannotTellError) == kept

    path.write_text(path.read_text().replace('"sketch": 0', f'"sketch": {wrong}'))
    with pytest.raises(CannotTellError, match="a look has no sketch"):
        files.load(path, Ledger, error=CannotTellError)
    with pytest.raises(ValueError, match="hashes"):
        msgspec.structs.replace(kept, sketches=(Sketch(count=9, hashes=(1,)),))


def test_a_ledger_that_lost_a_look_is_refused(tmp_path: Path) -> None:
    kept = looked(look("one", rows(0, 10)), look("two", rows(0, 10)))

    assert kept.count == 2
    with pytest.raises(ValueError, match="there are 1 looks, not 2"):
        msgspec.structs.replace(kept, looks=kept.looks[:1])
    path = tmp_path / "ledger.json"
    path.write_text('{"schema": "mltoolkit.ledger/1", "count": 2}')
    with pytest.raises(CannotTellError, match="there are 0 looks, not 2"):
        files.load(path, Ledger, error=CannotTellError)
