from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mltoolkit.checks import Outcome, Severity
from mltoolkit.contract.leakage import splits
from mltoolkit.contract.leakage.asked import Asked, NotFoundError, Roles


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    for name, rows in (("train", 3), ("evaluation", 2)):
        table = pa.table({"id": list(range(rows)), "secret": ["a"] * rows, f"{name}_only": [1] * rows})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    with splits.opened(tmp_path / "train.parquet", tmp_path / "evaluation.parquet") as both:
        yield Asked(both, Roles(id="id"), Severity.WARNING, frozenset({"secret"}))


def test_what_is_named_is_no_feature() -> None:
    roles = Roles(id="i", group=("g", "h"), time="t", target="y", ignore=("split",))

    assert roles.apart == {"i", "g", "h", "t", "y", "split"}
    assert Roles().apart == {None}


def test_rows_of_both_splits_are_counted(asked: Asked) -> None:
    assert asked.rows == (3, 2)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("train_only", "the evaluation rows have no column `train_only`"),
        ("evaluation_only", "the training rows have no column `evaluation_only`"),
        ("ids", "did you mean `id`"),
    ],
)
def test_a_column_must_be_in_both(name: str, said: str, asked: Asked) -> None:
    with pytest.raises(NotFoundError, match=said):
        asked.pair(name)
    assert asked.pair("id").name == "id"


def test_values_of_private_columns_are_not_shown(asked: Asked) -> None:
    hidden = asked.finding("rule", Outcome.VIOLATED, "why", ["id", "secret"], values=["a"])
    shown = asked.finding("rule", Outcome.VIOLATED, "why", ["id"], values=[1])

    assert hidden.examples == ()
    assert shown.examples == ("1",)
    assert shown.severity is Severity.WARNING
