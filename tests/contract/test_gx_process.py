import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.contract import gx_process

NAMES = ["a", "b", "carrier", "x y"]


def about(kind: str = "expect_column_values_to_not_be_null", **kwargs: Any) -> dict[str, Any]:
    return {"type": kind, "kwargs": kwargs}


@pytest.mark.parametrize(
    ("expectations", "wanted"),
    [
        ([], set()),
        ([about(column="a"), about(column="b")], {"a", "b"}),
        ([about(column_A="a", column_B="x y")], {"a", "x y"}),
        ([about(column_list=["a", "b"])], {"a", "b"}),
        ([about(column="missing")], {"missing"}),
        ([about(column="b", row_condition='col("carrier")=="x y"')], {"a", "b", "carrier", "x y"}),
        (
            [about(column="b", row_condition={"type": "and", "conditions": [{"column": {"name": "x y"}}]})],
            {"a", "b", "x y"},  # `and` may be `a`: too many rather than too few
        ),
        ([about(column="a"), about("expect_table_row_count_to_equal", value=1)], None),
        ([about("expect_column_to_exist", column="a", column_index=3)], None),
        ([about("unexpected_rows_expectation", unexpected_rows_query="x")], None),
    ],
)
def test_only_columns_that_are_needed_are_read(
    expectations: list[dict[str, Any]], wanted: set[str] | None
) -> None:
    assert gx_process.needed(expectations, NAMES) == wanted


def test_one_that_never_ends_leaves_time_for_those_after_it() -> None:
    assert gx_process.turn(left=120, whole=120, waiting=0) == 120
    assert gx_process.turn(left=120, whole=120, waiting=5) == 60
    assert gx_process.turn(left=5, whole=120, waiting=5) == 5


def test_a_hundred_that_never_end_take_the_whole_time_and_few_processes() -> None:
    left, turns = 120.0, 0
    while left > 0:
        left, turns = left - gx_process.turn(left=left, whole=120, waiting=100 - turns), turns + 1

    assert left == 0
    assert turns <= 11


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ({}, None),
        ({"raised_exception": False, "exception_message": None}, None),
        ({"raised_exception": True, "exception_message": "\n why\n where"}, "why"),
        ({"raised_exception": True, "exception_message": ""}, "it raised without a message"),
        ({"raised_exception": True}, "it raised without a message"),
        (
            {
                "MetricConfigurationID(a)": {"raised_exception": False, "exception_message": "x"},
                "MetricConfigurationID(b)": {"raised_exception": True, "exception_message": "y"},
            },
            "y",
        ),
    ],
)
def test_an_exception_is_found_flat_and_by_metric(info: dict[str, Any], said: str | None) -> None:
    assert gx_process.raised(info) == said


def ask(
    tmp_path: Path, *expectations: dict[str, Any], seconds: float
) -> tuple[int, list[dict[str, Any]], str]:
    """Start the process as `gx` does, but without bounding it from outside."""
    data = tmp_path / "data.parquet"
    pq.write_table(pa.table({"a": [1, 2], "text": ["a" * 40 + "!", "b"]}), data)
    request = {
        "do": "validate",
        "path": str(data),
        "opening": {"memory": "1GB"},
        "expectations": expectations,
        "parameters": {},
        "starting": 200,
        "left": seconds,
        "whole": seconds,
    }
    done = subprocess.run(
        [sys.executable, "-m", "mltoolkit.contract.gx_process"],
        input=json.dumps(request).encode(),
        capture_output=True,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, lines, done.stderr.decode()


def test_its_time_ends_it_without_anybody_watching(tmp_path: Path) -> None:
    explosive = about("expect_column_values_to_match_regex", column="text", regex="^(?!x)(a+)+$")

    code, lines, _ = ask(tmp_path, explosive, seconds=1)

    assert code == -signal.SIGALRM
    assert lines == [{"begins": 0, "limit": 1}]


def test_what_great_expectations_prints_does_not_stand_between_the_answers(tmp_path: Path) -> None:
    loud = about("unexpected_rows_expectation", unexpected_rows_query="SELECT 1")

    code, lines, printed = ask(tmp_path, loud, about(column="a"), seconds=60)

    assert code == 0
    assert [next(iter(line)) for line in lines] == ["begins", "ended", "begins", "ended"]
    assert "unexpected_rows_query should contain" in printed
    assert lines[1]["exception"]
    assert lines[3]["success"] is True


def test_of_an_answer_that_is_too_long_the_numbers_are_kept(tmp_path: Path) -> None:
    data = tmp_path / "big.json"
    with data.open("w") as file:
        gx_process._say(
            file,
            ended=0,
            success=False,
            result={"observed_value": ["x" * 100] * 100_000, "element_count": 3},
        )

    line = json.loads(data.read_text())

    assert line == {"ended": 0, "success": False, "result": {"element_count": 3}}
