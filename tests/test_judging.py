import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mltoolkit import checked_data, files, judging, project
from mltoolkit.errors import CannotTellError, InputError
from mltoolkit.evidence import Evidence
from mltoolkit.gate import Decision, Verdict
from mltoolkit.rules import catalogue
from mltoolkit.rules.base import Policy, Rule

Build = Callable[..., Evidence]
Git = Callable[..., str]
Judge = Callable[..., None]
FLOOR = "at-least: 0.6"
SUITE = '{"name": "s", "expectations": []}'


@pytest.fixture
def branch(toy: Path, git: Git) -> Path:
    """A project with a suite on ``main``, and a branch of it that is checked out."""
    params = toy / "params.yaml"
    params.write_text(f"{params.read_text()}      data: [{{path: a.csv, suite: suite.json}}]\n")
    (toy / "suite.json").write_text(SUITE)
    git(toy, "add", "-A")
    git(toy, "commit", "--quiet", "-m", "A suite")
    git(toy, "checkout", "--quiet", "-b", "change")
    return toy


@pytest.fixture
def pull_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")


@pytest.fixture
def decides(evidence: Build) -> Callable[..., tuple[Policy, tuple[Rule, ...]]]:
    """Ask whose rules decide on evidence that was made of everything as it is."""

    def ask(
        root: Path, *, event: str = "push", asked: str | None = None, **origin: Any
    ) -> tuple[Policy, tuple[Rule, ...]]:
        here, rows = project.load(root), root / "rows.parquet"
        settings, made = here.settings.models["toy"], evidence()
        assert made.rows is not None
        lock = root / "dvc.lock"
        made = msgspec.structs.replace(
            made,
            suites=checked_data.suites(root, settings),
            rows=made.rows
            if not rows.exists()
            else msgspec.structs.replace(made.rows, digest=files.digest_file(rows)),
            provenance=msgspec.structs.replace(
                made.provenance,
                event=event,
                params=files.digest_file(root / "params.yaml"),
                lock=files.digest_file(lock) if lock.exists() else None,
                rules=catalogue.digest(settings.rules),
                **origin,
            ),
        )
        return judging.policy(made, here, "toy", asked=asked)

    return ask


def edit(root: Path, before: str, after: str) -> None:
    params = root / "params.yaml"
    text = params.read_text()
    assert before in text
    params.write_text(text.replace(before, after))


def rules_of(root: Path) -> tuple[Rule, ...]:
    return project.load(root).settings.models["toy"].rules


def test_on_a_push_what_stands_here_decides(branch: Path, decides: Callable[..., object]) -> None:
    edit(branch, FLOOR, "at-least: 0.5")

    assert decides(branch) == (Policy(), rules_of(branch))


@pytest.mark.usefixtures("pull_request")
def test_on_a_pull_request_the_base_decides_and_the_change_is_told(
    branch: Path, git: Git, decides: Callable[..., tuple[Policy, tuple[Rule, ...]]]
) -> None:
    strict = rules_of(branch)
    edit(branch, FLOOR, "at-least: 0.5")
    edit(branch, "      slices: [group]\n", "      allow-pickle: true\n")
    git(branch, "commit", "--quiet", "-am", "Looser")

    policy, rules = decides(branch, event="pull_request")

    assert rules == strict
    assert policy == Policy(
        base=git(branch, "rev-parse", "main"),
        changed=(
            "rules: absolute roc-auc: at-least: 0.6 -> 0.5",
            "slices: group -> none",
            "allow-pickle: false -> true",
        ),
    )


@pytest.mark.usefixtures("pull_request")
def test_evidence_that_says_it_is_of_a_push_is_judged_as_what_the_run_is(
    branch: Path, git: Git, decides: Callable[..., tuple[Policy, tuple[Rule, ...]]]
) -> None:
    policy, _ = decides(branch, event="push")

    assert policy == Policy(base=git(branch, "rev-parse", "main"))


def test_a_base_can_be_named_and_one_that_is_not_there_is_wrong_input(
    branch: Path, git: Git, decides: Callable[..., tuple[Policy, tuple[Rule, ...]]]
) -> None:
    before = rules_of(branch)
    edit(branch, FLOOR, "at-least: 0.7")

    policy, rules = decides(branch, asked="main")
    assert (policy.base, rules) == (git(branch, "rev-parse", "main"), before)
    assert policy.changed == ("rules: absolute roc-auc: at-least: 0.6 -> 0.7",)

    with pytest.raises(InputError, match="no commit 'nowhere' here"):
        decides(branch, asked="nowhere")


