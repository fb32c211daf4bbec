import pytest

from mltoolkit.contract import wording


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("plain", "plain"),
        ("a\nb", "a\\nb"),
        ("a\u202eb", "a\\u202eb"),
        ("\x00", "\\x00"),
        (7, "7"),
        ("ü", "ü"),
    ],
)
def test_a_value_is_shown_in_one_line(value: object, said: str) -> None:
    assert wording.shown(value) == said


def test_a_long_value_is_cut_and_says_so() -> None:
    assert wording.shown("x" * 80) == "x" * 80
    assert wording.shown("x" * 81) == f"{'x' * 79}…"
    assert len(wording.shown("\n" * 10_000)) == 80


def test_some_names_are_told_and_the_others_counted() -> None:
    assert wording.called(["a"]) == "`a`"
    assert wording.called(["a", "b", "c"]) == "`a`, `b` and `c`"
    assert wording.called([str(n) for n in range(7)]) == "`0`, `1`, `2`, `3`, `4` and 2 more"


@pytest.mark.parametrize(
    ("count", "of", "said"),
    [
        (1, 4, "1 of 4 (25 %)"),
        (1, 3, "1 of 3 (33.33 %)"),
        (1, 1_000_000, "1 of 1,000,000 (less than 0.01 %)"),
        (999_999, 1_000_000, "999,999 of 1,000,000 (more than 99.99 %)"),
        (0, 7, "0 of 7 (0 %)"),
        (0, 0, "0 of 0 (0 %)"),
    ],
)
def test_a_part_is_never_told_as_nothing_or_as_all(count: int, of: int, said: str) -> None:
    assert wording.share(count, of) == said


def test_few_values_are_shown() -> None:
    assert wording.examples(range(9)) == ("0", "1", "2", "3", "4")
    assert wording.examples([]) == ()


def test_what_is_counted_may_be_named_and_texts_may_be_longer() -> None:
    assert wording.share(1, 4, "rows") == "1 of 4 rows (25 %)"
    assert wording.shown("x" * 200, limit=200) == "x" * 200
