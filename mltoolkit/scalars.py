"""Numbers without rows: what stages wrote. They are compared as they stand, with no confidence available."""

import math

import msgspec

from mltoolkit.evidence import Evidence, Measurement
from mltoolkit.metrics import METRICS, Better
from mltoolkit.rules.numbers import CHALLENGER, Estimate, Line

NO_ROWS = "there are only numbers, no rows"


class ScalarNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """The measurements of evidence, as ``rules.numbers.Numbers``.

    Attributes:
        evidence: What was measured.
    """

    evidence: Evidence

    @property
    def slices(self) -> tuple[str, ...]:
        """None: a slice needs rows."""
        return ()

    def level(
        self, metric: str, *, confidence: float, threshold: float, slice_: str | None = None
    ) -> Estimate:
        """Return the challenger's number as it stands."""
        del confidence, threshold
        found = self.evidence.measured(metric, CHALLENGER, slice_)
        return Estimate(
            value=None if found is None else found.value,
            n=None if found is None else found.n,
            reason=_why(metric, CHALLENGER, found),
        )

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
        """Return the difference of two numbers as they stand, positive for better."""
        del confidence, threshold
        ours, theirs = (self.evidence.measured(metric, of, slice_) for of in (CHALLENGER, over))
        if ours is None or ours.value is None:
            return Estimate(reason=_why(metric, CHALLENGER, ours))
        if theirs is None or theirs.value is None:
            return Estimate(reason=_why(metric, over, theirs))
        lower = METRICS[metric].better is Better.LOWER if metric in METRICS else lower_is_better
        gain = theirs.value - ours.value if lower else ours.value - theirs.value
        if not math.isfinite(gain):
            return Estimate(reason=f"the {metric} of the challenger and of the {over} are too far apart")
        return Estimate(value=float(f"{gain:.6g}"), n=ours.n)

    def calibration(self, *, confidence: float) -> Line | str:
        """Return why there is none: calibration needs rows."""
        del confidence
        return NO_ROWS


def _why(metric: str, of: str, found: Measurement | None) -> str | None:
    if found is None:
        return f"the {of}'s {metric} was not measured"
    return None if found.value is not None else found.reason or "it has no value"
