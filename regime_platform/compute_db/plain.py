"""Rows of compute.db as a digest takes them: the numbers and texts behind the types of a table.

The database turns words into their positions and instants into microseconds; words made only to be
turned back would take twice the time.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import duckdb
import polars as pl

from regime_platform.compute_db.ordering import ordered
from regime_platform.model.result_schema import TABLES


def plain_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    where: str,
    values: Sequence[Any],
    columns: tuple[str, ...] = (),
) -> pl.DataFrame:
    """The rows of a table in their order, as ``model.digests.plain_frame`` has them.

    Args:
        connection: of a compute.db.
        table: a table of ``TABLES``.
        where: which rows; each ``?`` in it stands for one of ``values``.
        values: what to compare with.
        columns: a selection, timeframe and ts among them; all by default.
    """
    query = f'SELECT {_listed(table, columns)} FROM "{table}" WHERE {where}'  # noqa: S608 - own names
    return ordered(pl.DataFrame(connection.sql(query, params=list(values)).to_arrow_table()))


@cache
def _listed(table: str, columns: tuple[str, ...]) -> str:
    schema = TABLES[table]
    return ", ".join(f'{_plain(name, schema[name])} AS "{name}"' for name in columns or schema)


def _plain(name: str, dtype: pl.DataType) -> str:
    """The SQL of what ``model.digests`` makes of a column."""
    if isinstance(dtype, pl.Enum):
        return f'enum_code("{name}")'
    if isinstance(dtype, pl.Datetime):
        return f'epoch_us("{name}")'
    if dtype == pl.Boolean:
        return f'"{name}"::UTINYINT'
    return f'"{name}"'
