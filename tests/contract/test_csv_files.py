import csv
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mltoolkit.contract import csv_files
from mltoolkit.contract.csv_files import Csv
from mltoolkit.errors import InputError


def write(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def parsed(
    *paths: Path, types: Mapping[str, str] | None = None
) -> tuple[tuple[str, ...], list[str], list[tuple[Any, ...]], dict[str, int]]:
    """Return names, types, rows, and the counts of what is not of its type."""
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = csv_files.read(connection, [Csv(path, path) for path in paths], types or {})
        kinds = [row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM {found.relation}").fetchall()]
        rows = connection.execute(f"SELECT * FROM {found.relation}").fetchall()
    return found.names, kinds, rows, found.unparsed


def refused(path: Path, data: bytes | str, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        parsed(write(path, data), **options)
    return str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "d.csv"


@pytest.mark.parametrize(
    "data",
    [
        "a,b\n1,x\n2,y\n",
        "a,b\n1,x\n2,y",
        "a,b\r\n1,x\r\n2,y\r\n",
        "a,b\r1,x\r2,y\r",
        "\ufeffa,b\n1,x\n2,y\n",
        '\ufeff"a","b"\n"1","x"\n"2","y"\n',
        "a,b\n1,x\n\n2,y\n\n",
    ],
)
def test_the_same_rows_written_in_several_ways(path: Path, data: str) -> None:
    names, kinds, rows, unparsed = parsed(write(path, data))

    assert (names, kinds) == (("a", "b"), ["BIGINT", "VARCHAR"])
    assert rows == [(1, "x"), (2, "y")]
    assert not unparsed


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ("a,b\n1,2\n3\n", "d.csv:3: 1 field, and 2 column names"),
        ("a,b\n1,2\n3,4,5\n", "d.csv:3: 3 fields, and 2 column names"),
        ("a,b\n1,2\n,3,\n", "d.csv:3: 3 fields, and 2 column names"),
        ("a,b\n1,2,\n3,4,\n", "d.csv:2: 3 fields, and 2 column names"),
        ('a,b\n1,2,""\n', "d.csv:2: 3 fields, and 2 column names"),
        ("a,b\n1,2\n  \n", "d.csv:3: 1 field, and 2 column names"),
        ('"a\nz",b\n1,"x\ny"\n3\n', "d.csv:5: 1 field, and 2 column names"),
        ('a,b\n1,2\n3,"x\n4,5\n', "d.csv:3: a quoted value does not end"),
        ('a,b\n1,"x"y\n', "d.csv:2: a quoted value does not end, or something follows"),
        ('a,b\n1,"x\\"y"\n', "d.csv:2: a quoted value does not end, or something follows"),
        ('a,"b\n1,2\n', "d.csv:1: its column names are not CSV"),
        ("a,b\n1,2\n3,x\0y\n", "d.csv:3: holds a NUL byte"),
        (b"a,b\n1,2\n3,caf\xe9\n", "d.csv:3: is not UTF-8"),
        (b'a,b\n1,"\xe9"\n', "d.csv:2: is not UTF-8"),
        (b"a,caf\xe9\n1,2\n", "d.csv:1: is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "is UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-be"), "holds a NUL byte"),
        ("a,b\r\n1,2\n3,4\r\n", "has line ends of several kinds"),
        ("a,b\n1,2\r\n3,4\n", "has line ends of several kinds"),
        ("", "d.csv:1: is empty"),
        ("\ufeff", "d.csv:1: is empty"),
        ("\n\n", "d.csv:1: is empty"),
        ("\na,b\n1,2\n", "d.csv:1: its first line is blank"),
        ("a;b\n1;2\n", "d.csv:1: is one column, unless semicolons stand between"),
        ("a\tb\n1\t2\n", "d.csv:1: is one column, unless tabs stand between"),
        ("a|b\n1|2\n", "d.csv:1: is one column, unless bars stand between"),
        ("2013-01-01,1.5\n2013-01-02,2.5\n", "d.csv:1: its first line looks like a row"),
        ("1.5,3\n2.5,4\n", "d.csv:1: its first line looks like a row"),
        (b"PAR1abc\0", "is Parquet by its content"),
        (b"\x1f\x8b\x08\x00abc", "is compressed with gzip"),
        (b"PK\x03\x04\x14\0\0", "is a ZIP archive"),
    ],
)
def test_what_is_broken_is_refused_with_its_place(path: Path, data: bytes | str, wanted: str) -> None:
    assert wanted in refused(path, data)


def test_the_delimiter_that_was_meant_is_named(path: Path) -> None:
    assert "name it .tsv" in refused(path, "a\tb\n1\t2\n")


def test_a_name_may_hold_other_delimiters_where_it_is_quoted(path: Path) -> None:
    assert parsed(write(path, '"a;b|c"\n1\n'))[0] == ("a;b|c",)
    assert parsed(write(path, "a;b,c\n1,2\n"))[0] == ("a;b", "c")


def test_tabs_stand_in_a_tsv_file(tmp_path: Path) -> None:
    assert parsed(write(tmp_path / "d.TSV", "a\tb\n1,5\tx\n"))[2] == [("1,5", "x")]
    assert "commas stand between" in refused(tmp_path / "d.tsv", "a,b\n1,2\n")


@pytest.mark.parametrize("rows", ["", "\n"])
def test_a_header_alone_is_a_table_without_rows(path: Path, rows: str) -> None:
    assert parsed(write(path, f"a,b{rows}")) == (("a", "b"), ["VARCHAR", "VARCHAR"], [], {})


def test_equal_and_empty_names_are_seen(path: Path) -> None:
    names, _, rows, _ = parsed(write(path, 'a,a,A,,"x\n""y"" | *z*",\n1,2,3,4,5,6\n'))

    assert names == ("a", "a", "A", "", 'x\n"y" | *z*', "")
    assert rows == [(1, 2, 3, 4, 5, 6)]


def test_quoted_line_breaks_of_all_kinds_are_kept(path: Path) -> None:
    assert parsed(write(path, 'a,b\n1,"x\ry"\n2,"x\r\ny"\n3,"x\ny"\n'))[2] == [
        (1, "x\ry"),
        (2, "x\r\ny"),
        (3, "x\ny"),
    ]


def test_an_empty_field_is_null_and_a_blank_line_no_row(path: Path) -> None:
    assert parsed(write(path, 'a,b\n1,""\n,x\n,\n'))[2] == [(1, None), (None, "x"), (None, None)]
    assert parsed(write(path, 'a\n1\n\n""\n3\n'))[2] == [(1,), (None,), (3,)]


def test_words_for_null_are_null_where_numbers_stand_and_text_where_text_stands(path: Path) -> None:
    _, kinds, rows, _ = parsed(write(path, "number,country,word\n1,DE,NA\nNA,NA,NA\nnan,US,NA\n"))

    assert kinds == ["BIGINT", "VARCHAR", "VARCHAR"]
    assert rows == [(1, "DE", None), (None, "NA", None), (None, "US", None)]


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ("2", "BIGINT"),
        ("2.5", "DOUBLE"),
        ("007", "VARCHAR"),
        ("9223372036854775807", "BIGINT"),
        ("9223372036854775808", "VARCHAR"),
        ("x", "VARCHAR"),
    ],
)
def test_types_are_found_in_all_values(path: Path, last: str, kind: str) -> None:
    _, kinds, rows, _ = parsed(write(path, "a,b\n" + "1,x\n" * 5000 + f"{last},y\n"))

    assert kinds[0] == kind
    assert str(rows[-1][0]) == last
    assert len(rows) == 5001


