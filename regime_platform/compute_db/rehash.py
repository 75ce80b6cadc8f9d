"""Hashes all rows of a compute.db again and compares them with the digests in the file.

One changed value is detected, and located to its block of rows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.compute_db.connection import IN_MEMORY, attached
from regime_platform.compute_db.content import BARS, LATEST, table_digests
from regime_platform.compute_db.physical_rows import physical_rows
from regime_platform.compute_db.schema import (
    CREATE_SCHEMA_VERSION,
    create_content_blocks,
    create_state_json,
    create_table,
)
from regime_platform.manifests.lineage import Lineage
from regime_platform.model.digests import BLOCK_ROWS, Blocks, blocks_of
from regime_platform.model.result_schema import TABLES
from regime_platform.model.timeframes import TIMEFRAMES

_Part = tuple[str, str]  # table, timeframe


@dataclass(frozen=True)
class RowHashes:
    """The digests of the rows of a compute.db, computed now."""

    tables: Mapping[str, str]  # table -> content digest
    blocks: Mapping[_Part, Blocks]
    stored: Mapping[_Part, Blocks]  # as the file states them, also of the bars used
    opens: Mapping[_Part, npt.NDArray[np.int64]]  # ts of the rows, microseconds since 1970 UTC


def hash_rows(connection: duckdb.DuckDBPyConnection) -> RowHashes:
    """Reads every row of an open compute.db and hashes it.

    Raises:
        duckdb.Error: some rows cannot be read.
    """
    blocks: dict[_Part, Blocks] = {}
    opens: dict[_Part, npt.NDArray[np.int64]] = {}
    latest = ""
    for name, schema in TABLES.items():
        rows = physical_rows(connection, name)
        if name == LATEST:
            latest = blocks_of(rows).digest(schema)
            continue
        for timeframe, part in _by_timeframe(rows):
            blocks[name, timeframe] = blocks_of(part)
            opens[name, timeframe] = part["ts"].to_numpy()
    return RowHashes(table_digests(blocks, latest), blocks, _stored_blocks(connection), opens)


def changed_blocks(hashes: RowHashes) -> Iterator[str]:
    """Where the rows differ from the stored block digests, one sentence each."""
    stated = {key: blocks for key, blocks in hashes.stored.items() if key[0] != BARS}
    for key in sorted({*stated, *hashes.blocks}):
        table, timeframe = key
        stored = stated.get(key) or Blocks(0, ())
        actual = hashes.blocks.get(key, Blocks(0, ()))
        if stored.rows != actual.rows:
            expected = "blocks out of order" if stored.rows < 0 else f"{stored.rows} rows"
            yield f"{table} {timeframe} has {actual.rows} rows, the file states {expected}"
            continue
        for number, (before, now) in enumerate(zip_longest(stored.digests, actual.digests)):
            if before != now:
                yield f"{table} {timeframe}: a value between {_between(hashes.opens[key], number)}"


def content_differences(hashes: RowHashes, lineage: Lineage) -> Iterator[str]:
    """How the rows differ from the digests stored with them, by block and by table."""
    yield from changed_blocks(hashes)
    for name, digest in hashes.tables.items():
        if lineage.tables.get(name) != digest:
            yield f"{name} is not what was written"


def schema_differences(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables and views that are missing, altered, or not of this platform."""
    actual, expected = _definitions(connection), _expected_definitions()
    return _altered({*actual, *expected}, actual, expected)


def table_differences(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Result tables that are missing or altered."""
    return _altered({*TABLES}, _definitions(connection), _expected_definitions())


def _altered(names: set[str], actual: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    return [
        f"{name} is {'missing' if name not in actual else 'not as this platform makes it'}"
        for name in sorted(names)
        if actual.get(name) != expected.get(name)
    ]


def _by_timeframe(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    codes, counts = np.unique(rows["timeframe"].to_numpy(), return_counts=True)
    ends = np.cumsum(counts)
    for code, start, end in zip(codes.tolist(), ends - counts, ends, strict=True):
        yield TIMEFRAMES[code], rows[int(start) : int(end)]


def _stored_blocks(connection: duckdb.DuckDBPyConnection) -> dict[_Part, Blocks]:
    """As `read_content`, in a quarter of its time; missing blocks are left out."""
    rows = connection.execute(
        'SELECT "of", timeframe, block, rows, digest FROM content_blocks'
    ).fetchall()
    parts: dict[_Part, list[tuple[int, int, str]]] = {}
    for of, timeframe, *block in rows:
        parts.setdefault((of, timeframe), []).append((block[0], block[1], block[2]))
    return {key: _in_order(sorted(part)) for key, part in parts.items()}


def _in_order(part: list[tuple[int, int, str]]) -> Blocks:
    """Blocks of (number, rows, digest); with -1 rows where numbers or row counts are wrong."""
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


def _between(opens: npt.NDArray[np.int64], block: int) -> str:
    rows = opens[block * BLOCK_ROWS : (block + 1) * BLOCK_ROWS].astype("datetime64[us]")
    first, last = (str(end.astype("datetime64[m]")) for end in (rows[0], rows[-1]))
    return f"{first} and {last} was changed"


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
        for table in TABLES:
            connection.execute(create_table(table))
        connection.execute(create_content_blocks())
        connection.execute(CREATE_SCHEMA_VERSION)
        connection.execute(create_state_json())
        return _definitions(connection)
