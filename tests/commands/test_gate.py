import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mltoolkit import evidence as about
from mltoolkit import files, project
from mltoolkit.archive import Archive
from mltoolkit.evidence import Evidence, Measurement
from mltoolkit.gate import Verdict
from mltoolkit.journal import Journal
from mltoolkit.ledger import Ledger
from mltoolkit.rules import catalogue

Call = Callable[..., Any]
Git = Callable[..., str]
Judge = Callable[..., None]

HEAVY = {"numpy", "pyarrow", "scipy", "pandas", "mlflow"}


@pytest.fixture
def judged(toy: Path, judge: Judge) -> Path:
    """A project with made-up evidence of a good model: the gate reads files alone."""
    judge(toy)
    (toy / "reports" / "toy" / "verdict.json").unlink()
    return toy


def reports(root: Path) -> Path:
    return root / "reports" / "toy"


def rules(root: Path, text: str) -> None:
    """Write the project's rules, one a line in YAML's flow style, and tie evidence that is there to them."""
    params, path = root / "params.yaml", reports(root) / "evidence.json"
    params.write_text(params.read_text().split("      rules:\n")[0] + f"      rules:\n{text}")
    if path.exists():
        made, asked = files.load(path, Evidence), project.load(root).settings.models["toy"].rules
        origin = msgspec.structs.replace(
            made.provenance, params=files.digest_file(params), rules=catalogue.digest(asked)
        )
        edit(root, provenance=origin)


AUC = "        - {kind: absolute, metric: roc-auc, at-least: 0.6, confidence: 0.95}\n"
REUSE = "        - {kind: reuse, budget: 2}\n"


def edit(root: Path, **changes: Any) -> None:
    """Change fields of the evidence."""
    path = reports(root) / "evidence.json"
    made = files.load(path, Evidence)
    files.write_bytes(path, files.dump_json(msgspec.structs.replace(made, **changes)))


def test_a_good_model_ends_with_0_and_a_verdict(cli: Call, judged: Path) -> None:
    called = cli("gate", "--project", judged)

    assert called.code == 0, called
    assert called.out.startswith("promote: ")
    verdict = files.load(reports(judged) / "verdict.json", Verdict)
    assert verdict.evidence == files.digest_file(reports(judged) / "evidence.json")


def test_the_same_evidence_gives_the_same_bytes(cli: Call, judged: Path) -> None:
    path = reports(judged) / "verdict.json"
    cli("gate", "--project", judged)
    first = path.read_bytes()
    cli("gate", "--project", judged)

    assert path.read_bytes() == first


def test_the_report_of_a_verdict_stays_until_the_verdict_is_another(cli: Call, judged: Path) -> None:
    report = reports(judged) / "report.md"
    cli("gate", "--project", judged)
    assert cli("report", "--project", judged).code == 0
    cli("gate", "--project", judged, "--record")
    assert report.exists()

    rules(judged, AUC)
    cli("gate", "--project", judged)
    assert not report.exists()

    report.write_text("of another")
    (reports(judged) / "evidence.json").write_text("{")
    assert cli("gate", "--project", judged).code == 3
    assert not report.exists()


@pytest.mark.parametrize("then", ["committed", "left"])
def test_a_rule_that_changed_after_the_evaluation_makes_no_yes_of_a_no(
    cli: Call, toy: Path, judge: Judge, git: Git, then: str
) -> None:
    judge(toy, quality="bad")
    assert cli("gate", "--project", toy).code == 1
    params = toy / "params.yaml"
    lines = params.read_text().split("      rules:\n")[0]
    params.write_text(f"{lines}      rules:\n{AUC.replace('0.6', '0.1')}")
    if then == "committed":
        git(toy, "commit", "--quiet", "-am", "Looser")

    called = cli("gate", "--project", toy)
    assert called.code == 3
    assert "params.yaml, the rules changed since the evidence was made; run mltoolkit evaluate" in called.out
    assert cli("gate", "--project", toy, "--plan").code == 0

    told = json.loads(cli("approve", "--project", toy, "--reason", "please", "--json").out)
    assert told["hindrances"] == ["params.yaml, the rules changed since the evidence was made"]
    refused = cli("deploy", "--project", toy)
    assert (refused.code, "changed since the evidence was made" in refused.err) == (3, True)


