from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltoolkit import predictions
from mltoolkit.errors import CannotTellError
from mltoolkit.evidence import BaselineValue, Evidence, Rows, Subject
from mltoolkit.metrics import Task
from mltoolkit.paired import Predictions
from mltoolkit.slices import MISSING
from mltoolkit.statistics.answers import Answers

DIGEST = f"sha256:{'a' * 64}"
IDS = ["r1", "r2", "r3", "r4"]


@pytest.fixture
def binary(evidence: Callable[..., Evidence]) -> Evidence:
    """Evidence on four binary rows of a challenger, a champion and a baseline that is a column."""
    made = evidence()
    subject = Subject(digest=DIGEST, path="model", flavor="sklearn", probabilities=True)
    column = BaselineValue(name="column:last", source="column", value=None)
    return msgspec.structs.replace(
        made,
        champion=subject,
        rows=Rows(
            path="rows.parquet",
            digest=DIGEST,
            count=4,
            id="id",
            target="late",
            classes=("no", "yes"),
            group=("day",),
        ),
        positive="yes",
        baselines=(*made.baselines, column),
    )


def probable(*positive: float) -> Answers:
    share = np.array(positive)
    return Answers(labels=(share > 0.5).astype(np.int64), probabilities=np.column_stack([1 - share, share]))


ROWS = Predictions(
    truth=np.array([0, 1, 1, 0]),
    answers={
        "challenger": probable(0.25, 0.75, 1.0, 0.0),
        "champion": probable(0.5, 0.625, 0.125, 0.0),
        "column:last": Answers(labels=np.array([0, 1, -1, 1])),
    },
    groups=np.array([0, 2, 2, 0]),
    slices={"carrier": (np.array([2, 1, 0, 1]), (MISSING, "AA", "UA"))},
)


def write(path: Path, rows: Predictions = ROWS, ids: list[str] = IDS) -> Path:
    path.write_bytes(predictions.write(rows, ids, task=Task.BINARY, classes=("no", "yes"), positive="yes"))
    return path


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, np.ndarray):
        return np.array_equal(ours, theirs)
    return ours is None and theirs is None


def equal(ours: Predictions, theirs: Predictions) -> bool:
    return (
        same(ours.truth, theirs.truth)
        and same(ours.groups, theirs.groups)
        and list(ours.answers) == list(theirs.answers)
        and all(
            same(getattr(ours.answers[who], form), getattr(theirs.answers[who], form))
            for who in ours.answers
            for form in ("values", "labels", "probabilities")
        )
        and {name: texts for name, (_, texts) in ours.slices.items()}
        == {name: texts for name, (_, texts) in theirs.slices.items()}
        and all(same(ours.slices[name][0], theirs.slices[name][0]) for name in ours.slices)
    )


def test_what_is_written_is_read(tmp_path: Path, binary: Evidence) -> None:
    path = write(tmp_path / "predictions.parquet")

    assert equal(predictions.read(path, binary), ROWS)
    # Of two classes the positive one alone is kept; a missing value and an unknown class have no text of theirs.
    plain = pq.read_table(path)
    assert plain.column_names == [
        *("row_id", "target"),
        *("challenger", "challenger_probability_yes", "champion", "champion_probability_yes"),
        *("column:last", "group", "slice_carrier"),
    ]
    assert plain["column:last"].to_pylist() == ["no", "yes", "(unknown class)", "yes"]
    assert plain["slice_carrier"].to_pylist() == ["UA", "AA", None, "AA"]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "a").read_bytes() == write(tmp_path / "b").read_bytes()


