"""Some rows of the flagship's newest month are wrong, or its columns are: each fault is caught by name."""

import json
from pathlib import Path

import duckdb
import pytest

from mltoolkit import files
from mltoolkit.checks import Check, Outcome, Severity
from tests.pipeline.planted import (
    BETWEEN,
    CLEAN,
    GREATER,
    HEADER,
    IN_SET,
    LENGTH,
    MEAN,
    NOT_NULL,
    OF_TYPE,
    REGEX,
    UNIQUE,
    Call,
    Found,
    Spoil,
    changed,
    checked,
    only,
)

WITH_MARCH = "of the rows where month IN (2013-01, 2013-03)"


def rows(count: int, **columns: str) -> str:
    """Return the query for all rows with other values in the first rows of March."""
    return changed(f"month = '2013-03' AND nth <= {count}", **columns)


FAULTS = {
    "a key twice": (
        " UNION ALL ".join([CLEAN, only("month = '2013-03' AND nth <= 7")]),
        # Great Expectations counts both rows of a key, the rule of ours those that repeat one.
        [Found("row-id", ("row_id",), 7), Found(UNIQUE, ("row_id",), 14)],
    ),
    "a key missing": (
        rows(5, row_id="NULL"),
        [Found("row-id", ("row_id",), 5), Found(NOT_NULL, ("row_id",), 5)],
    ),
    "a key with a space": (rows(3, row_id="row_id || ' '"), [Found(REGEX, ("row_id",), 3)]),
    "an unknown airport to leave from": (
        rows(3, origin="'PHL'"),
        [Found(IN_SET, ("origin",), 3), Found("expect_column_distinct_values_to_equal_set", ("origin",), 1)],
    ),
    "an unknown airport to fly to": (rows(3, dest="'ZZZ'"), [Found(IN_SET, ("dest",), 3)]),
    "New York to New York": (
        rows(9, dest="'JFK'"),
        [Found("expect_column_values_to_not_be_in_set", ("dest",), 9), Found(IN_SET, ("dest",), 9)],
    ),
    "a carrier in small letters": (rows(4, carrier="lower(carrier)"), [Found(REGEX, ("carrier",), 4)]),
    "a carrier with a space": (
        rows(4, carrier="carrier || ' '"),
        [Found(REGEX, ("carrier",), 4), Found(LENGTH, ("carrier",), 4)],
    ),
    # The end of a regular expression lets a line break pass.
    "a carrier with a line break": (rows(4, carrier="carrier || chr(10)"), [Found(LENGTH, ("carrier",), 4)]),
    "a carrier without a name": (
        rows(4, carrier="''"),
        [Found(REGEX, ("carrier",), 4), Found(LENGTH, ("carrier",), 4)],
    ),
    "a carrier missing": (rows(6, carrier="NULL"), [Found(NOT_NULL, ("carrier",), 6)]),
    "a day that the calendar lacks": (rows(2, date="'2013-03-32'"), [Found(REGEX, ("date",), 2)]),
    "the thirtieth of February": (
        rows(2, date="'2013-02-30'"),
        [Found(REGEX, ("date",), 2), Found(GREATER, ("date", "month"), 2, "not greater")],
    ),
    "a date as Americans write it": (
        rows(8, date="'03/01/2013'"),
        [Found(REGEX, ("date",), 8), Found(GREATER, ("date", "month"), 8)],
    ),
    "a day of another month": (rows(5, date="'2013-02-05'"), [Found(GREATER, ("date", "month"), 5)]),
    "a month without its year": (
        rows(5, month="'03'"),
        [Found(REGEX, ("month",), 5), Found(LENGTH, ("month",), 5)],
    ),
    "a thirteenth month": (
        rows(5, month="'2013-13'"),
        [Found(REGEX, ("month",), 5), Found(GREATER, ("date", "month"), 5)],
    ),
    "a weekday with a space": (
        rows(3, weekday="' Monday'"),
        [
            Found(IN_SET, ("weekday",), 3),
            Found("expect_column_unique_value_count_to_be_between", ("weekday",), says="is 8"),
        ],
    ),
    "a minute after the last one": (
        rows(6, departure_minute="1440"),
        [Found(BETWEEN, ("departure_minute",), 6)],
    ),
    "more than everything": (rows(6, visib="11"), [Found(BETWEEN, ("visib",), 6)]),
    "less than nothing": (rows(4, precip="-0.01"), [Found(BETWEEN, ("precip",), 4)]),
    "infinite": (
        rows(5, temp="'inf'::DOUBLE"),
        [Found(BETWEEN, ("temp",), 5), Found(MEAN, ("temp",), says="infinite")],
    ),
    "infinite where most is missing": (
        rows(5, wind_gust="'inf'::DOUBLE"),
        [Found(BETWEEN, ("wind_gust",), 5)],
    ),
    "a dew point above the temperature": (
        rows(11, dewp="temp + 1"),
        [Found(GREATER, ("temp", "dewp"), 11)],
    ),
    "a label missing": (rows(12, late="NULL"), [Found(NOT_NULL, ("late",), 12)]),
    "the actual departure": (
        "SELECT * EXCLUDE (nth), departure_minute + 10 AS actual_departure FROM flights",
        [
            Found(HEADER, (), says="`actual_departure` is not expected"),
            Found("unexpected-columns", ("actual_departure",), 1),
        ],
    ),
}