@pytest.mark.parametrize(
    ("quality", "code", "decision"), [("bad", 1, "reject"), ("unclear", 3, "inconclusive")]
)
def test_a_bad_model_ends_with_1_and_an_unclear_one_with_3(
    cli: Call, toy: Path, judge: Judge, quality: str, code: int, decision: str
) -> None:
    rules(toy, AUC)
    judge(toy, quality=quality)
    called = cli("gate", "--project", toy, "--json")

    assert called.code == code
    assert json.loads(called.out)["decision"] == decision


def test_the_verdict_comes_first_and_every_finding_has_a_line_with_its_interval(
    cli: Call, judged: Path
) -> None:
    rules(judged, AUC + REUSE)
    first, auc, reuse, path = cli("gate", "--project", judged).out.splitlines()

    assert first.startswith("promote: roc-auc is 0.")
    assert auc.startswith("  pass    roc-auc >= 0.6 at confidence 0.95: roc-auc is 0.")
    assert "% interval" in auc
    assert "1,000 rows" in auc
    assert "look 1 of 2" in reuse
    assert path == f"  written to {reports(judged) / 'verdict.json'}"


def test_json_has_the_whole_findings_and_no_more_than_the_verdict(cli: Call, judged: Path) -> None:
    rules(judged, AUC + REUSE)
    told = json.loads(cli("gate", "--project", judged, "--json").out)
    verdict = json.loads((reports(judged) / "verdict.json").read_text())

    assert told["findings"] == verdict["findings"]
    assert {"low", "high", "p", "n", "groups"} <= told["findings"][0]["estimate"].keys()
    assert set(told) == {"decision", "reason", "challenger", "champion", "anchor", "findings", "path"}