@given(
    count=st.integers(min_value=1, max_value=30),
    seed=st.integers(min_value=0, max_value=1000),
    names=st.lists(st.text(max_size=3), min_size=3, max_size=5, unique=True),
)
def test_any_classes_and_texts_come_back(
    tmp_path_factory: pytest.TempPathFactory, count: int, seed: int, names: list[str]
) -> None:
    rng = np.random.default_rng(seed)
    texts = tuple(sorted({*names, MISSING}))
    table = rng.dirichlet(np.ones(len(names)), count)
    used = rng.permutation(np.arange(len(texts))[: max(1, min(count, len(texts)))])
    codes = np.resize(used, count)
    # Only texts that some row has come back.
    kept = tuple(texts[code] for code in sorted(set(codes.tolist())))
    again = np.array([kept.index(texts[code]) for code in codes.tolist()])
    rows = Predictions(
        truth=rng.integers(0, len(names), count),
        answers={"challenger": Answers(labels=rng.integers(-1, len(names), count), probabilities=table)},
        groups=None,
        slices={"x": (again, kept)},
    )
    path = tmp_path_factory.mktemp("any") / "p.parquet"
    path.write_bytes(
        predictions.write(
            rows,
            [f"{at}" for at in range(count)],
            task=Task.MULTICLASS,
            classes=names,
            positive=None,
        )
    )

    found = predictions.read(path, of(Task.MULTICLASS, count, tuple(names)))

    assert equal(found, rows)


def of(task: Task, count: int, classes: tuple[str, ...] = ()) -> Evidence:
    """Evidence on rows of a challenger alone."""
    template: dict[str, Any] = {
        "tool": "t",
        "model": "m",
        "endpoint": None,
        "task": task,
        "positive": None,
        "rows": {"path": "r", "digest": DIGEST, "count": count, "id": "i", "target": "t", "classes": classes},
        "challenger": {
            "digest": DIGEST,
            "path": "m",
            "flavor": "f",
            "probabilities": task is not Task.REGRESSION,
        },
        "champion": None,
        "no-champion": "none yet",
        **dict.fromkeys(("baselines", "measurements", "leaderboard", "worst"), ()),
        "predictions": {"path": "predictions.parquet", "digest": DIGEST},
        "golden": None,
        "provenance": {
            "commit": "c" * 40,
            "dirty": False,
            "event": "local",
            "data": DIGEST,
            "rules": DIGEST,
            **dict.fromkeys(("ref", "run", "actor", "params", "lock")),
        },
    }
    return msgspec.convert(template, Evidence)


def test_numbers_come_back(tmp_path: Path) -> None:
    rows = Predictions(
        truth=np.array([1.5, -2.0]),
        answers={"challenger": Answers(values=np.array([1.25, 1e300]))},
        groups=None,
        slices={},
    )
    path = tmp_path / "p.parquet"
    path.write_bytes(predictions.write(rows, ["a", "b"], task=Task.REGRESSION, classes=(), positive=None))

    assert equal(predictions.read(path, of(Task.REGRESSION, 2)), msgspec.structs.replace(rows, groups=None))


def test_who_could_not_be_scored_has_no_column(tmp_path: Path, binary: Evidence) -> None:
    answers = {"challenger": ROWS.answers["challenger"]}
    path = write(tmp_path / "p.parquet", msgspec.structs.replace(ROWS, answers=answers))
    faults = {"champion": "it is gone", "column:last": "it is empty"}

    assert list(predictions.read(path, msgspec.structs.replace(binary, faults=faults)).answers) == [
        "challenger"
    ]
    with pytest.raises(CannotTellError, match=r"champion: is missing"):
        predictions.read(path, binary)


