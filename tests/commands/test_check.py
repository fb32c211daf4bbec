import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mltoolkit import files
from mltoolkit.checks import Check, Outcome
from mltoolkit.profile import Profile

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
    assert "rows.parquet: the contract holds (5 of 5 rules, 400 rows)" in called.out
    check = files.load(contracted / "reports" / "toy" / "check.json", Check)
    assert check.files[0].digest == files.digest_file(contracted / "rows.parquet")


def test_a_violation_ends_with_1_and_names_rule_column_and_count(cli: Call, contracted: Path) -> None:
    write_suite(
        contracted,
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "b", "value_set": ["x"]}},
    )
    called = cli("check", "--project", contracted)

    assert called.code == 1
    assert (
        "BLOCKS expect_column_values_to_be_in_set on `b`: 256 of 400 values (64 %) are not in the set"
        in called.out
    )


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


def settings(folder: Path, text: str) -> None:
    """Replace the model's data settings."""
    params = folder / "params.yaml"
    kept = params.read_text().split("      data:")[0]
    params.write_text(kept + "".join(f"      {line}\n" for line in text.splitlines()))


def checked(folder: Path, name: str = "check") -> Check:
    return files.load(folder / "reports" / "toy" / f"{name}.json", Check)


def test_the_same_data_gives_the_same_bytes(cli: Call, contracted: Path) -> None:
    write_suite(
        contracted,
        {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "a", "min_value": 1e9}},
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "b", "value_set": ["x"]}},
    )
    out = contracted / "reports" / "toy" / "check.json"

    def once() -> bytes:
        assert cli("check", "--project", contracted).code == 1
        return out.read_bytes()

    assert once() == once()


def test_severity_decides_what_a_violation_does(cli: Call, contracted: Path) -> None:
    broken = {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "b", "value_set": ["x"]}}
    write_suite(contracted, broken | {"severity": "warning"}, broken | {"severity": "info"})
    called = cli("check", "--project", contracted)

    assert called.code == 0
    assert "  warning expect_column_values_to_be_in_set on `b`" in called.out
    assert "  info expect_column_values_to_be_in_set on `b`" in called.out


def test_what_only_great_expectations_knows_is_in_the_same_result(cli: Call, contracted: Path) -> None:
    write_suite(
        contracted,
        {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "b", "regex": "(?=q)q"}},
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "b"}},
    )
    called = cli("check", "--project", contracted)

    assert called.code == 1
    sources = {each.rule: each.source for each in checked(contracted).files[0].findings}
    assert sources["expect_column_values_to_match_regex"] == "great-expectations"
    assert sources["expect_column_values_to_not_be_null"] == "scan"


def test_the_compiled_path_loads_neither_pandas_nor_great_expectations(contracted: Path) -> None:
    program = (
        "import sys\n"
        "from mltoolkit.cli import main\n"
        f"code = main(['check', '--project', {str(contracted)!r}])\n"
        "assert not {'pandas', 'great_expectations'} & sys.modules.keys()\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_private_columns_show_no_value_anywhere(cli: Call, contracted: Path) -> None:
    settings(contracted, "data: [{path: rows.parquet, suite: suite.json, private: [b]}]")
    write_suite(
        contracted,
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "b", "value_set": ["nothing"]}},
    )
    called = cli("check", "--project", contracted, "--profile", "--docs")

    assert called.code == 1
    secret = "zé"
    assert secret in pq.read_table(contracted / "rows.parquet").column("b").to_pylist()
    told = [path for path in (contracted / "reports").rglob("*") if path.is_file()]
    assert len(told) > 5
    assert secret not in called.out
    assert [path for path in told if secret.encode() in path.read_bytes()] == []


def test_a_workflow_gets_a_remark_on_the_suites_line(
    cli: Call, contracted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(contracted))
    (contracted / "suite.json").write_text(
        '{"name": "s",\n "expectations": [\n'
        '  {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "b"}},\n'
        '  {"type": "expect_column_to_exist", "kwargs": {"column": "no\\n::add-mask::b"}}\n]}\n'
    )
    called = cli("check", "--project", contracted)

    commands = [line for line in called.out.splitlines() if line.startswith("::")]
    assert called.code == 1
    assert len(commands) == 1
    assert commands[0].startswith(
        "::error file=suite.json,line=4,title=rows.parquet%3A expect_column_to_exist::"
    )


def test_a_file_may_be_checked_alone_and_the_result_says_so(cli: Call, contracted: Path) -> None:
    shutil.copy(contracted / "rows.parquet", contracted / "more.parquet")
    settings(
        contracted,
        "data:\n  - {path: rows.parquet, suite: suite.json}\n  - {path: more.parquet, suite: suite.json}",
    )
    called = cli("check", "./more.parquet", "--project", contracted)

    assert called.code == 0
    assert "not checked: `rows.parquet`" in called.out
    assert checked(contracted).left_out == ("rows.parquet",)
    assert [file.path for file in checked(contracted).files] == ["more.parquet"]

    called = cli("check", "mor.parquet", "--project", contracted)
    assert called.code == 2
    assert "did you mean `more.parquet`" in called.err


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "folder"])
def test_csv_compressed_and_folders(name: str, cli: Call, contracted: Path) -> None:
    path = contracted / name
    settings(contracted, f"data: [{{path: {name}, suite: suite.json, minimum-rows: 4}}]")
    text = b"target,b\n1,x\n0,y\n1,x\n0,z\n"
    if name == "folder":
        path.mkdir()
        (path / "one.csv").write_bytes(text[:17])
        (path / "two.csv").write_bytes(text[:9] + text[17:])
    else:
        path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    called = cli("check", "--project", contracted)

    assert (called.code, checked(contracted).files[0].rows) == (0, 4)


