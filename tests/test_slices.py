import numpy as np

from mltoolkit import slices


def test_the_most_frequent_values_come_first_and_rare_ones_not_at_all() -> None:
    column = np.array(["rare"] * 3 + ["some"] * 40 + ["most"] * 60, dtype=object)

    found = dict(slices.slices({"carrier": column}))

    assert list(found) == ["carrier=most", "carrier=some"]
    assert int(found["carrier=most"].sum()) == 60


def test_missing_values_are_a_slice_of_their_own() -> None:
    column = np.array([None] * 30 + ["a"] * 30, dtype=object)

    assert set(dict(slices.slices({"x": column}))) == {"x=(missing)", "x=a"}


def test_the_number_of_slices_is_bounded() -> None:
    columns = {
        f"c{at}": np.repeat(np.array([f"v{n}" for n in range(40)], dtype=object), 30) for at in range(20)
    }

    found = list(slices.slices(columns))

    assert len(found) == slices.LIMIT
    assert all(int(rows.sum()) >= slices.MINIMUM_ROWS for _, rows in found)


def test_equal_counts_are_ordered_by_name() -> None:
    column = np.array(["b"] * 30 + ["a"] * 30, dtype=object)

    assert [name for name, _ in slices.slices({"x": column})] == ["x=a", "x=b"]
