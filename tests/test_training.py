from pathlib import Path

import pytest

from mltoolkit import files
from mltoolkit.errors import InputError
from mltoolkit.evidence import Tried
from mltoolkit.training import Leaderboard

BOARD = Leaderboard(
    metric="brier",
    tried=(Tried(estimator="one", kind="logistic-regression", metrics={"brier": 0.1}, chosen=True),),
    model=f"sha256:{'a' * 64}",
    parameters={"one": {"C": 0.1}},
)


def test_a_leaderboard_survives_a_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "leaderboard.json"
    files.write_bytes(path, files.dump_json(BOARD))

    assert files.load(path, Leaderboard) == BOARD


def test_a_leaderboard_without_its_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "leaderboard.json"
    path.write_bytes(files.dump_json(BOARD).replace(b'"model": "sha256:', b'"model": "'))

    with pytest.raises(InputError, match="not usable"):
        files.load(path, Leaderboard)
