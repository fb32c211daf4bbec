"""On its way out: these values live in ``mltoolkit.checks``."""

from mltoolkit.checks import (
    Check,
    CheckedFile,
    CheckedSplits,
    ContractFinding,
    Outcome,
    Severity,
    Source,
    ours,
)

__all__ = [
    "Check",
    "CheckedFile",
    "CheckedSplits",
    "ContractFinding",
    "Outcome",
    "Severity",
    "Source",
    "ours",
]
