import subprocess
import sys

import pytest

from mltoolkit.evidence import Measurement
from mltoolkit.scalars import NO_ROWS, ScalarNumbers
from tests.rules import made


def numbers(*measurements: Measurement) -> ScalarNumbers:
    return ScalarNumbers(evidence=made.evidence(measurements=measurements))


def measured(metric: str, of: str, value: float | None, reason: str | None = None) -> Measurement:
    return Measurement(metric=metric, of=of, value=value, reason=reason)


@pytest.mark.parametrize(
    ("metric", "lower", "gain"),
    [("file:profit", False, 2), ("file:loss", True, -2), ("brier", False, -2), ("accuracy", False, 2)],
)
def test_a_gain_is_positive_for_better(metric: str, lower: bool, gain: float) -> None:  # noqa: FBT001 - a case
    told = numbers(measured(metric, "challenger", 5), measured(metric, "champion", 3))
    found = told.gain(metric, "champion", confidence=0.95, threshold=0, lower_is_better=lower)

    assert found.value == gain
    assert found.confidence is found.low is found.high is found.p is None


def test_a_gain_is_rounded_so_that_a_tie_is_one() -> None:
    told = numbers(measured("file:a", "challenger", 0.69), measured("file:a", "champion", 0.7))

    assert told.gain("file:a", "champion", confidence=0.95, threshold=0).value == -0.01


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_number_that_is_none_has_a_reason_on_either_side(value: float | None) -> None:
    hurt, good = measured("file:a", "challenger", value), measured("file:a", "champion", 1)
    ours, theirs = (
        numbers(hurt, good),
        numbers(measured("file:a", "challenger", 1), measured("file:a", "champion", value, "it is text")),
    )

    assert ours.level("file:a", confidence=0.95, threshold=0).value is None
    found = ours.gain("file:a", "champion", confidence=0.95, threshold=0)
    assert (found.value, found.reason) == (None, "the challenger's file:a is not a number")
    found = theirs.gain("file:a", "champion", confidence=0.95, threshold=0)
    assert (found.value, found.reason) == (None, "it is text")


def test_a_number_that_is_missing_on_one_side_is_told() -> None:
    told = numbers(measured("file:a", "challenger", 1))

    assert (
        told.level("file:b", confidence=0.95, threshold=0).reason
        == "the challenger's file:b was not measured"
    )
    missing = told.gain("file:a", "champion", confidence=0.95, threshold=0)
    assert missing.reason == "the champion's file:a was not measured"


def test_a_difference_that_no_number_holds_is_not_defined() -> None:
    told = numbers(measured("file:a", "challenger", 1e308), measured("file:a", "champion", -1e308))
    found = told.gain("file:a", "champion", confidence=0.95, threshold=0)

    assert found.value is None
    assert "too far apart" in str(found.reason)


def test_without_rows_there_are_no_slices_and_no_calibration() -> None:
    assert numbers().slices == ()
    assert numbers().calibration(confidence=0.95) == NO_ROWS


def test_numbers_alone_are_decided_without_numpy() -> None:
    program = "import sys, mltoolkit.gate, mltoolkit.scalars; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
