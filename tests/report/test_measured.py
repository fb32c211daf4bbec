from collections.abc import Callable

import msgspec

from mltoolkit.evidence import BaselineValue, Evidence, Measurement, Tried
from mltoolkit.report import measured

Build = Callable[..., Evidence]


def test_the_champion_stands_beside_the_challenger_with_the_difference(evidence: Build) -> None:
    found = (
        *evidence().measurements,
        Measurement(metric="roc-auc", of="champion", value=0.72, n=1000),
        Measurement(metric="brier", of="champion", value=0.125, n=1000),
    )
    content = measured.metrics(evidence(measurements=found))

    assert "| roc-auc ↑ | 0.7 | 0.72 | 0.5 |  | -0.02 worse |" in content
    assert "| brier ↓ | 0.12 | 0.125 | 0.15 |  | -0.005 better |" in content
    assert "Baselines: base-rate of the training rows, majority of the training rows." in content


def test_a_value_that_does_not_exist_is_shown_as_such(evidence: Build) -> None:
    found = (*evidence().measurements, Measurement(metric="precision", of="challenger", reason="one class"))

    assert "| precision ↑ | not defined |" in measured.metrics(evidence(measurements=found))


def test_numbers_alone_stand_beside_those_of_the_base_commit(evidence: Build) -> None:
    found = tuple(
        Measurement(metric="file:profit", of=of, value=value)
        for of, value in (("challenger", 3.0), ("champion", 2.0))
    )
    content = measured.metrics(
        evidence(measurements=found, baselines=(), rows=None, challenger=None, champion=None)
    )

    assert "| file&#58;profit | 3 | 2 |  |" in content
    assert content.count("profit") == 1
    assert measured.worst(evidence(rows=None)) == ""


def test_who_could_not_be_scored_is_said_with_the_reason(evidence: Build) -> None:
    column = BaselineValue(name="column:@last", source="column", value=None)
    content = measured.metrics(evidence(baselines=(column,), faults={"anchor": "its files are gone"}))

    assert "⚠️ No anchor: its files are gone." in content
    assert "@last" not in content


def test_slices_are_worst_first_and_what_is_left_out_is_counted(evidence: Build) -> None:
    sliced = tuple(
        Measurement(metric="roc-auc", of="challenger", slice=f"carrier=C{at:02}", value=0.5 + at / 100, n=50)
        for at in range(20)
    )
    content = measured.slices(evidence(measurements=(*evidence().measurements, *sliced)))

    assert content.index("carrier=C00") < content.index("carrier=C14")
    assert "carrier=C15" not in content
    assert "5 better slices are not shown" in content


def test_the_leaderboard_marks_what_was_chosen(evidence: Build) -> None:
    board = (
        Tried(estimator="boosted", kind="histogram-gradient-boosting", metrics={"brier": 0.13}, chosen=True),
        Tried(estimator="linear", kind="logistic-regression", metrics={"brier": 0.14}, chosen=False),
    )
    content = measured.leaderboard(evidence(leaderboard=board))

    assert "| **boosted** (chosen) | histogram-gradient-boosting | 0.13 |" in content
    assert "| linear | logistic-regression | 0.14 |" in content


def test_the_worst_rows_have_their_loss(evidence: Build) -> None:
    rows = evidence().rows
    assert rows is not None
    target = msgspec.structs.replace(rows, target="late")

    assert "| Row | late | Prediction | Loss |" in measured.worst(evidence(rows=target))
    assert "1.9602" in measured.worst(evidence())
