import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mltoolkit import files, models
from mltoolkit.evidence import Evidence

Call = Callable[..., Any]
Git = Callable[..., str]


def evidence_of(toy: Path) -> Evidence:
    return files.load(toy / "reports" / "toy" / "evidence.json", Evidence)


def test_any_model_directory_becomes_evidence_with_provenance(cli: Call, toy: Path, git: Git) -> None:
    called = cli("evaluate", "--project", toy)
    made = evidence_of(toy)

    assert called.code == 0
    assert "no champion on 400 rows" in called.out
    assert made.challenger is not None
    assert made.challenger.digest == models.digest(toy / "model")
    assert made.provenance.commit == git(toy, "rev-parse", "HEAD")
    assert not made.provenance.dirty
    assert made.provenance.event == "local"
    assert made.provenance.params == files.digest_file(toy / "params.yaml")
    assert made.no_champion == "nothing is live on local yet"
    assert git(toy, "status", "--porcelain") == ""


def test_a_model_directory_can_be_named(cli: Call, toy: Path, saved_models: Path) -> None:
    called = cli("evaluate", "--project", toy, "--model-dir", saved_models / "shuffled", "--json")

    assert called.code == 0
    assert json.loads(called.out)["challenger"] == models.digest(saved_models / "shuffled")


def test_a_dirty_tree_is_said_and_recorded(cli: Call, toy: Path) -> None:
    (toy / "notes.txt").write_text("x")
    called = cli("evaluate", "--project", toy)

    assert called.code == 0
    assert "not as committed: notes.txt; a verdict on this cannot be deployed" in called.out
    assert evidence_of(toy).provenance.dirty


def test_a_program_that_changes_the_settings_while_it_runs_is_found(cli: Call, toy: Path, git: Git) -> None:
    params = toy / "params.yaml"
    rule = "        - {kind: custom, name: sly, command: [python, sly.py]}\n"
    params.write_text(params.read_text().replace("      slices:", f"{rule}      slices:"))
    (toy / "sly.py").write_text(
        "from pathlib import Path\np = Path('params.yaml')\n"
        "p.write_text(p.read_text().replace('0.6', '0.1'))\n"
        'print(\'{"answer": "pass", "reason": "fine"}\')\n'
    )
    git(toy, "add", "-A")
    git(toy, "commit", "--quiet", "-m", "A program")
    before = files.digest_file(params)

    called = cli("evaluate", "--project", toy)

    assert "not as committed: params.yaml" in called.out
    made = evidence_of(toy)
    assert made.provenance.dirty
    assert made.provenance.params == before != files.digest_file(params)
    assert cli("gate", "--project", toy).code == 3


