"""How a revision proves itself: who it is, that it answers as offline, that it is reached, that it is gone."""

import time

from mltoolkit.deployers.base import Deployer, Identity, difference
from mltoolkit.errors import OutsideError, RefusedError
from mltoolkit.evidence import Golden
from mltoolkit.releases import Revision

_POLLS = 10
"""How often in a row, each on a connection of its own, the public address must name the new version."""
_OBSERVE = 10.0
"""Seconds until it does."""
_PAUSE = 0.02


def identify(deployer: Deployer, revision: Revision) -> Identity:
    """Wait until the staged revision answers, and make sure that it is the one.

    Raises:
        RefusedError: Another one answers.
        OutsideError: Nobody does.
    """
    identity = deployer.ready(revision)
    if not identity.is_of(revision):
        raise RefusedError(
            f"the staged server says that it is {identity}, "
            f"not v{revision.version} {revision.release.digest} (fence {revision.fence})"
        )
    return identity


def compare(deployer: Deployer, revision: Revision, golden: Golden) -> int:
    """Ask the staged revision the golden rows, and return how many it answered as offline.

    Raises:
        RefusedError: An answer differs by more than the release's tolerance.
        OutsideError: It does not answer.
    """
    answers = deployer.predict(revision, golden.request)
    if (where := difference(golden.predictions, answers, revision.release.tolerance)) is not None:
        raise RefusedError(
            f"the staged server answers the golden rows differently: {where}",
            hint="is the endpoint's `python` the one that evaluated the model?",
        )
    return len(answers)


def watch(deployer: Deployer, revision: Revision) -> None:
    """Ask the public address until only this revision has answered several times.

    Raises:
        RefusedError: Nobody answers there.
        OutsideError: Somebody else does, of which this revision is innocent.
    """
    deadline = time.monotonic() + _OBSERVE
    seen = 0
    while seen < _POLLS:
        identity = deployer.observe(revision.address)
        seen = seen + 1 if identity is not None and identity.is_of(revision) else 0
        if not seen and time.monotonic() > deadline:
            what = f"v{revision.version} was to answer at {revision.address}, and"
            if identity is None:
                raise RefusedError(f"{what} nobody answers")
            raise OutsideError(f"{what} the answer comes from {identity}, process {identity.pid}")
        time.sleep(_PAUSE)


def gone(deployer: Deployer, revision: Revision) -> None:
    """Make sure that the public address does not answer for a revision that was ended.

    Raises:
        OutsideError: It does; named by its process.
    """
    identity = deployer.observe(revision.address)
    if identity is not None and identity.is_of(revision):
        raise OutsideError(
            f"{identity} still answers at {revision.address}, from process {identity.pid}",
            hint="end that process where it runs, then try again",
        )
