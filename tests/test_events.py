import pytest

from mltoolkit import events


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch", "release", "unknown", "local"])
def test_what_was_merged_is_no_pull_request(event: str) -> None:
    assert not events.unmerged(event, "refs/heads/main")
    assert not events.unmerged(event, None)


@pytest.mark.parametrize(
    ("ref", "base"),
    [
        ("refs/heads/gh-readonly-queue/a/b/pr-7-0f3e", "a/b"),
        ("refs/heads/gh-readonly-queue/main", None),
        ("refs/heads/main", None),
        ("", None),
    ],
)
def test_a_ref_of_a_merge_queue_says_where_it_wants_to_go(ref: str, base: str | None) -> None:
    assert events.queued_for(ref) == base
    assert events.unmerged("push", ref) is (base is not None)
