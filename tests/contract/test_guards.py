import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.checks import ContractFinding, Outcome, Severity
from mltoolkit.contract import scan, sources
from mltoolkit.contract.guards import Guards
from mltoolkit.contract.suites import Expectation, Suite
from mltoolkit.settings import DataSettings, FreshnessSettings

NOW = dt.datetime(2024, 5, 10, 12, tzinfo=dt.UTC)
Guard = Callable[..., dict[str, list[ContractFinding]]]


def suite(*columns: str) -> Suite:
    expectations = tuple(
        Expectation(
            type="expect_column_to_exist",
            kwargs={"column": name},
            severity=Severity.CRITICAL,
            at=at,
            line=1,
            source={},
        )
        for at, name in enumerate(columns)
    )
    return Suite(name="s", path="s", digest=f"sha256:{'a' * 64}", expectations=expectations, source={})


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    def held(
        table: pa.Table, asked: Suite | None = None, **settings: Any
    ) -> dict[str, list[ContractFinding]]:
        path = tmp_path / "data.parquet"
        pq.write_table(table, path)
        with sources.opened(path) as opened:
            guards = Guards(
                table=opened,
                suite=suite(*table.column_names) if asked is None else asked,
                settings=DataSettings(path="p", suite="s", **settings),
                now=NOW,
            )
            values = scan.measured(opened, guards.asks)
            found = guards.findings(values)
            assert guards.rows(values) == table.num_rows
        by_rule: dict[str, list[ContractFinding]] = {}
        for each in found:
            by_rule.setdefault(each.rule, []).append(each)
        return by_rule

    return held


TABLE = pa.table(
    {
        "id": [1, 2, 3, 4],
        "half": pa.array([1.0, None, float("nan"), 2.0]),
        "none": pa.array([None] * 4, pa.string()),
    }
)
ORDINARY = TABLE.select(["id", "half"])


def test_ordinary_data_meets_everything(guard: Guard) -> None:
    found = guard(
        ORDINARY,
        minimum_rows=4,
        id="id",
        nulls={"half": 0.5, "*": 0.0},
        unexpected_columns="refuse",
        types={"id": "long"},
    )

    assert set(found) == {
        "minimum-rows",
        "suite-not-empty",
        "column-names",
        "column-not-empty",
        "types",
        "null-budget",
        "row-id",
        "unexpected-columns",
    }
    assert {each.outcome for group in found.values() for each in group} == {Outcome.MET}


def test_too_few_rows_are_violated(guard: Guard) -> None:
    (found,) = guard(ORDINARY, minimum_rows=5)["minimum-rows"]

    assert (found.outcome, found.looked) == (Outcome.VIOLATED, 4)
    assert found.reason == "there are 4 rows; at least 5 must be there"


def test_no_row_meets_nothing_that_is_about_rows(guard: Guard) -> None:
    found = guard(
        ORDINARY.slice(0, 0), id="id", nulls=1.0, freshness=FreshnessSettings(column="id", within="1d")
    )

    assert found["minimum-rows"][0].outcome is Outcome.VIOLATED
    for rule in ("column-not-empty", "null-budget", "row-id", "fresh"):
        assert [each.outcome for each in found[rule]] == [Outcome.NOT_EVALUATED]


