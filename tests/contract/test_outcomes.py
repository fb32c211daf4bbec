import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.checks import ContractFinding, Outcome, Severity, Source
from mltoolkit.contract import gx, outcomes, results, suites
from mltoolkit.contract.results import Result
from mltoolkit.contract.suites import Expectation

NONNULL = {"a": 4, "b": 3, "empty": 0}


def expectation(kind: str, **kwargs: Any) -> Expectation:
    return Expectation(
        type=f"expect_{kind}", kwargs=kwargs, severity=Severity.WARNING, at=0, line=7, source={"type": kind}
    )


def judged(result: Result, kind: str, private: tuple[str, ...] = (), **kwargs: Any) -> ContractFinding:
    return outcomes.outcome(
        expectation(kind, **kwargs), result, nonnull=NONNULL, source=Source.SCAN, private=private
    )


def counted(
    unexpected: int, *, looked: int = 4, values: list[Any] | None = None, mostly: float = 1
) -> Result:
    return results.mapped(
        elements=4, nonnull=looked, unexpected=unexpected, values=values or [], mostly=mostly
    )


IN_SET = "column_values_to_be_in_set"


def test_a_violation_says_how_many_and_what_of() -> None:
    found = judged(counted(1, values=["q"]), IN_SET, column="a", value_set=["x"])

    assert found == ContractFinding(
        rule=f"expect_{IN_SET}",
        columns=("a",),
        outcome=Outcome.VIOLATED,
        severity=Severity.WARNING,
        reason="1 of 4 values (25 %) is not in the set",
        unexpected=1,
        looked=4,
        examples=("q",),
        line=7,
        source=Source.SCAN,
    )


def test_what_is_met_says_at_how_much_it_looked_and_shows_no_value() -> None:
    met = judged(counted(0), IN_SET, column="a", value_set=["x"])
    assert (met.outcome, met.reason) == (Outcome.MET, "all 4 values are as expected")

    mostly = judged(counted(1, values=["q"], mostly=0.5), IN_SET, column="a", value_set=["x"], mostly=0.5)
    assert (mostly.outcome, mostly.examples) == (Outcome.MET, ())
    assert mostly.reason == "1 of 4 values (25 %) is not in the set; `mostly: 0.5` is asked"


@pytest.mark.parametrize("success", [True, False])
@pytest.mark.parametrize(
    "kind", [IN_SET, "column_mean_to_be_between", "column_unique_value_count_to_be_between"]
)
def test_a_column_without_values_meets_and_violates_nothing(kind: str, success: bool) -> None:  # noqa: FBT001 - a case
    found = judged(Result(success=success, result={"observed_value": 0}), kind, column="empty", min_value=0)

    assert (found.outcome, found.blocks) == (Outcome.NOT_EVALUATED, True)
    assert found.reason == "`empty` holds no value, so nothing was looked at"


def test_even_an_error_about_a_column_without_values_says_so() -> None:
    assert "holds no value" in judged(results.raised("'<=' not supported"), IN_SET, column="empty").reason


@pytest.mark.parametrize(
    ("kind", "result", "outcome"),
    [
        ("column_to_exist", Result(success=True, result={}), Outcome.MET),
        (
            "column_values_to_be_null",
            results.mapped(elements=4, nonnull=None, unexpected=0, values=[], mostly=1),
            Outcome.MET,
        ),
        (
            "column_values_to_not_be_null",
            results.mapped(elements=4, nonnull=None, unexpected=4, values=[None], mostly=1),
            Outcome.VIOLATED,
        ),
        (
            "column_proportion_of_non_null_values_to_be_between",
            results.observed(0.0, success=False, considered=4),
            Outcome.VIOLATED,
        ),
        ("column_values_to_be_of_type", results.observed("int64", success=True, considered=4), Outcome.MET),
        ("column_values_to_be_of_type", counted(0, looked=0), Outcome.NOT_EVALUATED),
    ],
)
def test_what_is_about_nulls_and_existence_says_something_of_nulls(
    kind: str, result: Result, outcome: Outcome
) -> None:
    assert judged(result, kind, column="empty", min_value=0.5).outcome is outcome