def test_a_workflow_run_is_named(cli: Call, toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    cli("evaluate", "--project", toy)

    assert evidence_of(toy).provenance.event == "pull_request"


def test_without_a_repository_it_says_how_to_make_one(cli: Call, toy: Path) -> None:
    shutil.rmtree(toy / ".git")
    called = cli("evaluate", "--project", toy)

    assert called.code == 2
    assert "git init" in called.err


def test_a_shallow_clone_is_good_enough(cli: Call, toy: Path, tmp_path: Path, git: Git) -> None:
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{toy}", "shallow")

    assert cli("evaluate", "--project", tmp_path / "shallow").code == 0


def test_a_failed_run_leaves_neither_evidence_nor_verdict_of_before(cli: Call, toy: Path) -> None:
    assert cli("evaluate", "--project", toy).code == 0
    assert cli("gate", "--project", toy).code == 0
    (toy / "rows.parquet").unlink()

    assert cli("evaluate", "--project", toy).code == 2
    assert not (toy / "reports" / "toy" / "evidence.json").exists()
    assert not (toy / "reports" / "toy" / "verdict.json").exists()
    assert cli("gate", "--project", toy).code == 3


@pytest.mark.parametrize(
    ("column", "values", "code", "said"),
    [
        ("target", [1] * 400, 3, "one class only"),
        ("row_id", ["same"] * 400, 3, "not unique"),
        ("target", [None] * 400, 3, "have no `target`"),
    ],
)
def test_rows_that_nobody_can_judge_on_end_with_3(
    cli: Call, toy: Path, column: str, values: list[Any], code: int, said: str
) -> None:
    table = pq.read_table(toy / "rows.parquet")
    pq.write_table(table.set_column(table.column_names.index(column), column, [values]), toy / "rows.parquet")
    called = cli("evaluate", "--project", toy)

    assert called.code == code
    assert said in called.err


def test_an_empty_set_ends_with_3(cli: Call, toy: Path) -> None:
    pq.write_table(pq.read_table(toy / "rows.parquet").slice(0, 0), toy / "rows.parquet")
    called = cli("evaluate", "--project", toy)

    assert called.code == 3
    assert "empty" in called.err


def test_a_model_of_another_flavor_ends_with_2(cli: Call, toy: Path) -> None:
    path = toy / "model" / "MLmodel"
    path.write_text(path.read_text().replace("mlflow.sklearn", "mlflow.pyfunc.model"))
    called = cli("evaluate", "--project", toy)

    assert called.code == 2
    assert "supported flavors: sklearn" in called.err


def test_an_unknown_endpoint_names_the_known_ones(cli: Call, toy: Path) -> None:
    called = cli("evaluate", "--project", toy, "--endpoint", "moon")

    assert called.code == 2
    assert "it has local" in called.err


def test_scores_can_be_made_anew(cli: Call, toy: Path) -> None:
    cli("evaluate", "--project", toy)
    (folder,) = (path for path in (toy / ".mltoolkit" / "scores").iterdir() if path.is_dir())
    os.utime(folder / "answers.parquet", (1, 1))

    cli("evaluate", "--project", toy)
    assert (folder / "answers.parquet").stat().st_mtime == 1
    cli("evaluate", "--project", toy, "--no-cache")
    assert (folder / "answers.parquet").stat().st_mtime > 1


def test_settings_that_git_overlooks_are_not_as_committed(cli: Call, toy: Path, git: Git) -> None:
    git(toy, "update-index", "--skip-worktree", "params.yaml")
    with (toy / "params.yaml").open("a") as file:
        file.write("# loosened\n")
    assert git(toy, "status", "--porcelain") == ""

    called = cli("evaluate", "--project", toy)

    assert "not as committed: params.yaml" in called.out
    assert evidence_of(toy).provenance.dirty


def test_a_project_that_its_repository_ignores_is_not_as_committed(cli: Call, toy: Path, git: Git) -> None:
    (toy / ".gitignore").write_text("*\n")
    git(toy, "rm", "-r", "--quiet", "--cached", ".")
    git(toy, "commit", "--quiet", "-m", "Nothing")

    cli("evaluate", "--project", toy)

    assert evidence_of(toy).provenance.dirty


def test_a_failed_run_leaves_no_report_of_before(cli: Call, toy: Path) -> None:
    for command in ("evaluate", "gate", "report"):
        assert cli(command, "--project", toy).code == 0
    (toy / "rows.parquet").unlink()
    cli("evaluate", "--project", toy)

    assert not (toy / "reports" / "toy" / "report.md").exists()


def test_a_folder_in_the_place_of_a_file_is_wrong_input(cli: Call, toy: Path) -> None:
    (toy / "reports" / "toy" / "verdict.json").mkdir(parents=True)

    assert cli("evaluate", "--project", toy).code == 2


def params(toy: Path, git: Git, *lines: str) -> None:
    """Write the model's section anew, and commit it."""
    section = "".join(f"      {line}\n" for line in lines)
    (toy / "params.yaml").write_text(f"mltoolkit:\n  models:\n    toy:\n{section}")
    git(toy, "add", "-A")
    git(toy, "commit", "--quiet", "-m", "Settings")


def test_coarse_disclosure_shows_no_numbers_of_the_rows(cli: Call, toy: Path, git: Git) -> None:
    rules = (
        "{kind: absolute, metric: roc-auc, at-least: 0.6, confidence: 0.95}",
        "{kind: reuse, disclose: coarse}",
    )
    params(toy, git, "target: target", "rows: rows.parquet", f"rules: [{', '.join(rules)}]")
    called = cli("evaluate", "--project", toy)

    assert called.code == 0
    assert "numbers are not shown: `disclose: coarse`" in called.out
    assert "roc-auc" not in called.out
    assert "0." not in called.out.replace(str(toy), "")


def test_a_group_of_the_settings_and_dates_of_the_rows_are_in_evidence(
    cli: Call, toy: Path, git: Git
) -> None:
    table = pq.read_table(toy / "rows.parquet")
    days = [f"2026-01-{1 + at % 28:02d}" for at in range(table.num_rows)]
    pq.write_table(table.append_column("day", [days]), toy / "rows.parquet")
    params(toy, git, "target: target", "rows: rows.parquet")
    cli("evaluate", "--project", toy)
    without = evidence_of(toy).rows
    params(toy, git, "target: target", "rows: rows.parquet", "group: [day]")
    cli("evaluate", "--project", toy)
    grouped = evidence_of(toy).rows

    assert without is not None
    assert (without.dates, without.group) == (("day",), ())
    assert grouped is not None
    assert (grouped.dates, grouped.group) == ((), ("day",))


def test_what_was_checked_and_tested_is_in_evidence(cli: Call, toy: Path, git: Git) -> None:
    (toy / "suite.json").write_text('{"name": "s", "meta": {}, "expectations": []}')
    (toy / "report.xml").write_text('<testsuite><testcase name="one"/></testsuite>')
    data = "data: [{path: rows.parquet, suite: suite.json}]"
    params(toy, git, "target: target", "rows: rows.parquet", "tests: report.xml", data)
    cli("check", "--project", toy)
    cli("evaluate", "--project", toy)
    made = evidence_of(toy)

    assert [(each.what, each.fault) for each in made.checks] == [("data", None)]
    assert made.suites is not None
    assert made.tests is not None
    assert (made.tests.tests, made.tests.failures) == (1, 0)


def test_numbers_alone_are_evidence_without_a_model(cli: Call, toy: Path, git: Git) -> None:
    shutil.rmtree(toy / "model")
    (toy / "rows.parquet").unlink()
    (toy / "metrics.json").write_text('{"test": {"mae": 2}}')
    rule = "{kind: better-than, metric: 'file:test.mae', better: lower}"
    params(toy, git, "metrics: metrics.json", f"rules: [{rule}]")
    (toy / "metrics.json").write_text('{"test": {"mae": 1.5}}')
    params(toy, git, "metrics: metrics.json", f"rules: [{rule}] ")
    called = cli("evaluate", "--project", toy)
    made = evidence_of(toy)

    assert called.code == 0
    assert "numbers alone, beside those of the base commit" in called.out
    assert "test.mae" in called.out
    assert "1.5  champion 2" in called.out
    assert made.provenance.data == files.digest_file(toy / "metrics.json")
    assert cli("gate", "--project", toy).code == 0
    told = json.loads(cli("evaluate", "--project", toy, "--json").out)
    assert (told["challenger"], told["champion"], told["anchor"], told["rows"]) == (None, None, None, None)


def test_numbers_alone_that_are_missing_end_with_3(cli: Call, toy: Path, git: Git) -> None:
    params(toy, git, "metrics: metrics.json")
    called = cli("evaluate", "--project", toy)

    assert called.code == 3
    assert "metrics.json: no such file" in called.err


def test_options_of_one_form_are_refused_for_the_other(cli: Call, toy: Path, git: Git) -> None:
    assert cli("evaluate", "--project", toy, "--base", "HEAD").code == 2
    params(toy, git, "metrics: metrics.json")
    assert cli("evaluate", "--project", toy, "--model-dir", toy / "model").code == 2


def test_a_machine_is_told_who_was_compared(cli: Call, toy: Path) -> None:
    told = json.loads(cli("evaluate", "--project", toy, "--json").out)

    assert told["challenger"] == models.digest(toy / "model")
    assert (told["champion"], told["anchor"], told["rows"], told["faults"]) == (None, None, 400, {})
