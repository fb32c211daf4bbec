from mltoolkit.paired import PairedNumbers
from mltoolkit.rules.numbers import Numbers
from mltoolkit.scalars import ScalarNumbers
from tests.rules import made


def test_rows_and_numbers_alone_answer_the_same_questions() -> None:
    asked = [name for name in vars(Numbers) if not name.startswith("_")]

    assert asked
    for kind in (PairedNumbers, ScalarNumbers, made.Told):
        assert all(hasattr(kind, name) for name in asked)


def test_numbers_alone_are_numbers() -> None:
    numbers: Numbers = ScalarNumbers(evidence=made.numbers_alone(profit=(2.0, 1.0)))

    assert numbers.slices == ()
    assert numbers.level("file:profit", confidence=0.95, threshold=0).value == 2
