"""Rows of compute.db in physical values, as digests are taken of them.

An ENUM is its position in the vocabulary, a TIMESTAMP its microseconds since 1970 UTC: what the
Arrow columns of the database consist of. Converting to words and back would take twice the time.
"""

from collections.abc import Sequence
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from regime_platform.compute_db.ordering import ordered

_AT_ONCE = 1 << 20  # rows per batch: most tables come in one, without concatenation


def physical_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    where: str = "",
    values: Sequence[Any] = (),
    columns: Sequence[str] = (),
) -> pl.DataFrame:
    """The rows of a table in their order, with the values of ``model.digests.plain_frame``.

    Args:
        connection: of a compute.db.
        table: a table of ``TABLES``.
        where: an SQL condition with a ``?`` for each of ``values``; all rows by default.
        values: the parameters of the condition.
        columns: a selection that includes timeframe and ts; all columns by default.

    Raises:
        duckdb.Error: some rows or columns cannot be read.
    """
    listed = ", ".join(f'"{name}"' for name in columns) or "*"  # quicker than all by name
    narrowed = f"WHERE {where}" if where else ""
    query = f'SELECT {listed} FROM "{table}" {narrowed}'  # noqa: S608 - own names
    arrow = connection.sql(query, params=list(values)).to_arrow_table(_AT_ONCE)
    physical = [_physical(column) for column in arrow.columns]
    return ordered(pl.DataFrame(pa.table(physical, arrow.column_names)))


def _physical(column: Any) -> Any:
    """The physical values of an Arrow column; only booleans are copied."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(whole, pa.DictionaryArray):
        return whole.indices
    if pa.types.is_boolean(whole.type):
        return whole.cast(pa.uint8())
    return whole.view(pa.int64()) if pa.types.is_timestamp(whole.type) else whole
