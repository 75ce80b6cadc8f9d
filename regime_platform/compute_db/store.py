"""Writes compute.db: a whole new file beside the old one, published by one rename.

A reader that holds the old file keeps it undisturbed, and a killed writer leaves the old file as it
was. What is in the file depends on its inputs alone; it holds no run time. A few new bars are added
by ``update`` instead, without writing the rest again.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import duckdb
import polars as pl

from regime_platform.compute_db.connection import attached, log_beside, transaction
from regime_platform.compute_db.content import (
    BARS,
    LATEST,
    content_frame,
    content_of,
    table_digests,
)
from regime_platform.compute_db.ordering import sound
from regime_platform.compute_db.schema import (
    CREATE_SCHEMA_VERSION,
    create_content_blocks,
    create_state_json,
    create_table,
)
from regime_platform.files import fill_file, write_atomically
from regime_platform.model.digests import Blocks, canonical_json, frame_digest
from regime_platform.model.result_schema import (
    LATEST_SCHEMA,
    RESULT_SCHEMA_DIGEST,
    RESULT_SCHEMA_VERSION,
    TABLES,
)

#: All rows of a table, or pieces of it that fill whole blocks of rows but for the last of a
#: timeframe.
Table = pl.DataFrame | Iterable[pl.DataFrame]

_MOST_WAITING = 50_000  # rows: what is not committed is held in memory
_FEW = 64  # rows that are handed over one by one in half the time that a frame takes
_VERY_FEW = 2  # rows that a statement takes by its parameters in half of that


def build(
    path: Path,
    tables: Mapping[str, Table],
    lineage: Mapping[str, Any],
    bars: Mapping[str, Blocks] = MappingProxyType({}),
) -> dict[str, Any]:
    """Writes all tables of ``result_schema.TABLES`` and what they were made from.

    Args:
        path: the compute.db to publish; hold the symbol's lock.
        tables: the rows of every table in its schema, ordered by timeframe and ts; each table is
            asked for once, so that a mapping may make it then, piece by piece.
        lineage: plain facts about bars, recipe and code, without any run time.
        bars: timeframe -> blocks of the bars used, by which an update knows what is new.

    Returns:
        The lineage as stored: with ``tables``, the content digest of each table.

    Raises:
        ResultsError: a table is missing, has another schema, or repeats or misplaces a key.
    """
    stored: dict[str, Any] = {}

    def fill(temporary: Path) -> None:
        fill_file(temporary, _without_rows())
        with attached(temporary, read_only=False) as connection:
            stored.update(fill_tables(connection, tables, lineage, bars))
        # what a killed update left there belongs to the file that is about to be replaced
        log_beside(path).unlink(missing_ok=True)

    write_atomically(path, fill)
    return stored


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame) -> None:
    """Adds rows to a table; UTC instants lose their zone, as ``schema`` says."""
    instants = [name for name, dtype in rows.schema.items() if isinstance(dtype, pl.Datetime)]
    naive = rows.with_columns(pl.col(instants).dt.replace_time_zone(None))
    if rows.height > _FEW:
        # of this level, text is handed over as it lies
        connection.register("stored", naive.to_arrow(compat_level=pl.CompatLevel.newest()))
        connection.execute(f'INSERT INTO "{table}" SELECT * FROM stored')  # noqa: S608 - own names
        connection.unregister("stored")
    elif rows.height > _VERY_FEW:
        appender = connection.appender(table)
        appender.append_rows(naive.rows())
        appender.flush()
    elif rows.height:
        row = f"({', '.join('?' * rows.width)})"
        values = [value for one in naive.rows() for value in one]
        listed = ", ".join([row] * rows.height)
        connection.execute(f'INSERT INTO "{table}" VALUES {listed}', values)  # noqa: S608 - own names


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """All tables and the view, without rows."""
    with transaction(connection):
        for name in TABLES:
            connection.execute(create_table(name))
        connection.execute(create_content_blocks())
        connection.execute(CREATE_SCHEMA_VERSION)
        connection.execute(create_state_json())


def fill_tables(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Table],
    lineage: Mapping[str, Any],
    bars: Mapping[str, Blocks] = MappingProxyType({}),
) -> dict[str, Any]:
    """Fills the empty tables as ``build`` does, and gives the lineage as stored.

    Raises:
        ResultsError: see ``build``.
    """
    content = {(BARS, timeframe): blocks for timeframe, blocks in bars.items()}
    latest, waiting = LATEST_SCHEMA.to_frame(), 0
    with transaction(connection):
        for name in TABLES:
            for rows in _sound_pieces(name, tables.get(name)):
                insert(connection, name, rows)
                waiting += rows.height
                if name == LATEST:
                    latest = rows
                    continue
                for key, blocks in content_of(name, rows).items():
                    content[key] = content[key].followed_by(blocks) if key in content else blocks
            if waiting > _MOST_WAITING:
                connection.commit()
                connection.begin()
                waiting = 0
        stored = {**lineage, "tables": table_digests(content, frame_digest(latest))}
        insert(connection, "content_blocks", content_frame(content))
        connection.execute(
            "INSERT INTO schema_version VALUES (?, ?, ?)",
            [RESULT_SCHEMA_VERSION, RESULT_SCHEMA_DIGEST, canonical_json(stored)],
        )
    return stored


@cache
def _without_rows() -> bytes:
    """What every new file begins as: declaring tables takes longer than filling some."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "compute.db"
        with attached(path, read_only=False) as connection:
            create_tables(connection)
        return path.read_bytes()


def _sound_pieces(name: str, table: Table | None) -> Iterator[pl.DataFrame]:
    """The rows of a table, each piece found to follow the one before it."""
    pieces = [table] if table is None or isinstance(table, pl.DataFrame) else table
    before = None
    for piece in pieces:
        rows = sound(name, piece, TABLES[name])
        if before is not None:
            sound(name, pl.concat([before, rows.head(1)]), TABLES[name])
        before = rows.tail(1)
        yield rows
