from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from mltoolkit.evidence import BaselineValue, Measurement
from mltoolkit.metrics import METRICS, Better, Task
from mltoolkit.paired import Predictions
from mltoolkit.rules.numbers import Estimate, LeftOut, Line
from mltoolkit.statistics.answers import Answers
from tests.made_rows import ASKED, numbers, rows


def near(ours: Estimate, theirs: Estimate) -> bool:
    """Return whether two estimates are equal but for what rounding to six digits may do."""
    for field in Estimate.__struct_fields__:
        one, other = getattr(ours, field), getattr(theirs, field)
        if isinstance(one, float) and isinstance(other, float):
            if one != pytest.approx(other, rel=2e-5, abs=1e-9):
                return False
        elif one != other:
            return False
    return True


SCIKIT: dict[str, Callable[[Any, Answers], float]] = {
    "roc-auc": lambda y, a: sk.roc_auc_score(y, a.probabilities[:, 1]),  # type: ignore[index] # there are
    "brier": lambda y, a: sk.brier_score_loss(y, a.probabilities[:, 1]),  # type: ignore[index] # there are
    "log-loss": lambda y, a: sk.log_loss(y, a.probabilities),
    "average-precision": lambda y, a: sk.average_precision_score(y, a.probabilities[:, 1]),  # type: ignore[index] # there are
    "accuracy": lambda y, a: sk.accuracy_score(y, a.labels),
    "balanced-accuracy": lambda y, a: sk.balanced_accuracy_score(y, a.labels),
    "precision": lambda y, a: sk.precision_score(y, a.labels),
    "recall": lambda y, a: sk.recall_score(y, a.labels),
    "f1": lambda y, a: sk.f1_score(y, a.labels),
    "f1-macro": lambda y, a: sk.f1_score(y, a.labels, average="macro"),
    "rmse": lambda y, a: sk.root_mean_squared_error(y, a.values),
    "mse": lambda y, a: sk.mean_squared_error(y, a.values),
    "mae": lambda y, a: sk.mean_absolute_error(y, a.values),
    "pinball": lambda y, a: sk.mean_pinball_loss(y, a.values, alpha=0.9),
    "r2": lambda y, a: sk.r2_score(y, a.values),
}


@pytest.mark.parametrize("groups", [None, 20])
@pytest.mark.parametrize("metric", METRICS)
def test_a_gain_is_a_difference_of_scikit_learns_metrics_and_positive_is_better(
    metric: str, groups: int | None
) -> None:
    task = METRICS[metric].tasks[0]
    found = rows(task, 600, seed=3, groups=groups)
    of = {who: SCIKIT[metric](found.truth, said) for who, said in found.answers.items()}
    sign = -1 if METRICS[metric].better is Better.LOWER else 1
    asked = numbers(task, found)

    level, gain = asked.level(metric, **ASKED), asked.gain(metric, "champion", **ASKED)

    assert level.value == pytest.approx(of["challenger"], rel=1e-5)
    assert gain.value == pytest.approx(sign * (of["challenger"] - of["champion"]), abs=1e-5)
    for each in (level, gain):
        assert each.value is not None
        assert each.low is not None
        assert each.high is not None
        assert each.low < each.value < each.high
        assert (each.n, each.groups, each.confidence) == (600, groups, 0.95)
    # On these rows the champion hears worse, and every metric says so.
    assert gain.value is not None
    assert gain.value > 0


@given(
    task=st.sampled_from(list(Task)),
    seed=st.integers(min_value=0, max_value=10_000),
    count=st.integers(min_value=2, max_value=400),
    groups=st.sampled_from([None, 12, 40]),
    over=st.sampled_from(["champion", "baseline"]),
)
@settings(max_examples=40, deadline=None)
def test_a_slice_is_judged_as_its_rows_alone_would_be(
    task: Task, seed: int, count: int, groups: int | None, over: str
) -> None:
    found = rows(task, count, seed, groups=groups)
    value: Any = {Task.BINARY: (0.75, 0.25), Task.MULTICLASS: (0.5, 0.25, 0.25), Task.REGRESSION: 0.5}[task]
    baselines = (BaselineValue(name="baseline", source="training", value=value),)
    asked = numbers(task, found, baselines=baselines)
    carrier, origin = (found.slices[name][0] for name in ("carrier", "origin"))

    for name, inside in (
        ("carrier=AA", carrier == 1),
        ("carrier=(missing)", carrier == 0),
        ("carrier=UA & origin=JFK", (carrier == 2) & (origin == 1)),
    ):
        if not inside.any():
            assert asked.gain("accuracy", over, slice_=name, **ASKED).reason == f"no row is in {name}"
            continue
        alone = msgspec.structs.replace(
            found,
            truth=found.truth[inside],
            answers={who: said.take(inside) for who, said in found.answers.items()},
            groups=None if found.groups is None else found.groups[inside],
            slices={},
        )
        there = numbers(task, alone, baselines=baselines)
        for metric in METRICS:
            assert near(asked.gain(metric, over, slice_=name, **ASKED), there.gain(metric, over, **ASKED)), (
                metric
            )
            assert near(asked.level(metric, slice_=name, **ASKED), there.level(metric, **ASKED)), metric


