from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from mltoolkit import approvals, files, judging, models, project, verdicts
from mltoolkit.errors import CannotTellError, RefusedError
from mltoolkit.evidence import Evidence, Measurement
from mltoolkit.gate import Decision, Verdict

Git = Callable[..., str]
Judge = Callable[..., None]
OTHER = f"sha256:{'1' * 64}"


def require(root: Path) -> verdicts.Permit:
    here = project.load(root)
    name, _ = here.settings.model()
    case = verdicts.read(here, name)
    return verdicts.require(case, here, model=name, digest=models.digest(root / "model"))


def edit(root: Path, name: str, before: str, after: str) -> None:
    path = root / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_a_verdict_that_holds_lets_the_model_through(toy: Path, judge: Judge) -> None:
    judge(toy)
    permit = require(toy)

    assert "2 of 2 blocking rules passed" in permit.reason
    assert permit.approval is None


def test_a_rejection_refuses_and_an_unknown_cannot_tell(toy: Path, judge: Judge) -> None:
    judge(toy, quality="bad")
    with pytest.raises(RefusedError, match="the gate rejected this model: roc-auc is"):
        require(toy)

    judge(toy, quality="unclear")
    with pytest.raises(CannotTellError, match="the gate could not tell: roc-auc") as told:
        require(toy)
    assert "mltoolkit approve" in str(told.value.hint)


@pytest.mark.parametrize(
    "changes",
    [
        {"decision": Decision.PROMOTE},
        {"decision": Decision.PROMOTE, "reason": "because"},
        {"champion": OTHER, "decision": Decision.PROMOTE},
        {"findings": (), "decision": Decision.PROMOTE},
        {"dirty": False, "commit": "d" * 40},
    ],
)
def test_a_verdict_that_somebody_wrote_is_found(toy: Path, judge: Judge, changes: dict[str, Any]) -> None:
    judge(toy, quality="bad")
    path = toy / "reports" / "toy" / "verdict.json"
    forged = msgspec.structs.replace(files.load(path, Verdict), **changes)
    files.write_bytes(path, files.dump_json(forged))

    with pytest.raises(CannotTellError, match="does not come to this verdict"):
        require(toy)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("evidence.json", "the evidence changed since the verdict was made"),
        ("golden.json", "is not the file that .* speaks of"),
    ],
)
def test_files_that_changed_since_are_found(toy: Path, judge: Judge, name: str, said: str) -> None:
    judge(toy)
    edit(toy, f"reports/toy/{name}", "r1", "r9")

    with pytest.raises(CannotTellError, match=said):
        require(toy)


def test_other_predictions_than_those_that_were_judged_are_found(toy: Path, judge: Judge) -> None:
    judge(toy)
    path = toy / "reports" / "toy" / "predictions.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)

    with pytest.raises(CannotTellError, match="is not the file that"):
        require(toy)


def test_a_verdict_of_an_older_format_is_asked_for_again(toy: Path, judge: Judge) -> None:
    judge(toy)
    edit(toy, "reports/toy/verdict.json", "mltoolkit.verdict/2", "mltoolkit.verdict/1")

    with pytest.raises(CannotTellError, match=r"schema is 'mltoolkit\.verdict/1'") as told:
        require(toy)
    assert "make the file again" in str(told.value.hint)


def test_rules_that_changed_since_ask_for_a_new_verdict(toy: Path, judge: Judge) -> None:
    judge(toy)
    edit(toy, "params.yaml", "at-least: 0.6", "at-least: 0.1")

    with pytest.raises(CannotTellError, match="rules changed"):
        require(toy)


def test_another_model_directory_is_not_the_one_that_was_judged(toy: Path, judge: Judge) -> None:
    judge(toy)
    (toy / "model" / "note.txt").write_text("changed")

    with pytest.raises(CannotTellError, match="for the model digest"):
        require(toy)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("slices: [group]", "positive: 0", "`positive:` changed"),
        ("slices: [group]", "id: a", "`id:` changed"),
        ("slices: [group]", "group: [group]", "`group:` changed"),
        ("slices: [group]", "quantile: 0.5", "`quantile:` changed"),
        ("slices: [group]", "data: [{path: rows.parquet, suite: params.yaml}]", "the suites changed"),
        ("slices: [group]", "data: [{path: rows.parquet, suite: gone.json}]", "a suite cannot be read"),
        ("target: target", "target: a", "`target:` changed"),
        ("rows: rows.parquet", "rows: others.parquet", "`rows:` changed"),
    ],
)
def test_another_question_asks_for_a_new_verdict(
    toy: Path, judge: Judge, before: str, after: str, said: str
) -> None:
    judge(toy)
    edit(toy, "params.yaml", before, after)

    with pytest.raises(CannotTellError, match=said):
        require(toy)


