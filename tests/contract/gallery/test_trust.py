from typing import Any

import pytest

from mltoolkit.contract import suites
from mltoolkit.contract.gallery import trust
from mltoolkit.contract.suites import Expectation
from mltoolkit.errors import Location


def ask(kind: str = "expect_column_values_to_be_null", **kwargs: Any) -> Expectation:
    return suites.expectation(
        {"type": kind, "kwargs": {"column": "x", **kwargs}}, at=0, where=Location(path="s.json", line=1)
    )


@pytest.mark.parametrize(
    "condition",
    [
        "@pd.io.common.os.system('touch pwned') == 0",
        "__import__('os').system('touch pwned') == 0",
        "x.to_csv('pwned') == 0",
        "x.map(@len) > 1",
        "x.__class__ == 1",
        "`a`.__class__ == 1",
        "x == 1 and (lambda: 1)()",
        "[y for y in x]",
        "x.str.to_pickle('pwned')",
        "open('pwned')",
        "x := 1",
        "x == 1\n@pd",
        "x ==",
        "x" * 20_000,
    ],
)
def test_what_may_run_code_is_refused(condition: str) -> None:
    assert not trust.harmless(condition)
    assert trust.refused(ask(row_condition=condition, condition_parser="pandas"))
    hidden = {"type": "and", "conditions": [{"type": "pass_through", "pass_through_filter": condition}]}
    assert trust.refused(ask(row_condition=hidden))


@pytest.mark.parametrize(
    "condition",
    [
        "x > 1 and not (y == 'a@b' or `odd name` in [1, 2])",
        "name.str.startswith('A') & (x + 1) * 2 <= 7",
        "day.dt.year == 2024 | x.isnull()",
        "x.between(1, 2, inclusive='both')",
        "-1 < x < 1",
    ],
)
def test_questions_about_columns_are_not(condition: str) -> None:
    assert trust.harmless(condition)
    assert trust.refused(ask(row_condition=condition, condition_parser="pandas")) is None


def test_a_name_cannot_end_its_quotes() -> None:
    name = "x` == 1 or @pd.io.common.os.system('touch pwned') or `y"
    condition = {"type": "comparison", "column": {"name": name}, "operator": "==", "parameter": 1}

    assert trust.refused(ask(row_condition=condition))
    assert trust.refused(ask(row_condition={**condition, "column": {"name": "odd name"}})) is None


def test_a_parameter_cannot_hide_what_is_asked() -> None:
    assert trust.refused(ask(row_condition={"$PARAMETER": "p"}, condition_parser="pandas"))
    assert trust.refused(ask(row_condition="x > 1", condition_parser={"$PARAMETER": "p"}))
    assert trust.refused(ask(min_value={"$PARAMETER": "p"})) is None


@pytest.mark.parametrize(
    ("schema", "fetches"),
    [
        ({"$ref": "http://localhost/schema"}, True),
        ({"properties": {"a": [{"$dynamicRef": "other.json"}]}}, True),
        ({"$ref": "#/definitions/a", "definitions": {"a": {}}}, False),
        ({"type": "object"}, False),
    ],
)
def test_a_schema_fetches_nothing(schema: dict[str, Any], *, fetches: bool) -> None:
    found = trust.refused(ask("expect_column_values_to_match_json_schema", json_schema=schema))

    assert (found is not None) is fetches
