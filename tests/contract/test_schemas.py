from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.checks import ContractFinding, Outcome, Severity
from mltoolkit.contract import schemas, sources
from mltoolkit.errors import InputError


def schema(types: Mapping[str, pa.DataType]) -> pa.Schema:
    return pa.schema(types)


SCHEMA = schema({"a": pa.int32(), "b": pa.string(), "c": pa.float32()})


def drifted(tmp_path: Path, before: pa.Schema, after: pa.Schema) -> tuple[ContractFinding, ...]:
    pq.write_table(before.empty_table(), tmp_path / "before.parquet")
    pq.write_table(after.empty_table(), tmp_path / "after.parquet")
    with sources.opened(tmp_path / "after.parquet") as table:
        return schemas.against(table, tmp_path / "before.parquet")


def test_the_same_columns_are_met(tmp_path: Path) -> None:
    (found,) = drifted(tmp_path, SCHEMA, SCHEMA)

    assert found.outcome is Outcome.MET
    assert found.reason == "3 columns of the same names and types, in the same order"


def test_other_columns_and_types_block_and_are_named(tmp_path: Path) -> None:
    after = schema({"a": pa.string(), "c": pa.float32(), "d": pa.int8()})

    (found,) = drifted(tmp_path, SCHEMA, after)

    assert (found.rule, found.outcome, found.blocks) == ("schema", Outcome.VIOLATED, True)
    assert found.columns == ("b", "d", "a")
    assert found.reason == (
        "1 column missing: `b`; 1 column added: `d`; 1 column retyped: `a` from INTEGER to VARCHAR"
    )


def test_order_and_wider_numbers_warn(tmp_path: Path) -> None:
    after = schema({"c": pa.float64(), "a": pa.int64(), "b": pa.string()})

    (found,) = drifted(tmp_path, SCHEMA, after)

    assert (found.outcome, found.severity) == (Outcome.VIOLATED, Severity.WARNING)
    assert "`a` from INTEGER to BIGINT, `c` from FLOAT to DOUBLE" in found.reason
    assert "3 columns in another order" in found.reason


def test_what_blocks_and_what_warns_are_two_findings(tmp_path: Path) -> None:
    found = drifted(tmp_path, SCHEMA, schema({"a": pa.int64(), "b": pa.string()}))

    assert [each.severity for each in found] == [Severity.CRITICAL, Severity.WARNING]


@pytest.mark.parametrize(
    ("before", "after", "wider"),
    [
        ("INTEGER", "BIGINT", True),
        ("BIGINT", "INTEGER", False),
        ("INTEGER", "INTEGER", False),
        ("INTEGER", "DOUBLE", True),
        ("INTEGER", "FLOAT", False),
        ("SMALLINT", "FLOAT", True),
        ("BIGINT", "DOUBLE", False),  # 2^53 + 1 is no double
        ("UINTEGER", "INTEGER", False),
        ("UINTEGER", "BIGINT", True),
        ("UINTEGER", "UBIGINT", True),
        ("UBIGINT", "HUGEINT", True),
        ("TINYINT", "UBIGINT", False),
        ("FLOAT", "DOUBLE", True),
        ("DOUBLE", "FLOAT", False),
        ("DECIMAL(5,2)", "DECIMAL(7,3)", True),
        ("DECIMAL(5,2)", "DECIMAL(5,3)", False),
        ("BOOLEAN", "INTEGER", False),
        ("DATE", "TIMESTAMP", False),
        ("INTEGER", "VARCHAR", False),
    ],
)
def test_only_what_keeps_every_number_is_wider(before: str, after: str, wider: bool) -> None:  # noqa: FBT001 - a case
    assert schemas.widens(before, after) is wider


def test_repeated_names_are_told_apart() -> None:
    def columns(*names: str) -> list[sources.Column]:
        return [
            sources.Column(name=name, sql=f"c{at}", kind=sources.Kind.TEXT, type="VARCHAR")
            for at, name in enumerate(names)
        ]

    assert schemas.drift(columns("a", "a"), columns("a")).missing == ("a",)
    assert schemas.drift(columns("a"), columns("a", "a")).added == ("a",)


def test_many_changes_are_bounded_and_harmless(tmp_path: Path) -> None:
    before = schema({f"x\n{at}": pa.int32() for at in range(500)})
    after = pa.schema(
        {f"x\n{at}": pa.string() for at in range(500)} | {f"y{at}": pa.int8() for at in range(500)}
    )

    (found,) = drifted(tmp_path, before, after)

    assert (found.unexpected, len(found.columns)) == (1_000, 20)
    assert len(found.reason) < 500
    assert found.reason.isprintable()


def test_a_file_is_not_compared_with_itself(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(SCHEMA.empty_table(), path)
    (tmp_path / "link.parquet").symlink_to(path)

    with sources.opened(path) as table:
        (found,) = schemas.against(table, tmp_path / "link.parquet")

    assert found.outcome is Outcome.NOT_EVALUATED


def test_a_damaged_file_to_be_like_is_an_error_that_names_it(tmp_path: Path) -> None:
    pq.write_table(SCHEMA.empty_table(), tmp_path / "data.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")

    with (
        sources.opened(tmp_path / "data.parquet") as table,
        pytest.raises(InputError, match=r"bad\.parquet"),
    ):
        schemas.against(table, tmp_path / "bad.parquet")
