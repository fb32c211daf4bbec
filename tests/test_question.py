import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mltoolkit import files, project, question
from mltoolkit.evidence import Evidence, Measurement

Build = Callable[..., Evidence]
Git = Callable[..., str]


def asked(root: Path) -> list[str]:
    here = project.load(root)
    made = files.load(root / "reports" / "toy" / "evidence.json", Evidence)
    return [what for what, _, _ in question.differences(made, here, here.settings.models["toy"])]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("at-least: 0.6", "at-least: 0.5", ["params.yaml", "the rules"]),
        ("slices: [group]", "slices: [a]", ["params.yaml"]),
        ("slices: [group]", "group: [group]", ["params.yaml", "`group:`"]),
        ("target: target", "target: a", ["params.yaml", "`target:`"]),
    ],
)
def test_another_question_is_told_part_by_part(
    toy: Path, judge: Callable[..., None], before: str, after: str, said: list[str]
) -> None:
    judge(toy)
    assert asked(toy) == []
    params = toy / "params.yaml"
    params.write_text(params.read_text().replace(before, after))

    assert asked(toy) == said


def test_numbers_alone_are_held_to_their_file(
    toy: Path, evidence: Build, tie: Callable[[Path], None]
) -> None:
    (toy / "params.yaml").write_text("mltoolkit:\n  models:\n    toy:\n      metrics: metrics.json\n")
    numbers = toy / "metrics.json"
    numbers.write_text("{}")
    made = evidence(
        task=None, positive=None, rows=None, challenger=None, predictions=None, golden=None, baselines=(),
        measurements=(Measurement(metric="file:auc", of="challenger", value=0.7),),
    )  # fmt: skip
    path = toy / "reports" / "toy" / "evidence.json"
    files.write_bytes(path, files.dump_json(made).replace(b"a" * 64, files.digest_file(numbers)[7:].encode()))
    tie(toy)
    assert asked(toy) == []

    numbers.write_text('{"auc": 1}')
    assert asked(toy) == ["the numbers"]


def test_settings_that_git_was_told_to_overlook_are_not_committed(toy: Path, git: Git) -> None:
    here = project.load(toy)
    assert question.uncommitted(here, toy) == []

    git(toy, "update-index", "--assume-unchanged", "params.yaml")
    (toy / "params.yaml").write_text("mltoolkit: {}\n")
    (toy / "dvc.lock").write_text("stages: {}\n")
    assert question.uncommitted(here, toy) == ["params.yaml", "dvc.lock"]


def test_rows_and_models_that_dvc_knows_otherwise_are_not_as_committed(toy: Path, git: Git) -> None:
    dvc = Path(sys.executable).with_name("dvc")
    git(toy, "rm", "--quiet", "-r", "--cached", "model", "rows.parquet")
    for words in (["init", "--quiet"], ["add", "--quiet", "model", "rows.parquet"]):
        subprocess.run([dvc, *words], cwd=toy, check=True, env={**os.environ, "DVC_NO_ANALYTICS": "1"})
    here = project.load(toy)
    settings = here.settings.models["toy"]
    assert question.unlike_dvc(here, settings) == []

    (toy / "rows.parquet").chmod(0o644)
    (toy / "rows.parquet").write_bytes(b"others")
    (toy / "model" / "more").write_text("a file that nobody added")

    assert question.unlike_dvc(here, settings) == [
        "rows.parquet (not as DVC knows it)",
        "model (not as DVC knows it)",
    ]