def test_several_columns_are_vacuous_where_none_holds_a_value() -> None:
    pair = expectation("column_pair_values_to_be_equal", column_A="empty", column_B="a")
    assert outcomes.vacuous(pair, NONNULL) is None
    assert outcomes.vacuous(pair, {"empty": 0, "a": 0}) == (
        "`empty` and `a` hold no value, so nothing was looked at"
    )


def test_a_condition_that_leaves_no_row_meets_nothing() -> None:
    nobody = results.mapped(elements=0, nonnull=0, unexpected=0, values=[], mostly=1)

    found = judged(nobody, IN_SET, column="a", row_condition='col("a") > 5')
    assert (found.outcome, found.looked) == (Outcome.NOT_EVALUATED, 0)
    assert "no row meets its condition" in found.reason
    mean = judged(
        results.observed(None, success=False, considered=0),
        "column_mean_to_be_between",
        column="a",
        min_value=0,
        row_condition='col("a") > 5',
    )
    assert mean.outcome is Outcome.NOT_EVALUATED


def test_a_violation_names_the_rows_that_it_is_about() -> None:
    condition = {"type": "comparison", "column": {"name": "b"}, "operator": "IN", "parameter": ["x", "y"]}
    found = judged(
        results.observed(5, success=False, considered=2),
        "column_mean_to_be_between",
        column="a",
        max_value=4,
        row_condition=condition,
    )

    assert found.reason == "the mean is 5, which is greater than 4, of the rows where b IN (x, y)"


def test_values_that_are_null_where_the_condition_holds_meet_nothing() -> None:
    found = judged(counted(0, looked=0), IN_SET, column="a")

    assert found.reason == "all 4 values are null, so nothing was looked at"


def test_that_no_row_meets_a_condition_may_be_what_is_asked() -> None:
    none = results.observed(0, success=True, considered=0)

    assert judged(none, "table_row_count_to_equal", value=0, row_condition="x").outcome is Outcome.MET


def test_mostly_that_lets_everything_pass_is_no_pass() -> None:
    every = judged(counted(4, mostly=0), IN_SET, column="a", mostly=0.0)
    assert every.outcome is Outcome.NOT_EVALUATED
    assert judged(counted(1, mostly=0), IN_SET, column="a", mostly=0).outcome is Outcome.NOT_EVALUATED
    # Without `mostly`, from a version of Great Expectations that rounds.
    rounded = Result(success=True, result={"element_count": 4, "unexpected_count": 4})
    assert judged(rounded, IN_SET, column="a").outcome is Outcome.NOT_EVALUATED


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("column_mean_to_be_between", {"column": "a"}),
        ("table_row_count_to_be_between", {"min_value": None}),
        ("column_quantile_values_to_be_between", {"quantile_ranges": {"value_ranges": [[None, None]]}}),
        ("column_quantile_values_to_be_between", {"quantile_ranges": {"value_ranges": []}}),
        ("column_values_to_not_be_in_set", {"value_set": []}),
        ("column_distinct_values_to_contain_set", {"value_set": []}),
        ("table_columns_to_match_ordered_list", {"column_list": None}),
        ("table_columns_to_match_set", {"column_set": [], "exact_match": False}),
        ("column_values_to_be_in_type_list", {"type_list": None}),
        ("column_values_to_not_be_in_set", {"value_set": [None]}),
        ("column_kl_divergence_to_be_less_than", {"threshold": None}),
        ("column_values_to_match_regex", {"regex": ""}),
        ("table_row_count_to_be_between", {"min_value": 0}),
        ("column_value_lengths_to_be_between", {"min_value": 0, "max_value": None}),
        ("column_proportion_of_non_null_values_to_be_between", {"min_value": 0, "max_value": 1}),
    ],
)
def test_what_asks_for_nothing_is_no_pass(kind: str, kwargs: dict[str, Any]) -> None:
    found = judged(Result(success=True, result={"observed_value": 3}), kind, **kwargs)

    assert found.outcome is Outcome.NOT_EVALUATED
    assert "everything passes" in found.reason


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("column_pair_values_to_be_equal", {"column_A": "a", "column_B": "a"}),
        ("column_pair_values_a_to_be_greater_than_b", {"column_A": "a", "column_B": "a", "or_equal": True}),
        ("multicolumn_values_to_be_equal", {"column_list": ["a", "a"]}),
    ],
)
def test_a_column_that_is_compared_with_itself_is_no_pass(kind: str, kwargs: dict[str, Any]) -> None:
    counts = {"element_count": 3, "unexpected_count": 0}
    found = judged(Result(success=True, result=counts), kind, column=None, **kwargs)

    assert (found.outcome, found.reason) == (Outcome.NOT_EVALUATED, "it compares a column with itself")


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("column_kl_divergence_to_be_less_than", {"threshold": 0}),
        ("table_row_count_to_be_between", {"min_value": 0, "max_value": 9}),
        ("column_proportion_of_non_null_values_to_be_between", {"min_value": 0, "max_value": 0.5}),
        ("table_columns_to_match_set", {"column_set": ["a"], "exact_match": False}),
    ],
)
def test_what_something_could_violate_is_a_pass(kind: str, kwargs: dict[str, Any]) -> None:
    assert judged(Result(success=True, result={"observed_value": 3}), kind, **kwargs).outcome is Outcome.MET