@pytest.mark.parametrize(
    ("base", "said"),
    [
        (None, "name it with --base"),
        ("release", "the base branch release was not fetched"),
    ],
)
def test_a_base_that_is_not_known_is_a_reason_and_never_a_pass(
    branch: Path,
    decides: Callable[..., tuple[Policy, tuple[Rule, ...]]],
    monkeypatch: pytest.MonkeyPatch,
    base: str | None,
    said: str,
) -> None:
    if base is not None:
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("GITHUB_BASE_REF", base)

    policy, rules = decides(branch, event="pull_request")

    assert (policy.base, policy.changed, rules) == (None, (), rules_of(branch))
    assert said in str(policy.reason)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ("mltoolkit: [", "not YAML"),
        ("mltoolkit: {models: {toy: {target: t, rules: [{kind: unheard-of}]}}}", "unheard-of"),
        ("other: 1\n", "no section `mltoolkit:`"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_base_that_cannot_be_read_is_a_reason(
    branch: Path,
    git: Git,
    decides: Callable[..., tuple[Policy, tuple[Rule, ...]]],
    params: str | bytes,
    said: str,
) -> None:
    mine = (branch / "params.yaml").read_bytes()
    (branch / "params.yaml").write_bytes(params.encode() if isinstance(params, str) else params)
    git(branch, "commit", "--quiet", "-am", "Broken")
    (branch / "params.yaml").write_bytes(mine)

    policy, rules = decides(branch, asked="HEAD")

    assert (policy.base, rules) == (git(branch, "rev-parse", "HEAD"), rules_of(branch))
    assert said in str(policy.reason)


def test_a_model_that_the_base_does_not_know_is_a_change(
    branch: Path, git: Git, decides: Callable[..., tuple[Policy, tuple[Rule, ...]]]
) -> None:
    edit(branch, "    toy:", "    other:")
    git(branch, "commit", "--quiet", "-am", "Another name")
    edit(branch, "    other:", "    toy:")
    for base in ("HEAD", git(branch, "rev-list", "--max-parents=0", "HEAD")):
        policy, rules = decides(branch, asked=base)

        assert rules == rules_of(branch)
        assert policy.changed == (
            "the base commit knows no model toy, so that the change's own rules decide",
        )


def test_a_suite_with_another_content_is_a_change(
    branch: Path, git: Git, decides: Callable[..., tuple[Policy, tuple[Rule, ...]]]
) -> None:
    (branch / "suite.json").write_text(SUITE.replace("s", "easier", 1))
    assert decides(branch, asked="main")[0].changed == ("suite suite.json: another content",)

    (branch / "suite.json").unlink()
    with pytest.raises(InputError, match=r"suite\.json"):
        decides(branch, asked="main")

    git(branch, "commit", "--quiet", "-am", "No suite")
    (branch / "suite.json").write_text(SUITE)
    assert decides(branch, asked="HEAD")[0].changed == ("suite suite.json: not in the base commit",)


@pytest.mark.parametrize("asked", [None, "main"])
def test_evidence_that_was_made_under_other_settings_has_to_be_made_again(
    branch: Path, judge: Judge, asked: str | None
) -> None:
    judge(branch)
    evidence = branch / "reports" / "toy" / "evidence.json"

    def judged() -> Verdict:
        return judging.read(evidence, project.load(branch), "toy", base=asked).decide()

    assert judged().decision is Decision.PROMOTE
    edit(branch, "      slices: [group]\n", "      group: [group]\n")
    verdict = judged()
    assert verdict.decision is Decision.INCONCLUSIVE
    assert verdict.policy.stale == ("params.yaml", "`group:`")
    assert "changed since the evidence was made; run mltoolkit evaluate again" in verdict.reason


def test_a_project_inside_a_repository_is_read_where_it_stands(
    branch: Path, git: Git, decides: Callable[..., tuple[Policy, tuple[Rule, ...]]]
) -> None:
    inside = branch / "models" / "toy"
    inside.mkdir(parents=True)
    for name in ("params.yaml", "suite.json", "rows.parquet"):
        shutil.move(branch / name, inside / name)
    git(branch, "add", "-A")
    git(branch, "commit", "--quiet", "-m", "Moved")
    assert decides(inside, asked="HEAD")[0].changed == ()

    (inside / "suite.json").write_text("{}")
    edit(inside, FLOOR, "at-least: 0.5")
    assert decides(inside, asked="HEAD")[0].changed == (
        "rules: absolute roc-auc: at-least: 0.6 -> 0.5",
        "suite suite.json: another content",
    )


@pytest.mark.usefixtures("pull_request")
def test_a_pull_request_cannot_loosen_the_gate_that_judges_it(branch: Path, judge: Judge) -> None:
    def decided(quality: str) -> Decision:
        judge(branch, quality=quality, origin={"event": "pull_request"})
        evidence = branch / "reports" / "toy" / "evidence.json"
        return judging.read(evidence, project.load(branch), "toy").decide().decision

    assert decided("good") is Decision.PROMOTE
    edit(branch, FLOOR, "at-least: 0.1")
    # A model that ranks at random would pass the new floor; the base's rejects it all the same.
    assert decided("bad") is Decision.REJECT
    # And a good one waits for a person, who looks at the change.
    assert decided("good") is Decision.INCONCLUSIVE


@pytest.mark.parametrize("part", ["predictions", "golden"])
def test_numbers_beside_rows_that_nobody_can_ask_again_are_damage(toy: Path, judge: Judge, part: str) -> None:
    judge(toy)
    path = toy / "reports" / "toy" / "evidence.json"
    made = msgspec.structs.replace(files.load(path, Evidence), **{part: None})
    files.write_bytes(path, files.dump_json(made))

    with pytest.raises(CannotTellError, match=f"but no {part}"):
        judging.evidence(path)


@pytest.mark.usefixtures("pull_request")
def test_fewer_rows_and_another_program_are_changes(
    branch: Path, git: Git, decides: Callable[..., tuple[Policy, tuple[Rule, ...]]]
) -> None:
    git(branch, "checkout", "--quiet", "main")
    edit(
        branch, "      slices:", "        - {kind: custom, name: a, command: [python, own.py]}\n      slices:"
    )
    (branch / "own.py").write_text("strict")
    git(branch, "add", "-A")
    git(branch, "commit", "--quiet", "-m", "A program")
    git(branch, "checkout", "--quiet", "-B", "change")
    (branch / "own.py").write_text("easy")
    (branch / "rows.parquet").write_bytes(b"fewer")
    git(branch, "commit", "--quiet", "-am", "Easier")

    assert decides(branch)[0].changed == (
        "program own.py: another content",
        "rows.parquet: another content",
    )


@pytest.mark.usefixtures("pull_request")
def test_a_pull_request_does_not_choose_its_base(
    branch: Path, git: Git, decides: Callable[..., tuple[Policy, tuple[Rule, ...]]]
) -> None:
    base = git(branch, "rev-parse", "main")
    edit(branch, FLOOR, "at-least: 0.1")
    git(branch, "commit", "--quiet", "-am", "Looser")
    git(branch, "commit", "--quiet", "--allow-empty", "-m", "And on")

    for asked in ("HEAD", "HEAD~1"):
        with pytest.raises(InputError, match=f"the commit that they share, {base[:12]}"):
            decides(branch, asked=asked)
    assert decides(branch, asked="main") == decides(branch)
    assert decides(branch)[0].base == base


def test_a_base_that_nobody_can_check_is_a_reason(
    branch: Path,
    decides: Callable[..., tuple[Policy, tuple[Rule, ...]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request_review")

    assert "name it with --base" in str(decides(branch)[0].reason)
    assert "cannot be told: its target is not here" in str(decides(branch, asked="main")[0].reason)


def test_the_commit_that_is_judged_is_no_base_of_itself(
    branch: Path, git: Git, decides: Callable[..., tuple[Policy, tuple[Rule, ...]]]
) -> None:
    policy, _ = decides(branch, asked="HEAD", commit=git(branch, "rev-parse", "HEAD"))

    assert "so that nothing was compared" in str(policy.reason)


def test_a_run_that_checks_out_another_commit_is_judged_by_the_one_it_is_about(
    branch: Path,
    decides: Callable[..., tuple[Policy, tuple[Rule, ...]]],
    git: Git,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    about = git(branch, "rev-parse", "main")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "issue_comment")
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    monkeypatch.setenv("GITHUB_SHA", about)
    assert decides(branch)[0] == Policy()

    params = branch / "params.yaml"
    params.write_text(params.read_text().replace(FLOOR, "at-least: 0.1"))
    git(branch, "commit", "--quiet", "-am", "Looser")
    policy, rules = decides(branch)

    assert policy.base == about
    assert any("at-least" in each for each in policy.changed)
    assert "0.6" in rules[0].question

    monkeypatch.setenv("GITHUB_SHA", "d" * 40)
    policy, _ = decides(branch)
    assert "was not fetched" in str(policy.reason)
