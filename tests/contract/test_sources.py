import datetime as dt
import decimal
import gzip
import os
import tempfile
import uuid
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from mltoolkit.contract import sources
from mltoolkit.contract.sources import DATA, Kind, Table
from mltoolkit.errors import InputError, OutsideError


def rows(table: Table, asked: str = "*") -> list[tuple[Any, ...]]:
    with sources.reading(table):
        return table.connection.execute(f"SELECT {asked} FROM {DATA}").fetchall()


def parquet(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def refused(path: Path, asked: str = "*") -> str:
    with pytest.raises(InputError) as caught, sources.opened(path) as table:
        rows(table, asked)
    return str(caught.value)


def test_columns_have_kinds_and_numbers_for_names(tmp_path: Path) -> None:
    path = parquet(tmp_path / "d.parquet", a=[1, 2], b=[1.5, float("nan")], c=["x", None], d=[True, None])

    with sources.opened(path) as table:
        assert [(each.name, each.sql, each.kind, each.type) for each in table.columns] == [
            ("a", "c0", Kind.INTEGER, "BIGINT"),
            ("b", "c1", Kind.FLOAT, "DOUBLE"),
            ("c", "c2", Kind.TEXT, "VARCHAR"),
            ("d", "c3", Kind.BOOLEAN, "BOOLEAN"),
        ]
        assert rows(table, "c0, c1, c2, c3") == [(1, 1.5, "x", True), (2, None, None, None)]
        assert (table.path, table.files, dict(table.unparsed)) == (path, (path,), {})


def test_csv_and_parquet_of_the_same_rows_are_the_same(tmp_path: Path) -> None:
    parquet(tmp_path / "d.parquet", a=[1, 2], b=[1.5, None], c=["x", None], d=[dt.date(2013, 1, 31)] * 2)
    text = "a,b,c,d\n1,1.5,x,2013-01-31\n2,,,2013-01-31\n"
    (tmp_path / "d.csv").write_text(text)
    (tmp_path / "D.CSV.GZ").write_bytes(gzip.compress(text.encode()))

    found = []
    for name in ("d.parquet", "d.csv", "D.CSV.GZ"):
        with sources.opened(tmp_path / name) as table:
            found.append((table.columns, rows(table)))

    assert found[0] == found[1] == found[2]


def test_types_of_csv_columns_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("a,b\n1,2\nx,3\n")

    with sources.opened(path, types={"a": "SMALLINT", "b": "VARCHAR"}, threads=1) as table:
        assert [each.type for each in table.columns] == ["SMALLINT", "VARCHAR"]
        assert rows(table) == [(1, "2"), (None, "3")]
        assert dict(table.unparsed) == {"a": 1}


def test_equal_and_empty_names_are_seen_in_parquet(tmp_path: Path) -> None:
    names = ["a", "a", "A", "", 'x"\n| *y*', "c0", "a_1"]
    pq.write_table(
        pa.Table.from_arrays([pa.array([at]) for at in range(7)], names=names), tmp_path / "d.parquet"
    )

    with sources.opened(tmp_path / "d.parquet") as table:
        assert [each.name for each in table.columns] == names
        assert rows(table, ", ".join(each.sql for each in table.columns)) == [tuple(range(7))]


def test_parquet_of_many_types(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "d.parquet",
        decimal=pa.array([decimal.Decimal("1.23")]),
        category=pa.array(["x"]).dictionary_encode(),
        zoned=pa.array([dt.datetime(2020, 1, 1, tzinfo=dt.UTC)], pa.timestamp("us", "UTC")),
        nano=pa.array([1577836800000000001], pa.timestamp("ns")),
        time=pa.array([dt.time(1, 2)]),
        list=pa.array([[1, 2]]),
        struct=pa.array([{"x": 1, "y": {"z": "1"}}]),
        map=pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        binary=pa.array([b"x\xff"]),
        half=pa.array(np.array([1.5], np.float16)),
        big=pa.array([2**63], pa.uint64()),
        nothing=pa.nulls(1),
        uuid=pa.array([uuid.UUID(int=1).bytes], pa.binary(16)),
        last=pa.array([7]),
    )

    with sources.opened(path) as table:
        assert [each.name for each in table.columns][4:8] == ["time", "list", "struct", "map"]
        assert table.columns[1].kind is Kind.TEXT
        assert table.columns[3].kind is Kind.TIMESTAMP
        assert {each.kind for each in table.columns[4:9]} == {Kind.OTHER}
        assert rows(table, "c1, c3::VARCHAR, c9, c10, c13") == [
            ("x", "2020-01-01 00:00:00.000000001", 1.5, 2**63, 7)
        ]
        assert rows(table, "c2::VARCHAR") == [("2020-01-01 00:00:00+00",)]


def test_a_schema_without_rows_is_a_table(tmp_path: Path) -> None:
    with sources.opened(parquet(tmp_path / "d.parquet", a=pa.array([], pa.int64()))) as table:
        assert table.columns[0].kind is Kind.INTEGER
        assert rows(table) == []


def broken(data: bytes, kind: str) -> bytes:
    match kind:
        case "empty":
            return b""
        case "text":
            return b"a,b\n1,2\n"
        case "half":
            return data[: len(data) // 2]
        case "magic alone":
            return b"PAR1"
        case "twice the magic":
            return b"PAR1PAR1PAR1"
        case "footer length":
            return data[:-8] + b"\xff\xff\xff\x7f" + data[-4:]
        case "footer":
            length = int.from_bytes(data[-8:-4], "little")
            return data[: -8 - length] + b"\xfe" * length + data[-8:]
        case _:
            return data[:8] + b"\xfe" * 60 + data[68:]


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("empty", "is empty"),
        ("text", "is not Parquet"),
        ("half", "is cut short"),
        ("magic alone", "cannot be read"),
        ("twice the magic", "cannot be read"),
        ("footer length", "cannot be read"),
        ("footer", "cannot be read"),
        ("a page", "cannot be read"),
    ],
)
def test_damaged_parquet_is_wrong_input(tmp_path: Path, kind: str, wanted: str) -> None:
    path = parquet(tmp_path / "d.parquet", a=np.arange(50_000), b=np.arange(50_000) / 7)
    path.write_bytes(broken(path.read_bytes(), kind))

    said = refused(path, "sum(c0), sum(c1)")

    assert said.startswith(f"{path}: {wanted}")
    assert "mltoolkit-" not in said


