import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.contract import frames, gx, sources, suites
from mltoolkit.contract.results import Result
from mltoolkit.contract.suites import Suite
from mltoolkit.errors import InputError, OutsideError

# Great Expectations' own affairs.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)

EXPLOSIVE = {
    "type": "expect_column_values_to_match_regex",
    "kwargs": {"column": "text", "regex": "^(?!x)(a+)+$"},
}
"""Arrow's engine, which pandas prefers, has no lookahead; Python's takes 2^40 steps for it."""


def about(kind: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": kind, "kwargs": kwargs}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "data.parquet"
    columns: dict[str, pa.Array[Any]] = {
        "number": pa.array([1.0, 2.0, None, float("nan"), 9.0]),
        "text": pa.array(["x", "y", "a" * 40 + "!", None, "{"]),
        "nothing": pa.array([None] * 5, pa.string()),
        "big": pa.array([2**53 + 1, 2**53 + 2, None, 3, 4]),
    }
    pq.write_table(pa.table(columns), path)
    return path


def suite_of(folder: Path, *expectations: dict[str, Any], **keys: Any) -> Suite:
    path = folder / "suite.json"
    path.write_text(json.dumps({"name": "s", "expectations": expectations, **keys}, indent=1))
    return suites.read(path)


def validate(data: Path, suite: Suite, seconds: float = 120) -> list[Result]:
    return gx.validate(data, suite, suite.expectations, seconds=seconds, memory="1GB")


def test_the_gallery_is_that_of_the_installed_version() -> None:
    import great_expectations.expectations
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    assert great_expectations.__version__ == suites.FORMAT
    assert set(gx.GALLERY) == set(list_registered_expectation_implementations())


def test_each_answer_is_that_of_a_batch_in_the_order_asked(tmp_path: Path, data: Path) -> None:
    import great_expectations
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    suite = suite_of(
        tmp_path,
        about("expect_column_values_to_be_between", column="number", max_value=5, mostly=0.5),
        about("expect_column_max_to_be_between", column="gone", max_value=5),
        about("expect_column_values_to_match_regex", column="text", regex="^[xy]$"),
        about("expect_column_mean_to_be_between", column="number", min_value=0),
        about("expect_column_distinct_values_to_be_in_set", column="nothing", value_set=["x"]),
        about("expect_column_values_to_be_in_set", column="big", value_set=[2**53 + 1]),
        about("expect_column_values_to_match_regex", column="text", regex="("),
        about("expect_column_values_to_be_between", column="number", min_value={"$PARAMETER": "least"}),
        about("expect_compound_columns_to_be_unique", column_list=["number", "text"]),
        suite_parameters={"least": 2},
    )

    results = validate(data, suite)

    context: Any = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("data").add_dataframe_asset("data")
    with sources.opened(data) as table:
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch(
            {"dataframe": frames.frame(table)}
        )
    for expectation, result in zip(suite.expectations, results, strict=True):
        wanted = batch.validate(
            ExpectationConfiguration(**expectation.source).to_domain_obj(),
            result_format="SUMMARY",
            expectation_parameters={"least": 2},
        ).to_json_dict()
        assert (result.success, result.result) == (wanted["success"], wanted["result"])
    assert [result.exception is None for result in results] == [
        *(True, False, True, True, True),
        *(True, False, True, True),
    ]
    assert "gone" in (results[1].exception or "")
    assert [result.considered for result in results] == [3, None, 4, 3, 0, 4, None, 3, 4]
    assert results[5].result["partial_unexpected_list"] == [2**53 + 2, 3, 4]


def test_a_row_condition_runs_no_code(tmp_path: Path, data: Path) -> None:
    marker = tmp_path / "pwned"
    code = f"@pd.io.common.os.system('touch {marker}') == 0"
    suite = suite_of(
        tmp_path,
        about(
            "expect_column_values_to_be_null", column="number", row_condition=code, condition_parser="pandas"
        ),
        about("expect_column_values_to_match_regex", column="text", regex="^(?!z)"),
    )
    refused, answered = validate(data, suite)

    assert "may run code" in (refused.exception or "")
    assert answered.exception is None
    assert not marker.exists()


def test_columns_that_differ_only_in_case_are_not_taken_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"Day": ["2024-01-01"], "day": ["rubbish"], "other": ["2024-01-01"]}), path)
    kind = "expect_column_values_to_be_dateutil_parseable"
    suite = suite_of(tmp_path, *(about(kind, column=name) for name in ("Day", "day", "other")))
    first, second, other = validate(path, suite)

    assert "does not tell 'Day' from 'day'" in (first.exception or "")
    assert second.exception is not None
    assert (other.success, other.exception) == (True, None)


