import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mltoolkit import files
from mltoolkit.contract.findings import Check

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)

Call = Callable[..., Any]


@pytest.fixture
def contracted(toy: Path) -> Path:
    with (toy / "params.yaml").open("a") as file:
        file.write("      data: [{path: rows.parquet, suite: suite.json, minimum-rows: 100}]\n")
    write_suite(
        toy,
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "target", "value_set": [0, 1]}},
    )
    return toy


def write_suite(folder: Path, *expectations: dict[str, Any]) -> None:
    (folder / "suite.json").write_text(
        json.dumps({"name": "s", "expectations": list(expectations), "meta": {}})
    )


def test_data_that_keeps_its_contract_ends_with_0(cli: Call, contracted: Path) -> None:
    called = cli("check", "--project", contracted)

    assert called.code == 0
    assert "rows.parquet: the contract holds (4 of 4 expectations, 400 rows)" in called.out
    check = files.load(contracted / "reports" / "toy" / "check.json", Check)
    assert check.files[0].digest == files.digest_file(contracted / "rows.parquet")


def test_a_violation_ends_with_1_and_names_rule_column_and_count(cli: Call, contracted: Path) -> None:
    write_suite(
        contracted,
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "b", "value_set": ["x"]}},
    )
    called = cli("check", "--project", contracted)

    assert called.code == 1
    assert "BLOCKS expect_column_values_to_be_in_set on b: " in called.out
    assert "unexpected values" in called.out


def test_an_empty_suite_is_never_a_pass(cli: Call, contracted: Path) -> None:
    write_suite(contracted)

    assert cli("check", "--project", contracted).code == 1


def test_empty_data_is_never_a_pass(cli: Call, contracted: Path) -> None:
    pq.write_table(pq.read_table(contracted / "rows.parquet").slice(0, 0), contracted / "rows.parquet")

    assert cli("check", "--project", contracted).code == 1


def test_a_missing_column_could_not_be_evaluated(cli: Call, contracted: Path) -> None:
    write_suite(contracted, {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "zz"}})
    called = cli("check", "--project", contracted)

    assert called.code == 3
    assert "zz" in called.out


def test_duplicate_headers_of_a_csv_are_seen(cli: Call, contracted: Path) -> None:
    (contracted / "rows.csv").write_text("target,target\n" + "1,1\n" * 200)
    params = contracted / "params.yaml"
    params.write_text(params.read_text().replace("path: rows.parquet", "path: rows.csv"))
    called = cli("check", "--project", contracted)

    assert called.code == 1
    assert "column-names" in called.out


@pytest.mark.parametrize("content", [b"", b"a\x00b", b"a,b\n1,2,3\n", b"\xff\xfe1"])
def test_a_table_that_cannot_be_read_is_never_a_pass(cli: Call, contracted: Path, content: bytes) -> None:
    (contracted / "rows.csv").write_bytes(content)
    params = contracted / "params.yaml"
    params.write_text(params.read_text().replace("path: rows.parquet", "path: rows.csv"))
    called = cli("check", "--project", contracted)

    assert called.code in {1, 2, 3}
    assert "Traceback" not in called.err


def test_a_project_without_data_says_how_to_name_it(cli: Call, toy: Path) -> None:
    called = cli("check", "--project", toy)

    assert called.code == 2
    assert "add `data:" in called.err


def test_data_docs_are_built_on_request(cli: Call, contracted: Path) -> None:
    cli("check", "--project", contracted, "--docs")

    assert (contracted / "reports" / "toy" / "data-docs" / "index.html").exists()
