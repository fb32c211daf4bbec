"""The one door to GitHub. So far: what a job's environment says about the run that it belongs to."""

from collections.abc import Mapping

import msgspec


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What started the work that is being done.

    Attributes:
        event: ``push``, ``pull_request``, ``schedule``, ...; ``local`` outside a workflow.
        ref: The branch or tag.
        run: The address of the run.
        actor: The account that started it.
        base: Where a pull request wants to go.
    """

    event: str
    ref: str | None
    run: str | None
    actor: str | None
    base: str | None


def context(environment: Mapping[str, str]) -> Context:
    """Read a job's environment; outside a workflow every part but the event is None."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return Context(event="local", ref=None, run=None, actor=None, base=None)
    server, repository, run = (
        environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    return Context(
        event=environment.get("GITHUB_EVENT_NAME") or "unknown",
        ref=environment.get("GITHUB_REF") or None,
        run=f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None,
        actor=environment.get("GITHUB_ACTOR") or None,
        base=environment.get("GITHUB_BASE_REF") or None,
    )
