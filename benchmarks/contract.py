"""How fast and how frugal ``mltoolkit check`` is, beside Great Expectations: same file, same suite, whole processes.

    make bench-contract
    make bench-contract ROWS=1000000   # without the ten million rows, which need 3 GB for the peer

Seconds and memory of a machine say something only beside the peer's of the same run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

BIN = Path(sys.executable).parent
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    "GX_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}
FLOOR = "import sys, duckdb; print(duckdb.sql(f\"SELECT count(*) FROM '{sys.argv[1]}'\"))"
PEER = """
import json, sys
import pandas as pd
import great_expectations as gx
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
suite = json.load(open(sys.argv[2]))
known = context.suites.add(gx.ExpectationSuite(
    name="s", expectations=[ExpectationConfiguration(**each).to_domain_obj() for each in suite["expectations"]]
))
batch = context.data_sources.add_pandas("d").add_dataframe_asset("a").add_batch_definition_whole_dataframe("w")
definition = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=batch, suite=known))
found = definition.run(batch_parameters={"dataframe": pd.read_parquet(sys.argv[1])}, result_format="SUMMARY")
sys.exit(0 if found.success else 1)
"""


class Measured(NamedTuple):
    """What a process took.

    Attributes:
        seconds: From its start to its end.
        megabytes: The most that it held in memory, with its children.
    """

    seconds: float
    megabytes: float


def main() -> None:
    """Measure and print."""
    sizes = [int(word) for word in sys.argv[1:]] or [1_000_000, 10_000_000]
    for rows in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_data(folder / "data.parquet", rows)
            print(f"\n{rows:,} rows, 12 columns, {(folder / 'data.parquet').stat().st_size / 2**20:.0f} MiB")
            compare(folder, ten())
            if rows == min(sizes):
                compare(folder, many(), times=2)


def compare(folder: Path, expectations: list[dict[str, Any]], *, times: int = 3) -> None:
    """Check one file both ways."""
    suite = folder / "suite.json"
    suite.write_text(json.dumps({"name": "s", "expectations": expectations, "meta": {}}))
    (folder / "params.yaml").write_text(
        "mltoolkit:\n  models:\n    m: {target: late, data: [{path: data.parquet, suite: suite.json}]}\n"
    )
    print(f"  {len(expectations)} expectations")
    floor = best([sys.executable, "-c", FLOOR, "data.parquet"], folder, times=times)
    peer = best([sys.executable, "-c", PEER, "data.parquet", "suite.json"], folder, times=1)
    ours = best(["mltoolkit", "check"], folder, times=times)
    for what, measured in (
        ("DuckDB counts the rows (the floor)", floor),
        ("Great Expectations", peer),
        ("mltoolkit check", ours),
    ):
        print(f"    {what:36} {measured.seconds:6.2f} s {measured.megabytes:7.0f} MB")
    print(
        f"    {'':36} {peer.seconds / ours.seconds:6.1f} x faster, "
        f"{peer.megabytes / ours.megabytes:.1f} x less memory"
    )


def make_data(path: Path, rows: int) -> None:
    """Write a table of flights that never were: the same one at every run."""
    duckdb.sql(f"""
        COPY (
            SELECT
                i AS id,
                (hash(i) % 16)::INTEGER AS carrier_number,
                ['AA', 'B6', 'DL', 'UA', 'WN', 'AS', '9E', 'EV'][(1 + hash(i + 1) % 8)::BIGINT] AS carrier,
                ['EWR', 'JFK', 'LGA'][(1 + hash(i + 2) % 3)::BIGINT] AS origin,
                'D' || lpad((hash(i + 3) % 100)::VARCHAR, 3, '0') AS dest,
                (80 + hash(i + 4) % 4900)::INTEGER AS distance,
                (hash(i + 5) % 1440)::SMALLINT AS minute,
                (hash(i + 6) % 10000) / 100.0 AS temp,
                CASE WHEN hash(i + 7) % 50 = 0 THEN NULL ELSE (hash(i + 7) % 3600) / 100.0 END AS wind,
                950 + (hash(i + 8) % 10000) / 100.0 AS pressure,
                TIMESTAMP '2013-01-01' + to_seconds((hash(i + 9) % 31000000)::BIGINT) AS at,
                hash(i + 10) % 5 = 0 AS late
            FROM range({rows}) t(i)
        ) TO '{path}'
    """)


def expectation(kind: str, **kwargs: Any) -> dict[str, Any]:
    """Return one expectation of a suite."""
    return {"type": f"expect_{kind}", "kwargs": kwargs, "meta": {}, "severity": "critical"}


def ten() -> list[dict[str, Any]]:
    """Return a usual suite."""
    return [
        expectation("column_values_to_not_be_null", column="id"),
        expectation("column_values_to_be_unique", column="id"),
        expectation("column_values_to_be_in_set", column="origin", value_set=["EWR", "JFK", "LGA"]),
        expectation("column_values_to_match_regex", column="dest", regex="^D[0-9]{3}$"),
        expectation("column_values_to_be_between", column="distance", min_value=0, max_value=6000),
        expectation("column_values_to_be_between", column="temp", min_value=-50, max_value=150),
        expectation("column_values_to_not_be_null", column="wind", mostly=0.9),
        expectation("column_mean_to_be_between", column="pressure", min_value=950, max_value=1060),
        expectation("column_value_lengths_to_equal", column="carrier", value=2),
        expectation("table_row_count_to_be_between", min_value=1),
    ]


def many() -> list[dict[str, Any]]:
    """Return a suite of three hundred, as tools propose them: several for every column, with other bounds."""
    made = []
    for at in range(25):
        made += [
            expectation("column_values_to_be_between", column="distance", min_value=-at, max_value=6000 + at),
            expectation("column_values_to_be_between", column="minute", min_value=-at, max_value=1440 + at),
            expectation("column_values_to_be_between", column="temp", min_value=-50 - at, max_value=150),
            expectation("column_values_to_be_between", column="pressure", min_value=900 - at, max_value=1100),
            expectation("column_values_to_not_be_null", column="wind", mostly=0.5 + at / 100),
            expectation(
                "column_values_to_be_in_set", column="origin", value_set=["EWR", "JFK", "LGA", f"X{at}"]
            ),
            expectation(
                "column_values_to_be_in_set", column="carrier_number", value_set=list(range(17 + at))
            ),
            expectation("column_mean_to_be_between", column="temp", min_value=-at, max_value=100 + at),
            expectation("column_max_to_be_between", column="distance", min_value=0, max_value=6000 + at),
            expectation(
                "column_unique_value_count_to_be_between", column="dest", min_value=1, max_value=100 + at
            ),
            expectation("column_values_to_match_regex", column="dest", regex=f"^D[0-9]{{1,{3 + at}}}$"),
            expectation(
                "column_value_lengths_to_be_between", column="carrier", min_value=1, max_value=2 + at
            ),
        ]
    return made


def best(words: list[str], cwd: Path, *, times: int) -> Measured:
    """Return the shortest of several runs, and the most memory."""
    runs = [measure(words, cwd) for _ in range(times)]
    return Measured(min(run.seconds for run in runs), max(run.megabytes for run in runs))


def measure(words: list[str], cwd: Path) -> Measured:
    """Run a program to a good end under GNU time's own means: the resources of a child that was waited for."""
    start = time.perf_counter()
    process = subprocess.Popen(
        words, cwd=cwd, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    out = process.stdout.read() if process.stdout else b""
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{words[0]} ended with {process.returncode}:\n{out.decode()[-3000:]}")
    return Measured(seconds, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
