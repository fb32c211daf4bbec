import duckdb
import pytest

from mltoolkit.contract.csv_types import SNIFFED, TEXT, Type, declared
from mltoolkit.errors import InputError


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0", "BIGINT"),
        ("-12", "BIGINT"),
        (" 12 ", "BIGINT"),
        ("007", None),
        ("1_000", None),
        ("0x1F", None),
        ("\N{FULLWIDTH DIGIT ONE}", None),
        ("1\n", None),
        ("1.5", "DOUBLE"),
        ("1e3", "DOUBLE"),
        ("1e400", None),
        (".5", "DOUBLE"),
        ("-inf", "DOUBLE"),
        ("00.5", None),
        ("1,5", None),
        ("True", "BOOLEAN"),
        ("yes", None),
        ("t", None),
        ("2013-01-31", "DATE"),
        ("2013-1-31", None),
        ("31.01.2013", None),
        ("01/31/2013", None),
        ("2013-01-31T05:00", "TIMESTAMP"),
        ("2013-01-31 05:00:00.123456", "TIMESTAMP"),
        ("2013-01-31 05:00:00.123456789", "TIMESTAMP_NS"),
        ("2013-01-31T05:00:00Z", "TIMESTAMP WITH TIME ZONE"),
        ("2013-01-31T05:00:00+02:00", "TIMESTAMP WITH TIME ZONE"),
        ("infinity-and-beyond", None),
        ("epoch", None),
    ],
)
def test_the_narrowest_type_that_loses_nothing(text: str, wanted: str | None) -> None:
    assert next((each.sql for each in SNIFFED if each.fits(text)), None) == wanted


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("bigint", "007", "7"),
        ("INT", "1.0", "1"),
        ("INTEGER", "1.5", None),
        ("INTEGER", "1e3", None),
        ("TINYINT", "300", None),
        ("UBIGINT", "18446744073709551615", "18446744073709551615"),
        ("BIGINT", "9007199254740993.0", "9007199254740993"),
        ("DOUBLE", "1,5", None),
        ("REAL", "1.5", "1.5"),
        ("BOOLEAN", "T", "true"),
        ("BOOLEAN", "2", None),
        ("DATE", "2013-01-31 00:00:00", "2013-01-31"),
        ("DATE", "2013-01-31 05:00:00", None),
        ("DATE", "2013-02-30", None),
        ("DATE", "infinity", None),
        ("TIMESTAMP", "2013-01-31", "2013-01-31 00:00:00"),
        ("TIMESTAMP", "2013-01-31T05:00:00Z", None),
        ("TIMESTAMP", "2013-01-31 05:00:00.1234567", None),
        ("TIMESTAMP_S", "2013-01-31 05:00:00.5", None),
        ("TIME", "05:06", "05:06:00"),
        ("decimal(5, 2)", "1.230", "1.23"),
        ("DECIMAL(5,2)", "1.234", None),
        ("DECIMAL(5,2)", "12345.6", None),
        ("NUMERIC", "1.5", "1.500"),
        ("DECIMAL(3)", "1.5", None),
        ("UUID", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("STRING", "007", "007"),
        ("VARCHAR", "", None),
    ],
)
def test_a_declared_type_reads_its_values_and_no_others(name: str, text: str, value: str | None) -> None:
    sql = declared("c", name).of("c")

    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT ?::VARCHAR AS c", [text])
        found = connection.execute(f"SELECT ({sql})::VARCHAR FROM t").fetchall()

    assert found == [(value,)]


@pytest.mark.parametrize("found", [*SNIFFED, TEXT])
def test_what_can_be_found_can_be_declared(found: Type) -> None:
    assert declared("c", found.sql).sql == found.sql


@pytest.mark.parametrize(
    "name",
    [
        "MONEY",
        "",
        "DECIMAL(39,2)",
        "DECIMAL(2,3)",
        "DECIMAL(0)",
        "BIGINT); DROP TABLE raw; --",
        "INTEGER[]",
        "x'",
    ],
)
def test_another_type_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot have the type") as caught:
        declared("amount", name)

    assert "'amount'" in str(caught.value)
