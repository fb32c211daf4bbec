"""The one door to GitHub. So far: what a job's environment says about its run, and annotations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from mltoolkit import events


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
        """Whether the run is of a change that nobody has merged; see ``events.unmerged``."""
        return self.base is not None or events.unmerged(self.event, self.ref)


def context(environment: Mapping[str, str]) -> Context:
    """Read a job's environment; outside a workflow every part but the event is None."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return Context(event="local", ref=None, run=None, actor=None, base=None)
    server, repository, run = (
        environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    event, ref = environment.get("GITHUB_EVENT_NAME") or "unknown", environment.get("GITHUB_REF") or None
    base = environment.get("GITHUB_BASE_REF") or None
    if base is not None and not events.unmerged(event, ref):
        # Only pull requests want to go somewhere: what is recorded must say what the run was.
        event = "pull_request"
    return Context(
        event=event,
        ref=ref,
        run=f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None,
        actor=environment.get("GITHUB_ACTOR") or None,
        base=events.queued_for(ref or "") if base is None else base,
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
