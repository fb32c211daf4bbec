from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from mltoolkit import files, gate, models, project, verdicts
from mltoolkit.errors import CannotTellError, RefusedError
from mltoolkit.gate import Decision, Verdict

Judge = Callable[..., None]


def require(root: Path) -> None:
    here = project.load(root)
    name, settings = here.settings.model()
    case = verdicts.read(here.reports(name))
    verdicts.require(case, here, settings, model=name, digest=models.digest(root / "model"))


def edit(root: Path, name: str, before: str, after: str) -> None:
    path = root / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_a_verdict_that_holds_lets_the_model_through(toy: Path, judge: Judge) -> None:
    judge(toy)
    require(toy)


def test_a_rejection_refuses_and_an_unknown_cannot_tell(toy: Path, judge: Judge) -> None:
    judge(toy, brier=0.2)
    with pytest.raises(RefusedError, match=r"the gate rejected this model: brier is 0\.2"):
        require(toy)

    judge(toy, brier=None)
    with pytest.raises(CannotTellError, match="the gate could not tell"):
        require(toy)


@pytest.mark.parametrize(
    "changes",
    [
        {"decision": Decision.PROMOTE},
        {"decision": Decision.PROMOTE, "reason": "because"},
        {"champion": f"sha256:{'1' * 64}", "decision": Decision.PROMOTE},
        {"findings": (), "decision": Decision.PROMOTE},
        {"dirty": False, "commit": "d" * 40},
    ],
)
def test_a_verdict_that_somebody_wrote_is_found(toy: Path, judge: Judge, changes: dict[str, Any]) -> None:
    judge(toy, brier=0.2)
    path = toy / "reports" / "toy" / "verdict.json"
    forged = msgspec.structs.replace(files.load(path, Verdict), **changes)
    files.write_bytes(path, files.dump_json(forged))

    with pytest.raises(CannotTellError, match="does not come to this verdict"):
        require(toy)


@pytest.mark.parametrize("name", ["evidence.json", "golden.json"])
def test_files_that_changed_since_are_found(toy: Path, judge: Judge, name: str) -> None:
    judge(toy)
    edit(toy, f"reports/toy/{name}", "r1", "r9")

    with pytest.raises(CannotTellError, match="changed since the verdict was made"):
        require(toy)


def test_rules_that_changed_since_ask_for_a_new_verdict(toy: Path, judge: Judge) -> None:
    judge(toy)
    with (toy / "params.yaml").open("a") as file:
        file.write("      rules: [{kind: absolute, metric: roc-auc, at-least: 0.1}]\n")

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
        ("slices: [group]", "task: multiclass", "`task:` changed"),
        ("slices: [group]", "id: a", "`id:` changed"),
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
    judge(toy)
    folder = toy / "reports" / "toy"
    edit(toy, "reports/toy/evidence.json", '"dirty": false', '"dirty": true')
    case = verdicts.read(folder)
    again = gate.decide(case.evidence, (), evidence_digest=case.evidence_digest)
    files.write_bytes(folder / "verdict.json", files.dump_json(again))

    with pytest.raises(CannotTellError, match="differs from its commit"):
        require(toy)


@pytest.mark.parametrize("missing", ["verdict.json", "evidence.json", "golden.json"])
def test_a_missing_file_says_which_command_makes_it(toy: Path, judge: Judge, missing: str) -> None:
    judge(toy)
    (toy / "reports" / "toy" / missing).unlink()

    with pytest.raises(CannotTellError, match="run mltoolkit"):
        require(toy)