def test_an_absent_column_is_named_with_the_one_that_was_meant() -> None:
    found = judged(results.raised('The column "A " in BatchData does not exist.'), IN_SET, column="A ")

    assert (found.outcome, found.reason) == (
        Outcome.NOT_EVALUATED,
        "there is no column `A ` in the data; did you mean `a`?",
    )
    far = outcomes.absent("qqqqqq", NONNULL)
    assert far == "there is no column `qqqqqq` in the data, which has 3 others"


def test_an_error_is_told_in_one_harmless_line_unless_the_column_is_private() -> None:
    error = results.raised("cannot take 'secret\x1b[31m'" + "x" * 500 + "\nTraceback")

    shown = judged(error, IN_SET, column="a").reason
    assert shown.startswith("it could not be evaluated: cannot take 'secret\\x1b[31m'")
    assert "Traceback" not in shown
    assert len(shown) < 250
    assert "secret" not in judged(error, IN_SET, ("a",), column="a").reason
    assert judged(results.raised(" \n"), IN_SET, column="a").outcome is Outcome.NOT_EVALUATED


def test_no_value_of_a_private_column_is_shown() -> None:
    values = counted(1, values=["secret"])
    assert judged(values, IN_SET, ("a",), column="a").examples == ()
    assert judged(values, IN_SET, ("b",), column="a").examples == ("secret",)
    rows = counted(1, values=[{"a": "secret", "b": 1}])
    assert judged(rows, "compound_columns_to_be_unique", ("b",), column_list=["a", "b"]).examples == ()
    # What names no column may be about any.
    assert judged(values, "somebodys_own", ("b",)).examples == ()

    mean = results.observed(12345.5, success=False, considered=4)
    told = judged(mean, "column_mean_to_be_between", ("a",), column="a", max_value=1)
    assert told.reason == "the mean is greater than 1"
    count = judged(
        results.observed(3, success=False, considered=4),
        "column_unique_value_count_to_be_between",
        ("a",),
        column="a",
        max_value=1,
    )
    assert count.reason == "the number of distinct values is 3, which is greater than 1"


def test_a_least_value_is_an_example_and_not_a_part_of_the_reason() -> None:
    found = judged(
        results.observed(-77, success=False, considered=4),
        "column_min_to_be_between",
        column="a",
        min_value=0,
    )

    assert (found.reason, found.examples) == ("the least value is less than 0", ("-77",))


@pytest.mark.parametrize("value", [None, math.nan])
def test_a_number_that_cannot_be_computed_was_not_evaluated(value: float | None) -> None:
    found = judged(
        results.observed(value, success=False, considered=1),
        "column_stdev_to_be_between",
        column="a",
        max_value=1,
    )

    assert (found.outcome, found.reason) == (
        Outcome.NOT_EVALUATED,
        "the standard deviation cannot be computed from these values",
    )


def test_infinite_numbers_are_words() -> None:
    found = judged(
        results.observed(math.inf, success=False, considered=4),
        "column_sum_to_be_between",
        column="a",
        max_value=1,
    )

    assert found.reason == "the sum is infinite, which is greater than 1"