def test_damage_that_a_query_finds_is_told_without_reading_too(tmp_path: Path) -> None:
    path = parquet(tmp_path / "d.parquet", a=np.arange(50_000))
    path.write_bytes(broken(path.read_bytes(), "a page"))

    with pytest.raises(InputError, match=r"d\.parquet: cannot be read"), sources.opened(path) as table:
        table.connection.execute("SELECT sum(c0) FROM data").fetchall()


def test_text_that_is_not_utf8_is_found_where_it_is_read(tmp_path: Path) -> None:
    bad = pa.Array.from_buffers(pa.string(), 1, pa.array([b"caf\xe9"], pa.binary()).buffers())
    path = tmp_path / "d.parquet"
    pq.write_table(pa.Table.from_arrays([bad], names=["a"]), path)

    assert "not valid UTF8" in refused(path)


def test_parquet_without_columns_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(parquet(tmp_path / "d.parquet"))


class OpenSafe(pe.KmsClient):
    """Keeps keys by not hiding them: a key service is no part of this."""

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:  # type: ignore[override]  # stubs say str
        del master_key_identifier
        return key_bytes.hex().encode()

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:  # type: ignore[override]  # stubs say str
        del master_key_identifier
        return bytes.fromhex(wrapped_key.decode())


@pytest.mark.parametrize("plaintext_footer", [True, False])
def test_encrypted_parquet_is_refused(tmp_path: Path, plaintext_footer: bool) -> None:  # noqa: FBT001 - a case
    path = tmp_path / "d.parquet"
    table = pa.table({"a": [1], "b": [2]})
    keys = pe.CryptoFactory(lambda _: OpenSafe())
    properties = keys.file_encryption_properties(
        pe.KmsConnectionConfig(),
        pe.EncryptionConfiguration(
            footer_key="f", column_keys={"c": ["a"]}, plaintext_footer=plaintext_footer
        ),
    )
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)

    assert refused(path).startswith(f"{path}: is encrypted")


