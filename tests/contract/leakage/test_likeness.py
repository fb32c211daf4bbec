from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit.contract.leakage import likeness

CODES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=30)


@given(rows=CODES)
def test_mistakes_are_those_of_plain_python(rows: list[tuple[int, int]]) -> None:
    x, y = (np.array(each, dtype=np.int64) for each in zip(*rows, strict=True))
    wrong = 0
    for value in {a for a, _ in rows}:
        counts = Counter(b for a, b in rows if a == value)
        wrong += 1 if counts.total() == 1 else counts.total() - max(counts.values())

    assert likeness.mistakes(x, y) == (wrong, len(rows) - max(Counter(b for _, b in rows).values()))


@given(rows=st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=8))
def test_numbers_are_in_step_as_in_plain_python(rows: list[tuple[int, int]]) -> None:
    x, y = (np.array(each, dtype=np.float64) for each in zip(*rows, strict=True))
    pairs = [(a, b) for a in rows for b in rows]
    rises = all((a[0] < b[0]) == (a[1] < b[1]) for a, b in pairs)
    falls = all((a[0] > b[0]) == (a[1] < b[1]) for a, b in pairs)

    assert likeness.in_step(x, y) == (rises or falls)
