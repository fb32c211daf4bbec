"""Made-up evidence and numbers for the rules: what they are asked of are values."""

from collections.abc import Mapping
from typing import Any

import msgspec

from mltoolkit import evidence as told
from mltoolkit.evidence import BaselineValue, Evidence, FileRef, Measurement, Provenance, Rows, Subject
from mltoolkit.metrics import Task
from mltoolkit.rules.base import Facts
from mltoolkit.rules.numbers import Estimate, LeftOut, Line

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")

COSTS = told.Costs(size=40_000_000, memory=300_000_000, scoring=0.02, latency=0.004)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A double of the numbers: whatever it is asked, it says what a test told it.

    Attributes:
        estimate: For every metric that is not in ``by``.
        by: By metric.
        line: The recalibration.
    """

    estimate: Estimate = Estimate(reason="nobody told")
    by: Mapping[str, Estimate] = {}
    line: Line | str = "nobody told"

    @property
    def slices(self) -> tuple[str, ...]:
        return ()

    @property
    def left_out(self) -> LeftOut:
        return LeftOut()

    def level(
        self, metric: str, *, confidence: float, threshold: float, slice_: str | None = None
    ) -> Estimate:
        del confidence, threshold, slice_
        return self.by.get(metric, self.estimate)

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
        del over, confidence, threshold, slice_, lower_is_better
        return self.by.get(metric, self.estimate)

    def calibration(self, *, confidence: float) -> Line | str:
        del confidence
        return self.line

    def disagreement(self, over: str) -> float | None:
        del over
        return None


def between(low: float, high: float, /, **changes: Any) -> Estimate:
    """Return an estimate in the middle of its interval, on 5,000 rows; any field by keyword."""
    values = {
        "value": float(f"{(low + high) / 2:.6g}"),
        "low": low,
        "high": high,
        "confidence": 0.95,
        "n": 5000,
        "p": 0.5,
        "spread": 0.1,
    }
    return Estimate(**{**values, **changes})


def subject(digest: str, **changes: Any) -> Subject:
    values = {"digest": digest, "path": "model", "flavor": "sklearn", "probabilities": True, "costs": COSTS}
    return Subject(**{**values, **changes})


def rows(**changes: Any) -> Rows:
    values = {"path": "rows.parquet", "digest": A, "count": 5000, "id": "row_id", "target": "target"}
    return Rows(**{"classes": ("0", "1"), **values, **changes})


def evidence(**changes: Any) -> Evidence:
    """Return evidence on 5,000 rows of a binary challenger, its champion, its anchor and the baselines."""
    values: dict[str, Any] = {
        "tool": "mltoolkit test",
        "model": "toy",
        "endpoint": "local",
        "task": Task.BINARY,
        "positive": "1",
        "rows": rows(),
        "challenger": subject(A),
        "champion": subject(B),
        "no_champion": None,
        "anchor": subject(C),
        "baselines": (
            BaselineValue(name="base-rate", source="training", value=(0.8, 0.2)),
            BaselineValue(name="majority", source="training", value="0"),
        ),
        "measurements": (),
        "leaderboard": (),
        "worst": (),
        "predictions": FileRef(path="predictions.parquet", digest=A),
        "golden": FileRef(path="golden.json", digest=A),
        "provenance": Provenance(
            commit="c" * 40,
            dirty=False,
            event="push",
            ref="refs/heads/main",
            run=None,
            actor=None,
            data=A,
            params=A,
            lock=A,
            rules=A,
        ),
    }
    return Evidence(**{**values, **changes})


def numbers_alone(**values: tuple[float | None, float | None]) -> Evidence:
    """Return evidence of numbers that a stage wrote: of the challenger, and of the champion where there is one."""
    measured = [
        Measurement(metric=f"file:{name}", of=of, value=value)
        for name, pair in values.items()
        for of, value in zip(("challenger", "champion"), pair, strict=True)
        if value is not None
    ]
    return evidence(
        task=None,
        positive=None,
        rows=None,
        challenger=None,
        champion=None,
        no_champion="the base commit has no metrics.json",
        anchor=None,
        no_anchor="numbers alone have none",
        baselines=(),
        measurements=tuple(measured),
        predictions=None,
        golden=None,
    )


def facts(estimate: Estimate | None = None, **changes: Any) -> Facts:
    """Return facts in which every number is this one; further fields of evidence by keyword."""
    line = changes.pop("line", "nobody told")
    looks = changes.pop("looks", 1)
    told_ = Told(estimate=estimate or Estimate(reason="nobody told"), line=line)
    return Facts(evidence=evidence(**changes), numbers=told_, looks=looks)