def test_values_that_begin_late_have_their_type(path: Path) -> None:
    assert parsed(write(path, "a,b\n" + ",x\n" * 5000 + "2013-01-31,x\n"))[1] == ["DATE", "VARCHAR"]


def test_a_date_that_is_none_leaves_text(path: Path) -> None:
    assert parsed(write(path, "a,b\n2013-02-28,x\n2013-02-30,x\n"))[1] == ["VARCHAR", "VARCHAR"]


def test_what_is_not_of_the_type_declared_is_null_and_counted(path: Path) -> None:
    names, kinds, rows, unparsed = parsed(
        write(path, "a,b,c\n1.5,007,x\nNA,x,\n7,8,y\nfour,,\n"),
        types={"a": "INTEGER", "b": "varchar", "c": "DATE", "not there": "BIGINT"},
    )

    assert names == ("a", "b", "c")
    assert kinds == ["INTEGER", "VARCHAR", "DATE"]
    assert rows == [(None, "007", None), (None, "x", None), (7, "8", None), (None, None, None)]
    assert unparsed == {"a": 2, "c": 2}


def test_a_type_is_no_place_for_sql(path: Path) -> None:
    assert "cannot have the type" in refused(
        path, "a\n1\n", types={"a": "BIGINT) FROM raw; DROP TABLE raw; --"}
    )