def test_types_of_a_csv_file_come_from_the_suite(cli: Call, contracted: Path) -> None:
    settings(contracted, "data: [{path: rows.csv, suite: suite.json}]")
    (contracted / "rows.csv").write_text("target,n\n1,1\n0,2\n1,three\n")
    write_suite(
        contracted,
        {"type": "expect_column_values_to_be_of_type", "kwargs": {"column": "n", "type_": "int64"}},
    )
    called = cli("check", "--project", contracted)

    assert called.code == 1
    assert "BLOCKS types on `n`: 1 value of `n` cannot be read as BIGINT" in called.out


def test_freshness_is_measured_as_of_a_time(cli: Call, contracted: Path) -> None:
    settings(
        contracted,
        "data: [{path: rows.csv, suite: suite.json, freshness: {column: day, within: 7d}}]",
    )
    (contracted / "rows.csv").write_text("target,day\n1,2026-03-01\n0,2026-03-02\n")

    assert cli("check", "--project", contracted, "--as-of", "2026-03-05").code == 0
    called = cli("check", "--project", contracted, "--as-of", "2026-04-05")
    assert called.code == 1
    assert "BLOCKS fresh on `day`" in called.out


def test_splits_have_a_file_of_their_own(cli: Call, contracted: Path) -> None:
    settings(
        contracted,
        "data: [{path: rows.parquet, suite: suite.json}]\nsplits: {train: train.parquet, evaluation: rows.parquet}",
    )
    table = pq.read_table(contracted / "rows.parquet")
    pq.write_table(table.slice(0, 100), contracted / "train.parquet")
    called = cli("check", "--project", contracted, "--only", "splits")

    assert called.code == 1
    found = checked(contracted, "splits")
    assert found.splits is not None
    leak = next(each for each in found.findings if each.rule == "leak-by-id")
    assert (leak.outcome, leak.unexpected, leak.looked) == (Outcome.VIOLATED, 100, 400)
    assert not (contracted / "reports" / "toy" / "check.json").exists()

    assert cli("check", "--project", contracted).code == 1
    assert checked(contracted).kept
    assert cli("check", "--project", contracted, "--only", "data").code == 0


def test_no_result_is_left_of_data_that_could_not_be_read(cli: Call, contracted: Path) -> None:
    assert cli("check", "--project", contracted).code == 0
    (contracted / "rows.parquet").write_bytes(b"PAR1 and no more")

    called = cli("check", "--project", contracted)

    assert called.code == 2
    assert "rows.parquet" in called.err
    assert not (contracted / "reports" / "toy" / "check.json").exists()


def test_a_profile_is_measured_with_the_check(cli: Call, contracted: Path) -> None:
    called = cli("check", "--project", contracted, "--profile", "--json")

    value = json.loads(called.out)
    made = files.load(Path(value["paths"][1]), Profile)
    assert (made.rows, made.path.endswith("rows.parquet")) == (400, True)
    assert made.digest == checked(contracted).files[0].digest


def test_a_suite_is_proposed_and_written_only_when_asked(cli: Call, contracted: Path) -> None:
    (contracted / "suite.json").unlink()
    rows = contracted / "rows.parquet"
    called = cli("check", "--infer", rows, "--project", contracted)

    assert called.code == 0
    assert "+++" in called.out
    assert "nothing is written" in called.out
    assert not (contracted / "suite.json").exists()

    assert cli("check", "--infer", rows, "--project", contracted, "--write").code == 0
    assert cli("check", "--project", contracted).code == 0
    again = cli("check", "--infer", rows, "--project", contracted, "--json")
    assert json.loads(again.out)["added"] == 0


def test_what_a_person_wrote_stays_and_its_contradiction_is_told(cli: Call, contracted: Path) -> None:
    own = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 10**6}, "notes": "mine"}
    write_suite(contracted, own)
    before = json.loads((contracted / "suite.json").read_text())["expectations"][0]
    called = cli("check", "--infer", contracted / "rows.parquet", "--project", contracted, "--write")

    after = json.loads((contracted / "suite.json").read_text())["expectations"]
    assert called.code == 0
    assert after[0] == before
    assert len(after) > 1
    assert "expect_table_row_count_to_be_between: " in called.out


