"""Writes compute.db: a complete new file beside the old one, published by one rename.

A reader that has the old file open keeps it. The content depends on the inputs alone and includes
no run time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import duckdb
import polars as pl

from regime_platform.compute_db.connection import attached, transaction, write_ahead_log
from regime_platform.compute_db.content import (
    BARS,
    LATEST,
    checked_rows,
    content_frame,
    content_of,
    table_digests,
)
from regime_platform.compute_db.schema import create_tables
from regime_platform.files import fill_file, write_atomically
from regime_platform.manifests.compute_manifest import Lineage, ResultOrigin, SeriesLineage
from regime_platform.model.digests import Blocks, canonical_json, frame_digest
from regime_platform.model.result_schema import (
    LATEST_SCHEMA,
    RESULT_SCHEMA_DIGEST,
    RESULT_SCHEMA_VERSION,
    TABLES,
)

#: All rows of a table, or pieces of it: whole blocks of rows, except the last of a timeframe.
Table = pl.DataFrame | Iterable[pl.DataFrame]

_MOST_PENDING = 50_000  # rows in one transaction, which is kept in memory
_FEW = 64  # rows: up to here appending them singly takes half the time of a frame
_VERY_FEW = 2  # rows: up to here a statement with parameters takes half of that


def build(
    path: Path,
    tables: Mapping[str, Table],
    made: ResultOrigin,
    series: Sequence[SeriesLineage] = (),
    bars: Mapping[str, Blocks] = MappingProxyType({}),
) -> Lineage:
    """Writes all tables of ``result_schema.TABLES`` and what they were made from; hold the lock.

    The rows of every table are in its schema, by timeframe and ts. Each table is looked up once, so
    a mapping may compute it then, in pieces. ``series`` is what the lineage states of each
    timeframe; ``bars`` are the blocks of the bars used, with which an update finds the new ones.

    Returns:
        The lineage as stored: with ``tables``, the content digest of each table.

    Raises:
        ResultsError: a table is missing, has another schema, or repeats or misplaces a key.
    """
    stored: list[Lineage] = []

    def fill(temporary: Path) -> None:
        fill_file(temporary, _without_rows())
        opened = attached(temporary, read_only=False, flushes=False)
        with opened as connection, transaction(connection):
            stored.append(made.lineage(series, fill_tables(connection, tables, bars)))
            connection.execute(
                "INSERT INTO schema_version VALUES (?, ?, ?)",
                [RESULT_SCHEMA_VERSION, RESULT_SCHEMA_DIGEST, canonical_json(stored[0].as_json())],
            )
        # a killed update may have left a log of the file that is replaced
        write_ahead_log(path).unlink(missing_ok=True)

    write_atomically(path, fill)
    return stored[0]


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame) -> None:
    """Adds rows to a table; UTC instants are stored without zone, see ``schema``."""
    instants = [name for name, dtype in rows.schema.items() if isinstance(dtype, pl.Datetime)]
    naive = rows.with_columns(pl.col(instants).dt.replace_time_zone(None))
    if rows.height > _FEW:
        # at this level text is passed without a copy
        connection.register("stored", naive.to_arrow(compat_level=pl.CompatLevel.newest()))
        connection.execute(f'INSERT INTO "{table}" SELECT * FROM stored')  # noqa: S608 - own names
        connection.unregister("stored")
    elif rows.height > _VERY_FEW:
        appender = connection.appender(table)
        appender.append_rows(naive.rows())
        appender.flush()
    elif rows.height:
        marks = f"({', '.join('?' * rows.width)})"
        values = [value for row in naive.rows() for value in row]
        listed = ", ".join([marks] * rows.height)
        connection.execute(f'INSERT INTO "{table}" VALUES {listed}', values)  # noqa: S608 - own names


def fill_tables(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Table],
    bars: Mapping[str, Blocks] = MappingProxyType({}),
) -> dict[str, str]:
    """Fills the empty tables as ``build`` does, and raises as it; gives the digest of each.

    Within a transaction, which is followed by others where there are many rows.
    """
    content = {(BARS, timeframe): blocks for timeframe, blocks in bars.items()}
    latest, pending = LATEST_SCHEMA.to_frame(), 0
    for name in TABLES:
        for rows in _sound_pieces(name, tables.get(name)):
            insert(connection, name, rows)
            pending += rows.height
            if name == LATEST:
                latest = rows
                continue
            for key, blocks in content_of(name, rows).items():
                content[key] = content[key].followed_by(blocks) if key in content else blocks
        if pending > _MOST_PENDING:
            connection.commit()
            connection.begin()
            pending = 0
    insert(connection, "content_blocks", content_frame(content))
    return table_digests(content, frame_digest(latest))


@cache
def _without_rows() -> bytes:
    """The bytes of a file with empty tables: creating tables takes longer than filling some."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "compute.db"
        with attached(path, read_only=False) as connection:
            create_tables(connection)
        return path.read_bytes()


def _sound_pieces(name: str, table: Table | None) -> Iterator[pl.DataFrame]:
    """The rows of a table, each piece checked to follow the previous one."""
    pieces = [table] if table is None or isinstance(table, pl.DataFrame) else table
    before: pl.DataFrame | None = None
    for piece in pieces:
        rows = checked_rows(name, piece, TABLES[name])
        if before is not None:
            checked_rows(name, pl.concat([before, rows.head(1)]), TABLES[name])
        before = rows.tail(1)
        yield rows
