"""Numbers on rows: challenger and whom it is compared with, row by row, with intervals."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy.typing as npt

from mltoolkit.evidence import Evidence
from mltoolkit.rules.numbers import Estimate, Line
from mltoolkit.statistics.answers import Answers, Codes


class Predictions(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody said about the n evaluation rows.

    Attributes:
        truth: (n,) numbers for regression, codes into the classes otherwise.
        answers: By ``challenger``, ``champion``, ``anchor``, or the name of a baseline that is a column.
        groups: (n,) codes from 0, where rows come in groups.
        slices: (n,) codes and the text that each stands for, by column.
    """

    truth: npt.NDArray[Any]
    answers: Mapping[str, Answers]
    groups: Codes | None
    slices: Mapping[str, tuple[Codes, tuple[str, ...]]]


class PairedNumbers:
    """Estimates on rows, as ``rules.numbers.Numbers``.

    Args:
        evidence: What was measured.
        rows: What everybody said.
    """

    def __init__(self, evidence: Evidence, rows: Predictions) -> None:
        self.evidence = evidence
        self.rows = rows

    @property
    def slices(self) -> tuple[str, ...]:
        """Every slice with enough rows, pairs of columns among them."""
        raise NotImplementedError

    def level(
        self, metric: str, *, confidence: float, threshold: float, slice_: str | None = None
    ) -> Estimate:
        """Return the challenger's metric with its interval."""
        raise NotImplementedError

    def gain(
        self,
        metric: str,
        over: str,
        *,
        confidence: float,
        threshold: float,
        slice_: str | None = None,
        lower_is_better: bool = False,
    ) -> Estimate:
        """Return how much better the challenger is, with its interval."""
        raise NotImplementedError

    def calibration(self, *, confidence: float) -> Line | str:
        """Return the challenger's recalibration line, or why there is none."""
        raise NotImplementedError
