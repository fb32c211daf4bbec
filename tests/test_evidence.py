import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mltoolkit import files
from mltoolkit.errors import CannotTellError
from mltoolkit.evidence import BaselineValue, Evidence, Measurement


def test_evidence_survives_a_round_trip(evidence: Callable[..., Evidence], tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    files.write_bytes(path, files.dump_json(evidence()))

    assert files.load(path, Evidence) == evidence()
    assert files.dump_json(files.load(path, Evidence)) == path.read_bytes()


def test_a_measurement_is_found_by_metric_subject_and_slice(evidence: Callable[..., Evidence]) -> None:
    sliced = Measurement(metric="roc-auc", of="challenger", slice="a=b", value=0.6, n=10)
    made = evidence(measurements=(*evidence().measurements, sliced))

    assert made.measured("roc-auc", "challenger", "a=b") == sliced
    assert made.measured("roc-auc", "champion") is None


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("task", "guessing"),
        ("schema", "mltoolkit.evidence/1"),
        ("measurements", [{"metric": "roc-auc", "of": "challenger", "value": "0.9", "n": 1}]),
        ("measurements", [{"metric": "roc-auc", "of": "challenger", "value": True, "n": 1}]),
        ("challenger", {"digest": "sha256:short", "path": "m", "flavor": "sklearn", "probabilities": True}),
        ("extra", 1),
    ],
)
def test_evidence_with_values_that_do_not_fit_is_unusable(
    evidence: Callable[..., Evidence], tmp_path: Path, part: str, value: object
) -> None:
    plain = json.loads(files.dump_json(evidence()))
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps({**plain, part: value}))

    with pytest.raises(CannotTellError):
        files.load(path, Evidence, error=CannotTellError)


ALONE: dict[str, None] = dict.fromkeys(("task", "rows", "challenger", "predictions", "golden"))


def test_evidence_is_of_rows_or_of_numbers_alone(evidence: Callable[..., Evidence]) -> None:
    assert evidence().fault is None
    assert evidence(**ALONE).fault is None


@pytest.mark.parametrize("part", ["task", "rows", "challenger", "predictions", "golden"])
def test_evidence_of_both_forms_is_of_neither(evidence: Callable[..., Evidence], part: str) -> None:
    assert f"but no {part}, so that" in str(evidence(**{part: None}).fault)
    others = {name: value for name, value in ALONE.items() if name != part}
    assert str(evidence(**others).fault).startswith(f"has {part} but no ")


@pytest.mark.parametrize("shares", [(5.0, -4.0), (0.5, 0.4), (1.5, -0.5), (0.5, 0.6), ()])
def test_shares_that_are_none_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1, and sum to 1"):
        BaselineValue(name="base-rate", source="training", value=shares)


def test_shares_may_be_rounded() -> None:
    BaselineValue(name="base-rate", source="training", value=(0.333333, 0.333333, 0.333333))
    BaselineValue(name="mean", source="training", value=-4.0)