def test_another_task_asks_for_a_new_verdict(toy: Path, judge: Judge) -> None:
    edit(toy, "params.yaml", "roc-auc, at-least: 0.6", "accuracy, at-least: 0.5")
    judge(toy)
    edit(toy, "params.yaml", "slices: [group]", "task: multiclass")

    with pytest.raises(CannotTellError, match="`task:` changed"):
        require(toy)


def test_other_rows_ask_for_a_new_verdict_and_absent_ones_do_not(toy: Path, judge: Judge) -> None:
    judge(toy)
    pq.write_table(pq.read_table(toy / "rows.parquet").slice(1), toy / "rows.parquet")
    with pytest.raises(CannotTellError, match="the evaluation rows changed"):
        require(toy)

    (toy / "rows.parquet").unlink()
    require(toy)


def test_another_lock_asks_for_a_new_verdict(toy: Path, judge: Judge) -> None:
    judge(toy)
    (toy / "dvc.lock").write_text("schema: '2.0'\n")

    with pytest.raises(CannotTellError, match=r"dvc\.lock changed"):
        require(toy)


def test_a_dirty_tree_is_refused(toy: Path, judge: Judge) -> None:
    judge(toy, origin={"dirty": True})

    with pytest.raises(CannotTellError, match="differs from its commit"):
        require(toy)


@pytest.mark.parametrize("name", ["params.yaml", "dvc.lock"])
def test_what_is_not_committed_now_is_refused_whatever_git_is_told(
    toy: Path, judge: Judge, git: Git, name: str
) -> None:
    (toy / name).touch()
    git(toy, "add", "-A")
    git(toy, "commit", "--quiet", "--allow-empty", "-m", "As it was")
    git(toy, "update-index", "--assume-unchanged", name)
    (toy / name).write_text(f"{(toy / name).read_text()}\n# another\n")
    judge(toy)

    with pytest.raises(CannotTellError, match=f"{name} is not as committed"):
        require(toy)


@pytest.mark.parametrize("event", ["pull_request", "pull_request_review", "merge_group"])
def test_a_verdict_for_show_lets_nothing_through(toy: Path, judge: Judge, event: str) -> None:
    judge(toy, origin={"event": event})
    sign(toy)

    with pytest.raises(CannotTellError, match=f"made in a {event} run, which is for show"):
        require(toy)


def test_the_defaults_of_the_task_hold_a_second_version_to_the_first(
    toy: Path, judge: Judge, git: Git
) -> None:
    params = toy / "params.yaml"
    text = params.read_text()
    params.write_text(text[: text.index("      rules:")] + text[text.index("      slices:") :])
    git(toy, "commit", "--quiet", "-am", "The defaults")

    judge(toy, champion=OTHER)
    findings = files.load(toy / "reports" / "toy" / "verdict.json", Verdict).findings
    assert {finding.kind for finding in findings} >= {"better-than-baseline", "no-worse-than", "reuse"}
    # A thousand rows show no loss of less than a point, and only a person can go on from there.
    with pytest.raises(CannotTellError, match="the gate could not tell: roc-auc"):
        require(toy)
    sign(toy)
    assert require(toy).approval is not None

    judge(toy, champion=OTHER, quality="bad")
    with pytest.raises(RefusedError):
        require(toy)


def test_numbers_alone_let_nothing_through(toy: Path, judge: Judge, tie: Callable[..., None]) -> None:
    judge(toy)
    folder = toy / "reports" / "toy"
    edit(toy, "params.yaml", "      target: target\n", "      metrics: metrics.json\n")
    edit(toy, "params.yaml", "roc-auc, at-least: 0.6, confidence: 0.95", "file:auc, at-least: 0.6")
    edit(
        toy, "params.yaml", "        - {kind: better-than-baseline, metric: brier, baseline: base-rate}\n", ""
    )
    made = msgspec.structs.replace(
        files.load(folder / "evidence.json", Evidence),
        task=None, positive=None, rows=None, challenger=None, predictions=None, golden=None,
        baselines=(), worst=(),
        measurements=(Measurement(metric="file:auc", of="challenger", value=0.7),),
    )  # fmt: skip
    files.write_bytes(folder / "evidence.json", files.dump_json(made))
    tie(toy)
    verdict = judging.read(folder / "evidence.json", project.load(toy), "toy").decide()
    assert verdict.decision is Decision.PROMOTE
    files.write_bytes(folder / "verdict.json", files.dump_json(verdict))

    with pytest.raises(CannotTellError, match="on numbers alone"):
        require(toy)


