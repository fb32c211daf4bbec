"""``row_condition``: which rows an expectation is about."""

from mltoolkit.contract.sources import Table
from mltoolkit.contract.sql import NotCompiledError
from mltoolkit.contract.suites import Expectation


def rows(expectation: Expectation, table: Table) -> str | None:
    """Return the condition on rows as SQL that is never null; ``None`` where all rows are meant.

    Raises:
        NotCompiledError: It says something that we do not compile.
    """
    del table
    if expectation.kwargs.get("row_condition") is None:
        return None
    raise NotCompiledError
