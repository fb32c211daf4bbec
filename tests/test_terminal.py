import json

import pytest

from mltoolkit import terminal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, übel\tand 日本\nstay", "plain, übel\tand 日本\nstay"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("fails\rpasses", "fails\\rpasses"),
        ("one\r\ntwo", "one\ntwo"),
        ("\x9b2J\x7f\x00", "\\x9b2J\\x7f\\x00"),
        ("\u202eeslaf", "\\u202eeslaf"),
    ],
)
def test_a_terminal_is_given_nothing_to_obey(text: str, shown: str) -> None:
    assert terminal.plain(text) == shown


def test_a_line_stays_one() -> None:
    assert terminal.line(" t\npromote: all\u2028is\x85well\r \x1b[A") == "t promote: all is well \\x1b[A"


def test_a_name_fits_into_a_line_or_not() -> None:
    assert all(map(terminal.fits, ("profit", "two  words", "übel", "")))
    assert not any(map(terminal.fits, ("a\nb", "a\r", "a\x1b[A", "\u202ea", "a\r\n")))


def test_json_means_the_same() -> None:
    value = {"a\x9b\x1b\u202e": "\n\x7f", "é": ["\r"]}
    told = terminal.plain_json(json.dumps(value, ensure_ascii=False, indent=1))

    assert json.loads(told) == value
    assert not set(told) & set("\x9b\x1b\u202e\x7f\r")
    assert "é" in told
