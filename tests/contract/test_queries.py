import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.contract import sources
from mltoolkit.contract.queries import DataError, fetched
from mltoolkit.contract.sources import Table
from mltoolkit.errors import InputError, OutsideError

ENDLESS = "SELECT sum(hash(range)) FROM range(1000000000000)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data.parquet"
    pq.write_table(
        pa.table({"number": range(300_000), "text": [f"text {at}" for at in range(300_000)]}), path
    )
    return path


@pytest.fixture
def table(path: Path) -> Iterator[Table]:
    with sources.opened(path, memory="64MB") as table:
        yield table


def test_rows_are_returned(table: Table) -> None:
    assert fetched(table, "SELECT c0, c1 FROM data WHERE c0 < 2") == [(0, "text 0"), (1, "text 1")]


def test_progress_is_told_and_may_end_the_query(table: Table) -> None:
    told: list[float] = []

    def tell(share: float) -> None:
        told.append(share)
        if len(told) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetched(table, ENDLESS, progress=tell)

    assert told == sorted(told)
    assert all(0 <= share <= 1 for share in told)
    assert fetched(table, "SELECT count(*) FROM data") == [(300_000,)]


def test_a_short_query_tells_no_progress(table: Table) -> None:
    told: list[float] = []

    fetched(table, "SELECT 1", progress=told.append)

    assert told == []


def test_control_c_ends_the_query_and_leaves_nothing_behind(path: Path, tmp_path: Path) -> None:
    spill = tmp_path / "temporary"
    spill.mkdir()
    program = (
        "import signal, sys\n"
        "from pathlib import Path\n"
        "from mltoolkit.contract import queries, sources\n"
        # A shell that runs the tests in the background makes all that it starts ignore Ctrl-C.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with sources.opened(Path(sys.argv[1])) as table:\n"
        f"    queries.fetched(table, {ENDLESS!r}, progress=lambda share: print(share, flush=True))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "TMPDIR": str(spill)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert said.splitlines()[-1] == "KeyboardInterrupt"
    assert list(spill.iterdir()) == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 'a'::INTEGER FROM data",
        "SELECT 9223372036854775807 + c0 FROM data",
        "SELECT regexp_matches(c1, '(') FROM data",
        "SELECT nowhere FROM data",
    ],
)
def test_what_these_values_do_not_allow(table: Table, query: str) -> None:
    with pytest.raises(DataError):
        fetched(table, query)

    assert fetched(table, "SELECT count(*) FROM data") == [(300_000,)]


@pytest.mark.parametrize(
    "query", ["SELECT list(c1) FROM data", "SELECT count(*) FROM (SELECT DISTINCT c1 FROM data)"]
)
def test_too_little_memory_names_the_setting(path: Path, query: str) -> None:
    with sources.opened(path, memory="16MB") as table:
        table.connection.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(OutsideError, match=r"mltoolkit\.check\.memory"):
            fetched(table, query)


def test_a_file_that_is_damaged_meanwhile(table: Table) -> None:
    with table.path.open("r+b") as file:
        file.seek(4)
        file.write(bytes(table.path.stat().st_size - 10_000))

    with pytest.raises(InputError, match=r"data\.parquet: cannot be read"):
        fetched(table, "SELECT sum(c0), max(c1) FROM data")
