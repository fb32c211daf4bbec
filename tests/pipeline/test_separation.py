"""What the flagship's training and evaluation rows share: its own split is apart, others leak by name."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from mltoolkit import example, files
from mltoolkit.checks import Check, ContractFinding, Outcome, Severity
from tests.pipeline.planted import Call

Part = Callable[..., Path]


@pytest.fixture(scope="module")
def prepared(ingested: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flagship's folder after its real ``prepare``, of the first three months: March is evaluated."""
    root = tmp_path_factory.mktemp("prepared")
    example.copy(root)
    (root / "data").mkdir()
    rows = duckdb.from_parquet(str(ingested / "data/flights.parquet"))
    rows.filter("month <= '2013-03'").write_parquet(str(root / "data/flights.parquet"))
    subprocess.run(
        [sys.executable, "-m", "mltoolkit.stages.prepare"], cwd=root, check=True, capture_output=True
    )
    return root


@pytest.fixture
def part(prepared: Path, tmp_path: Path) -> Part:
    """Part the rows anew: ``part("hash(date) % 4 = 0")`` evaluates one day of four.

    ``extra`` are further columns of both splits, in SQL.
    """

    def make(evaluated: str, extra: str = "") -> Path:
        shutil.copy(prepared / "params.yaml", tmp_path)
        (tmp_path / "data").mkdir()
        names = [str(prepared / f"data/{name}.parquet") for name in ("train", "evaluation")]
        rows = duckdb.read_parquet(names, union_by_name=True)
        for name, where in (("train", f"NOT ({evaluated})"), ("evaluation", evaluated)):
            made = rows.filter(where).project(f"*{extra}")
            made.write_parquet(str(tmp_path / f"data/{name}.parquet"))
        return tmp_path

    return make


def separated(cli: Call, root: Path) -> tuple[int, str, dict[str, ContractFinding]]:
    """Run the command as the pipeline does; return its exit code, what it says, and what it found by rule."""
    done = cli("check", "--only", "splits", "--project", root)
    splits = files.load(root / "reports/flights-late/splits.json", Check).splits
    assert splits is not None
    return done.code, done.out, {each.rule: each for each in splits.findings}


def blocking(found: dict[str, ContractFinding]) -> set[str]:
    return {rule for rule, each in found.items() if each.blocks}


def days(root: Path, name: str) -> list[str]:
    """Return the day of each row of a split."""
    read = pq.read_table(root / f"data/{name}.parquet", columns=["date"])["date"]
    return [str(day) for day in read.to_pylist()]


def test_the_flagships_own_split_is_apart(cli: Call, prepared: Path) -> None:
    code, out, found = separated(cli, prepared)

    assert code == 0
    assert "their separation holds" in out
    assert len(days(prepared, "evaluation")) == 27_902
    asked = {"leak-by-id", "leak-by-group", "leak-by-content", "target-in-features", "time-order"}
    assert {rule for rule in asked if found[rule].outcome is Outcome.MET} == asked
    assert found["leak-by-group"].looked == 27_902


def test_the_same_split_made_by_hand_is_apart(cli: Call, part: Part) -> None:
    assert separated(cli, part("month = '2013-03'"))[0] == 0


def test_a_random_row_split_leaks_by_day_with_the_share_of_rows(cli: Call, part: Part) -> None:
    root = part("hash(row_id) % 4 = 0")
    code, out, found = separated(cli, root)

    assert code == 1
    rows = len(days(root, "evaluation"))
    leak = found["leak-by-group"]
    # Each of the 90 days is in both.
    assert (leak.outcome, leak.columns, leak.unexpected, leak.looked) == (
        Outcome.VIOLATED,
        ("date",),
        rows,
        rows,
    )
    said = f"{rows:,} of {rows:,} (100 %) evaluation rows have a group that training rows have too, 90 groups"
    assert f"BLOCKS leak-by-group on `date`: {said}" in out
    assert blocking(found) == {"leak-by-group", "time-order"}


def test_days_that_are_partly_in_both_leak_by_their_rows_alone(cli: Call, part: Part) -> None:
    root = part("month = '2013-03' AND NOT (date <= '2013-03-02' AND hash(row_id) % 2 = 0)")
    code, _, found = separated(cli, root)

    assert code == 1
    evaluated = days(root, "evaluation")
    shared = sum(day <= "2013-03-02" for day in evaluated)
    leak = found["leak-by-group"]
    assert (leak.unexpected, leak.looked) == (shared, len(evaluated))
    assert 0 < shared < 1000
    assert leak.examples == ("2013-03-01", "2013-03-02")
    # Flights of the first of March are not later than the newest training row, which is of the second.
    assert found["time-order"].unexpected == shared


def test_a_split_by_day_does_not_leak_by_day_and_breaks_the_order_of_time(cli: Call, part: Part) -> None:
    root = part("hash(date) % 4 = 0")
    code, out, found = separated(cli, root)

    assert code == 1
    assert found["leak-by-group"].outcome is Outcome.MET
    assert blocking(found) == {"time-order"}
    newest, evaluated = max(days(root, "train")), days(root, "evaluation")
    behind = sum(day <= newest for day in evaluated)
    order = found["time-order"]
    assert (order.columns, order.unexpected, order.looked) == (
        ("date",),
        behind,
        len(evaluated),
    )
    assert f"BLOCKS time-order on `date`: {behind:,} of " in out


@pytest.mark.parametrize(
    "copied", ["late", "CASE WHEN late THEN 'yes' ELSE 'no' END", "NOT late", "late::INTEGER * 30 - 5"]
)
def test_a_target_that_is_copied_into_a_feature_is_named(cli: Call, part: Part, copied: str) -> None:
    code, out, found = separated(cli, part("month = '2013-03'", f", {copied} AS punctuality"))

    assert code == 1
    copy = found["target-in-features"]
    assert (copy.columns, copy.unexpected, copy.severity) == (("punctuality",), 1, Severity.CRITICAL)
    assert blocking(found) == {"target-in-features"}
    assert "BLOCKS target-in-features on `punctuality`: `punctuality` " in out


def test_rows_of_training_that_are_evaluated_too_are_counted(cli: Call, part: Part) -> None:
    root = part("month = '2013-03'")
    data = root / "data/evaluation.parquet"
    both = duckdb.from_parquet(str(data)).union(
        duckdb.from_parquet(str(root / "data/train.parquet")).order("row_id").limit(250)
    )
    both.write_parquet(str(root / "both.parquet"))
    (root / "both.parquet").replace(data)
    code, out, found = separated(cli, root)

    assert code == 1
    assert (found["leak-by-id"].columns, found["leak-by-id"].unexpected) == (("row_id",), 250)
    assert "BLOCKS leak-by-id on `row_id`: 250 of 28,152 (0.89 %) evaluation rows" in out
    assert blocking(found) == {"leak-by-id", "leak-by-group", "leak-by-content", "time-order"}


def test_a_split_without_rows_is_never_apart(cli: Call, part: Part) -> None:
    code, out, _ = separated(cli, part("month = '2013-04'"))

    assert code == 1
    assert "BLOCKS splits-not-empty: there are no evaluation rows" in out
