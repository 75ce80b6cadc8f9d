"""compute.db hashed anew, row by row: what its tables are, whatever the file states of itself.

The digests stored beside the rows say what was written. Here the rows are read and hashed again,
so that one changed value is found, and the block of rows it is in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.compute_db.connection import NOWHERE, attached
from regime_platform.compute_db.content import BARS, LATEST, table_digests
from regime_platform.compute_db.plain import plain_rows
from regime_platform.compute_db.schema import (
    CREATE_SCHEMA_VERSION,
    create_content_blocks,
    create_state_json,
    create_table,
)
from regime_platform.model.digests import BLOCK_ROWS, Blocks, blocks_of
from regime_platform.model.result_schema import TABLES
from regime_platform.model.timeframes import TIMEFRAMES

_Part = tuple[str, str]  # table, timeframe


@dataclass(frozen=True)
class Rehashed:
    """What the rows of a compute.db are."""

    tables: Mapping[str, str]  # table -> content digest
    blocks: Mapping[_Part, Blocks]
    stored: Mapping[_Part, Blocks]  # as the file has them, of the bars used as well
    opens: Mapping[_Part, npt.NDArray[np.int64]]  # ts of the rows, microseconds since 1970 UTC


def rehashed(connection: duckdb.DuckDBPyConnection) -> Rehashed:
    """Reads every row of an open compute.db and hashes it.

    Raises:
        duckdb.Error: some rows cannot be read.
    """
    blocks: dict[_Part, Blocks] = {}
    opens: dict[_Part, npt.NDArray[np.int64]] = {}
    latest = ""
    for name, schema in TABLES.items():
        rows = plain_rows(connection, name)
        if name == LATEST:
            latest = blocks_of(rows).digest(schema)
            continue
        for timeframe, part in _by_timeframe(rows):
            blocks[name, timeframe] = blocks_of(part)
            opens[name, timeframe] = part["ts"].to_numpy()
    return Rehashed(table_digests(blocks, latest), blocks, _stored_blocks(connection), opens)


def changed_blocks(found: Rehashed) -> Iterator[str]:
    """Where the rows are not those that the stored block digests were taken of."""
    stored = {key: one for key, one in found.stored.items() if key[0] != BARS}
    for key in sorted({*stored, *found.blocks}):
        told = stored.get(key) or Blocks(0, ())
        there = found.blocks.get(key, Blocks(0, ()))
        if told.rows != there.rows:
            were = "blocks out of order" if told.rows < 0 else f"{told.rows} rows"
            yield f"{key[0]} {key[1]} has {there.rows} rows where the file tells of {were}"
            continue
        for number, pair in enumerate(zip_longest(told.digests, there.digests)):
            if pair[0] != pair[1]:
                yield f"{key[0]} {key[1]}: a value between {_between(found.opens[key], number)}"


def differences(found: Rehashed, lineage: Mapping[str, Any]) -> Iterator[str]:
    """How the rows differ from the digests that were stored with them, by block and by table."""
    yield from changed_blocks(found)
    for name, digest in found.tables.items():
        if lineage["tables"].get(name) != digest:
            yield f"{name} is not what was written"


def strange_parts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables and views that are missing, of another making, or none of ours."""
    there, wanted = _made(connection), _as_made()
    return _strange({*there, *wanted}, there, wanted)


def strange_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables of ours that are missing or of another making: all that rows are read from."""
    return _strange({*TABLES}, _made(connection), _as_made())


def _strange(names: set[str], there: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    return [
        f"{name} is {'missing' if name not in there else 'not as this platform makes it'}"
        for name in sorted(names)
        if there.get(name) != wanted.get(name)
    ]


def _by_timeframe(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    codes, counts = np.unique(rows["timeframe"].to_numpy(), return_counts=True)
    ends = np.cumsum(counts)
    for code, start, end in zip(codes.tolist(), ends - counts, ends, strict=True):
        yield TIMEFRAMES[code], rows[int(start) : int(end)]


def _stored_blocks(connection: duckdb.DuckDBPyConnection) -> dict[_Part, Blocks]:
    """As `read_content` in a quarter of its time; a block that is gone is left out."""
    rows = connection.execute(
        'SELECT "of", timeframe, block, rows, digest FROM content_blocks'
    ).fetchall()
    parts: dict[_Part, list[tuple[int, int, str]]] = {}
    for of, timeframe, *block in rows:
        parts.setdefault((of, timeframe), []).append((block[0], block[1], block[2]))
    return {key: _in_order(sorted(part)) for key, part in parts.items()}


def _in_order(told: list[tuple[int, int, str]]) -> Blocks:
    """Blocks numbered from 0 with as many rows as blocks have; of others no frame is made."""
    blocks = Blocks(sum(one[1] for one in told), tuple(_digest(one[2]) for one in told))
    wanted = [(number, blocks.rows_of(number)) for number in range(len(told))]
    is_sound = [(number, rows) for number, rows, _ in told] == wanted
    return blocks if is_sound else Blocks(-1, blocks.digests)


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:  # somebody wrote something else there
        return text.encode()


def _between(opens: npt.NDArray[np.int64], block: int) -> str:
    rows = opens[block * BLOCK_ROWS : (block + 1) * BLOCK_ROWS].astype("datetime64[us]")
    first, last = (str(end.astype("datetime64[m]")) for end in (rows[0], rows[-1]))
    return f"{first} and {last} was changed"


def _made(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    here = "database_name = current_database() AND NOT internal"
    found = connection.execute(
        f"SELECT table_name, sql FROM duckdb_tables() WHERE {here} "  # noqa: S608 - own words
        f"UNION ALL SELECT view_name, sql FROM duckdb_views() WHERE {here}"
    ).fetchall()
    return dict(found)


@cache
def _as_made() -> dict[str, str]:
    with attached(NOWHERE, read_only=False) as connection:
        for table in TABLES:
            connection.execute(create_table(table))
        connection.execute(create_content_blocks())
        connection.execute(CREATE_SCHEMA_VERSION)
        connection.execute(create_state_json())
        return _made(connection)
