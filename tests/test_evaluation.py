import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from mltoolkit import evaluation, files, ledger, models, predictions, rows
from mltoolkit.contenders import Contender
from mltoolkit.errors import CannotTellError, InputError
from mltoolkit.evidence import Checked, Evidence, Golden, Provenance, Rows, Subject, Tried
from mltoolkit.evidence import TestRun as Told  # by its own name pytest would collect it
from mltoolkit.metrics import Task
from mltoolkit.rules.baseline import BetterThanBaseline
from mltoolkit.rules.budget import Budget
from mltoolkit.rules.custom import Custom
from mltoolkit.settings import ModelSettings
from mltoolkit.surroundings import Surroundings
from mltoolkit.training import Leaderboard, Prepared

DIGEST = f"sha256:{'a' * 64}"
ORIGIN = Provenance(
    commit="c" * 40, dirty=False, event="push", ref=None, run=None, actor=None,
    data=DIGEST, params=None, lock=None, rules=DIGEST,
)  # fmt: skip
PREPARED = Prepared(
    task=Task.BINARY, id="row_id", target="target", positive="1", numeric=("a",), categorical=("b",), impute={},
    splits={"train": 100}, classes={"0": 75, "1": 25}, mean=None, digests={},
)  # fmt: skip

NOTHING = Surroundings()

