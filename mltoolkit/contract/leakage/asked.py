"""Two splits, what their columns are for, and what is asked of them."""

from collections.abc import Sequence
from typing import NamedTuple

from mltoolkit.checks import ContractFinding, Outcome, Severity, ours
from mltoolkit.contract.leakage.splits import EVALUATION, TRAIN, Pair, Splits
from mltoolkit.contract.sources import Column, Table
from mltoolkit.contract.wording import EXAMPLES, called, examples, shown
from mltoolkit.errors import meant

SPLITS = ((TRAIN, "training"), (EVALUATION, "evaluation"))
"""The relations, and what their rows are called."""


class Roles(NamedTuple):
    """What the columns of the splits are for; what is not named is a feature.

    Attributes:
        id: Names a row.
        group: Rows that agree in all of these belong together.
        time: Later in the evaluation rows than in the training rows.
        target: The truth.
        ignore: Columns that no model sees and that may differ, such as the name of the split.
    """

    id: str | None = None
    group: tuple[str, ...] = ()
    time: str | None = None
    target: str | None = None
    ignore: tuple[str, ...] = ()

    @property
    def apart(self) -> frozenset[str | None]:
        """The columns that are no features."""
        return frozenset({self.id, self.time, self.target, *self.group, *self.ignore})


class NotFoundError(Exception):
    """A rule cannot be asked, because a column that it needs is not there."""


class Asked:
    """The splits, and what is asked of them."""

    def __init__(self, splits: Splits, roles: Roles, severity: Severity, private: frozenset[str]) -> None:
        self.splits = splits
        self.roles = roles
        self.severity = severity
        self.private = private
        self.rows: tuple[int, int] = (
            splits.one(f"SELECT count(*) FROM {TRAIN}")[0],
            splits.one(f"SELECT count(*) FROM {EVALUATION}")[0],
        )

    def pair(self, name: str) -> Pair:
        """Return a column of both splits.

        Raises:
            NotFoundError: A split lacks it, or has two of that name.
        """
        for table, (_, what) in zip((self.splits.train, self.splits.evaluation), SPLITS, strict=True):
            self.column(name, table, what)
        return next(pair for pair in self.splits.pairs if pair.name == name)

    def column(self, name: str, table: Table, what: str) -> Column:
        """Return a column of one split; raises as ``pair`` does."""
        named = [column for column in table.columns if column.name == name]
        if not named:
            hint = meant(name, [column.name for column in table.columns][:1000])
            raise NotFoundError(f"the {what} rows have no column {called([name])}; {shown(hint)}")
        if len(named) > 1:
            raise NotFoundError(f"the {what} rows have {len(named)} columns {called([name])}")
        return named[0]

    def finding(
        self,
        rule: str,
        outcome: Outcome,
        reason: str,
        columns: Sequence[str] = (),
        *,
        severity: Severity | None = None,
        unexpected: int | None = None,
        looked: int | None = None,
        values: Sequence[object] = (),
    ) -> ContractFinding:
        """Return a finding; its values are shown unless a column of it is private."""
        return ours(
            rule,
            outcome,
            reason,
            columns=tuple(columns[:EXAMPLES]),
            severity=severity or self.severity,
            unexpected=unexpected,
            looked=looked,
            examples=() if self.private & set(columns) else examples(values),
        )