def test_numbers_may_be_names_and_years_too(path: Path) -> None:
    assert parsed(write(path, "2012,2013\n1,2\n"))[0] == ("2012", "2013")
    assert parsed(write(path, "model,0.5,0.9\nx,1.5,2.5\n"))[0] == ("model", "0.5", "0.9")


def test_files_follow_one_another(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{at}.csv", f"a,b\n{at},x\n{at}.5,y\n") for at in range(20)]

    _, kinds, rows, _ = parsed(*paths)

    assert kinds == ["DOUBLE", "VARCHAR"]
    assert rows == [(at + more, text) for at in range(20) for more, text in ((0.0, "x"), (0.5, "y"))]


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        ("b,a\n1,2\n", "column 1 is 'b', and 'a' there"),
        ("a\n1\n", "it has 1, and 2 are there"),
        ("a,b,c\n1,2,3\n", "it has 3, and 2 are there"),
    ],
)
def test_a_file_with_other_columns_is_named(tmp_path: Path, other: str, wanted: str) -> None:
    paths = [write(tmp_path / "1.csv", "a,b\n1,2\n"), write(tmp_path / "2.csv", other)]

    with pytest.raises(InputError, match=r"2\.csv:1: has other columns than .*1\.csv") as caught:
        parsed(*paths)

    assert wanted in str(caught.value)


def test_files_of_one_table_have_one_delimiter(tmp_path: Path) -> None:
    paths = [write(tmp_path / "1.csv", "a\n1\n"), write(tmp_path / "2.tsv", "a\n1\n")]

    with pytest.raises(InputError, match=r"2\.tsv: has another delimiter"):
        parsed(*paths)


def test_the_broken_one_of_several_files_is_named(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{at}.csv", "a,b\n1,2\n") for at in range(3)]
    write(paths[1], "a,b\n1,2\n3\n")

    with pytest.raises(InputError, match=r"1\.csv:3: 1 field"):
        parsed(*paths)


def test_a_long_file_keeps_its_order_and_the_line_of_its_fault(path: Path) -> None:
    lines = [f"{at},{at * 7919 % 1000},x\n" for at in range(300_000)]
    rows = parsed(write(path, "a,b,c\n" + "".join(lines)))[2]
    assert [row[0] for row in rows] == list(range(300_000))

    lines[250_000] = "1,2\n"
    assert "d.csv:250002: 2 fields, and 3 column names" in refused(path, "a,b,c\n" + "".join(lines))


def test_a_line_of_many_megabytes_is_refused(path: Path) -> None:
    assert "longer than 2 MB" in refused(path, "a,b\n1," + "x" * 3_000_000 + "\n")


def test_column_names_without_an_end_are_refused(path: Path) -> None:
    assert "d.csv:1:" in refused(path, "x" * 18_000_000)
    assert "d.csv:1: has no end of a line" in refused(path, "x," * 9_000_000)


def test_more_columns_than_one_query_takes(path: Path) -> None:
    width = 4_500
    names = [f'"{at}"" | *\n' for at in range(width)]
    text = ",".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in names)
    rows = "".join(",".join(str(row * at) for at in range(width)) + "\n" for row in range(3))

    found, kinds, values, _ = parsed(write(path, f"{text}\n{rows}"))

    assert found == tuple(names)
    assert set(kinds) == {"BIGINT"}
    assert values == [tuple(row * at for at in range(width)) for row in range(3)]


FIELDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=6)


@given(
    rows=st.lists(st.tuples(FIELDS, FIELDS, FIELDS), min_size=1, max_size=8),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    seed=st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_text_comes_back_as_python_wrote_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], quoting: Any, seed: int
) -> None:
    rows = rows * random.Random(seed).randint(1, 3)  # noqa: S311 - made-up data
    path = tmp_path_factory.mktemp("csv") / "d.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=quoting, lineterminator="\n")
        writer.writerow(["a", "b", "c"])
        writer.writerows(rows)

    found = parsed(path, types=dict.fromkeys("abc", "VARCHAR"))[2]

    assert found == [tuple(field or None for field in row) for row in rows]