@pytest.mark.parametrize("words", [["--write"], ["--suite", "x.json"], ["--infer", "rows.parquet", "--docs"]])
def test_words_that_do_not_go_together_are_refused(words: list[str], cli: Call, contracted: Path) -> None:
    called = cli("check", "--project", contracted, *words)

    assert called.code == 2
    assert "--infer" in called.err


@pytest.mark.parametrize("word", ["NA", "NaN", "NULL"])
def test_a_column_of_words_for_null_is_empty(word: str, cli: Call, contracted: Path) -> None:
    settings(contracted, "data: [{path: rows.csv, suite: suite.json}]")
    (contracted / "rows.csv").write_text(f"target,x\n1,{word}\n0,{word}\n")
    write_suite(contracted, {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "x"}})
    called = cli("check", "--project", contracted)

    assert called.code == 1
    assert "BLOCKS column-not-empty on `x`" in called.out


@pytest.mark.parametrize("mostly", [0, "0", "0.0", {"$PARAMETER": "p"}], ids=repr)
def test_what_lets_everything_pass_is_no_pass_however_it_is_spelled(
    mostly: object, cli: Call, contracted: Path
) -> None:
    kwargs = {"column": "b", "value_set": ["x"], "mostly": mostly}
    suite = {"type": "expect_column_values_to_be_in_set", "kwargs": kwargs}
    (contracted / "suite.json").write_text(
        json.dumps({"name": "s", "expectations": [suite], "meta": {}, "suite_parameters": {"p": 0}})
    )

    assert cli("check", "--project", contracted).code == 3


def test_a_suites_parameters_stand_in_for_values(cli: Call, contracted: Path) -> None:
    kwargs = {"column": "target", "max_value": {"$PARAMETER": "most"}}
    suite = {"type": "expect_column_max_to_be_between", "kwargs": kwargs}
    for most, code in ((1, 0), (0, 1)):
        (contracted / "suite.json").write_text(
            json.dumps({"name": "s", "expectations": [suite], "meta": {}, "suite_parameters": {"most": most}})
        )
        assert cli("check", "--project", contracted).code == code


def test_an_error_about_a_private_column_in_a_condition_shows_no_value(cli: Call, contracted: Path) -> None:
    settings(contracted, "data: [{path: rows.parquet, suite: suite.json, private: [b]}]")
    condition = {"row_condition": "b.str.len() > 0 and b < 1", "condition_parser": "pandas"}
    write_suite(
        contracted,
        {"type": "expect_column_max_to_be_between", "kwargs": {"column": "a", "max_value": 1, **condition}},
    )
    called = cli("check", "--project", contracted)

    assert called.code == 3
    told = [path for path in (contracted / "reports").rglob("*") if path.is_file()]
    assert "zé" not in called.out
    assert [path for path in told if "zé".encode() in path.read_bytes()] == []


def test_a_misspelt_private_column_is_refused_before_anything_is_written(cli: Call, contracted: Path) -> None:
    settings(contracted, "data: [{path: rows.parquet, suite: suite.json, private: [B]}]")
    called = cli("check", "--project", contracted)

    assert called.code == 2
    assert "`private` names a column 'B'" in called.err
    assert list((contracted / "reports").rglob("*.json")) == []


def test_nothing_of_an_earlier_run_is_left_that_speaks_of_other_data(cli: Call, contracted: Path) -> None:
    assert cli("check", "--project", contracted, "--docs").code == 0
    folder = contracted / "reports" / "toy"
    assert (folder / "data-docs" / "index.html").exists()

    (contracted / "rows.parquet").unlink()
    assert cli("check", "--project", contracted).code == 2
    assert not any((folder / name).exists() for name in ("check.json", "data-docs", "gx"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data: [{path: rows.parquet, suite: suite.json, freshness: {column: a, within: 7w}}]", "36h, 7d"),
        (f"data: [{{path: {'x' * 5000}, suite: suite.json}}]", "File name too long"),
    ],
)
def test_odd_settings_are_located_errors(text: str, said: str, cli: Call, contracted: Path) -> None:
    settings(contracted, text)
    called = cli("check", "--project", contracted)

    assert called.code == 2
    assert said in called.err


@pytest.mark.parametrize("when", ["now", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_is_none_is_refused(when: str, cli: Call, contracted: Path) -> None:
    called = cli("check", "--project", contracted, "--as-of", when)

    assert called.code == 2
    assert "no time of ISO 8601" in called.err


def test_half_a_character_in_a_suite_is_refused(cli: Call, contracted: Path) -> None:
    write_suite(contracted, {"type": "expect_column_to_exist", "kwargs": {"column": "\ud800"}})
    called = cli("check", "--project", contracted)

    assert called.code == 2
    assert "half a character" in called.err


def test_a_type_list_of_nothing_is_no_crash(cli: Call, contracted: Path) -> None:
    settings(contracted, "data: [{path: rows.csv, suite: suite.json}]")
    (contracted / "rows.csv").write_text("target,x\n1,a\n0,b\n")
    write_suite(
        contracted,
        {"type": "expect_column_values_to_be_in_type_list", "kwargs": {"column": "x", "type_list": []}},
    )

    assert cli("check", "--project", contracted).code in {1, 2, 3}