def test_one_that_never_ends_is_told_so_and_the_others_are_answered(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    suite = suite_of(
        tmp_path,
        about("expect_column_values_to_not_be_null", column="number"),
        EXPLOSIVE,
        about("expect_column_values_to_be_null", column="nothing"),
        {**EXPLOSIVE, "severity": "info"},
    )

    results = validate(data, suite, seconds=4)

    assert [result.success for result in results] == [False, False, True, False]
    assert [result.result.get("unexpected_count") for result in results] == [2, None, 0, None]
    assert results[1].exception is not None
    assert "did not end within" in results[1].exception
    assert results[3].exception is not None
    assert "did not end within" in results[3].exception
    assert list(temporary.iterdir()) == []


def test_without_time_nothing_has_a_turn_and_nothing_passes(tmp_path: Path, data: Path) -> None:
    suite = suite_of(tmp_path, about("expect_column_values_to_be_null", column="nothing"))

    (result,) = validate(data, suite, seconds=0)

    assert (result.success, result.exception) == (
        False,
        "had no turn: the 0 s for Great Expectations were used up before it",
    )


def test_a_process_that_is_killed_is_no_answer(tmp_path: Path, data: Path) -> None:
    suite = suite_of(tmp_path, EXPLOSIVE)
    results: list[Result] = []
    us = psutil.Process(os.getpid())
    before = set(us.children())
    thread = threading.Thread(target=lambda: results.extend(validate(data, suite, seconds=200)))
    thread.start()
    started: set[psutil.Process] = set()
    while thread.is_alive() and not started:
        started = set(us.children()) - before
    (process,) = started
    process.kill()
    thread.join()

    (result,) = results
    assert result.success is False
    assert result.exception is not None
    assert "SIGKILL" in result.exception


def test_what_is_started_ends_with_whoever_is_interrupted(tmp_path: Path, data: Path) -> None:
    suite_of(tmp_path, EXPLOSIVE)
    program = (
        "import sys\nfrom pathlib import Path\nfrom mltoolkit.contract import gx, suites\n"
        "suite = suites.read(Path(sys.argv[2]))\n"
        "gx.validate(Path(sys.argv[1]), suite, suite.expectations, seconds=200, memory='1GB')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(data), str(tmp_path / "suite.json")], stderr=subprocess.DEVNULL
    ) as interrupted:
        children: list[psutil.Process] = []
        while interrupted.poll() is None and not children:
            children = psutil.Process(interrupted.pid).children()
        interrupted.send_signal(2)
    _, alive = psutil.wait_procs(children, timeout=30)

    assert len(children) == 1
    assert alive == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            about("expect_column_value_to_be_between", column="number"),
            "did you mean `expect_column_value",
        ),
        (about("expect_miracles"), "unknown expectation `expect_miracles`"),
        (about("expect_column_values_to_be_between", column="number", min_valu=1), "`min_value`"),
        (about("expect_column_values_to_be_between", column="number", min_value=1, mostly=7), "mostly"),
        (about("expect_column_values_to_be_between", min_value=1), "kwargs.column"),
        (about("expect_column_values_to_be_between", column="number"), "cannot both be None"),
    ],
)
def test_what_great_expectations_does_not_know_is_wrong_input_with_its_line(
    tmp_path: Path, data: Path, wrong: dict[str, Any], said: str
) -> None:
    suite = suite_of(tmp_path, about("expect_column_to_exist", column="number"), wrong)

    with pytest.raises(InputError) as caught:
        validate(data, suite)

    assert caught.value.where is not None
    assert caught.value.where[:2] == (suite.path, 10)
    assert said in str(caught.value)


def test_damaged_data_is_wrong_input_from_the_process_too(tmp_path: Path) -> None:
    suite = suite_of(tmp_path, about("expect_column_to_exist", column="number"))
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(b"PAR1 and nothing else")

    with pytest.raises(InputError, match=r"damaged\.parquet"):
        validate(damaged, suite)


def test_nothing_asked_starts_nothing(tmp_path: Path) -> None:
    assert gx.validate(tmp_path / "none", suite_of(tmp_path), (), seconds=1, memory="1GB") == []


def test_without_great_expectations_it_says_what_to_install(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "great_expectations", None)

    with pytest.raises(OutsideError, match=r"pip install 'mltoolkit\[gx\]'"):
        validate(data, suite_of(tmp_path, about("expect_column_to_exist", column="number")))


def test_a_projects_own_modules_are_not_imported(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "great_expectations.py").write_text("raise SystemExit('imported')")
    (tmp_path / "pandas.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)

    (result,) = validate(data, suite_of(tmp_path, about("expect_column_to_exist", column="number")))

    assert (result.success, result.exception) == (True, None)


def test_importing_the_door_imports_nothing_heavy() -> None:
    program = (
        "import sys, mltoolkit.contract.gx\n"
        "print({'great_expectations', 'pandas', 'duckdb'} & sys.modules.keys())"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)

    assert done.stdout == "set()\n"