@given(seed=st.integers(min_value=0, max_value=10_000), groups=st.integers(min_value=10, max_value=40))
@settings(max_examples=30, deadline=None)
def test_the_error_of_a_mean_is_that_of_the_sums_of_its_groups(seed: int, groups: int) -> None:
    found = rows(Task.BINARY, 500, seed, groups=groups)
    assert found.groups is not None
    shares = [said.probabilities for said in found.answers.values()]
    assert shares[0] is not None
    assert shares[1] is not None
    losses = [(table[:, 1] - found.truth) ** 2 for table in shares if table is not None]
    gain = losses[1] - losses[0]
    sums, held = [], []
    for group in set(found.groups.tolist()):
        inside = found.groups == group
        sums.append(float((gain[inside] - gain.mean()).sum() / 500))
        held.append(float(inside.mean()))
    by_groups = sum(each**2 / (1 - share) for each, share in zip(sums, held, strict=True))
    by_rows = float(gain.var(ddof=1)) / 500

    said = numbers(Task.BINARY, found).gain("brier", "champion", **ASKED)

    assert said.value == pytest.approx(gain.mean(), rel=1e-5, abs=1e-9)
    assert said.spread == pytest.approx(500 * max(by_groups, by_rows), rel=1e-4)


def test_fewer_than_ten_groups_have_no_interval() -> None:
    asked = numbers(Task.BINARY, rows(Task.BINARY, 500, seed=1, groups=9))

    for metric in ("accuracy", "brier", "roc-auc", "recall"):
        for each in (asked.gain(metric, "champion", **ASKED), asked.level(metric, **ASKED)):
            assert each.value is not None
            assert (each.low, each.high, each.p, each.spread) == (None, None, None, None)
            assert each.reason is not None
            assert "and at least 10 are needed to tell how they vary" in each.reason


@pytest.mark.parametrize(
    ("over", "value", "metric", "reason"),
    [
        ("nobody", None, "accuracy", "of the nobody: nobody of that name has answered"),
        ("column", None, "accuracy", "of the column: it has not answered"),
        ("b", "7", "accuracy", "does not fit a binary task with the classes 0, 1"),
        ("b", (0.5, 0.25, 0.25), "brier", "does not fit a binary task with the classes 0, 1"),
        ("b", 0.5, "brier", "does not fit a binary task with the classes 0, 1"),
        ("b", "0", "brier", "of the b: the model gives no probabilities"),
        ("b", "0", "rmse", "of the challenger: rmse is not a metric of a binary model"),
        ("b", "0", "precision", "of the b: the model never says 1"),
        ("b", "0", "made-up", "of the challenger: made-up is not a metric of a binary model"),
    ],
)
def test_what_is_not_defined_is_a_reason(over: str, value: Any, metric: str, reason: str) -> None:
    baselines = tuple(
        BaselineValue(name=name, source="training", value=value) for name in ("b", "column") if name == over
    )
    gain = numbers(Task.BINARY, rows(Task.BINARY, 200, seed=1), baselines=baselines).gain(
        metric, over, **ASKED
    )

    assert gain.value is None
    assert gain.low is None
    assert gain.reason is not None
    assert gain.reason.endswith(reason)


