import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
Git = Callable[..., str]


Judge = Callable[..., None]


@pytest.fixture
def judged(judge: Judge, toy: Path) -> Path:
    judge(toy)
    return toy


def report_of(folder: Path) -> str:
    return (folder / "reports" / "toy" / "report.md").read_text()


def test_a_report_is_written_beside_the_evidence(cli: Call, judged: Path) -> None:
    called = cli("report", "--project", judged)

    assert called.code == 0
    assert report_of(judged).startswith("## ✅ promote: toy → local")


def test_an_inconclusive_verdict_says_what_settles_it_and_shows_who_signed(
    cli: Call, toy: Path, judge: Judge
) -> None:
    judge(toy, quality="unclear")
    assert cli("report", "--project", toy).code == 0
    assert report_of(toy).startswith("## ❔ cannot tell: toy → local")
    assert "1,000 rows do not answer “roc-auc &#62;= 0.6" in report_of(toy)
    assert "├" in report_of(toy)

    assert cli("approve", "--project", toy, "--reason", "seen in spring").code == 0
    assert cli("report", "--project", toy).code == 0
    assert report_of(toy).startswith("## ❔ cannot tell, approved: toy → local")
    assert "“seen in spring”" in report_of(toy)


def test_coarse_disclosure_holds_for_the_report(cli: Call, toy: Path, judge: Judge) -> None:
    params = toy / "params.yaml"
    coarse = "      rules:\n        - {kind: reuse, disclose: coarse}\n"
    params.write_text(params.read_text().replace("      rules:\n", coarse))
    judge(toy, quality="unclear")
    assert cli("report", "--project", toy).code == 0

    evidence = json.loads((toy / "reports" / "toy" / "evidence.json").read_text())
    assert "disclose: coarse" in report_of(toy)
    numbers = [f"{each['value']:.6g}" for each in evidence["measurements"] if each["of"] == "challenger"]
    assert numbers
    assert [number for number in numbers if f"| {number} |" in report_of(toy)] == []
    assert "Worst errors" not in report_of(toy)


def test_it_can_go_to_standard_output(cli: Call, judged: Path) -> None:
    called = cli("report", "--project", judged, "--output", "-")

    assert called.out.startswith("## ✅ promote")
    assert json.loads(cli("report", "--project", judged, "--output", "-", "--json").out)["report"].startswith(
        "## "
    )


def test_changed_parameters_and_data_are_shown_against_the_parent(
    cli: Call, toy: Path, git: Git, judge: Judge
) -> None:
    params = toy / "params.yaml"
    lock = "schema: '2.0'\nstages:\n  s:\n    cmd: x\n    outs:\n    - {path: data/d, md5: %s, size: 7}\n"
    (toy / "dvc.lock").write_text(lock % "aaaa")
    params.write_text(f"ingest: {{until: 2013-10}}\n{params.read_text()}")
    git(toy, "add", "-A")
    git(toy, "commit", "--quiet", "-m", "October")
    (toy / "dvc.lock").write_text(lock % "bbbb")
    params.write_text(params.read_text().replace("2013-10", "2013-11"))
    git(toy, "commit", "--quiet", "-am", "November")
    judge(toy)
    assert cli("report", "--project", toy).code == 0

    assert "| ingest.until | 2013-10 | 2013-11 |" in report_of(toy)
    assert "| data/d | aaaa (7 bytes) | bbbb (7 bytes) |" in report_of(toy)


def test_the_first_commit_has_nothing_to_compare_with(cli: Call, judged: Path, git: Git) -> None:
    git(judged, "checkout", "--quiet", "--orphan", "alone")
    git(judged, "commit", "--quiet", "-m", "Alone")
    cli("report", "--project", judged)

    assert "Not compared: this is the first commit." in report_of(judged)


def test_a_shallow_clone_says_how_to_get_the_rest(
    cli: Call, toy: Path, tmp_path: Path, git: Git, judge: Judge
) -> None:
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{toy}", "shallow")
    shallow = tmp_path / "shallow"
    judge(shallow)
    assert cli("report", "--project", shallow).code == 0

    assert "git fetch --unshallow" in report_of(shallow)
    called = cli("report", "--project", shallow, "--base", "HEAD~1")
    assert called.code == 2
    assert "git fetch --unshallow" in called.err


def test_a_pull_request_is_compared_with_its_merge_base(
    cli: Call, judged: Path, git: Git, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = git(judged, "rev-parse", "HEAD")
    git(judged, "checkout", "--quiet", "-b", "change")
    git(judged, "commit", "--quiet", "--allow-empty", "-m", "One")
    git(judged, "commit", "--quiet", "--allow-empty", "-m", "Two")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    judge(judged)
    assert cli("report", "--project", judged).code == 0

    assert f"### Changes since `{base[:12]}`" in report_of(judged)

    monkeypatch.setenv("GITHUB_BASE_REF", "release")
    judge(judged)
    assert cli("report", "--project", judged).code == 0
    assert "the base branch release was not fetched" in report_of(judged)


def test_a_verdict_on_other_evidence_cannot_be_reported(cli: Call, judged: Path) -> None:
    path = judged / "reports" / "toy" / "evidence.json"
    path.write_text(path.read_text().replace('"event": "push"', '"event": "schedule"'))
    called = cli("report", "--project", judged)

    assert called.code == 3
    assert "the evidence changed since the verdict was made" in called.err


def test_without_a_verdict_there_is_nothing_to_report(cli: Call, judged: Path) -> None:
    (judged / "reports" / "toy" / "verdict.json").unlink()

    assert cli("report", "--project", judged).code == 3


def test_the_data_contract_is_a_section_and_what_is_stale_is_said(cli: Call, toy: Path, git: Git) -> None:
    with (toy / "params.yaml").open("a") as file:
        file.write("      data: [{path: data.csv, suite: suite.json}]\n      splits: {train: data.csv}\n")
    (toy / "data.csv").write_text("row_id,a\nz1,1\nz2,2\n")
    (toy / "suite.json").write_text(
        '{"name": "s", "meta": {}, "expectations": '
        '[{"type": "expect_column_max_to_be_between", "kwargs": {"column": "a", "max_value": 1}}]}'
    )
    git(toy, "add", "-A")
    git(toy, "commit", "--quiet", "-m", "Contract")
    for command in ("evaluate", "gate", "report"):
        assert cli(command, "--project", toy).code == 0
    assert "⚠️ The data were not checked: run mltoolkit check." in report_of(toy)
    assert "⚠️ The splits were not checked: run mltoolkit check." in report_of(toy)

    assert cli("check", "--project", toy).code == 1
    assert cli("report", "--project", toy).code == 0
    assert "❌ data.csv: 4 of 5 rules are met." in report_of(toy)
    assert "not checked" not in report_of(toy)
    assert "⚠️ The data were checked after mltoolkit evaluate, which has to run again." in report_of(toy)

    (toy / "data.csv").write_text("row_id,a\nz1,1\n")
    assert cli("report", "--project", toy).code == 0
    assert report_of(toy).count("⚠️ data.csv is not the file that was checked") == 1

    # The evidence knows that, and where it is reported the data need not be.
    assert cli("evaluate", "--project", toy).code == 0
    assert cli("gate", "--project", toy).code == 0
    (toy / "data.csv").unlink()
    assert cli("report", "--project", toy).code == 0
    assert "⚠️ data.csv is not the file that was checked" in report_of(toy)
    assert "cannot be compared" not in report_of(toy)

    (toy / "reports" / "toy" / "check.json").write_text("{}")
    assert cli("report", "--project", toy).code == 3