TEXTS = pa.array(["no", "yes", "yes", "no"])
FLOATS = pa.array([0.25, 0.75, 1.0, 0.0])


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        pytest.param(
            "row_id", pa.array(["r1", "r2", "r2", "r4"]), "1 ids are there more than once", id="twice"
        ),
        pytest.param("row_id", pa.array(["r1", None, "r3", "r4"]), "1 rows have no id", id="no id"),
        pytest.param("row_id", pa.array([1, 2, 3, 4]), "is int64", id="ids that are numbers"),
        pytest.param("row_id", None, "is missing", id="no ids"),
        pytest.param("target", None, "is missing", id="no truth"),
        pytest.param("target", pa.array(["no", None, "yes", "no"]), "1 rows have no value", id="truth null"),
        pytest.param(
            "target",
            pa.array(["no", "YES", "yes", "no"]),
            "1 rows are of a class that is none",
            id="truth unknown",
        ),
        pytest.param("target", pa.array([0, 1, 1, 0]), "is int64", id="truth that is numbers"),
        pytest.param("target", pa.array([[b"x"]] * 4), r"is list", id="nested truth"),
        pytest.param("challenger", None, "is missing", id="no labels"),
        pytest.param(
            "challenger", pa.array(["no", None, "yes", "no"]), "1 rows have no value", id="label null"
        ),
        pytest.param(
            "champion",
            pa.array(["no", "YES", "(unknown class)", "no"]),
            "holds 'YES', which is none of no, yes",
            id="another word for no class",
        ),
        pytest.param("challenger", pa.array([True, False] * 2), "is bool", id="labels that are flags"),
        pytest.param("challenger_probability_yes", None, "is missing", id="no probabilities"),
        pytest.param(
            "challenger_probability_yes",
            pa.array([0.25, float("nan"), 1, 0]),
            "1 of 4 numbers are NaN",
            id="NaN",
        ),
        pytest.param(
            "champion_probability_yes",
            pa.array([0.25, float("inf"), 1, 0]),
            "1 of 4 numbers are NaN",
            id="infinite",
        ),
        pytest.param(
            "champion_probability_yes", pa.array([0.25, 1.0001, 1, 0]), "outside 0 to 1", id="above one"
        ),
        pytest.param(
            "champion_probability_yes", pa.array([0.25, -1e-9, 1, 0]), "outside 0 to 1", id="negative"
        ),
        pytest.param(
            "champion_probability_yes", pa.array([0.5, None, 1, 0]), "1 rows have no value", id="null"
        ),
        pytest.param("champion_probability_yes", pa.array(["0.5"] * 4), "is string", id="texts of numbers"),
        pytest.param("column:last", None, "is missing", id="no baseline"),
        pytest.param("group", None, "is missing", id="no groups"),
        pytest.param("group", pa.array([0, 1, None, 0]), "1 rows have no value", id="group null"),
        pytest.param("group", pa.array([0, -1, 1, 0]), "cannot be", id="group negative"),
        pytest.param("group", pa.array([0, 4, 1, 0]), "cannot be", id="group too large"),
        pytest.param("group", pa.array([2**40, 0, 1, 0]), "cannot be", id="group that fills the memory"),
        pytest.param("group", FLOATS, "is double", id="group that is no code"),
        pytest.param("slice_carrier", FLOATS, "a slice is a text", id="slice of numbers"),
        pytest.param("slice_more", pa.array([{"a": 1}] * 4), "a slice is a text", id="nested slice"),
        pytest.param("anchor", TEXTS, "does not speak of", id="somebody unknown"),
        pytest.param("challenger_probability_no", FLOATS, "does not speak of", id="the other class"),
    ],
)
def test_a_column_that_cannot_be_is_refused_by_name(
    tmp_path: Path, binary: Evidence, column: str, values: "pa.Array[Any] | None", message: str
) -> None:
    path = write(tmp_path / "p.parquet")
    table = pq.read_table(path)
    if values is None:
        table = table.drop_columns([column])
    elif column in table.column_names:
        table = table.set_column(table.column_names.index(column), column, values)
    else:
        table = table.append_column(column, values)
    pq.write_table(table, path)

    with pytest.raises(CannotTellError, match=message) as caught:
        predictions.read(path, binary)
    assert caught.value.where is not None
    assert (caught.value.where.path, caught.value.where.key) == (str(path), column)


