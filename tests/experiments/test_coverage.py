import subprocess
import sys
from pathlib import Path

import pytest

from experiments import coverage
from experiments.coverage import GENERATORS, Generator, Line, covered

ROOT = Path(__file__).parent.parent.parent


def world(name: str, *metrics: str) -> Generator:
    found = next(each for each in GENERATORS if each.name == name)
    return found._replace(metrics=metrics)


def lines(name: str, *metrics: str, by_row: bool = False) -> dict[str, Line]:
    made = covered(world(name, *metrics), repetitions=200, n=1000, seed=1, many=300_000, by_row=by_row)
    return {line.what: line for line in made}


@pytest.mark.parametrize(
    ("name", "metrics"),
    [
        ("balanced", ("accuracy", "brier", "roc-auc")),
        ("rare", ("accuracy", "roc-auc")),
        ("t3", ("mae",)),
        ("groups", ("accuracy", "recall", "roc-auc")),
        ("groups-of-numbers", ("mae", "rmse")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_intervals_hold_the_truth_as_often_as_promised(name: str, metrics: tuple[str, ...]) -> None:
    found = lines(name, *metrics)

    assert len(found) == 2 * len(metrics)
    assert {what for what, line in found.items() if line.misses} == set()
    assert all(line.none == 0 for line in found.values())


def test_row_by_row_where_rows_come_in_groups_breaks_the_promise() -> None:
    assert lines("groups", "recall", by_row=True)["recall gain"].misses
    assert all(line.misses for line in lines("groups-of-numbers", "mae", by_row=True).values())


def test_squares_of_lognormal_errors_are_missed_and_warned_of() -> None:
    found = lines("lognormal", "rmse")["rmse level"]

    assert found.held < 0.93
    assert found.warned > 0.6
    assert "lognormal" in world("lognormal").fails["rmse level"]


def test_bootstraps_miss_lognormal_errors_more_often() -> None:
    found = {line.method: line for line in coverage.bootstrapped(repetitions=60, n=300, seed=0, many=300_000)}

    assert found["percentile"].held < found["by row"].held
    assert found["BCa"].held <= found["by row"].held


def line(held: float, below: float, above: float, repetitions: int = 2000) -> Line:
    return Line("world", "mae level", "by row", repetitions, 0, held, below, above, 0.0)


def test_what_is_as_promised() -> None:
    assert not line(0.95, 0.025, 0.025).misses
    assert not line(0.95, 0.025, 0.025).careful
    assert line(0.929, 0.035, 0.036).misses
    assert line(0.95, 0.009, 0.041).misses
    assert line(0.976, 0.012, 0.012).careful
    assert line(0.97, 0.009, 0.021).careful
    assert not line(0.92, 0.04, 0.04, 200).misses
    assert line(0.8, 0.1, 0.1, 200).misses
    assert line(0.0, 0.0, 0.0, 0).misses


def test_it_is_a_program_that_prints_a_table() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "experiments/coverage.py",
            "--only=groups-of-numbers",
            "--repetitions=40",
            "--rows=500",
            "--truth=200000",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "breaks it, as it must" in done.stdout
    assert "no lines other than said" in done.stdout
