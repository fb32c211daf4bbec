import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mltoolkit.contract import gx
from mltoolkit.contract.findings import ContractFinding, Outcome, Severity
from mltoolkit.errors import InputError

# Great Expectations' own affairs.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)

TABLE = pd.DataFrame({"a": [1.0, 2.0, None], "b": ["x", "y", "z"], "nothing": [None, None, None]})


def expectation(kind: str, severity: str = "critical", **arguments: Any) -> dict[str, Any]:
    return {"type": kind, "kwargs": arguments, "meta": {}, "severity": severity}


def hold(*expectations: dict[str, Any], docs: Path | None = None) -> list[ContractFinding]:
    suite = {"name": "s", "expectations": list(expectations), "meta": {}}
    return gx.validate(suite, Path("s.json"), TABLE, docs=docs)


def test_a_violation_is_counted_with_examples() -> None:
    (found,) = hold(expectation("expect_column_values_to_be_in_set", column="b", value_set=["x", "y"]))

    assert (found.outcome, found.column, found.unexpected) == (Outcome.VIOLATED, "b", 1)
    assert "'z'" in found.reason


def test_severity_is_kept() -> None:
    (found,) = hold(expectation("expect_column_values_to_not_be_null", "warning", column="a"))

    assert found.severity is Severity.WARNING
    assert not found.blocks


def test_a_missing_column_could_not_be_evaluated_and_blocks_even_as_info() -> None:
    (found,) = hold(expectation("expect_column_values_to_be_between", "info", column="zz", min_value=0))

    assert found.outcome is Outcome.NOT_EVALUATED
    assert "zz" in found.reason
    assert found.blocks


def test_a_column_of_nulls_meets_nothing() -> None:
    (found,) = hold(expectation("expect_column_values_to_be_in_set", column="nothing", value_set=["x"]))

    assert found.outcome is Outcome.NOT_EVALUATED
    assert "null" in found.reason


def test_a_condition_that_no_row_meets_meets_nothing() -> None:
    (found,) = hold(
        expectation(
            "expect_column_values_to_be_between",
            column="a",
            min_value=0,
            row_condition='col("a")>50',
            condition_parser="great_expectations",
        )
    )

    assert found.outcome is Outcome.NOT_EVALUATED


def test_mostly_nothing_asks_nothing() -> None:
    (found,) = hold(expectation("expect_column_values_to_not_be_null", column="nothing", mostly=0.0))

    assert found.outcome is Outcome.NOT_EVALUATED


def test_an_unknown_expectation_is_wrong_input() -> None:
    with pytest.raises(InputError, match=r"s\.json"):
        hold(expectation("expect_miracles", column="a"))


def test_data_docs_are_built_where_asked(tmp_path: Path) -> None:
    hold(expectation("expect_column_to_exist", column="a"), docs=tmp_path / "docs")

    assert "<html" in (tmp_path / "docs" / "index.html").read_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "must be a list"),
        ('{"name": "s"}', "must be a list"),
        ('{"name": "s", "expectations": {}}', "must be a list"),
        ('{"name": "s", "expectations": [1]}', "must be a list"),
        ('{"expectation_suite_name": "s", "expectations": []}', "0.x"),
        ('{"name": "s", "expectations": [{"expectation_type": "x", "kwargs": {}}]}', "rename"),
    ],
)
def test_a_suite_that_is_none_is_wrong_input(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "suite.json"
    path.write_text(content)

    with pytest.raises(InputError, match=said):
        gx.read_suite(path)


def test_a_suite_is_read_as_great_expectations_wrote_it(tmp_path: Path) -> None:
    import great_expectations

    gallery: Any = great_expectations.expectations
    suite = great_expectations.ExpectationSuite(
        name="s", expectations=[gallery.ExpectColumnToExist(column="a")]
    )
    path = tmp_path / "suite.json"
    path.write_text(json.dumps(suite.to_json_dict()))

    (found,) = gx.validate(gx.read_suite(path), path, TABLE, docs=None)

    assert found.outcome is Outcome.MET
