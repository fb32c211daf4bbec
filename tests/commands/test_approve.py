"""``mltoolkit approve``: who, when and why beside a verdict that cannot tell."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mltoolkit import files
from mltoolkit.approvals import Approval
from mltoolkit.gate import Verdict

Call = Callable[..., Any]
Judge = Callable[..., None]


def approval_of(toy: Path) -> Approval:
    return files.load(toy / "reports" / "toy" / "approval.json", Approval)


@pytest.fixture
def unclear(toy: Path, judge: Judge) -> Path:
    judge(toy, quality="unclear")
    return toy


def test_a_person_signs_for_what_nobody_knows(cli: Call, unclear: Path) -> None:
    verdict = unclear / "reports" / "toy" / "verdict.json"
    before = verdict.read_bytes()

    called = cli("approve", "--project", unclear, "--reason", " the floor is\n old ", "--json")

    assert called.code == 0, called.err
    said, made = json.loads(called.out), approval_of(unclear)
    assert verdict.read_bytes() == before
    assert made.verdict == files.digest_file(verdict) == said["verdict"]
    assert (made.by, made.reason) == ("Ada Lovelace <ada@example.org>", "the floor is old")
    assert (made.event, made.run, made.ref) == ("local", None, None)
    assert made.unknown == tuple(said["unknown"]) == ("roc-auc >= 0.6 at confidence 0.95",)
    assert made.at == said["at"]
    assert made.at.endswith("+00:00")
    assert (said["deployable"], said["changed"]) == (True, True)


def test_a_workflow_signs_in_the_name_of_who_started_it(
    cli: Call, unclear: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": "octocat",
        "GITHUB_EVENT_NAME": "workflow_dispatch",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_RUN_ID": "7",
    }.items():
        monkeypatch.setenv(name, value)

    called = cli("approve", "--project", unclear, "--reason", "seen by the team")

    assert called.out.startswith("approved by octocat: seen by the team\n  not known: roc-auc >= 0.6")
    made = approval_of(unclear)
    assert (made.event, made.ref) == ("workflow_dispatch", "refs/heads/main")
    assert made.run == "https://github.example/a/b/actions/runs/7"


def test_the_first_signature_stays_until_it_is_removed(cli: Call, unclear: Path) -> None:
    cli("approve", "--project", unclear, "--reason", "one")
    path = unclear / "reports" / "toy" / "approval.json"
    before = path.read_bytes()

    again = cli("approve", "--project", unclear, "--reason", "two")
    assert (again.code, path.read_bytes()) == (0, before)
    assert again.out.startswith("was approved by Ada Lovelace <ada@example.org>: one (")

    path.unlink()
    assert cli("approve", "--project", unclear, "--reason", "two").code == 0
    assert approval_of(unclear).reason == "two"


@pytest.mark.parametrize("damage", ["{", '{"schema": "mltoolkit.approval/0"}'])
def test_a_damaged_signature_is_replaced(cli: Call, unclear: Path, damage: str) -> None:
    (unclear / "reports" / "toy" / "approval.json").write_text(damage)

    assert cli("approve", "--project", unclear, "--reason", "one").code == 0
    assert approval_of(unclear).reason == "one"


@pytest.mark.parametrize(
    ("quality", "code", "said"),
    [
        ("good", 2, "there is nothing to approve: the gate promotes this model"),
        ("bad", 1, "a no is nobody's to approve"),
    ],
)
def test_a_yes_needs_nobody_and_a_no_is_nobodys(
    cli: Call, toy: Path, judge: Judge, quality: str, code: int, said: str
) -> None:
    judge(toy, quality=quality)

    called = cli("approve", "--project", toy, "--reason", "please")

    assert called.code == code
    assert said in called.err
    assert not (toy / "reports" / "toy" / "approval.json").exists()


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "a reason is needed"),
        (" \n\t ", "a reason is needed"),
        ("x" * 1001, "at most 1,000 are kept"),
        ("red \x1b[31m", "cannot be shown"),
    ],
)
def test_a_reason_is_one_that_a_person_can_read_later(
    cli: Call, unclear: Path, reason: str, said: str
) -> None:
    called = cli("approve", "--project", unclear, f"--reason={reason}")

    assert called.code == 2
    assert said in called.err
    assert not (unclear / "reports" / "toy" / "approval.json").exists()


def test_without_a_reason_nothing_is_signed(cli: Call, unclear: Path) -> None:
    called = cli("approve", "--project", unclear)

    assert called.code == 2
    assert "--reason" in called.err


def test_a_verdict_that_somebody_wrote_is_not_signed(cli: Call, toy: Path, judge: Judge) -> None:
    judge(toy, quality="bad")
    path = toy / "reports" / "toy" / "verdict.json"
    path.write_text(path.read_text().replace('"reject"', '"inconclusive"'))

    called = cli("approve", "--project", toy, "--reason", "please")

    assert called.code == 3
    assert "does not come to this verdict" in called.err


def test_without_a_verdict_there_is_nothing_to_sign(cli: Call, toy: Path) -> None:
    called = cli("approve", "--project", toy, "--reason", "please")

    assert called.code == 3
    assert "run mltoolkit gate" in called.err


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ({"dirty": True}, "it cannot be deployed: the working tree differed from its commit"),
        ({"event": "pull_request"}, "it cannot be deployed: the verdict was made in a pull_request run"),
    ],
)
def test_what_a_signature_does_not_mend_is_said(
    cli: Call, toy: Path, judge: Judge, origin: dict[str, Any], said: str
) -> None:
    judge(toy, quality="unclear", origin=origin)

    called = cli("approve", "--project", toy, "--reason", "a reason")

    assert called.code == 0
    assert said in called.out


def test_a_signature_from_a_pull_request_is_for_show_and_gives_way_to_a_real_one(
    cli: Call, unclear: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git(unclear, "checkout", "--quiet", "-b", "change")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    assert cli("gate", "--project", unclear).code == 3
    called = cli("approve", "--project", unclear, "--reason", "by the change itself", "--json")
    assert called.code == 0, called.err
    assert json.loads(called.out)["hindrances"] == [
        "it was approved in a pull_request run, which is for show"
    ]

    for name in ("GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "GITHUB_BASE_REF"):
        monkeypatch.delenv(name)
    refused = cli("deploy", "--project", unclear)
    assert refused.code == 3
    assert "approved in a pull_request run, which is for show" in refused.err

    assert cli("approve", "--project", unclear, "--reason", "by a person", "--json").code == 0
    assert approval_of(unclear).reason == "by a person"


def test_a_verdict_made_again_keeps_its_signature(cli: Call, unclear: Path) -> None:
    assert cli("approve", "--project", unclear, "--reason", "one").code == 0
    verdict = unclear / "reports" / "toy" / "verdict.json"
    before = verdict.read_bytes()

    assert cli("gate", "--project", unclear).code == 3

    assert verdict.read_bytes() == before
    assert files.load(verdict, Verdict).decision == "inconclusive"
    assert cli("approve", "--project", unclear, "--reason", "two").out.startswith("was approved by")
