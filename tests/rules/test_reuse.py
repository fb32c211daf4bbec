from collections.abc import Callable

import msgspec
import pytest

from mltoolkit import files, ledger
from mltoolkit.evidence import Evidence, Sketch
from mltoolkit.ledger import Ledger, Look
from mltoolkit.rules.base import Answer, Facts
from mltoolkit.rules.reuse import Reuse
from mltoolkit.scalars import ScalarNumbers

Build = Callable[..., Evidence]
IDS = ledger.sketch(f"row {number}" for number in range(1000))


def facts(made: Evidence, *, sketch: Sketch | None = IDS, before: int | str = 0) -> Facts:
    """Everything known of a model after so many others were judged on its rows."""
    rows = made.rows
    assert rows is not None
    made = msgspec.structs.replace(made, rows=msgspec.structs.replace(rows, sketch=sketch))
    kept = Ledger()
    for number in range(before if isinstance(before, int) else 0):
        earlier = Look(challenger=files.digest_bytes(str(number).encode()), rows=rows.digest, sketch=IDS)
        kept = ledger.recorded(kept, earlier)
    return Facts(
        evidence=made,
        numbers=ScalarNumbers(evidence=made),
        ledger=before if isinstance(before, str) else kept,
    )


def test_it_says_how_often_rows_may_be_looked_at() -> None:
    assert Reuse(budget=7).question == "these rows are looked at no more than 7 times"


@pytest.mark.parametrize(
    ("before", "answer", "said"),
    [
        (0, Answer.PASS, "this is look 1 of 20 at these rows"),
        (15, Answer.PASS, "this is look 16 of 20 at these rows"),
        (16, Answer.PASS, "this is look 17 of 20 at these rows: 3 left, prepare fresh rows"),
        (19, Answer.PASS, "this is look 20 of 20 at these rows: none left, prepare fresh rows"),
        (20, Answer.UNKNOWN, "this is look 21 of 20 at these rows: their luck is used up"),
    ],
)
def test_looks_are_counted_up_to_the_budget(evidence: Build, before: int, answer: Answer, said: str) -> None:
    found = Reuse().answer(facts(evidence(), before=before))

    assert found.answer is answer
    assert found.reason.startswith(said)
    assert answer is Answer.UNKNOWN or found.reason == said


def test_a_ledger_that_cannot_be_read_is_unknown(evidence: Build) -> None:
    found = Reuse().answer(facts(evidence(), before="it is damaged"))

    assert found.answer is Answer.UNKNOWN
    assert "it is damaged" in found.reason


def test_numbers_alone_wear_out_no_rows(evidence: Build) -> None:
    numbers = msgspec.structs.replace(facts(evidence()), evidence=evidence(rows=None, challenger=None))

    assert Reuse().answer(numbers).answer is Answer.NOT_APPLICABLE


def test_rows_that_nobody_can_tell_are_unknown(evidence: Build) -> None:
    found = Reuse().answer(facts(evidence(), sketch=None))

    assert found.answer is Answer.UNKNOWN
    assert "does not say which rows these are" in found.reason


def test_a_sketch_that_cannot_be_is_unknown(evidence: Build) -> None:
    found = Reuse().answer(facts(evidence(), sketch=Sketch(count=1000, hashes=(1, 2))))

    assert found.answer is Answer.UNKNOWN
    assert "256 hashes, not 2" in found.reason