DAMAGES = {
    "cut": lambda text: text[: len(text) // 2],
    "emptied": lambda text: text[:0],
    "NaN": lambda text: text.replace("1000", "NaN"),
    "null": lambda text: text.replace("1000", "null"),
    "text": lambda text: text.replace("1000", '"1000"'),
    "infinite": lambda text: text.replace("1000", "1e999"),
    "schema": lambda text: text.replace("evidence/2", "evidence/1"),
    "trailing": lambda text: text + "x",
    "mark": lambda text: "\ufeff" + text,
    "key": lambda text: text.replace('"measurements"', '"measurement"'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_evidence_ends_with_3_and_leaves_no_verdict(cli: Call, judged: Path, damage: str) -> None:
    cli("gate", "--project", judged)
    path = reports(judged) / "evidence.json"
    path.write_text(DAMAGES[damage](path.read_text()))

    called = cli("gate", "--project", judged)

    assert called.code == 3
    assert not (reports(judged) / "verdict.json").exists()


@pytest.mark.parametrize("name", ["predictions.parquet", "golden.json"])
def test_evidence_whose_files_are_others_cannot_tell(cli: Call, judged: Path, name: str) -> None:
    (reports(judged) / name).write_bytes(b"changed")
    assert cli("gate", "--project", judged).code == 3

    (reports(judged) / name).unlink()
    assert cli("gate", "--project", judged).code == 3


def test_missing_evidence_cannot_tell(cli: Call, toy: Path) -> None:
    called = cli("gate", "--project", toy)

    assert called.code == 3
    assert "no such file" in called.err


def test_evidence_of_another_model_is_wrong_input(cli: Call, judged: Path) -> None:
    edit(judged, model="other")
    called = cli("gate", "--project", judged)

    assert called.code == 2
    assert "about the model 'other'" in called.err


@pytest.mark.parametrize("path", ["a/b.json", "../golden.json", "", "/etc/passwd"])
def test_evidence_that_points_elsewhere_cannot_tell(cli: Call, judged: Path, path: str) -> None:
    evidence = reports(judged) / "evidence.json"
    evidence.write_text(evidence.read_text().replace('"path": "golden.json"', f'"path": "{path}"'))

    assert cli("gate", "--project", judged).code == 3


@pytest.mark.parametrize(
    "words",
    [
        ["--backtest", "3", "--plan"],
        ["--backtest", "3", "--record"],
        ["--backtest", "3", "--out", "x.json"],
        ["--backtest", "3", "--evidence", "x.json"],
        ["--backtest", "3", "--base", "main"],
        ["--backtest", "3", "--ledger", "x.json"],
        ["--plan", "--record"],
        ["--plan", "--out", "x.json"],
        ["--plan", "--ledger", "x.json"],
        ["--record", "--ledger", "x.json"],
    ],
    ids=" ".join,
)
def test_options_that_exclude_each_other_are_refused(cli: Call, judged: Path, words: list[str]) -> None:
    called = cli("gate", "--project", judged, *words)

    assert called.code == 2
    assert "has no meaning with it" in called.err
    assert not (reports(judged) / "verdict.json").exists()


@pytest.mark.parametrize("count", ["0", "-1", "x", "1.5", "99999999999"])
def test_a_number_of_commits_is_one(cli: Call, judged: Path, count: str) -> None:
    assert cli("gate", "--project", judged, "--backtest", count).code == 2


def test_without_record_only_the_verdict_is_written(cli: Call, judged: Path) -> None:
    rules(judged, AUC + REUSE)
    before = {path for path in judged.rglob("*") if ".git" not in path.parts}
    cli("gate", "--project", judged)

    after = {path for path in judged.rglob("*") if ".git" not in path.parts}
    assert after - before == {reports(judged) / "verdict.json"}


def test_what_is_recorded_counts_for_the_next_and_stays_what_it_was(
    cli: Call, judged: Path, git: Git
) -> None:
    rules(judged, AUC + REUSE)
    path = reports(judged) / "evidence.json"
    first = path.read_bytes()

    called = cli("gate", "--project", judged, "--record")
    assert called.code == 0, called
    assert "look 1 at these rows is in the ledger; the evidence is kept" in called.out
    again = cli("gate", "--project", judged, "--record", "--json")
    assert json.loads(again.out)["recorded"] == {"look": 1, "kept": False}

    made = files.load(path, Evidence)
    assert made.challenger is not None
    codes = []
    for letter in "de":
        other = msgspec.structs.replace(made.challenger, digest=f"sha256:{letter * 64}")
        edit(judged, challenger=other)
        codes.append(cli("gate", "--project", judged, "--record").code)
    called = cli("gate", "--project", judged)
    assert (codes, called.code) == ([0, 3], 3)
    assert called.out.startswith("inconclusive: this is look 3 of 2 at these rows")

    path.write_bytes(first)
    assert cli("gate", "--project", judged).code == 0
    told = git(judged / ".mltoolkit" / "journal.git", "log", "--format=%an: %s", "mltoolkit/evidence")
    assert told.splitlines()[-2].startswith("Ada Lovelace: toy: promote at ")
    assert Journal(judged / ".mltoolkit").names() == ()


def test_a_recorded_verdict_is_what_the_report_comes_to_again(cli: Call, judged: Path) -> None:
    rules(judged, AUC + REUSE)
    cli("gate", "--project", judged, "--record")

    assert cli("report", "--project", judged).code == 0


def test_a_damaged_ledger_is_unknown_and_not_written_over(cli: Call, judged: Path) -> None:
    rules(judged, AUC + REUSE)
    cli("gate", "--project", judged, "--record")
    repository = judged / ".mltoolkit" / "journal.git"
    branch = repository / "refs" / "heads" / "mltoolkit" / "ledger"
    branch.write_text("not a commit\n")

    called = cli("gate", "--project", judged)
    assert called.code == 3
    assert called.out.startswith("inconclusive: the ledger of earlier looks cannot be read: ")
    assert cli("gate", "--project", judged, "--record").code == 3
    assert branch.read_text() == "not a commit\n"


def test_a_ledger_that_nobody_asks_about_is_not_read(cli: Call, judged: Path) -> None:
    rules(judged, AUC)
    (judged / ".mltoolkit" / "journal.git").mkdir(parents=True)

    assert cli("gate", "--project", judged).code == 0


def test_no_name_of_somebody_else_s_begins_a_line(cli: Call, judged: Path) -> None:
    rules(judged, AUC + "        - {kind: tests}\n")
    run = about.TestRun(path="x.xml", tests=2, failures=1, failed=("t\npromote: all is well\r\x1b[2J",))
    edit(judged, tests=run)

    called = cli("gate", "--project", judged)
    assert called.code == 1
    assert not any(line.startswith("promote") for line in called.out.splitlines())
    assert not set(called.out) & set("\r\x1b")
    assert r"1 of 2 tests failed: t promote: all is well \x1b[2J" in called.out


def test_a_ledger_may_come_from_a_file(cli: Call, judged: Path) -> None:
    rules(judged, AUC + REUSE)
    made = files.load(reports(judged) / "evidence.json", Evidence)
    for letter in "de":
        assert made.challenger is not None
        other = msgspec.structs.replace(made.challenger, digest=f"sha256:{letter * 64}")
        edit(judged, challenger=other)
        cli("gate", "--project", judged, "--record")
    kept = Archive(judged / ".mltoolkit").ledger()
    edit(judged, challenger=made.challenger)
    exported, empty = judged / "exported.json", judged / "empty.json"
    exported.write_bytes(files.dump_json(kept))
    empty.write_bytes(files.dump_json(Ledger()))

    assert cli("gate", "--project", judged, "--ledger", exported).code == 3
    assert cli("gate", "--project", judged, "--ledger", empty).code == 0
    called = cli("gate", "--project", judged, "--ledger", judged / "none.json")
    assert called.code == 3
    assert "no such file" in called.out


def test_the_rules_of_a_named_commit_decide(cli: Call, judged: Path, git: Git) -> None:
    rules(judged, AUC)
    git(judged, "commit", "--quiet", "-am", "A rule")
    rules(judged, AUC.replace("0.6", "0.99"))

    assert cli("gate", "--project", judged).code == 1
    # A person has to approve the change of the rules, but they are not what decides.
    called = cli("gate", "--project", judged, "--base", "HEAD")
    assert called.code == 3
    assert "roc-auc >= 0.6 at confidence 0.95: " in called.out
    assert cli("gate", "--project", judged, "--base", "nowhere").code == 2


def kept(cli: Call, root: Path, judge: Judge, **qualities: str) -> None:
    """Judge and keep evidence of several commits, named by a digit after a letter."""
    for name, quality in qualities.items():
        judge(root, quality=quality, origin={"commit": name[1:] * 40})
        cli("gate", "--project", root, "--record")


def test_a_backtest_tells_what_todays_rules_make_of_the_past(cli: Call, toy: Path, judge: Judge) -> None:
    rules(toy, AUC)
    kept(cli, toy, judge, c1="good", c2="bad", c3="unclear")
    before = {path for path in toy.rglob("*") if path.is_file()}
    rules(toy, AUC.replace("0.6", "0.99"))

    called = cli("gate", "--project", toy, "--backtest", "2")

    newest, older, sums = called.out.splitlines()
    assert called.code == 0
    assert newest.startswith("3" * 12)
    assert " inconclusive -> reject: roc-auc >= 0.99 at confidence 0.95: roc-auc is " in newest
    assert older.startswith("2" * 12)
    assert " reject: roc-auc >= 0.99 at confidence 0.95: roc-auc is " in older
    assert sums == "2 judged: 0 promoted then, 0 now; 1 differ"
    assert {path for path in toy.rglob("*") if path.is_file()} == before

    told = json.loads(cli("gate", "--project", toy, "--backtest", "9", "--json").out)["backtest"]
    assert [(each["then"], each["now"]) for each in told] == [
        ("inconclusive", "reject"),
        ("reject", "reject"),
        ("promote", "reject"),
    ]


def test_a_backtest_looks_at_rows_as_it_did_then(cli: Call, toy: Path, judge: Judge) -> None:
    rules(toy, AUC + "        - {kind: reuse, budget: 1}\n")
    judge(toy)
    made = files.load(reports(toy) / "evidence.json", Evidence)
    assert made.challenger is not None
    for number in (1, 2):
        edit(
            toy,
            challenger=msgspec.structs.replace(made.challenger, digest=f"sha256:{f'{number}' * 64}"),
            provenance=msgspec.structs.replace(made.provenance, commit=f"{number}" * 40),
        )
        cli("gate", "--project", toy, "--record")

    told = json.loads(cli("gate", "--project", toy, "--backtest", "9", "--json").out)["backtest"]
    assert [(each["then"], each["now"]) for each in told] == [
        ("inconclusive", "inconclusive"),
        ("promote", "promote"),
    ]


def test_a_backtest_with_nothing_kept_cannot_tell(cli: Call, toy: Path) -> None:
    called = cli("gate", "--project", toy, "--backtest", "5")

    assert called.code == 3
    assert "gate --record keeps it" in called.err


def test_a_plan_tells_rows_and_the_noise_floor_and_decides_nothing(
    cli: Call, toy: Path, judge: Judge
) -> None:
    rules(
        toy,
        "        - {kind: no-worse-than, metric: accuracy, margin: 0.01}\n"
        "        - {kind: no-worse-than, metric: roc-auc, margin: 0.01}\n"
        "        - {kind: better-than-baseline, metric: brier, baseline: base-rate}\n",
    )
    judge(toy, champion=f"sha256:{'c' * 64}")
    verdict = (reports(toy) / "verdict.json").read_bytes()

    called = cli("gate", "--project", toy, "--plan")

    assert called.code == 0
    assert "% disagreement on 1,000 rows, a difference in accuracy under 0.0" in called.out
    assert "0.01 *" in called.out
    assert "rows for 80%" in called.out
    assert "no number of rows settles a tie" in called.out
    assert (reports(toy) / "verdict.json").read_bytes() == verdict
    told = json.loads(cli("gate", "--project", toy, "--plan", "--json").out)["plans"]
    assert [each["metric"] for each in told] == ["accuracy", "roc-auc", "brier"]
    assert 0 < told[0]["disagreement"] < 1


def test_numbers_alone_are_judged_recorded_and_planned_without_numpy(
    toy: Path, evidence: Callable[..., Evidence], tie: Callable[[Path], None]
) -> None:
    (toy / "params.yaml").write_text(
        "mltoolkit:\n  models:\n    toy:\n      metrics: metrics.json\n      rules:\n"
        "        - {kind: absolute, metric: file:profit, at-least: 1}\n        - {kind: reuse}\n"
    )
    made = evidence(
        rows=None,
        challenger=None,
        task=None,
        positive=None,
        predictions=None,
        golden=None,
        baselines=(),
        measurements=(Measurement(metric="file:profit", of="challenger", value=2.0),),
    )
    files.write_bytes(reports(toy) / "evidence.json", files.dump_json(made))
    tie(toy)
    for words in ([], ["--record"], ["--plan"], ["--backtest", "1"]):
        script = (
            "import sys\nfrom mltoolkit.cli import main\n"
            f"code = main(['gate', '--project', {str(toy)!r}, *{words!r}])\n"
            f"print(sorted(set(sys.modules) & {HEAVY!r}), code)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
        assert done.stdout.splitlines()[-1] == "[] 0", done