def test_examples_are_few_short_and_harmless() -> None:
    values = [None, {"a": 1, "b": None}, [1, None], "\x1b[31m" + "y" * 200, True, 7, 8]

    found = judged(counted(4, values=values), IN_SET, column="a")

    assert len(found.examples) == 5
    assert found.examples[:2] == ("a: 1, b: null", "1, null")
    assert all(each.isprintable() and len(each) <= 80 for each in found.examples)


def test_the_columns_of_a_table_are_names_and_not_data() -> None:
    assert outcomes.columns(expectation("table_columns_to_match_ordered_list", column_list=["a"])) == ()
    assert outcomes.columns(expectation("compound_columns_to_be_unique", column_list=["a", 7, "b"])) == (
        "a",
        "b",
    )


SAID = [
    (
        "column_values_to_be_between",
        {"column": "n", "max_value": 10},
        "1 of 4 values (25 %) is greater than 10",
    ),
    ("column_values_to_not_be_null", {"column": "h"}, "1 of 4 values (25 %) is null"),
    ("column_values_to_be_of_type", {"column": "n", "type_": "str"}, "the type is int64, and not str"),
    ("column_values_to_be_in_type_list", {"column": "n", "type_list": ["str", "bool"]}, "not str or bool"),
    ("column_values_to_match_regex", {"column": "t", "regex": "^[a-z]$"}, "is not matched by"),
    (
        "column_mean_to_be_between",
        {"column": "n", "min_value": 50},
        "the mean is 11.5, which is less than 50",
    ),
    (
        "column_quantile_values_to_be_between",
        {"column": "n", "quantile_ranges": {"quantiles": [0.1, 0.5], "value_ranges": [[0, 1], [10, None]]}},
        "1 of 2 quantiles is out of range",
    ),
    ("column_most_common_value_to_be_in_set", {"column": "t", "value_set": ["a"]}, "value is not in the set"),
    (
        "column_distinct_values_to_be_in_set",
        {"column": "t", "value_set": ["a"]},
        "2 distinct values are not in",
    ),
    (
        "column_distinct_values_to_equal_set",
        {"column": "t", "value_set": ["a", "b", "q"]},
        "1 distinct value is not in the set and 1 value of the set did not occur",
    ),
    ("compound_columns_to_be_unique", {"column_list": ["t", "h"]}, None),
    ("column_pair_values_to_be_equal", {"column_A": "n", "column_B": "h"}, "rows (100 %) are different"),
    ("table_row_count_to_equal", {"value": 5}, "the number of rows is 4, which is not 5"),
    (
        "table_columns_to_match_set",
        {"column_set": ["n", "q"]},
        "`q` is missing; `h` and `t` are not expected",
    ),
    ("table_columns_to_match_set", {"column_set": ["n", "q"], "exact_match": False}, "`q` is missing"),
    (
        "table_columns_to_match_ordered_list",
        {"column_list": ["n", "h", "t"]},
        "at place 1 (from 0) is `t` instead",
    ),
    ("column_to_exist", {"column": "N"}, "did you mean `n`?"),
    ("column_to_exist", {"column": "n", "column_index": 2}, "not at place 2"),
]


def test_results_of_great_expectations_itself_become_sentences(tmp_path: Path) -> None:
    table = pa.table({"n": [1, 2, 3, 40], "t": ["a", "b", "b", "Z"], "h": pa.array([None, 1.0, 2.0, 2.5])})
    pq.write_table(table, tmp_path / "data.parquet")
    listed = [{"type": f"expect_{kind}", "kwargs": kwargs, "meta": {}} for kind, kwargs, _ in SAID]
    (tmp_path / "suite.json").write_text(json.dumps({"name": "s", "expectations": listed, "meta": {}}))
    suite = suites.read(tmp_path / "suite.json")

    answers = gx.validate(tmp_path / "data.parquet", suite, suite.expectations, seconds=120, memory="1GB")

    counts = {"n": 4, "t": 4, "h": 3}
    for (_, _, said), asked, answer in zip(SAID, suite.expectations, answers, strict=True):
        found = outcomes.outcome(asked, answer, nonnull=counts, source=Source.GREAT_EXPECTATIONS)
        assert found.outcome is (Outcome.MET if said is None else Outcome.VIOLATED), (asked, found)
        assert said is None or said in found.reason, (asked, found.reason)
