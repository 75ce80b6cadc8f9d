"""Rows of compute.db as a digest takes them: the numbers and texts behind the types of a table.

Words come as their positions and instants as microseconds, which is what the Arrow columns of the
database are made of, so that no value is converted; words made only to be turned back would take
twice the time.
"""

from collections.abc import Sequence
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from regime_platform.compute_db.ordering import ordered

_AT_ONCE = 1 << 20  # rows: a table in one piece needs not be put together


def plain_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    where: str = "",
    values: Sequence[Any] = (),
    columns: Sequence[str] = (),
) -> pl.DataFrame:
    """The rows of a table in their order, as ``model.digests.plain_frame`` has them.

    Args:
        connection: of a compute.db.
        table: a table of ``TABLES``.
        where: which rows; each ``?`` in it stands for one of ``values``. All by default.
        values: what to compare with.
        columns: a selection, timeframe and ts among them; those that the table has by default.

    Raises:
        duckdb.Error: some rows or columns cannot be read.
    """
    listed = ", ".join(f'"{name}"' for name in columns) or "*"  # which is quicker than all by name
    narrowed = f"WHERE {where}" if where else ""
    query = f'SELECT {listed} FROM "{table}" {narrowed}'  # noqa: S608 - own names
    found = connection.sql(query, params=list(values)).to_arrow_table(_AT_ONCE)
    plain = [_plain(column) for column in found.columns]
    return ordered(pl.DataFrame(pa.table(plain, found.column_names)))


def _plain(column: Any) -> Any:
    """A column of Arrow without the meaning of its values, of which but bits are copied."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(whole, pa.DictionaryArray):
        return whole.indices
    if pa.types.is_boolean(whole.type):
        return whole.cast(pa.uint8())
    return whole.view(pa.int64()) if pa.types.is_timestamp(whole.type) else whole
