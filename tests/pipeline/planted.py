"""Faults to plant in the flagship's data: queries that make them, and what must be found then."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from mltoolkit import files
from mltoolkit.checks import Check, ContractFinding

Call = Callable[..., Any]
Spoil = Callable[..., Path]
Ask = Callable[..., int]

CLEAN = "SELECT * EXCLUDE (nth) FROM flights"

BETWEEN = "expect_column_values_to_be_between"
GREATER = "expect_column_pair_values_a_to_be_greater_than_b"
HEADER = "expect_table_columns_to_match_set"
IN_SET = "expect_column_values_to_be_in_set"
LENGTH = "expect_column_value_lengths_to_equal"
MEAN = "expect_column_mean_to_be_between"
NOT_NULL = "expect_column_values_to_not_be_null"
OF_TYPE = "expect_column_values_to_be_of_type"
REGEX = "expect_column_values_to_match_regex"
UNIQUE = "expect_column_values_to_be_unique"


class Found(NamedTuple):
    """A violation that a fault must cause, and that must block.

    Attributes:
        rule: Its name.
        columns: What it is about.
        unexpected: How many: a number, or SQL for one over the table before it was spoilt.
        says: A part of its reason.
    """

    rule: str
    columns: tuple[str, ...]
    unexpected: int | str | None = None
    says: str = ""


def changed(where: str, **columns: str) -> str:
    """Return the query for all rows, with other values in some columns of some rows."""
    made = ", ".join(
        f"CASE WHEN {where} THEN {value} ELSE {name} END AS {name}" for name, value in columns.items()
    )
    return f"SELECT * EXCLUDE (nth) REPLACE ({made}) FROM flights"


def only(where: str) -> str:
    """Return the query for some of the rows."""
    return f"{CLEAN} WHERE {where}"


def checked(cli: Call, root: Path) -> tuple[int, str, tuple[ContractFinding, ...]]:
    """Run the command as the pipeline does; return its exit code, what it says, and all findings."""
    done = cli("check", "--only", "data", "--project", root)
    assert "Traceback" not in done.err
    (file,) = files.load(root / "reports/flights-late/check.json", Check).files
    return done.code, done.out, file.findings
