"""Tables with a column for each kind that the usual ones leave out."""

import datetime as dt
import decimal
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tests.contract.differential import tables

MOMENTS = st.sampled_from([dt.datetime(1970, 1, 1), dt.datetime(2024, 2, 29, 12, 30)])  # noqa: DTZ001 - columns without a zone
FAR = st.sampled_from([dt.datetime(1500, 1, 1), dt.datetime(2024, 2, 29, 12, 30)])  # noqa: DTZ001 - columns without a zone
KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "half": (pa.float32(), st.sampled_from([0.1, 0.5, -1.5, 1.0, 2.5, float("inf")])),
    "byte": (pa.int8(), st.integers(-5, 5)),
    "middle": (pa.int32(), st.integers(-5, 5)),
    "natural": (pa.uint8(), st.integers(0, 7)),
    "huge": (pa.uint64(), st.sampled_from([0, 1, 2, 2**63, 2**64 - 1, 2**53 + 1])),
    "nanosecond": (pa.timestamp("ns"), MOMENTS),
    "second": (pa.timestamp("s"), MOMENTS),
    "far": (pa.timestamp("us"), FAR),
    "far_day": (pa.date32(), st.sampled_from([dt.date(1500, 1, 1), dt.date(2024, 2, 29)])),
    "money": (pa.decimal128(10, 2), st.sampled_from([decimal.Decimal("1.50"), decimal.Decimal("2.00")])),
    "zoned": (pa.timestamp("us", tz="UTC"), st.just(dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.UTC))),
    "clock": (pa.time64("us"), st.just(dt.time(1, 2, 3))),
    "bytes": (pa.binary(), st.sampled_from([b"a", b"\xff"])),
    "several": (pa.list_(pa.int64()), st.sampled_from([[1], [1, 2]])),
}


@st.composite
def wide(draw: st.DrawFn) -> pa.Table:
    """Draw a table with these columns beside the usual ones."""
    table = draw(tables(rows=8))
    for name, (kind, values) in KINDS.items():
        drawn = st.one_of(values, st.none()) if draw(st.booleans()) else values
        column = draw(st.lists(drawn, min_size=table.num_rows, max_size=table.num_rows))
        table = table.append_column(name, pa.array(column, kind))
    return table
