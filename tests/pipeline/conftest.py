"""The flagship's data, made once by its own pipeline, and its project around data that a test has spoilt."""

import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import duckdb
import pytest

from mltoolkit import example
from mltoolkit.checks import Outcome
from mltoolkit.contract.wording import called
from tests.pipeline.planted import Call, Found, Spoil, checked


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flagship's folder after its real ingest of all months that there are."""
    root = tmp_path_factory.mktemp("ingested")
    example.copy(root)
    params = root / "params.yaml"
    params.write_text(re.sub(r"until: 2013-[0-9]{2}", "until: 2013-12", params.read_text()))
    subprocess.run([sys.executable, "pipeline/ingest.py"], cwd=root, check=True, capture_output=True)
    return root


@pytest.fixture(scope="session")
def flights(ingested: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the table ``ingested``, whose rows have a number within their month in ``nth``."""
    with duckdb.connect() as connection:
        rows = connection.from_parquet(str(ingested / "data/flights.parquet"))
        rows.project("*, row_number() OVER (PARTITION BY month ORDER BY row_id) AS nth").create("ingested")
        yield connection


@pytest.fixture
def spoil(flights: duckdb.DuckDBPyConnection, tmp_path: Path) -> Spoil:
    """Make a project with the flagship's contract and other data: ``spoil("SELECT ...", until="2013-03")``.

    The query is over ``flights``, the months up to ``until``, and may use ``nth``; it must leave ``nth`` out.
    ``path`` is where its rows go, by default where the flagship's are; a CSV file if it ends so.
    """

    def make(sql: str, *, until: str = "2013-03", path: str = "data/flights.parquet") -> Path:
        shutil.copy(example.flagship() / "params.yaml", tmp_path)
        shutil.copytree(example.flagship() / "expectations", tmp_path / "expectations")
        (tmp_path / path).parent.mkdir()
        with flights.cursor() as cursor:
            cursor.execute(f"CREATE TEMP VIEW flights AS FROM ingested WHERE month <= '{until}'")
            cursor.execute(f"COPY ({sql}) TO '{tmp_path / path}'")
        return tmp_path

    return make


@pytest.fixture
def plant(cli: Call, flights: duckdb.DuckDBPyConnection, spoil: Spoil) -> Call:
    """Plant a fault and assert that the command finds it: ``plant("SELECT ...", [Found(...)])``."""

    def run(
        sql: str, expected: Sequence[Found], *, until: str = "2013-03", without: Collection[str] = ()
    ) -> None:
        counts: list[tuple[Found, int | None]] = []
        for found in expected:
            count = found.unexpected
            if isinstance(count, str):
                row = flights.execute(
                    f"SELECT count(*) FILTER ({count}) FROM ingested WHERE month <= '{until}'"
                ).fetchone()
                assert row
                assert row[0]
                count = int(row[0])
            counts.append((found, count))
        caught(cli, spoil(sql, until=until), counts, without)

    return run


def caught(
    cli: Call, root: Path, expected: Sequence[tuple[Found, int | None]], without: Collection[str] = ()
) -> None:
    """Assert that the command ends with 1, names what is expected with its count, and nothing else blocks.

    Args:
        cli: Runs the command.
        root: The project.
        expected: All violations that must block, and what they count.
        without: Columns that are not there, or not as they were; nothing about others may be not evaluated.
    """
    code, out, findings = checked(cli, root)
    assert code == 1
    violated = [each for each in findings if each.blocks and each.outcome is Outcome.VIOLATED]
    assert sorted(str((each.rule, each.columns, each.unexpected)) for each in violated) == sorted(
        str((found.rule, found.columns, count)) for found, count in expected
    )
    for found, count in expected:
        same = [
            each for each in violated if (each.rule, each.columns, each.unexpected) == (*found[:2], count)
        ]
        assert any(found.says in each.reason for each in same)
    for each in violated:
        on = f" on {called(each.columns)}" if each.columns else ""
        assert f"BLOCKS {each.rule}{on}: {each.reason}" in out
        if each.rule == "row-id" or ("_values_" in each.rule and each.looked and each.unexpected):
            assert f"{each.unexpected:,} of {each.looked:,}" in each.reason
    others = [each for each in findings if each.outcome is Outcome.NOT_EVALUATED]
    assert bool(others) == bool(without)
    assert [each for each in others if not set(without) & set(each.columns)] == []
