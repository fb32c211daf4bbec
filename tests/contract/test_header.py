from typing import Any

import pytest

from mltoolkit.checks import Outcome, Severity
from mltoolkit.contract import header
from mltoolkit.contract.suites import Expectation, Suite
from mltoolkit.settings import DataSettings, FreshnessSettings


def suite(*kwargs: dict[str, Any]) -> Suite:
    expectations = tuple(
        Expectation(type="expect_x", kwargs=each, severity=Severity.CRITICAL, at=at, line=1, source={})
        for at, each in enumerate(kwargs)
    )
    return Suite(name="s", path="s", digest=f"sha256:{'a' * 64}", expectations=expectations, source={})


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a", "b", "a"], "`a` is there more than once"),
        (["a", ""], "1 column has a blank name"),
        (["a", " ", "\t"], "2 columns have a blank name"),
        ([], "there are no columns"),
    ],
)
def test_repeated_and_blank_names_block(names: list[str], said: str) -> None:
    found = header.names_differ(names)

    assert (found.outcome, found.blocks) == (Outcome.VIOLATED, True)
    assert said in found.reason


@pytest.mark.parametrize("names", [["id", "ID"], ["id", " id"], ["Straße", "STRASSE"]])
def test_names_that_only_look_alike_warn(names: list[str]) -> None:
    found = header.names_differ(names)

    assert (found.outcome, found.severity) == (Outcome.VIOLATED, Severity.WARNING)
    assert set(found.columns) == set(names)


def test_names_of_their_own_are_met() -> None:
    found = header.names_differ(["a", "b"])

    assert (found.outcome, found.reason) == (Outcome.MET, "2 columns, each with a name of its own")


def test_many_bad_names_are_bounded_and_harmless() -> None:
    found = header.names_differ(["x\n\x1b[31m" + "y" * 500] * 2 + [f"n{at // 2}" for at in range(20_000)])

    assert len(found.columns) == header.NAMED
    assert len(found.reason) < 600
    assert found.reason.isprintable()
    assert "9,996 more" in found.reason


def test_the_suite_and_the_settings_speak_of_columns() -> None:
    asked = suite(
        {"column": "a"},
        {"column_A": "b", "column_B": "c"},
        {"column_list": ["d"], "row_condition": "col(\"e\") > 5 and col( 'f' ).notnull()"},
        {"column_set": ["g"]},
        {
            "column": 7,
            "row_condition": {
                "type": "and",
                "conditions": [
                    {"type": "comparison", "column": {"name": "h"}, "operator": "==", "parameter": "x"}
                ],
            },
        },
    )
    settings = DataSettings(
        path="p",
        suite="s",
        id=("i", "j"),
        nulls={"k": 0.1, "*": 1.0},
        freshness=FreshnessSettings(column="l", within="1d"),
        types={"m": "DATE"},
        private=("n",),
    )

    assert header.mentioned(asked, settings) == set("abcdefghijklmn")


@pytest.mark.parametrize(("setting", "names"), [(None, ()), ("a", ("a",)), (("a", "b", "a"), ("a", "b"))])
def test_a_setting_holds_none_one_or_several_names(setting: Any, names: tuple[str, ...]) -> None:
    assert header.listed(setting) == names


def test_columns_are_counted_in_words() -> None:
    assert [header.so_many(count) for count in (0, 1, 20_000)] == ["0 columns", "1 column", "20,000 columns"]
