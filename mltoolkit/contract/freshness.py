"""How old the newest row of a data file is."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from mltoolkit.checks import ContractFinding, Outcome, ours
from mltoolkit.contract.sources import Column, Kind
from mltoolkit.contract.wording import called, share
from mltoolkit.settings import FreshnessSettings

RULE = "fresh"

_DAY = 86_400_000_000
"""Microseconds."""

AHEAD = _DAY
"""How far a time may lie ahead of now: clocks differ, and without a zone the time is that of some zone."""

_HOUR = _DAY // 24
_DATE = r"\d{4}-\d{2}-\d{2}"
_TIME = r"[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?"
_ZONE = r" ?(?:[Zz]|[+-]\d{2}(?::?\d{2})?)"
_ZONED = frozenset({"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"})


def asks(column: Column, now: dt.datetime) -> tuple[str, ...]:
    """Return what the scan must measure: values, times among them, times ahead, and the newest that is not.

    Args:
        column: With the time of each row.
        now: With a zone.
    """
    if not _told(column):
        return ()
    start, length = _microseconds(column)
    limit = _since_epoch(now) + AHEAD
    return (
        "count(*)",
        f"count({column.sql})",
        f"count({start})",
        f"count(*) FILTER (WHERE {start} > {limit})",
        # In a CASE, so that no time at the end of all times is added to.
        f"max(CASE WHEN {start} <= {limit} THEN {start} + {length} END)",
    )


def finding(
    column: Column, settings: FreshnessSettings, now: dt.datetime, values: Mapping[str, Any]
) -> ContractFinding:
    """Return whether the newest row is young enough.

    A time without a zone is taken as UTC. A date is as old as its end, and ahead from its beginning.

    Args:
        column: With the time of each row.
        settings: How old the newest row may be.
        now: With a zone.
        values: What was measured; without what could not be.
    """
    name = column.name

    def found(outcome: Outcome, reason: str, unexpected: int | None = None) -> ContractFinding:
        return ours(RULE, outcome, reason, columns=(name,), unexpected=unexpected, looked=looked)

    looked: int | None = None
    if not _told(column):
        return found(
            Outcome.NOT_EVALUATED,
            f"{called([name])} holds {column.type}, which is neither a date, nor a time, nor a text of one",
        )
    if any(ask not in values for ask in asks(column, now)):
        return found(Outcome.NOT_EVALUATED, f"the times of {called([name])} cannot be computed with")
    rows, looked, times, ahead, newest = (values[ask] for ask in asks(column, now))
    if not looked:
        return found(Outcome.NOT_EVALUATED, f"{called([name])} is null in all {rows:,} rows")
    if times < looked:
        wrong = looked - times
        return found(
            Outcome.NOT_EVALUATED,
            f"{share(wrong, looked, 'values')} of {called([name])} cannot be read as an ISO 8601 date or time, "
            "so the newest row is not known",
            wrong,
        )
    if ahead:
        return found(
            Outcome.VIOLATED,
            f"{share(ahead, looked, 'values')} of {called([name])} lie more than a day in the future",
            ahead,
        )
    age = max(_since_epoch(now) - newest, 0)
    fresh = age <= _within(settings.within)
    return found(
        Outcome.MET if fresh else Outcome.VIOLATED,
        f"the newest row is {_span(age)} old; at most {settings.within} is allowed",
    )


def _told(column: Column) -> bool:
    return column.kind in {Kind.DATE, Kind.TIMESTAMP, Kind.TEXT} or column.type in _ZONED


def _microseconds(column: Column) -> tuple[str, str]:
    """Return SQL for the beginning of a time in microseconds since 1970, null where it is none, and its length."""
    name = column.sql
    if column.kind is Kind.TEXT:
        # DuckDB drops the zone where it reads a text as a plain timestamp, and takes the machine's zone
        # where a text has none: so each text gets one. It also reads words such as "infinity" and "epoch".
        whole = f"regexp_full_match({name}, '{_DATE}')"
        read = (
            f"CASE WHEN {whole} THEN {name} || ' 00:00:00Z' "
            f"WHEN regexp_full_match({name}, '{_DATE}{_TIME}') THEN {name} || 'Z' "
            f"WHEN regexp_full_match({name}, '{_DATE}{_TIME}{_ZONE}') THEN {name} END"
        )
        return f"epoch_us(try_cast({read} AS TIMESTAMPTZ))", f"CASE WHEN {whole} THEN {_DAY} ELSE 0 END"
    # Dates and times may lie beyond what microseconds can count.
    zone = "TZ" if column.type in _ZONED else ""
    start = f"epoch_us(try_cast({name} AS TIMESTAMP{zone}))"
    return start, str(_DAY) if column.kind is Kind.DATE else "0"


def _since_epoch(now: dt.datetime) -> int:
    return (now - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def _within(text: str) -> int:
    return int(text[:-1]) * (_DAY if text.endswith("d") else _HOUR)


def _span(age: int) -> str:
    """Return an age in days and hours, rounded up: what is too old never reads as just young enough."""
    hours = -(-age // _HOUR)
    days, rest = divmod(hours, 24)
    return f"{days:,} d {rest} h" if days else f"{hours} h"