def test_other_counts_than_the_evidence_speaks_of_are_refused(tmp_path: Path, binary: Evidence) -> None:
    path = write(tmp_path / "p.parquet")
    table = pq.read_table(path)

    for count, message in ((0, "has no rows"), (3, "has 3 rows, and the evidence speaks of 4")):
        pq.write_table(table.slice(0, count), path)
        with pytest.raises(CannotTellError, match=message):
            predictions.read(path, binary)


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path, binary: Evidence) -> None:
    path = write(tmp_path / "p.parquet")
    table = pq.read_table(path)
    pq.write_table(table.append_column("champion", table["champion"]), path)

    with pytest.raises(CannotTellError, match="champion: is there twice"):
        predictions.read(path, binary)


def test_probabilities_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    rows = Predictions(
        truth=np.array([0, 1]),
        answers={
            "challenger": Answers(
                labels=np.array([0, 1]), probabilities=np.array([[0.5, 0.25, 0.25], [0.5, 0.25, 0.3]])
            )
        },
        groups=None,
        slices={},
    )
    path = tmp_path / "p.parquet"
    path.write_bytes(predictions.write(rows, ["a", "b"], task=Task.MULTICLASS, classes="xyz", positive=None))

    with pytest.raises(CannotTellError, match="challenger: the probabilities of 1 rows do not add up to 1"):
        predictions.read(path, of(Task.MULTICLASS, 2, ("x", "y", "z")))


def test_damaged_files_are_no_traceback(tmp_path: Path, binary: Evidence) -> None:
    path = write(tmp_path / "p.parquet")
    whole = path.read_bytes()

    for damaged in (b"", b"PAR1", whole[:-1], whole[: len(whole) // 2], b"x" * len(whole), whole[4:]):
        path.write_bytes(damaged)
        with pytest.raises(CannotTellError, match="not a Parquet file that can be read"):
            predictions.read(path, binary)
    with pytest.raises(CannotTellError, match="not a Parquet file that can be read"):
        predictions.read(tmp_path / "missing.parquet", binary)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path, binary: Evidence) -> None:
    path = write(tmp_path / "p.parquet")
    table = pq.read_table(path)
    bad = pa.array([b"no", b"\xff\xfe", b"yes", b"no"]).view(pa.string())
    pq.write_table(table.set_column(table.column_names.index("challenger"), "challenger", bad), path)

    with pytest.raises(CannotTellError, match="UTF8"):
        predictions.read(path, binary)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": ("no",)}, "the classes are: no"),
        ({"classes": ()}, "the classes are: none"),
        ({"classes": ("no", "yes", "perhaps")}, "the classes are: no, yes, perhaps"),
        ({"classes": ("yes", "yes")}, "the classes are: yes, yes"),
        ({"classes": ("no", "sure")}, "the positive class is yes"),
    ],
)
def test_evidence_that_contradicts_itself_is_refused(
    tmp_path: Path, binary: Evidence, change: dict[str, Any], message: str
) -> None:
    assert binary.rows is not None
    path = write(tmp_path / "p.parquet")

    with pytest.raises(CannotTellError, match=message):
        predictions.read(
            path, msgspec.structs.replace(binary, rows=msgspec.structs.replace(binary.rows, **change))
        )


def test_one_class_only_is_for_the_metrics_to_refuse(tmp_path: Path, binary: Evidence) -> None:
    path = write(tmp_path / "p.parquet", msgspec.structs.replace(ROWS, truth=np.zeros(4, dtype=np.int64)))

    assert predictions.read(path, binary).truth.tolist() == [0, 0, 0, 0]


def test_a_flipped_byte_is_refused_or_harmless(tmp_path: Path, binary: Evidence) -> None:
    path = write(tmp_path / "p.parquet")
    whole = path.read_bytes()
    refused = 0
    places = range(0, len(whole), 11)
    for at in places:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            found = predictions.read(path, binary)
        except CannotTellError:
            refused += 1
        else:
            # A place that no text has would be somebody else's error.
            assert all(0 <= codes.min() <= codes.max() < len(texts) for codes, texts in found.slices.values())

    assert refused > len(places) / 2
