"""Which expectations the scan answers, and how: all others are Great Expectations' own."""

from mltoolkit.contract.gallery import (
    column_aggregate,
    column_map,
    distinct,
    multicolumn,
    order_map,
    outliers,
    pairs,
    quantiles,
    text_map,
    type_map,
)
from mltoolkit.contract.gallery import table as table_wide
from mltoolkit.contract.results import raised
from mltoolkit.contract.scan import Question
from mltoolkit.contract.sources import Table
from mltoolkit.contract.sql import NotCompiledError
from mltoolkit.contract.suites import Expectation

_COLUMN = {
    **column_map.COMPILED,
    **text_map.COMPILED,
    **type_map.COMPILED,
    **order_map.COMPILED,
    **column_aggregate.COMPILED,
    **distinct.COMPILED,
    **outliers.COMPILED,
    **quantiles.COMPILED,
}

_TABLE = {**pairs.COMPILED, **multicolumn.COMPILED, **table_wide.COMPILED}

COMPILED = (*_COLUMN, *_TABLE)
"""The types that the scan answers, where their columns and arguments allow."""


def compiled(expectation: Expectation, table: Table) -> Question | None:
    """Return what an expectation asks of the scan; ``None`` where Great Expectations itself must answer."""
    asked = expectation.kwargs.keys()
    try:
        if expectation.type in _COLUMN:
            make, known = _COLUMN[expectation.type]
            column = table.column(expectation.kwargs.get("column"))
            if column is None:
                return _missing(expectation)
            return make(expectation, table, column) if asked <= known else None
        if expectation.type in _TABLE:
            compile_, known = _TABLE[expectation.type]
            return compile_(expectation, table) if asked <= known else None
    except NotCompiledError:
        return None
    return None


def _missing(expectation: Expectation) -> Question:
    name = expectation.kwargs.get("column")
    return Question((), lambda _: raised(f'The column "{name}" in BatchData does not exist.'))
