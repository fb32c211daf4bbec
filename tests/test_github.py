from pathlib import Path

import pytest

from mltoolkit import events, github


def test_outside_a_workflow_everything_is_local() -> None:
    context = github.context({"GITHUB_REF": "refs/heads/main"})

    assert context == github.Context(event="local", ref=None, run=None, actor=None, base=None)


def test_a_job_names_its_event_run_and_actor() -> None:
    context = github.context(
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": "team/model",
            "GITHUB_RUN_ID": "42",
            "GITHUB_ACTOR": "ada",
            "GITHUB_BASE_REF": "main",
        }
    )

    assert context == github.Context(
        event="pull_request",
        ref="refs/pull/7/merge",
        run="https://github.example/team/model/actions/runs/42",
        actor="ada",
        base="main",
    )


@pytest.mark.parametrize(
    ("environment", "base"),
    [
        ({"GITHUB_EVENT_NAME": "pull_request"}, None),
        ({"GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_BASE_REF": "main"}, "main"),
        ({"GITHUB_EVENT_NAME": "pull_request_review"}, None),
        ({"GITHUB_EVENT_NAME": "pull_request_review_comment"}, None),
        ({"GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_REF": "refs/pull/7/head"}, None),
        ({"GITHUB_EVENT_NAME": "push", "GITHUB_BASE_REF": "main"}, "main"),
        ({"GITHUB_EVENT_NAME": "merge_group"}, None),
        (
            {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/gh-readonly-queue/a/b/pr-7-0f3e"},
            "a/b",
        ),
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else None,
)
def test_a_change_that_nobody_has_merged_is_known_whatever_started_its_run(
    environment: dict[str, str], base: str | None
) -> None:
    context = github.context({"GITHUB_ACTIONS": "true", **environment})

    assert context.unmerged
    assert context.base == base
    # What is recorded of the run says so too.
    assert events.unmerged(context.event, context.ref)


def test_a_job_that_hides_its_event_is_not_taken_for_local() -> None:
    assert github.context({"GITHUB_ACTIONS": "true"}).event == "unknown"


def test_an_annotation_is_one_command_whatever_it_says() -> None:
    said = github.command(
        github.Annotation(
            level="error",
            title="a: b, c",
            message="100 %\n::add-mask::x\r",
            path="suites/a,b.json",
            line=7,
        )
    )

    assert said == ("::error file=suites/a%2Cb.json,line=7,title=a%3A b%2C c::100 %25%0A::add-mask::x%0D")
    assert len(said.splitlines()) == 1


def test_paths_of_annotations_are_relative_to_the_checkout(tmp_path: Path) -> None:
    job = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path)}

    assert github.inside(tmp_path / "model" / "suite.json", job) == "model/suite.json"
    assert github.inside(tmp_path.parent / "suite.json", job) is None
    assert github.inside(tmp_path / "suite.json", {"GITHUB_WORKSPACE": str(tmp_path)}) is None
