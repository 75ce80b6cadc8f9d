"""The digests that compute.db stores of its own content, by block of rows and by table.

The digest of a table covers the digest of each of its timeframes, so that rows added to one
timeframe leave the digests of the others unchanged.
"""

from collections.abc import Mapping

import duckdb
import polars as pl

from regime_platform.model.digests import Blocks, blocks_of, document_digest, frame_digest
from regime_platform.model.result_schema import BLOCK_SCHEMA, TABLES

BARS = "bars"

#: (table or ``BARS``, timeframe) -> its blocks.
Content = Mapping[tuple[str, str], Blocks]

LATEST = "latest_state"


def content_of(table: str, rows: pl.DataFrame) -> dict[tuple[str, str], Blocks]:
    """The blocks of one table by table and timeframe; ``rows`` are all of its rows in order."""
    if rows.height and rows["timeframe"][0] == rows["timeframe"][-1]:  # most pieces
        return {(table, rows["timeframe"][0]): blocks_of(rows)}
    content = {}
    start = 0
    for timeframe, count in rows.group_by("timeframe", maintain_order=True).len().iter_rows():
        content[table, timeframe] = blocks_of(rows[start : start + count])  # a view, no copy
        start += count
    return content


def table_digests(content: Content, latest: str) -> dict[str, str]:
    """The content digest of every table; ``latest`` is that of latest_state.

    latest_state is small enough to be hashed whole whenever it changes, so it has no blocks.
    """
    digests = {LATEST: latest}
    for name, schema in TABLES.items():
        if name != LATEST:
            parts = {
                timeframe: blocks.digest(schema)
                for (of, timeframe), blocks in content.items()
                if of == name and blocks.rows
            }
            digests[name] = document_digest(parts)
    return {name: digests[name] for name in TABLES}


def table_digest(table: str, rows: pl.DataFrame) -> str:
    """The content digest of one table from all of its rows, in order."""
    if table == LATEST:
        return frame_digest(rows)
    return table_digests(content_of(table, rows), "")[table]


def read_content(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Blocks]:
    """The blocks that the file states."""
    rows = connection.execute(
        'SELECT "of", timeframe, sum(rows), list(digest ORDER BY block) '
        'FROM content_blocks GROUP BY "of", timeframe'
    ).fetchall()
    return {
        (of, timeframe): Blocks(count, tuple(map(bytes.fromhex, digests)))
        for of, timeframe, count, digests in rows
    }


def content_frame(content: Content) -> pl.DataFrame:
    """The blocks as rows of the table content_blocks."""
    rows = [
        (of, timeframe, block, blocks.rows_of(block), digest.hex())
        for (of, timeframe), blocks in content.items()
        for block, digest in enumerate(blocks.digests)
    ]
    return pl.DataFrame(rows, BLOCK_SCHEMA, orient="row")
