"""The rows of compute.db, and the digests that it stores of them, by block and by table.

Rows are ordered by timeframe and ts, each pair once. Digests are taken of their physical values: an
ENUM is its position, a TIMESTAMP its microseconds since 1970 UTC. The digest of a table covers that
of each of its timeframes, so that rows added to one leave the digests of the others unchanged.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from regime_platform.compute_db.connection import IN_MEMORY, attached
from regime_platform.compute_db.schema import create_tables
from regime_platform.errors import ResultsError
from regime_platform.model.digests import Blocks, blocks_of, document_digest, frame_digest
from regime_platform.model.result_schema import BLOCK_SCHEMA, TABLES
from regime_platform.model.timeframes import TIMEFRAMES

#: The key of a row within a symbol.
KEY = ("timeframe", "ts")
_AT_ONCE = 1 << 20  # rows per batch: most tables come in one, without concatenation
BARS = "bars"
LATEST = "latest_state"

#: Table, or ``BARS``, and timeframe.
_Part = tuple[str, str]
Content = Mapping[_Part, Blocks]
NO_ROWS = Blocks(0, ())


def checked_rows(name: str, frame: pl.DataFrame | None, schema: pl.Schema) -> pl.DataFrame:
    """``frame``, which is complete and can be stored as the table ``name``.

    Raises:
        ResultsError: the frame is missing, has another schema, or repeats or misplaces a key.
    """
    if frame is None or frame.schema != schema:
        given = "nothing" if frame is None else str(frame.schema)
        raise ResultsError(
            f"table {name}: expected {schema}, was given {given}", code="table-schema"
        )
    if any(frame[key].null_count() for key in ("symbol", "timeframe", "ts")):
        raise ResultsError(f"table {name}: a row has no symbol, timeframe or ts", code="row-key")
    if not _is_ordered(frame):
        raise ResultsError(
            f"table {name}: rows are not ordered by timeframe and ts, each once", code="row-order"
        )
    return frame


def ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` by timeframe and ts; mostly they are so already, and the check beats sorting."""
    return rows if _is_ordered(rows) else rows.sort(KEY)


def physical_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    where: str = "",
    values: Sequence[Any] = (),
    columns: Sequence[str] = (),
) -> pl.DataFrame:
    """The rows of a table in their order, with the values of ``model.digests.plain_frame``.

    ``where`` is an SQL condition with a ``?`` for each of ``values``; ``columns`` include timeframe
    and ts. By default all rows and columns are read.

    Raises:
        duckdb.Error: some rows or columns cannot be read.
    """
    listed = ", ".join(f'"{name}"' for name in columns) or "*"  # quicker than all by name
    narrowed = f"WHERE {where}" if where else ""
    query = f'SELECT {listed} FROM "{table}" {narrowed}'  # noqa: S608 - own names
    arrow = connection.sql(query, params=list(values)).to_arrow_table(_AT_ONCE)
    physical = [_physical(column) for column in arrow.columns]
    return ordered(pl.DataFrame(pa.table(physical, arrow.column_names)))


