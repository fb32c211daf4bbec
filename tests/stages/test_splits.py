"""Rows to splits: by period, by hash, and never into an empty one."""

import pyarrow as pa
import pytest

from mltoolkit import documents
from mltoolkit.errors import InputError
from mltoolkit.stages.settings import AtRandom, ByGroup, ByTime, Section
from mltoolkit.stages.splits import assign

SECTION = Section(name="prepare", document=documents.parse("prepare:\n  split: {by: time}\n", "params.yaml"))


def test_periods_are_ordered_by_value_and_not_by_appearance() -> None:
    months = pa.chunked_array([["2013-03", "2013-01"], ["2013-04", "2013-02", "2013-01"]])
    names = assign(months, ByTime(column="month", evaluate=1, validate=2), SECTION)
    assert names.tolist() == ["validation", "train", "evaluation", "validation", "train"]


def test_a_group_is_never_in_two_splits() -> None:
    groups = [f"g{at % 40}" for at in range(400)]
    names = assign(pa.chunked_array([groups]), ByGroup(column="g", evaluate=0.3, validate=0.3), SECTION)
    assert set(names.tolist()) == {"train", "validation", "evaluation"}
    assert len(set(zip(groups, names.tolist(), strict=True))) == 40


def test_ids_of_numbers_and_of_text_are_placed_alike() -> None:
    split = AtRandom(reason="drawn independently")
    numbers = assign(pa.chunked_array([list(range(200))]), split, SECTION)
    words = assign(pa.chunked_array([[str(at) for at in range(200)]]), split, SECTION)
    assert numbers.tolist() == words.tolist()


def test_an_empty_split_is_refused_where_it_is_configured() -> None:
    with pytest.raises(InputError, match=r"params.yaml:2: prepare.split: the validation split is empty"):
        assign(pa.chunked_array([["only"] * 5]), ByGroup(column="g", evaluate=0.01, validate=0.01), SECTION)
