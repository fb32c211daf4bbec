import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mltoolkit import files
from mltoolkit.evidence import Evidence
from mltoolkit.gate import Verdict

Call = Callable[..., Any]


@pytest.fixture
def judged(toy: Path, evidence: Callable[..., Evidence]) -> Path:
    """A project with made-up evidence: the gate reads files alone."""
    folder = toy / "reports" / "toy"
    made = evidence()
    files.write_bytes(folder / "predictions.parquet", b"predictions")
    files.write_bytes(folder / "golden.json", b"golden")
    digests = {name: files.digest_file(folder / name) for name in ("predictions.parquet", "golden.json")}
    made = evidence(
        predictions=type(made.predictions)(path="predictions.parquet", digest=digests["predictions.parquet"]),
        golden=type(made.golden)(path="golden.json", digest=digests["golden.json"]),
    )
    files.write_bytes(folder / "evidence.json", files.dump_json(made))
    return toy


def test_a_good_model_ends_with_0_and_a_verdict(cli: Call, judged: Path) -> None:
    called = cli("gate", "--project", judged)

    assert called.code == 0
    assert called.out.startswith("promote: ")
    verdict = files.load(judged / "reports" / "toy" / "verdict.json", Verdict)
    assert verdict.evidence == files.digest_file(judged / "reports" / "toy" / "evidence.json")


def test_the_same_evidence_gives_the_same_bytes(cli: Call, judged: Path) -> None:
    path = judged / "reports" / "toy" / "verdict.json"
    cli("gate", "--project", judged)
    first = path.read_bytes()
    cli("gate", "--project", judged)

    assert path.read_bytes() == first


def test_a_broken_model_ends_with_1(cli: Call, judged: Path) -> None:
    path = judged / "reports" / "toy" / "evidence.json"
    path.write_text(path.read_text().replace("0.12", "0.19"))
    called = cli("gate", "--project", judged, "--json")

    assert called.code == 1
    assert json.loads(called.out)["decision"] == "reject"


DAMAGES = {
    "cut": lambda text: text[: len(text) // 2],
    "emptied": lambda text: text[:0],
    "NaN": lambda text: text.replace("0.12", "NaN"),
    "null": lambda text: text.replace("0.12", "null"),
    "text": lambda text: text.replace("0.12", '"0.12"'),
    "infinite": lambda text: text.replace("0.12", "1e999"),
    "schema": lambda text: text.replace("evidence/1", "evidence/2"),
    "trailing": lambda text: text + "x",
    "mark": lambda text: "\ufeff" + text,
    "key": lambda text: text.replace('"measurements"', '"measurement"'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_evidence_ends_with_3_and_leaves_no_verdict(cli: Call, judged: Path, damage: str) -> None:
    cli("gate", "--project", judged)
    path = judged / "reports" / "toy" / "evidence.json"
    path.write_text(DAMAGES[damage](path.read_text()))

    called = cli("gate", "--project", judged)

    assert called.code == 3
    verdict = judged / "reports" / "toy" / "verdict.json"
    # Where it could be read, the verdict says that it cannot tell; else there is none of before.
    assert not verdict.exists() or files.load(verdict, Verdict).decision == "inconclusive"


@pytest.mark.parametrize("name", ["predictions.parquet", "golden.json"])
def test_evidence_whose_files_are_others_cannot_tell(cli: Call, judged: Path, name: str) -> None:
    (judged / "reports" / "toy" / name).write_bytes(b"changed")
    assert cli("gate", "--project", judged).code == 3

    (judged / "reports" / "toy" / name).unlink()
    assert cli("gate", "--project", judged).code == 3


def test_missing_evidence_cannot_tell(cli: Call, toy: Path) -> None:
    called = cli("gate", "--project", toy)

    assert called.code == 3
    assert "no such file" in called.err


def test_evidence_of_another_model_is_wrong_input(cli: Call, judged: Path) -> None:
    path = judged / "reports" / "toy" / "evidence.json"
    path.write_text(path.read_text().replace('"model": "toy"', '"model": "other"'))
    called = cli("gate", "--project", judged)

    assert called.code == 2
    assert "about the model 'other'" in called.err


@pytest.mark.parametrize("path", ["a/b.json", "../golden.json", "", "/etc/passwd"])
def test_evidence_that_points_elsewhere_cannot_tell(cli: Call, judged: Path, path: str) -> None:
    evidence = judged / "reports" / "toy" / "evidence.json"
    evidence.write_text(evidence.read_text().replace('"path": "golden.json"', f'"path": "{path}"'))

    assert cli("gate", "--project", judged).code == 3