Evaluate = Callable[..., Evidence]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scores are cached by what they are made of, so that tests may share them."""
    return tmp_path_factory.mktemp("scores")


@pytest.fixture
def evaluate(saved_models: Path, tmp_path: Path, cache: Path) -> Evaluate:
    def call(
        model: str = "binary",
        champion: Contender | None = None,
        anchor: Contender | None = None,
        root: Path = tmp_path,
        source: Path | None = None,
        table: Path = saved_models / "rows.parquet",
        surroundings: Surroundings = NOTHING,
        **settings: Any,
    ) -> Evidence:
        chosen = ModelSettings(**({"target": "target", "slices": ("group",)} | settings))
        challenger = models.read(source or saved_models / model)
        frame = rows.read(table, chosen, challenger)
        return evaluation.evaluate(
            frame,
            challenger,
            champion or Contender(absent="none yet"),
            anchor or Contender(absent="none promoted yet"),
            name="toy",
            endpoint="local",
            settings=chosen,
            root=root,
            cache=cache,
            out=tmp_path / "out",
            provenance=lambda: ORIGIN,
            surroundings=surroundings,
        )

    return call


def rows_of(evidence: Evidence) -> Rows:
    assert evidence.rows is not None
    return evidence.rows


def challenger_of(evidence: Evidence) -> Subject:
    assert evidence.challenger is not None
    return evidence.challenger


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
    assert rows_of(made).count == 400


def test_a_model_trained_on_shuffled_labels_does_not(evaluate: Evaluate) -> None:
    made = evaluate("shuffled")

    assert value(made, "brier", "challenger") > value(made, "brier", "base-rate")


def test_evidence_and_what_it_speaks_of_are_written(evaluate: Evaluate, tmp_path: Path) -> None:
    made = evaluate()
    out = tmp_path / "out"

    assert files.load(out / "evidence.json", Evidence) == made
    for part in (made.predictions, made.golden):
        assert part is not None
        assert files.digest_file(out / part.path) == part.digest
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
    evaluate(champion=Contender(model=models.read(saved_models / "other")))
    table = pq.read_table(tmp_path / "out" / "predictions.parquet")
    source = pq.read_table(saved_models / "rows.parquet")

    assert table.column_names == [
        "row_id", "target", "challenger", "challenger_probability_1", "champion", "champion_probability_1", "slice_group",
    ]  # fmt: skip
    assert table["row_id"].to_pylist() == source["row_id"].to_pylist()
    assert table["target"].to_pylist() == [str(value) for value in source["target"].to_pylist()]
    assert table["slice_group"].to_pylist() == source["group"].to_pylist()


def test_the_champion_is_scored_on_the_same_rows(evaluate: Evaluate, saved_models: Path) -> None:
    made = evaluate(champion=Contender(model=models.read(saved_models / "other")))

    assert made.champion is not None
    assert made.champion.digest == models.digest(saved_models / "other")
    assert value(made, "roc-auc", "champion") > 0.7
    assert made.measured("roc-auc", "champion", "group=north") is not None


def test_a_champion_that_cannot_be_scored_is_a_fault_and_no_number(
    evaluate: Evaluate, saved_models: Path, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(saved_models / "other", tmp_path / "broken"))
    (broken / "model.skops").write_bytes(b"")

    made = evaluate(champion=Contender(model=models.read(broken)))

    assert value(made, "roc-auc", "challenger") > 0.75
    assert made.champion is not None
    assert made.champion.costs is None
    assert made.measured("roc-auc", "champion") is None
    assert "cannot be scored" in made.faults["champion"]
    assert list(predictions.read(tmp_path / "out" / "predictions.parquet", made).answers) == ["challenger"]


def test_the_anchor_is_scored_like_the_champion(
    evaluate: Evaluate, saved_models: Path, tmp_path: Path
) -> None:
    made = evaluate(
        champion=Contender(model=models.read(saved_models / "other")),
        anchor=Contender(model=models.read(saved_models / "shuffled")),
    )

    assert made.anchor is not None
    assert made.anchor.digest == models.digest(saved_models / "shuffled")
    assert value(made, "roc-auc", "anchor") < value(made, "roc-auc", "champion")
    read = predictions.read(tmp_path / "out" / "predictions.parquet", made)
    assert list(read.answers) == ["challenger", "champion", "anchor"]


def test_an_anchor_that_is_known_and_gone_is_a_fault(evaluate: Evaluate) -> None:
    made = evaluate(anchor=Contender(fault="no copy of it is kept here"))

    assert (made.anchor, made.no_anchor) == (None, None)
    assert made.faults == {"anchor": "no copy of it is kept here"}


def test_one_model_in_three_roles_is_scored_once_and_says_the_same(
    evaluate: Evaluate, saved_models: Path, cache: Path
) -> None:
    same = Contender(model=models.read(saved_models / "binary"))
    evaluate()
    before = sorted(path.name for path in cache.iterdir())
    made = evaluate(champion=same, anchor=same)

    assert sorted(path.name for path in cache.iterdir()) == before
    assert (
        value(made, "brier", "challenger")
        == value(made, "brier", "champion")
        == value(made, "brier", "anchor")
    )
    assert made.champion is not None
    assert made.champion.costs == challenger_of(made).costs


def test_costs_are_measured_and_where_they_are_judged_the_model_is_scored_alone(
    evaluate: Evaluate, saved_models: Path, cache: Path
) -> None:
    costs = challenger_of(evaluate()).costs
    before = len(list(cache.iterdir()))
    alone = challenger_of(evaluate(rules=(Budget(latency="1s"),))).costs

    assert costs is not None
    assert costs.size == models.read(saved_models / "binary").size
    assert alone is not None
    assert len(list(cache.iterdir())) == before + 1


def test_which_rows_they_are_is_part_of_evidence(evaluate: Evaluate, saved_models: Path) -> None:
    made = rows_of(evaluate())
    ids = [str(each) for each in pq.read_table(saved_models / "rows.parquet")["row_id"].to_pylist()]

    assert made.classes == ("0", "1")
    assert made.sketch == ledger.sketch(ids)
    assert (made.group, made.dates) == ((), ())


def test_groups_are_written_beside_the_rows(evaluate: Evaluate, tmp_path: Path) -> None:
    made = evaluate(group=("group", "b"))
    groups = predictions.read(tmp_path / "out" / "predictions.parquet", made).groups

    assert rows_of(made).group == ("group", "b")
    assert groups is not None
    assert sorted(set(groups.tolist())) == list(range(9))


def test_a_column_is_a_baseline_and_one_that_says_nothing_a_fault(
    evaluate: Evaluate, saved_models: Path, tmp_path: Path
) -> None:
    table = pq.read_table(saved_models / "rows.parquet")
    table = table.append_column("guess", [[at % 2 for at in range(table.num_rows)]])
    pq.write_table(table, tmp_path / "rows.parquet")
    made = evaluate(
        table=tmp_path / "rows.parquet",
        rules=tuple(
            BetterThanBaseline(metric="accuracy", baseline=f"column:{name}") for name in ("guess", "none")
        ),
    )

    assert [(b.name, b.source, b.value) for b in made.baselines[3:]] == [
        ("column:guess", "column", None),
        ("column:none", "column", None),
    ]
    assert value(made, "accuracy", "column:guess") < value(made, "accuracy", "challenger")
    assert made.faults == {"column:none": "the rows have no column none"}
    read = predictions.read(tmp_path / "out" / "predictions.parquet", made)
    assert list(read.answers) == ["challenger", "column:guess"]


def test_programs_are_run_when_there_is_something_to_look_at(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "look.py").write_text(
        "import json, os, pyarrow.parquet as pq\n"
        "table = pq.read_table(os.environ['MLTOOLKIT_PREDICTIONS'])\n"
        "model = os.path.exists(os.environ['MLTOOLKIT_MODEL'] + '/MLmodel')\n"
        "print(json.dumps({'answer': 'pass', 'reason': str(model), 'value': table.num_rows}))\n"
    )
    rule = Custom(name="look", command=(sys.executable, "look.py"))
    (run,) = evaluate(rules=(rule,)).programs

    assert (run.answer, run.reason, run.value, run.fault) == ("pass", "True", 400, None)


def test_what_surrounds_a_model_is_carried(evaluate: Evaluate) -> None:
    around = Surroundings(
        checks=(Checked(what="data", fault="not checked"),),
        suites=DIGEST,
        tests=Told(path="report.xml", fault="no such file"),
    )
    made = evaluate(surroundings=around)

    assert (made.checks, made.suites, made.tests) == (around.checks, around.suites, around.tests)


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
        ("positive", "training", "1"),
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

    assert not challenger_of(made).probabilities
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


def test_a_metric_file_that_is_damaged_cannot_tell(
    evaluate: Evaluate, saved_models: Path, tmp_path: Path
) -> None:
    shutil.copytree(saved_models / "binary", tmp_path / "model")
    (tmp_path / "metrics.json").write_text('{"profit": NaN}')

    with pytest.raises(CannotTellError, match="NaN is not a finite number"):
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