@pytest.mark.parametrize("missing", ["verdict.json", "evidence.json", "golden.json"])
def test_a_missing_file_says_which_command_makes_it(toy: Path, judge: Judge, missing: str) -> None:
    judge(toy)
    (toy / "reports" / "toy" / missing).unlink()

    with pytest.raises(CannotTellError, match="run mltoolkit"):
        require(toy)


def sign(root: Path, **changes: Any) -> Path:
    """Write what ``mltoolkit approve`` writes."""
    folder = root / "reports" / "toy"
    path = folder / "verdict.json"
    values = {"by": "Ada", "at": "2026-01-02T03:04:05+00:00", "reason": "a holiday", "event": "push"}
    signed = approvals.sign(files.load(path, Verdict), files.digest_file(path), **(values | changes))
    files.write_bytes(folder / "approval.json", files.dump_json(signed))
    return folder / "approval.json"


def test_what_a_person_signed_for_is_let_through_in_that_name(toy: Path, judge: Judge) -> None:
    judge(toy, quality="unclear")
    path = sign(toy)

    permit = require(toy)
    assert permit.reason == "approved by Ada: a holiday"
    assert permit.approval == files.digest_file(path)
    # The same verdict made again is still the one that was signed for.
    judge(toy, quality="unclear")
    assert require(toy) == permit


def test_nobody_signs_for_a_no(toy: Path, judge: Judge) -> None:
    judge(toy, quality="bad")
    sign(toy)

    with pytest.raises(RefusedError):
        require(toy)


@pytest.mark.parametrize("origin", [{"dirty": True}, {"event": "pull_request"}])
def test_a_signature_mends_nothing_but_not_knowing(toy: Path, judge: Judge, origin: dict[str, Any]) -> None:
    judge(toy, quality="unclear", origin=origin)
    sign(toy, event=origin.get("event", "push"))

    with pytest.raises(CannotTellError, match=r"differs from its commit|for show"):
        require(toy)


def test_a_signature_is_of_one_verdict_on_one_evidence(toy: Path, judge: Judge) -> None:
    judge(toy, quality="unclear")
    sign(toy)
    # Judged again on other evidence, with the same findings.
    judge(toy, quality="unclear", origin={"run": "https://example.org/2"})

    with pytest.raises(CannotTellError, match="the approval is of another verdict"):
        require(toy)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("a holiday", "a whim", "the approval was edited"),
        ("approval/1", "approval/2", "the approval cannot be read: schema is"),
        ('"reason"', '"because"', "the approval cannot be read: not usable"),
        ('"inconclusive"', '"reject"', "the approval cannot be read: not usable"),
        ("{", "", "the approval cannot be read: not JSON"),
    ],
)
def test_a_damaged_signature_is_none(toy: Path, judge: Judge, before: str, after: str, said: str) -> None:
    judge(toy, quality="unclear")
    sign(toy)
    edit(toy, "reports/toy/approval.json", before, after)

    with pytest.raises(CannotTellError, match=said):
        require(toy)


def test_what_the_gate_promotes_needs_no_signature_and_a_bad_one_is_no_hindrance(
    toy: Path, judge: Judge
) -> None:
    judge(toy, quality="unclear")
    sign(toy)
    judge(toy)

    assert require(toy).approval is None


def test_a_verdict_by_the_rules_of_another_commit_is_decided_anew_by_those(
    toy: Path, judge: Judge, git: Git, tie: Callable[..., None]
) -> None:
    judge(toy)
    folder = toy / "reports" / "toy"
    base = git(toy, "rev-parse", "HEAD")

    def decide(rules_of: str) -> None:
        case = judging.read(folder / "evidence.json", project.load(toy), "toy", base=rules_of)
        files.write_bytes(folder / "verdict.json", files.dump_json(case.decide()))

    decide("HEAD")
    git(toy, "commit", "--quiet", "--allow-empty", "-m", "Nothing")
    assert verdicts.read(project.load(toy), "toy").verdict.policy.base == base
    require(toy)

    edit(toy, "params.yaml", "at-least: 0.6", "at-least: 0.5")
    with pytest.raises(CannotTellError, match=r"params\.yaml, the rules changed"):
        require(toy)
    tie(toy)
    with pytest.raises(CannotTellError, match="comparison with the base commit's rules changed"):
        require(toy)

    edit(toy, "params.yaml", "at-least: 0.5", "at-least: 0.6")
    tie(toy)
    edit(toy, "reports/toy/verdict.json", base, "0" * 40)
    with pytest.raises(CannotTellError, match="the commit whose rules decided cannot be read"):
        require(toy)
