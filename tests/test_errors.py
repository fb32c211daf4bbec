import pytest

from mltoolkit import errors
from mltoolkit.errors import InputError, Location, MltoolkitError


def test_an_error_says_where_what_and_what_next() -> None:
    error = InputError(
        "unknown key", where=Location(path="params.yaml", line=7, key="rules"), hint="did you mean?"
    )

    assert str(error) == "params.yaml:7: rules: unknown key\n  did you mean?"


def test_a_location_without_a_line_is_only_the_path() -> None:
    assert str(Location(path="model")) == "model"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("RefusedError", 1),
        ("InputError", 2),
        ("CannotTellError", 3),
        ("OutsideError", 4),
        ("RolledBackError", 5),
        ("SupersededError", 6),
    ],
)
def test_each_kind_owns_the_exit_code_of_the_public_contract(name: str, code: int) -> None:
    assert getattr(errors, name).exit_code == code


def test_no_two_kinds_share_an_exit_code() -> None:
    codes = [kind.exit_code for kind in MltoolkitError.__subclasses__()]

    assert sorted(codes) == sorted(set(codes))
    assert errors.INTERNAL_ERROR not in codes
