"""What the header of a data file says: names of its columns, and which of them anybody speaks of."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from mltoolkit.checks import ContractFinding, Outcome, Severity, ours
from mltoolkit.contract.gallery import conditions
from mltoolkit.contract.suites import Suite
from mltoolkit.contract.wording import called
from mltoolkit.settings import DataSettings

NAMED = 20
"""How many columns a finding names, the worst first."""

OTHERS = "*"
"""Stands for all columns that ``nulls`` does not name."""


def names_differ(names: Sequence[str]) -> ContractFinding:
    """Return whether each column has a name of its own: names that only look alike are a warning.

    Args:
        names: In the order of the file.
    """
    rule = "column-names"
    if not names:
        return ours(rule, Outcome.VIOLATED, "there are no columns")
    twice = [name for name, count in Counter(names).items() if count > 1]
    blank = sum(not name.strip() for name in names)
    said = [f"{so_many(blank)} {'has' if blank == 1 else 'have'} a blank name"] if blank else []
    if twice:
        said.append(f"{called(twice)} {'is' if len(twice) == 1 else 'are'} there more than once")
    folded: dict[str, set[str]] = {}
    for name in names:
        folded.setdefault(name.strip().casefold(), set()).add(name)
    alike = [name for twins in folded.values() if len(twins) > 1 for name in sorted(twins)]
    if alike:
        said.append(f"{called(alike)} differ in nothing but case or surrounding space")
    return ours(
        rule,
        Outcome.VIOLATED if said else Outcome.MET,
        "; ".join(said) or f"{so_many(len(names))}, each with a name of its own",
        columns=tuple([*twice, *alike][:NAMED]),
        severity=Severity.CRITICAL if blank or twice or not said else Severity.WARNING,
        unexpected=len(names) - len(set(names)) + blank if blank or twice else len(alike),
        looked=len(names),
    )


def mentioned(suite: Suite, settings: DataSettings) -> set[str]:
    """Return the names of the columns that a suite or the settings speak of.

    Args:
        suite: Its arguments and row conditions count; the text of an SQL query does not.
        settings: Of the same data.
    """
    names = {*listed(settings.id), *settings.types, *settings.private}
    if isinstance(settings.nulls, dict):
        names |= set(settings.nulls) - {OTHERS}
    if settings.freshness is not None:
        names.add(settings.freshness.column)
    for expectation in suite.expectations:
        kwargs = expectation.kwargs
        for key in ("column", "column_A", "column_B", "column_list", "column_set"):
            names |= _texts(kwargs.get(key))
        names |= conditions.columns(kwargs.get("row_condition"))
    return names


def _texts(value: Any) -> set[str]:
    return {each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)}


def listed(names: str | Collection[str] | None) -> tuple[str, ...]:
    """Return the names that a setting holds: none, one, or several, each once."""
    return () if names is None else (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))


def so_many(count: int) -> str:
    """Return a number of columns for a sentence."""
    return f"{count:,} column{'' if count == 1 else 's'}"
