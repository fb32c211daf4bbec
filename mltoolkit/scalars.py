"""Numbers without rows: what stages wrote. They are compared as they stand, with no confidence available."""

import math

import msgspec

from mltoolkit.evidence import Evidence, Measurement
from mltoolkit.metrics import METRICS, Better
from mltoolkit.rules.numbers import CHALLENGER, Estimate, LeftOut, Line

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

    @property
    def left_out(self) -> LeftOut:
        """Nothing, for the same reason."""
        return LeftOut()

    def level(
        self, metric: str, *, confidence: float, threshold: float, slice_: str | None = None
    ) -> Estimate:
        """Return the challenger's number as it stands."""
        del confidence, threshold
        value, found = self._number(metric, CHALLENGER, slice_)
        if value is None:
            return Estimate(reason=_why(metric, CHALLENGER, found))
        return Estimate(value=value, n=None if found is None else found.n)

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
        ours, our = self._number(metric, CHALLENGER, slice_)
        theirs, their = self._number(metric, over, slice_)
        if ours is None:
            return Estimate(reason=_why(metric, CHALLENGER, our))
        if theirs is None:
            return Estimate(reason=_why(metric, over, their))
        lower = METRICS[metric].better is Better.LOWER if metric in METRICS else lower_is_better
        gain = theirs - ours if lower else ours - theirs
        if not math.isfinite(gain):
            return Estimate(reason=f"the {metric} of the challenger and of the {over} are too far apart")
        return Estimate(value=float(f"{gain:.6g}"), n=None if our is None else our.n)

    def calibration(self, *, confidence: float) -> Line | str:
        """Return why there is none: calibration needs rows."""
        del confidence
        return NO_ROWS

    def disagreement(self, over: str) -> float | None:
        """Return None: no row tells who is right."""
        del over
        return None

    def _number(self, metric: str, of: str, slice_: str | None) -> tuple[float | None, Measurement | None]:
        found = self.evidence.measured(metric, of, slice_)
        if found is None or found.value is None or not math.isfinite(found.value):
            return None, found
        return found.value, found


def _why(metric: str, of: str, found: Measurement | None) -> str:
    if found is None:
        return f"the {of}'s {metric} was not measured"
    return found.reason or f"the {of}'s {metric} is not a number"