def test_files_of_a_folder_follow_one_another(tmp_path: Path) -> None:
    for at in range(30):
        parquet(tmp_path / f"{at // 10}" / f"{at % 10}.parquet", a=np.full(5000, at))

    with sources.opened(tmp_path) as table:
        assert [value for (value,) in rows(table)] == [at for at in range(30) for _ in range(5000)]
        assert len(table.files) == 30


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        ({"a": [1.5], "b": ["x"]}, "column 1 is 'a' DOUBLE, and 'a' BIGINT there"),
        ({"b": ["x"], "a": [1]}, "column 1 is 'b' VARCHAR, and 'a' BIGINT there"),
        ({"a": [1]}, "it has 1, and 2 are there"),
        ({"a": [1], "b": ["x"], "c": [1]}, "it has 3, and 2 are there"),
    ],
)
def test_a_file_with_other_columns_is_named(tmp_path: Path, other: dict[str, Any], wanted: str) -> None:
    parquet(tmp_path / "1.parquet", a=[1], b=["x"])
    parquet(tmp_path / "2.parquet", **other)

    said = refused(tmp_path)

    assert said.startswith(f"{tmp_path / '2.parquet'}: has other columns than 1.parquet: {wanted}")


def test_the_damaged_one_of_several_files_is_named(tmp_path: Path) -> None:
    for at in range(3):
        parquet(tmp_path / f"{at}.parquet", a=np.arange(50_000))
    bad = tmp_path / "1.parquet"
    bad.write_bytes(broken(bad.read_bytes(), "footer"))

    assert refused(tmp_path).startswith(f"{bad}: cannot be read")


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".csv.gz"])
@pytest.mark.parametrize("name", ["data[1]", "*", "?", "a'b\"c", "x\ny", "s3:", "{a,b}", "%41", "ü", "-"])
def test_nothing_in_a_path_is_a_pattern(tmp_path: Path, name: str, suffix: str) -> None:
    for at, each in enumerate(("data1", "a", "b", "x", name)):
        path = tmp_path / "in=side*" / f"{each}{suffix}"
        text = f"v\n{at}\n".encode()
        parquet(path, v=[at])
        if suffix != ".parquet":
            path.write_bytes(text if suffix == ".csv" else gzip.compress(text))

    with sources.opened(tmp_path / "in=side*" / f"{name}{suffix}") as table:
        assert [each.name for each in table.columns] == ["v"]
        assert rows(table) == [(4,)]


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/d\xff.csv"))
    path.write_text("a\n1\n")

    assert "not UTF-8" in refused(path)


def test_links_are_followed(tmp_path: Path) -> None:
    parquet(tmp_path / "there.parquet", a=[1])
    (tmp_path / "link.parquet").symlink_to("there.parquet")

    with sources.opened(tmp_path / "link.parquet") as table:
        assert rows(table) == [(1,)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('{other}')",
        "SELECT * FROM '{other}'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('{folder}/*')",
        "COPY (SELECT 1) TO '{folder}/written.csv'",
        "ATTACH '{folder}/made.db'",
        "SELECT * FROM read_parquet('http://127.0.0.1:1/d.parquet')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
    ],
)
@pytest.mark.parametrize("name", ["d.parquet", "d.csv"])
def test_the_database_reads_its_files_and_nothing_else(tmp_path: Path, name: str, query: str) -> None:
    parquet(tmp_path / "d.parquet", a=[1])
    (tmp_path / "d.csv").write_text("a\n1\n")
    (tmp_path / "other.csv").write_text("secret\n1\n")
    before = sorted(tmp_path.iterdir())

    with sources.opened(tmp_path / name) as table:
        with pytest.raises(duckdb.Error):
            table.connection.execute(query.format(folder=tmp_path, other=tmp_path / "other.csv")).fetchall()
        assert rows(table) == [(1,)]

    assert sorted(tmp_path.iterdir()) == before


