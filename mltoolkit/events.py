"""What started a run, and whether that is of a change that nobody has merged. The names are GitHub's."""

import re

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
        or (ref is not None and (ref.startswith("refs/pull/") or queued_for(ref) is not None))
    )


def queued_for(ref: str) -> str | None:
    """Return the branch that a change waits to be merged into, where a ref is of a merge queue.

    Args:
        ref: A branch or tag.
    """
    queue = _QUEUE.fullmatch(ref)
    return None if queue is None else queue["base"]
