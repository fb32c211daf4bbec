"""What else is known of a project when its model is judged: its data contract, and its own tests."""

from pathlib import Path

import msgspec

from mltoolkit import checked_data, junit
from mltoolkit.evidence import Checked, TestRun
from mltoolkit.settings import ModelSettings


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What else is known.

    Attributes:
        checks: Of the data contract and of leakage.
        suites: Digest of the expectation suites, where there are any.
        tests: The project's own tests, where a report of them is named.
    """

    checks: tuple[Checked, ...] = ()
    suites: str | None = None
    tests: TestRun | None = None


def read(root: Path, reports: Path, settings: ModelSettings, *, judged: str | None) -> Surroundings:
    """Read what else is known; what is missing, stale or damaged is told as a fault.

    Args:
        root: The project's folder.
        reports: The model's folder with what was checked.
        settings: The model's section.
        judged: Digest of the evaluation rows; None where there are none.

    Raises:
        InputError: An expectation suite is missing.
    """
    return Surroundings(
        checks=checked_data.evidence(root, reports, settings, judged=judged),
        suites=checked_data.suites(root, settings),
        tests=None if settings.tests is None else junit.read(root, settings.tests),
    )