@pytest.mark.parametrize(("sql", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_caught_by_name(plant: Call, sql: str, expected: list[Found]) -> None:
    plant(sql, expected)


def test_a_column_that_is_gone_is_missed_by_all_that_is_about_it(plant: Call) -> None:
    plant(
        "SELECT * EXCLUDE (nth, wind_gust) FROM flights",
        [Found(HEADER, (), says="`wind_gust` is missing")],
        without=["wind_gust"],
    )


def test_a_column_of_another_name_is_missing_and_not_expected(plant: Call) -> None:
    plant(
        "SELECT * EXCLUDE (nth, temp), temp AS temperature FROM flights",
        [
            Found(HEADER, (), says="`temp` is missing; `temperature` is not expected"),
            Found("unexpected-columns", ("temperature",), 1),
        ],
        without=["temp", "dewp"],  # whose bounds hold where it is warm
    )


def test_a_name_with_a_space_is_another_one(plant: Call) -> None:
    plant(
        'SELECT * EXCLUDE (nth, carrier), carrier AS "carrier " FROM flights',
        [
            Found(HEADER, (), says="`carrier` is missing; `carrier ` is not expected"),
            Found("unexpected-columns", ("carrier ",), 1),
        ],
        without=["carrier"],
    )


@pytest.mark.parametrize(("column", "kind"), [("distance", "int64"), ("temp", "float64"), ("late", "bool")])
def test_numbers_as_text_are_of_another_type(plant: Call, column: str, kind: str) -> None:
    plant(
        CLEAN.replace("(nth)", f"(nth) REPLACE ({column}::VARCHAR AS {column})"),
        [Found(OF_TYPE, (column,), says=f"the type is str, and not {kind}")],
        without=[column, "dewp"] if column == "temp" else [column],
    )


def test_a_column_of_nulls_is_empty_and_nothing_else_is_known_of_it(plant: Call) -> None:
    plant(
        "SELECT * EXCLUDE (nth) REPLACE (NULL::DOUBLE AS wind_gust) FROM flights",
        [
            Found("column-not-empty", ("wind_gust",), 1),
            *[Found("expect_column_proportion_of_non_null_values_to_be_between", ("wind_gust",))] * 11,
        ],
        without=["wind_gust"],
    )


def test_the_order_of_columns_is_free_since_all_is_read_by_name(cli: Call, spoil: Spoil) -> None:
    code, out, findings = checked(cli, spoil("SELECT late, * EXCLUDE (nth, late) FROM flights"))

    assert code == 0
    assert "data/flights.parquet: the contract holds (" in out
    assert {each.outcome for each in findings} == {Outcome.MET}


def test_a_carrier_that_is_new_is_worth_a_look_and_no_error(cli: Call, spoil: Spoil) -> None:
    code, out, findings = checked(cli, spoil(rows(4, carrier="'ZZ'")))

    assert code == 0
    (found,) = [each for each in findings if each.outcome is not Outcome.MET]
    assert (found.rule, found.columns, found.unexpected, found.severity) == (
        IN_SET,
        ("carrier",),
        4,
        Severity.WARNING,
    )
    assert f"warning {IN_SET} on `carrier`: 4 of " in out


def test_no_rows_are_never_a_pass(cli: Call, spoil: Spoil) -> None:
    code, out, findings = checked(cli, spoil(only("false")))

    assert code == 1
    assert "BLOCKS minimum-rows: there are 0 rows; at least 10,000 must be there" in out
    met = {each.rule for each in findings if each.outcome is Outcome.MET}
    # What is about the header and the suite, and nothing that is about values.
    assert met == {HEADER, "suite-not-empty", "column-names", "unexpected-columns"}


def test_too_few_rows_are_never_a_pass(cli: Call, spoil: Spoil) -> None:
    code, out, _ = checked(cli, spoil(only("nth <= 3000"), until="2013-03"))

    assert code == 1
    assert "BLOCKS minimum-rows: there are 9,000 rows; at least 10,000 must be there" in out


def test_a_suite_without_expectations_is_never_a_pass(cli: Call, spoil: Spoil) -> None:
    root = spoil(CLEAN)
    suite = root / "expectations/flights.json"
    suite.write_text(json.dumps({**json.loads(suite.read_text()), "expectations": []}))
    code, out, _ = checked(cli, root)

    assert code == 1
    assert "BLOCKS suite-not-empty: the suite holds 0 expectations" in out


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_truncated_file_is_an_error_and_leaves_no_result(cli: Call, spoil: Spoil, share: float) -> None:
    root = spoil(CLEAN)
    data, result = root / "data/flights.parquet", root / "reports/flights-late/check.json"
    assert checked(cli, root)[0] == 0
    whole = data.read_bytes()
    data.write_bytes(whole[: int(len(whole) * share)])
    done = cli("check", "--only", "data", "--project", root)

    assert done.code == 2
    assert "data/flights.parquet" in done.err
    assert "Traceback" not in done.err
    assert not result.exists()


@pytest.fixture
def exported(spoil: Spoil) -> Path:
    """The flagship's project with its data as CSV."""
    root = spoil(CLEAN, path="data/flights.csv")
    params = root / "params.yaml"
    params.write_text(params.read_text().replace("path: data/flights.parquet", "path: data/flights.csv"))
    return root


def test_an_export_to_csv_keeps_the_contract_with_the_types_of_the_suite(cli: Call, exported: Path) -> None:
    code, _, findings = checked(cli, exported)

    assert code == 0
    assert {each.outcome for each in findings} == {Outcome.MET}


def test_a_header_of_csv_that_names_a_column_twice_is_named(cli: Call, exported: Path) -> None:
    data = exported / "data/flights.csv"
    header, body = data.read_text().split("\n", 1)
    data.write_text(header.replace(",dewp,", ",temp,") + "\n" + body)
    code, out, findings = checked(cli, exported)

    assert code == 1
    (found,) = [each for each in findings if each.rule == "column-names"]
    assert (found.outcome, found.columns, found.unexpected) == (Outcome.VIOLATED, ("temp",), 1)
    assert "BLOCKS column-names on `temp`: `temp` is there more than once" in out


def test_a_text_among_the_numbers_of_csv_is_counted(cli: Call, exported: Path) -> None:
    data = exported / "data/flights.csv"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE (CASE WHEN row_number() OVER () <= 5 THEN 'ten' ELSE distance END AS distance)"
            f" FROM read_csv('{data}', all_varchar = true)) TO '{exported / 'spoilt.csv'}'"
        )
    (exported / "spoilt.csv").replace(data)
    code, out, _ = checked(cli, exported)

    assert code == 1
    assert "BLOCKS types on `distance`: 5 values of `distance` cannot be read as BIGINT" in out


def test_the_evidence_of_a_pass_is_what_was_asked_of_which_bytes(cli: Call, spoil: Spoil) -> None:
    root = spoil(CLEAN, until="2013-11")
    code, out, findings = checked(cli, root)

    assert code == 0
    suite = json.loads((root / "expectations/flights.json").read_text())["expectations"]
    assert len([each for each in findings if each.line]) == len(suite)
    assert f"the contract holds ({len(findings)} of {len(findings)} rules, 300,326 rows)" in out
    (file,) = files.load(root / "reports/flights-late/check.json", Check).files
    assert file.digest == files.digest_file(root / "data/flights.parquet")
    assert file.suite_digest == files.digest_file(root / "expectations/flights.json")