def test_numbers_that_overflow_are_a_reason_and_never_nan() -> None:
    found = Predictions(
        truth=np.array([0.0, 1.0, 2.0] * 20),
        answers={"challenger": Answers(values=np.full(60, 1e200)), "champion": Answers(values=np.zeros(60))},
        groups=None,
        slices={},
    )
    asked = numbers(Task.REGRESSION, found)

    for metric in ("mse", "rmse", "r2"):
        gain = asked.gain(metric, "champion", **ASKED)
        assert gain.value is None
        assert gain.reason == "of the challenger: it cannot be computed: numbers are missing or too large"
    assert asked.gain("mae", "champion", **ASKED).value == -1e200


def test_a_number_of_a_file_stands_as_it_was_written() -> None:
    measurements = (
        Measurement(metric="file:profit", of="challenger", value=3.5),
        Measurement(metric="file:profit", of="champion", value=3.0),
    )
    asked = numbers(Task.BINARY, rows(Task.BINARY, 50, seed=1), measurements=measurements)

    assert asked.level("file:profit", **ASKED) == Estimate(value=3.5)
    assert asked.gain("file:profit", "champion", **ASKED) == Estimate(value=0.5)
    assert asked.gain("file:profit", "champion", lower_is_better=True, **ASKED).value == -0.5


@pytest.mark.parametrize("groups", [None, 20])
def test_calibration_is_a_line_with_intervals(groups: int | None) -> None:
    rng = np.random.default_rng(4)
    logit = rng.normal(size=5000)
    sure = 1 / (1 + np.exp(-2 * logit))
    found = Predictions(
        truth=(rng.random(5000) < 1 / (1 + np.exp(-logit))).astype(np.int64),
        answers={
            "challenger": Answers(
                labels=(sure > 0.5).astype(np.int64), probabilities=np.column_stack([1 - sure, sure])
            )
        },
        groups=None if groups is None else rng.integers(0, groups, 5000),
        slices={},
    )

    line = numbers(Task.BINARY, found).calibration(confidence=0.95)

    # Twice as sure as it may be.
    assert isinstance(line, Line)
    assert line.slope.low is not None
    assert line.slope.high is not None
    assert line.slope.low < 0.5 < line.slope.high < 0.6
    assert line.intercept.low is not None
    assert line.intercept.high is not None
    assert line.intercept.low < 0 < line.intercept.high
    assert line.slope.p is not None
    assert line.slope.p < 1e-6
    assert line.slope.groups == groups
    assert line.error is not None
    assert line.error_of_perfect is not None
    assert line.error > 2 * line.error_of_perfect


def test_calibration_needs_probabilities_of_two_classes() -> None:
    labels = Predictions(
        truth=np.array([0, 1]),
        answers={"challenger": Answers(labels=np.array([0, 1]))},
        groups=None,
        slices={},
    )

    for task, found in ((Task.BINARY, labels), (Task.MULTICLASS, rows(Task.MULTICLASS, 50, seed=1))):
        said = numbers(task, found).calibration(confidence=0.95)
        assert isinstance(said, str)
        assert "probabilities of two classes" in said


def test_slices_are_values_and_pairs_with_enough_rows() -> None:
    found = rows(Task.BINARY, 1500, seed=1)

    on = numbers(Task.BINARY, found)

    assert on.slices == (
        *("origin=JFK", "carrier=(missing)", "carrier=AA", "origin=EWR", "carrier=UA"),
        *("carrier=(missing) & origin=JFK", "carrier=AA & origin=JFK", "carrier=(missing) & origin=EWR"),
        *("carrier=AA & origin=EWR", "carrier=UA & origin=JFK"),
    )
    assert on.left_out == LeftOut(rare=0, fewest=100, beyond=0, most=200)


def test_what_several_rules_ask_for_is_the_same_whoever_asks_first() -> None:
    found = rows(Task.BINARY, 700, seed=5, groups=20)
    asked, again = numbers(Task.BINARY, found), numbers(Task.BINARY, found)
    questions = [
        (metric, slice_)
        for metric in ("accuracy", "brier", "roc-auc")
        for slice_ in (None, "carrier=AA", "origin=JFK")
    ]

    first = {key: asked.gain(key[0], "champion", slice_=key[1], **ASKED) for key in questions}
    last = {key: again.gain(key[0], "champion", slice_=key[1], **ASKED) for key in reversed(questions)}

    assert first == last
    # And of another confidence it is the same number with another interval.
    surer = asked.gain("brier", "champion", confidence=0.999, threshold=-0.01)
    once = first["brier", None]
    assert surer.value == once.value
    assert surer.low is not None
    assert once.low is not None
    assert surer.low < once.low
