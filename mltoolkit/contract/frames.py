"""A data file as Great Expectations sees it: a pandas frame with the types that the scan reads too."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mltoolkit.contract.sources import DATA, Kind, Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


PLAIN = {
    "TINYINT": "int8",
    "SMALLINT": "int16",
    "INTEGER": "int32",
    "BIGINT": "int64",
    "UTINYINT": "uint8",
    "USMALLINT": "uint16",
    "UINTEGER": "uint32",
    "UBIGINT": "uint64",
    "FLOAT": "float32",
    "DOUBLE": "float64",
    "VARCHAR": "str",
    "BOOLEAN": "bool",
}
"""What a column without nulls is called in the frame, by its type in DuckDB's words."""

MOMENTS = dict.fromkeys(("DATE", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"), "datetime64")
"""The same of dates and times."""


def frame(table: Table, names: Iterable[str] | None = None) -> "pd.DataFrame":
    """Return a table in memory, as pandas reads Parquet but for what would lose values.

    Integers and booleans stay what they are where some are null (pandas makes floats and objects of
    them, so that 2^53 + 1 becomes 2^53), and dates become timestamps, which compare with those of a suite.

    Args:
        table: The data.
        names: The columns that are wanted; without it, all.
    """
    import pandas as pd
    import pyarrow as pa

    wanted = None if names is None else set(names)
    columns = [column for column in table.columns if wanted is None or column.name in wanted]
    if not columns:
        ((rows,),) = table.connection.execute(f"SELECT count(*) FROM {DATA}").fetchall()
        return pd.DataFrame(index=pd.RangeIndex(rows))
    read = table.connection.sql(
        f"SELECT {', '.join(column.sql for column in columns)} FROM {DATA}"
    ).to_arrow_table()
    nullable = {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(),
        pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }
    made = {}
    for column, values in zip(columns, read.columns, strict=True):
        if values.null_count and values.type in nullable:
            made[column.sql] = values.to_pandas(types_mapper=nullable.get)
        elif column.kind in {Kind.DATE, Kind.TIMESTAMP}:
            made[column.sql] = _timestamps(values)
        else:
            made[column.sql] = values.to_pandas()
    whole = pd.DataFrame(made)
    whole.columns = pd.Index([column.name for column in columns])
    return whole


def _timestamps(values: "pa.ChunkedArray[Any]") -> "pd.Series[pd.Timestamp]":
    """Return timestamps of nanoseconds, which Great Expectations compares with texts, where all fit."""
    import pyarrow as pa

    for unit in ("ns", "us"):
        try:
            return values.cast(pa.timestamp(unit)).to_pandas()
        except pa.ArrowInvalid:
            continue
    return values.to_pandas()
