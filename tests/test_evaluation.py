import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from mltoolkit import evaluation, files, models, rows
from mltoolkit.settings import ModelSettings
from mltoolkit.errors import CannotTellError, InputError
from mltoolkit.evaluation import Champion
from mltoolkit.evidence import Evidence, Golden, Leaderboard, Prepared, Provenance, Tried
from mltoolkit.metrics import Task

DIGEST = f"sha256:{'a' * 64}"
ORIGIN = Provenance(
    commit="c" * 40, dirty=False, event="push", ref=None, run=None, actor=None,
    data=DIGEST, params=None, lock=None, rules=DIGEST,
)  # fmt: skip
PREPARED = Prepared(
    task=Task.BINARY, id="row_id", target="target", positive="1", numeric=("a",), categorical=("b",), impute={},
    splits={"train": 100}, classes={"0": 75, "1": 25}, mean=None, digests={},
)  # fmt: skip

Evaluate = Callable[..., Evidence]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scores are cached by what they are made of, so that tests may share them."""
    return tmp_path_factory.mktemp("scores")


@pytest.fixture
def evaluate(saved_models: Path, tmp_path: Path, cache: Path) -> Evaluate:
    def call(
        model: str = "binary",
        champion: Champion | None = None,
        root: Path = tmp_path,
        source: Path | None = None,
        **settings: Any,
    ) -> Evidence:
        chosen = ModelSettings(**({"target": "target", "slices": ("group",)} | settings))
        challenger = models.read(source or saved_models / model)
        frame = rows.read(saved_models / "rows.parquet", chosen, challenger)
        return evaluation.evaluate(
            frame,
            challenger,
            champion or Champion(absent="none yet"),
            name="toy",
            endpoint="local",
            settings=chosen,
            root=root,
            cache=cache,
            out=tmp_path / "out",
            provenance=ORIGIN,
        )

    return call


def value(evidence: Evidence, metric: str, of: str) -> float:
    measured = evidence.measured(metric, of)
    assert measured is not None
    assert measured.value is not None
    return measured.value


def test_a_good_model_beats_its_baselines(evaluate: Evaluate) -> None:
    made = evaluate()

    assert value(made, "roc-auc", "challenger") > 0.75
    assert value(made, "brier", "challenger") < value(made, "brier", "base-rate")
    assert value(made, "accuracy", "challenger") > value(made, "accuracy", "majority")
    assert made.rows.count == 400


def test_a_model_trained_on_shuffled_labels_does_not(evaluate: Evaluate) -> None:
    made = evaluate("shuffled")

    assert value(made, "brier", "challenger") > value(made, "brier", "base-rate")


def test_evidence_and_what_it_speaks_of_are_written(evaluate: Evaluate, tmp_path: Path) -> None:
    made = evaluate()
    out = tmp_path / "out"

    assert files.load(out / "evidence.json", Evidence) == made
    assert files.digest_file(out / made.predictions.path) == made.predictions.digest
    assert files.digest_file(out / made.golden.path) == made.golden.digest
    golden = files.load(out / "golden.json", Golden)
    assert len(golden.ids) == len(golden.predictions) == len(golden.request["dataframe_split"]["data"]) == 16


def test_the_same_input_gives_the_same_bytes(evaluate: Evaluate, tmp_path: Path) -> None:
    evaluate()
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    evaluate()

    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == first


def test_predictions_stand_row_by_row_beside_the_truth(
    evaluate: Evaluate, saved_models: Path, tmp_path: Path
) -> None:
    evaluate(champion=Champion(model=models.read(saved_models / "other")))
    table = pq.read_table(tmp_path / "out" / "predictions.parquet")
    source = pq.read_table(saved_models / "rows.parquet")

    assert table.column_names == [
        "row_id", "target", "challenger", "challenger_probability_1", "champion", "champion_probability_1", "slice_group",
    ]  # fmt: skip
    assert table["row_id"].to_pylist() == source["row_id"].to_pylist()
    assert table["target"].to_pylist() == [str(value) for value in source["target"].to_pylist()]
    assert table["slice_group"].to_pylist() == source["group"].to_pylist()


def test_the_champion_is_scored_on_the_same_rows(evaluate: Evaluate, saved_models: Path) -> None:
    made = evaluate(champion=Champion(model=models.read(saved_models / "other")))

    assert made.champion is not None
    assert made.champion.digest == models.digest(saved_models / "other")
    assert value(made, "roc-auc", "champion") > 0.7
    assert made.measured("roc-auc", "champion", "group=north") is not None


def test_a_champion_that_cannot_be_scored_leaves_numbers_without_values_and_a_reason(
    evaluate: Evaluate, saved_models: Path, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(saved_models / "other", tmp_path / "broken"))
    (broken / "model.skops").write_bytes(b"")

    made = evaluate(champion=Champion(model=models.read(broken)))
    measured = made.measured("roc-auc", "champion")

    assert value(made, "roc-auc", "challenger") > 0.75
    assert measured is not None
    assert measured.value is None
    assert "cannot be scored" in str(measured.reason)


def test_a_challenger_that_cannot_be_scored_leaves_no_evidence(
    evaluate: Evaluate, saved_models: Path, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(saved_models / "binary", tmp_path / "broken"))
    (broken / "model.skops").write_bytes(b"")

    with pytest.raises(CannotTellError, match="cannot be scored"):
        evaluate(source=broken)

    assert not (tmp_path / "out" / "evidence.json").exists()


def test_baselines_know_only_the_training_rows(evaluate: Evaluate, tmp_path: Path) -> None:
    files.write_bytes(tmp_path / "prepared.json", files.dump_json(PREPARED))
    made = evaluate(training="prepared.json")

    assert [(b.name, b.source, b.value) for b in made.baselines] == [
        ("base-rate", "training", (0.75, 0.25)),
        ("majority", "training", "0"),
    ]


def test_without_training_rows_the_best_constant_on_the_evaluation_rows_is_the_baseline(
    evaluate: Evaluate,
) -> None:
    made = evaluate()
    (rate,) = (b for b in made.baselines if b.name == "base-rate")

    assert rate.source == "evaluation"
    # No constant can be better than the rows' own rate.
    assert isinstance(rate.value, tuple)
    assert value(made, "brier", "base-rate") == pytest.approx(
        float(rate.value[0]) * float(rate.value[1]), rel=1e-4
    )


def test_a_summary_of_other_classes_is_refused(evaluate: Evaluate, tmp_path: Path) -> None:
    other = msgspec.structs.replace(PREPARED, classes={"late": 5})
    files.write_bytes(tmp_path / "prepared.json", files.dump_json(other))

    with pytest.raises(InputError, match="none of the classes 0, 1"):
        evaluate(training="prepared.json")


def test_labels_alone_are_judged_by_what_needs_no_probabilities(evaluate: Evaluate) -> None:
    made = evaluate("labels")

    assert not made.challenger.probabilities
    assert made.measured("roc-auc", "challenger") is None
    assert value(made, "accuracy", "challenger") > value(made, "accuracy", "majority")


def test_a_regression_is_compared_with_the_mean(evaluate: Evaluate) -> None:
    made = evaluate("regression", target="number")

    assert made.task is Task.REGRESSION
    assert value(made, "rmse", "challenger") < value(made, "rmse", "mean")
    assert made.worst[0].loss >= made.worst[-1].loss


def test_the_worst_rows_are_named_worst_first(evaluate: Evaluate) -> None:
    worst = evaluate().worst

    assert len(worst) == 10
    assert [row.loss for row in worst] == sorted((row.loss for row in worst), reverse=True)
    assert all(row.prediction.split()[0] != row.target for row in worst)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"profit": NaN}', "NaN is not a finite number"),
        ('{"profit": 1e999}', "not a finite number"),
        ('{"profit": null}', "None is not a number"),
        ('{"profit": "1"}', "'1' is not a number"),
        ('{"profit": true}', "True is not a number"),
        ('{"profit": {"a": 1}}', "is not a number"),
        ("[1]", "must be a mapping"),
        ("", "not JSON"),
    ],
)
def test_a_metric_file_with_anything_but_finite_numbers_cannot_tell(
    evaluate: Evaluate, saved_models: Path, tmp_path: Path, content: str, said: str
) -> None:
    shutil.copytree(saved_models / "binary", tmp_path / "model")
    (tmp_path / "metrics.json").write_text(content)

    with pytest.raises(CannotTellError, match=said):
        evaluate(source=tmp_path / "model", metrics="metrics.json")


def test_numbers_and_leaderboard_of_the_pipeline_count_for_its_own_model_only(
    evaluate: Evaluate, saved_models: Path, tmp_path: Path
) -> None:
    shutil.copytree(saved_models / "binary", tmp_path / "model")
    (tmp_path / "metrics.json").write_text(json.dumps({"profit": 12}))
    tried = Tried(estimator="e", kind="logistic-regression", metrics={"brier": 0.1}, chosen=True)
    board = Leaderboard(
        metric="brier", tried=(tried,), model=models.digest(tmp_path / "model"), parameters={"e": {}}
    )
    files.write_bytes(tmp_path / "leaderboard.json", files.dump_json(board))

    own = evaluate(source=tmp_path / "model", metrics="metrics.json", leaderboard="leaderboard.json")
    other = evaluate("other", metrics="metrics.json", leaderboard="leaderboard.json")

    assert value(own, "file:profit", "challenger") == 12
    assert own.leaderboard == (tried,)
    assert other.measured("file:profit", "challenger") is None
    assert other.leaderboard == ()
