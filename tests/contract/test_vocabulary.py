from typing import Any

import pytest

from mltoolkit.contract import vocabulary
from mltoolkit.contract.gx import GALLERY


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"min_value": 0, "max_value": 5}, "less than 0 or greater than 5"),
        ({"min_value": 0, "strict_min": True}, "not greater than 0"),
        ({"max_value": 5, "strict_max": True}, "not less than 5"),
        ({"min_value": "2024-01-01"}, "less than 2024-01-01"),
        ({"max_value": "x\n" * 100}, "greater than " + "x\\n" * 26 + "x…"),
    ],
)
def test_what_is_out_of_bounds_is_said_with_the_bounds(kwargs: dict[str, Any], said: str) -> None:
    assert vocabulary.outside(kwargs) == said


def test_each_word_is_about_an_expectation_of_the_gallery() -> None:
    assert {*vocabulary.UNEXPECTED, *vocabulary.MEASURED} <= set(GALLERY)
    assert set(vocabulary.MEASURED) >= vocabulary.COUNTED | vocabulary.POINTED
    assert not vocabulary.COUNTED & vocabulary.POINTED


def test_every_expectation_about_each_value_has_words_of_its_own() -> None:
    each = {kind for kind in GALLERY if kind.startswith(("expect_column_values_", "expect_column_value_"))}

    assert each - set(vocabulary.UNEXPECTED) <= {"expect_column_values_to_not_be_outliers"}