def for_each(condition: str, values: Iterable[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    """The condition for each of several values, and all of them."""
    every = list(values)
    return (
        " OR ".join([f"({condition})"] * len(every)),
        [value for some in every for value in some],
    )


def typed_rows(relation: duckdb.DuckDBPyRelation, schema: pl.Schema) -> pl.DataFrame:
    """The rows of a query in their order, with the types of ``schema``."""
    frame = pl.DataFrame(relation.to_arrow_table())
    others = {name: schema[name] for name, dtype in frame.schema.items() if dtype != schema[name]}
    return ordered(frame.with_columns(_typed(name, dtype) for name, dtype in others.items()))


def by_timeframe(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Views of the rows of each timeframe, of typed or physical rows."""
    codes = rows["timeframe"].to_physical().to_numpy()
    ends = [*(np.flatnonzero(codes[1:] != codes[:-1]) + 1).tolist(), len(codes)]
    for start, end in zip([0, *ends], ends, strict=False):
        if end:
            yield TIMEFRAMES[codes[start]], rows[start:end]


def content_of(table: str, rows: pl.DataFrame) -> dict[_Part, Blocks]:
    """The blocks of one table by table and timeframe; ``rows`` are all of its rows in order."""
    return {(table, timeframe): blocks_of(part) for timeframe, part in by_timeframe(rows)}


def table_digests(content: Content, latest: str) -> dict[str, str]:
    """The content digest of every table; ``latest`` is that of latest_state.

    latest_state is small enough to be hashed whole whenever it changes, so it has no blocks.
    """
    parts: dict[str, dict[str, str]] = {name: {} for name in TABLES}
    for (name, timeframe), blocks in content.items():
        if name in parts and blocks.rows:
            parts[name][timeframe] = blocks.digest(TABLES[name])
    return {name: latest if name == LATEST else document_digest(parts[name]) for name in TABLES}


def table_digest(table: str, rows: pl.DataFrame) -> str:
    """The content digest of one table from all of its rows, in order."""
    if table == LATEST:
        return frame_digest(rows)
    return table_digests(content_of(table, rows), "")[table]


def content_frame(content: Content) -> pl.DataFrame:
    """The blocks as rows of the table content_blocks."""
    rows = [
        (of, timeframe, block, blocks.rows_of(block), digest.hex())
        for (of, timeframe), blocks in content.items()
        for block, digest in enumerate(blocks.digests)
    ]
    return pl.DataFrame(rows, BLOCK_SCHEMA, orient="row")


def read_content(connection: duckdb.DuckDBPyConnection) -> dict[_Part, Blocks]:
    """The blocks that the file states; with -1 rows where some are missing or out of order."""
    rows = connection.execute(
        'SELECT "of", timeframe, block, rows, digest FROM content_blocks'
    ).fetchall()
    parts: dict[_Part, list[tuple[int, int, str]]] = {}
    for of, timeframe, number, count, digest in rows:
        parts.setdefault((of, timeframe), []).append((number, count, digest))
    return {key: _in_order(sorted(part)) for key, part in parts.items()}


def schema_differences(
    connection: duckdb.DuckDBPyConnection, *, only_tables: bool = False
) -> list[str]:
    """Tables and views that are missing, altered, or not of this platform.

    ``only_tables`` compares the result tables alone.
    """
    actual, expected = _definitions(connection), _expected_definitions()
    return [
        f"{name} is {'missing' if name not in actual else 'not as this platform makes it'}"
        for name in sorted({*TABLES} if only_tables else {*actual, *expected})
        if actual.get(name) != expected.get(name)
    ]


def _is_ordered(frame: pl.DataFrame) -> bool:
    if frame.height < 2:
        return True
    timeframe, opens = (frame[key].to_physical().to_numpy() for key in KEY)
    longer, same = timeframe[1:] > timeframe[:-1], timeframe[1:] == timeframe[:-1]
    return bool((longer | (same & (opens[1:] > opens[:-1]))).all())


def _physical(column: Any) -> Any:
    """The physical values of an Arrow column; only booleans are copied."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(whole, pa.DictionaryArray):
        return whole.indices
    if pa.types.is_boolean(whole.type):
        return whole.cast(pa.uint8())
    return whole.view(pa.int64()) if pa.types.is_timestamp(whole.type) else whole


def _typed(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return column.cast(dtype)


def _in_order(part: list[tuple[int, int, str]]) -> Blocks:
    rows = sum(count for _, count, _ in part)
    blocks = Blocks(rows, tuple(_digest(text) for *_, text in part))
    expected = [(number, blocks.rows_of(number)) for number in range(len(part))]
    is_sound = [(number, count) for number, count, _ in part] == expected
    return blocks if is_sound else Blocks(-1, blocks.digests)


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:  # damaged; no digest equals it
        return text.encode()


def _definitions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    here = "database_name = current_database() AND NOT internal"
    rows = connection.execute(
        f"SELECT table_name, sql FROM duckdb_tables() WHERE {here} "  # noqa: S608 - own words
        f"UNION ALL SELECT view_name, sql FROM duckdb_views() WHERE {here}"
    ).fetchall()
    return dict(rows)


@cache
def _expected_definitions() -> dict[str, str]:
    with attached(IN_MEMORY, read_only=False) as connection:
        create_tables(connection)
        return _definitions(connection)