def test_variables_of_python_are_no_tables(tmp_path: Path) -> None:
    secret = pa.table({"a": [1]})

    with sources.opened(parquet(tmp_path / "d.parquet", a=[2])) as table, pytest.raises(duckdb.Error):
        table.connection.execute("SELECT * FROM secret")
    assert secret.num_rows == 1


def test_what_spills_is_gone_afterwards_and_after_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spill").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spill"))
    path = tmp_path / "d.csv"
    path.write_text("a,b\n" + "".join(f"{at},{'x' * 60}{at}\n" for at in range(400_000)))

    def interrupted() -> None:
        with sources.opened(path, memory="40MB") as table:
            spilled.extend((tmp_path / "spill").rglob("*.tmp"))
            assert rows(table, "count(*), sum(c0)") == [(400_000, 400_000 * 399_999 // 2)]
            raise KeyboardInterrupt

    spilled: list[Path] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert spilled
    assert list((tmp_path / "spill").iterdir()) == []


def starve(path: Path, memory: str, query: str) -> str:
    with pytest.raises(OutsideError) as caught, sources.opened(path, memory=memory) as table:
        table.connection.execute(query).fetchall()
    return str(caught.value)


def test_too_little_memory_or_disk_names_what_to_change(tmp_path: Path) -> None:
    path = parquet(tmp_path / "d.parquet", a=np.arange(100_000))

    said = starve(path, "10MB", "SELECT string_agg(repeat('x', 1000), '') FROM data")
    assert "more memory" in said
    assert "`mltoolkit.check.memory`" in said

    said = starve(
        path,
        "20MB",
        "SET max_temp_directory_size = '1MB'; CREATE TABLE big AS SELECT range a, random() b FROM range(10000000)",
    )
    assert "more disk" in said
    assert "TMPDIR" in said


def test_values_that_do_not_suit_a_query_are_no_damage(tmp_path: Path) -> None:
    path = parquet(tmp_path / "d.parquet", a=["x"])

    with sources.opened(path) as table, pytest.raises(InputError, match="do not suit a query"):
        rows(table, "c0::INTEGER")


def test_a_query_that_makes_no_sense_is_our_own_fault(tmp_path: Path) -> None:
    with sources.opened(parquet(tmp_path / "d.parquet", a=[1])) as table:
        with pytest.raises(duckdb.BinderException):
            rows(table, "c9")
        with pytest.raises(duckdb.ParserException):
            rows(table, "FROM")


def test_wide_parquet_has_all_its_columns(tmp_path: Path) -> None:
    width = 2_500
    path = parquet(
        tmp_path / "d.parquet", **{f'"{at}"\n': np.array([at, np.nan, -at]) for at in range(width)}
    )

    with sources.opened(path) as table:
        assert [each.name for each in table.columns] == [f'"{at}"\n' for at in range(width)]
        assert rows(table) == [tuple(range(width)), (None,) * width, tuple(-at for at in range(width))]


def test_nan_is_null_where_all_other_values_are_equal(tmp_path: Path) -> None:
    path = parquet(tmp_path / "d.parquet", a=[1.0, float("nan"), 1.0])

    with sources.opened(path) as table:
        assert rows(table, "count(*), count(c0), max(c0)") == [(3, 2, 1.0)]
