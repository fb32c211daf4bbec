"""Queries over ``data``: with progress, an end by Ctrl-C, and errors that say whose fault it is."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from mltoolkit.contract.sources import Table, reading

Progress = Callable[[float], None]
"""Is told the share of a query that is done, from 0 to 1."""

_PATIENCE = 1.0
_OFTEN = 0.2


class DataError(Exception):
    """A query failed on these values: a conversion, an overflow, a pattern. Another one may not."""


def fetched(table: Table, sql: str, *, progress: Progress | None = None) -> list[tuple[Any, ...]]:
    """Run a query and return its rows.

    It runs in a thread of its own. DuckDB looks for Ctrl-C only now and then while it works in the thread
    that gets it, but ends at once when another one asks it to.

    Args:
        table: The data.
        sql: The query.
        progress: Is told the share that is done, in this thread, once a second has gone.

    Raises:
        DataError: It cannot be computed on these values.
        InputError: The file cannot be read: it is damaged, or gone.
        OutsideError: Memory or disk do not suffice.
    """
    rows: list[tuple[Any, ...]] = []
    faults: list[BaseException] = []
    # Not the thread itself: Python 3.11 takes it for ended once Ctrl-C has ended a join with a time limit.
    ended = threading.Event()

    def work() -> None:
        try:
            rows.extend(table.connection.execute(sql).fetchall())
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            faults.append(error)
        finally:
            ended.set()

    if progress is not None:
        table.connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
    threading.Thread(target=work, name="query").start()
    share = 0.0
    try:
        ended.wait(_PATIENCE)
        while not ended.is_set():
            if progress is not None:
                # DuckDB begins anew at times, and says -1 where it does not know.
                share = max(share, min(table.connection.query_progress() / 100, 1.0))
                progress(share)
            ended.wait(_OFTEN)
    finally:
        while not ended.is_set():
            # Again and again: DuckDB forgets it where the query is only about to begin.
            table.connection.interrupt()
            with contextlib.suppress(KeyboardInterrupt):
                ended.wait(_OFTEN)
    if faults:
        with _translated(table):
            raise faults[0]
    return rows


@contextlib.contextmanager
def _translated(table: Table) -> Iterator[None]:
    """Tell what is the fault of these values from what is the fault of the file or of the machine."""
    import duckdb

    values = (duckdb.DataError, duckdb.ProgrammingError, duckdb.NotSupportedError)
    with reading(table):
        try:
            yield
        except values as error:
            raise DataError((str(error).splitlines() or [type(error).__name__])[0]) from error
