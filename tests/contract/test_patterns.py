import re

import pytest

from mltoolkit.contract import patterns


@pytest.mark.parametrize(
    ("texts", "guess"),
    [
        (["EWR", "JFK"], "^[A-Z]{3}$"),
        (["N14228", "N39463"], "^[A-Z][0-9]{5}$"),
        (["N1", "N39463"], "^[A-Z][0-9]+$"),
        (["2013-01-01", "2013-12-31"], "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        (["9E", "UA", "B6"], "^[A-Z0-9]{2}$"),
        (["1.5.2", "10.4.0"], r"^[0-9]+\.[0-9]\.[0-9]$"),
        (["a|b (c)", "x|y (z)"], r"^[a-z]\|[a-z] \([a-z]\)$"),
        (["Monday", "Friday"], "^[A-Z][a-z]{5}$"),
    ],
)
def test_the_first_guess_tells_most(texts: list[str], guess: str) -> None:
    assert patterns.candidates(texts)[0] == guess


@pytest.mark.parametrize(
    "texts", [["EWR", "JFK"], ["N1", "N39463"], ["a-b", "cc-d"], ["a.b", "c.d"], ["0f", "a1"], ["x_y", "1-2"]]
)
def test_all_texts_fit_each_guess(texts: list[str]) -> None:
    found = patterns.candidates(texts)

    assert found
    assert all(re.search(each, text) for each in found for text in texts)


@pytest.mark.parametrize(
    "texts", [[], [""], ["a", ""], ["a" * 65], ["é"], ["a\n"], ["a\0"], ["a b", "c,d"], ["..", ".."]]
)
def test_what_has_no_simple_form_has_no_guess(texts: list[str]) -> None:
    assert patterns.candidates(texts) == ()
