"""The one door to GitHub. So far: what a job's environment says about its run, and annotations."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What started the work that is being done.

    Attributes:
        event: ``push``, ``pull_request``, ``schedule``, ...; ``local`` outside a workflow.
        ref: The branch or tag.
        run: The address of the run.
        actor: The account that started it.
        base: Where a pull request wants to go.
        commit: The commit that the run is about, 40 hex digits; what is checked out may be another.
    """

    event: str
    ref: str | None
    run: str | None
    actor: str | None
    base: str | None
    commit: str | None = None

    @property
    def unmerged(self) -> bool:
        """Whether the run is of a change that nobody has merged; see ``unmerged``."""
        return self.base is not None or unmerged(self.event, self.ref)


_QUEUE = re.compile(r"refs/heads/gh-readonly-queue/(?P<base>.+)/pr-\d+-[0-9a-f]+")
"""What GitHub calls the branch on which it tries a change that waits to be merged."""


def unmerged(event: str, ref: str | None) -> bool:
    """Tell whether a run is of a change that nobody has merged.

    The base commit's rules decide about such a change, and what its runs say is for show.

    Args:
        event: What started the run.
        ref: The branch or tag.
    """
    return (
        event.startswith("pull_request")
        or event == "merge_group"
        or (ref is not None and (ref.startswith("refs/pull/") or _QUEUE.fullmatch(ref) is not None))
    )


def context(environment: Mapping[str, str]) -> Context:
    """Read a job's environment; outside a workflow every part but the event is None."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return Context(event="local", ref=None, run=None, actor=None, base=None)
    server, repository, run = (
        environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    event, ref = environment.get("GITHUB_EVENT_NAME") or "unknown", environment.get("GITHUB_REF") or None
    base = environment.get("GITHUB_BASE_REF") or None
    if base is not None and not unmerged(event, ref):
        # Only pull requests want to go somewhere: what is recorded must say what the run was.
        event = "pull_request"
    queue = _QUEUE.fullmatch(ref or "")
    return Context(
        event=event,
        ref=ref,
        run=f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None,
        actor=environment.get("GITHUB_ACTOR") or None,
        base=queue["base"] if base is None and queue is not None else base,
        commit=environment.get("GITHUB_SHA") or None,
    )


Level = Literal["error", "warning", "notice"]


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """A remark on a line of a file, which GitHub shows beside that line.

    Attributes:
        level: How it is shown.
        title: Its heading.
        message: What it says.
        path: The file, relative to the repository.
        line: Counted from 1; the file as a whole without one.
    """

    level: Level
    title: str
    message: str
    path: str
    line: int | None = None


def command(annotation: Annotation) -> str:
    """Return an annotation as the workflow command that a runner reads from a step's output.

    Escaped as ``@actions/core`` does: a name with a line end must not become a command of its own.
    """
    properties = {
        "file": annotation.path,
        "line": None if annotation.line is None else str(annotation.line),
        "title": annotation.title,
    }
    said = ",".join(
        f"{name}={_escaped(value, ':,')}" for name, value in properties.items() if value is not None
    )
    return f"::{annotation.level} {said}::{_escaped(annotation.message)}"


def _escaped(value: str, more: str = "") -> str:
    return "".join(f"%{ord(each):02X}" if each in f"%\r\n{more}" else each for each in value)


def inside(path: Path, environment: Mapping[str, str]) -> str | None:
    """Return a path relative to the job's checkout; None where it is outside, or there is no job."""
    workspace = environment.get("GITHUB_WORKSPACE")
    if environment.get("GITHUB_ACTIONS") != "true" or not workspace:
        return None
    try:
        return path.resolve().relative_to(Path(workspace).resolve()).as_posix()
    except ValueError:
        return None