def test_no_column_is_no_pass(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a\n1\n")
    with sources.opened(tmp_path / "data.csv") as table:
        guards = Guards(
            table=table._replace(columns=()),
            suite=suite("a"),
            settings=DataSettings(path="p", suite="s"),
            now=NOW,
        )
        found = guards.findings(scan.measured(table, guards.asks))

    assert [each.outcome for each in found if each.rule == "column-names"] == [Outcome.VIOLATED]


def test_an_empty_suite_is_violated(guard: Guard) -> None:
    (found,) = guard(ORDINARY, suite())["suite-not-empty"]

    assert (found.outcome, found.blocks) == (Outcome.VIOLATED, True)


@pytest.mark.parametrize("nulls", [None, 0.5, {"none": 0.99}])
def test_a_column_that_somebody_names_and_that_is_empty_blocks(guard: Guard, nulls: Any) -> None:
    (found,) = guard(TABLE, nulls=nulls)["column-not-empty"]

    assert (found.outcome, found.severity, found.columns) == (Outcome.VIOLATED, Severity.CRITICAL, ("none",))
    assert "all 4 rows" in found.reason


@pytest.mark.parametrize("nulls", [1.0, {"none": 1.0}, {"*": 1.0}])
def test_a_column_may_be_empty_where_the_settings_say_so(guard: Guard, nulls: Any) -> None:
    (found,) = guard(TABLE, nulls=nulls)["column-not-empty"]

    assert found.outcome is Outcome.MET


def test_an_empty_column_blocks_though_nobody_names_it(guard: Guard) -> None:
    (found,) = guard(TABLE, suite("id"))["column-not-empty"]

    assert (found.outcome, found.severity, found.columns) == (Outcome.VIOLATED, Severity.CRITICAL, ("none",))


def test_too_many_nulls_are_told_worst_first(guard: Guard) -> None:
    (found,) = guard(TABLE, nulls={"half": 0.25, "*": 0.0})["null-budget"]

    assert (found.outcome, found.columns) == (Outcome.VIOLATED, ("none", "half"))
    assert (found.unexpected, found.looked) == (6, 12)
    assert "`half` is null in 2 of 4 rows (50 %), 25 % may be" in found.reason


def test_a_budget_that_is_used_up_is_kept(guard: Guard) -> None:
    (found,) = guard(ORDINARY, nulls=0.5)["null-budget"]

    assert found.outcome is Outcome.MET


@pytest.mark.parametrize(
    ("settings", "rule", "key"),
    [
        ({"nulls": {"Half ": 0.5}}, "null-budget", "nulls"),
        ({"id": "Half"}, "row-id", "id"),
        ({"id": ("id", "halb")}, "row-id", "id"),
        ({"freshness": FreshnessSettings(column="HALF", within="1d")}, "fresh", "freshness.column"),
        ({"types": {"hlaf": "DOUBLE"}}, "types", "types"),
    ],
)
def test_a_setting_about_a_column_that_is_not_there_was_not_evaluated(
    guard: Guard, settings: dict[str, Any], rule: str, key: str
) -> None:
    found = guard(ORDINARY, **settings)[rule][0]

    assert (found.outcome, found.blocks) == (Outcome.NOT_EVALUATED, True)
    assert f"the setting `{key}`: there is no column" in found.reason
    assert "did you mean `half`?" in found.reason


def test_an_id_that_repeats_or_is_null_is_counted_with_examples(guard: Guard) -> None:
    (found,) = guard(pa.table({"id": ["b", "a", "a", "b", "b", "c", None]}), id="id")["row-id"]

    assert (found.outcome, found.unexpected, found.looked) == (Outcome.VIOLATED, 4, 7)
    assert found.reason == (
        "1 of 7 rows (14.29 %) have no id and 3 of 7 rows (42.86 %) repeat the id of another row"
    )
    assert found.examples == ("b", "a")


def test_an_id_of_several_columns(guard: Guard) -> None:
    table = pa.table({"a": [1, 1, 1, 2, None], "b": ["x", "y", "x", "x", "x"]})

    (found,) = guard(table, id=("a", "b"))["row-id"]
    assert (found.unexpected, found.columns, found.examples) == (2, ("a", "b"), ("1, x",))
    (found,) = guard(table.slice(1, 3), id=("a", "b"))["row-id"]
    assert found.outcome is Outcome.MET
    (found,) = guard(table, id=())["row-id"]
    assert found.outcome is Outcome.NOT_EVALUATED


def test_ids_of_a_private_column_are_not_shown(guard: Guard) -> None:
    (found,) = guard(pa.table({"id": ["secret", "secret"]}), id="id", private=("id",))["row-id"]

    assert (found.outcome, found.examples) == (Outcome.VIOLATED, ())
    assert "secret" not in found.reason


def test_ids_with_zones_and_odd_characters_are_shown_harmlessly(guard: Guard) -> None:
    when = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    assert guard(pa.table({"id": [when, when]}), id="id")["row-id"][0].examples == ("2024-01-01 00:00:00+00",)
    (found,) = guard(pa.table({"id": ["\x1b[31m\n" + "z" * 200] * 2}), id="id")["row-id"]
    assert found.examples[0].startswith("\\x1b[31m\\nzzz")
    assert len(found.examples[0]) == 80


def test_freshness_is_asked_in_the_same_scan(guard: Guard) -> None:
    table = pa.table({"t": [dt.date(2024, 5, 9)]})

    assert (
        guard(table, freshness=FreshnessSettings(column="t", within="1d"))["fresh"][0].outcome is Outcome.MET
    )
    assert "fresh" not in guard(table)


def test_a_column_that_nobody_names_may_be_refused(guard: Guard) -> None:
    (found,) = guard(TABLE, suite("id"), unexpected_columns="refuse", nulls={"half": 1.0})[
        "unexpected-columns"
    ]

    assert (found.outcome, found.columns, found.unexpected) == (Outcome.VIOLATED, ("none",), 1)
    assert "unexpected-columns" not in guard(TABLE, suite("id"))


@pytest.mark.parametrize(
    ("declared", "outcome", "said"),
    [
        ("long", Outcome.VIOLATED, "3 values of `a` cannot be read as BIGINT"),
        ("DOUBLE", Outcome.VIOLATED, "`a` is BIGINT, not DOUBLE"),
        (
            "no such type",
            Outcome.NOT_EVALUATED,
            "the setting `types`: `no such type` is not a type that DuckDB knows",
        ),
        ("INT); DROP VIEW data; --", Outcome.NOT_EVALUATED, "is not a type that DuckDB knows"),
    ],
)
def test_values_and_columns_of_other_types_than_declared_are_violated(
    tmp_path: Path, declared: str, outcome: Outcome, said: str
) -> None:
    (tmp_path / "data.csv").write_text("a,b\n1,2\n3,4\n")
    settings = DataSettings(path="p", suite="s", types={"a": declared, "b": "bigint"})
    with sources.opened(tmp_path / "data.csv") as table:
        damaged = table._replace(unparsed={"a": 3})
        guards = Guards(table=damaged, suite=suite("a"), settings=settings, now=NOW)
        found = [each for each in guards.findings(scan.measured(table, guards.asks)) if each.rule == "types"]

    assert (found[0].outcome, found[0].columns) == (outcome, ("a",))
    assert said in found[0].reason


def test_a_wide_table_is_one_scan_and_few_findings(guard: Guard) -> None:
    table = pa.table(
        {f"c{at}": pa.array([None, 1]) for at in range(1_000)} | {"\n`x`": pa.array([None, None])}
    )

    found = guard(table, suite("c0"), nulls=0.1, unexpected_columns="refuse")

    assert [len(group) for group in found.values()] == [1] * len(found)
    (budget,) = found["null-budget"]
    assert (budget.outcome, budget.columns[0], len(budget.columns)) == (Outcome.VIOLATED, "\n`x`", 20)
    assert "1,001 of 1,001 columns" in budget.reason
    assert "996 more" in budget.reason
    assert budget.reason.isprintable()
    assert found["unexpected-columns"][0].unexpected == 1_000


def test_values_are_counted_for_those_who_judge_expectations(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "data.parquet")
    with sources.opened(tmp_path / "data.parquet") as table:
        guards = Guards(table=table, suite=suite(), settings=DataSettings(path="p", suite="s"), now=NOW)
        values = scan.measured(table, guards.asks)

    assert guards.nonnull(values) == {"id": 4, "half": 2, "none": 0}
