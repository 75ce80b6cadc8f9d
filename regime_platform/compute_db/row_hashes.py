"""Hashes every row of a compute.db as it is stored, and compares that with the digests beside it.

Rows are hashed as DuckDB hands them over, column by column without a copy, which takes half the
time of frames. The digests are those of `content.content_of` over the same rows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from regime_platform.compute_db.content import (
    BARS,
    KEY,
    LATEST,
    NO_ROWS,
    Content,
    read_content,
    table_digests,
)
from regime_platform.manifests.compute_manifest import Lineage
from regime_platform.model.digests import (
    BLOCK_ROWS,
    Blocks,
    PlainColumn,
    hashed_blocks,
    plain_numbers,
)
from regime_platform.model.result_schema import TABLES
from regime_platform.model.timeframes import TIMEFRAMES

_AT_ONCE = 1 << 20  # rows per batch: most tables come in one, without concatenation

_Array = npt.NDArray[Any]


@dataclass(frozen=True)
class RowHashes:
    """The digests of the rows of a compute.db, computed now."""

    tables: Mapping[str, str]  # table -> content digest
    blocks: Content
    stored: Content  # as the file states them, also of the bars used
    opens: Mapping[tuple[str, str], _Array]  # ts of the rows, microseconds since 1970 UTC


def hash_rows(connection: duckdb.DuckDBPyConnection) -> RowHashes:
    """Reads every row of an open compute.db and hashes it.

    Raises:
        duckdb.Error: some rows cannot be read.
    """
    blocks: dict[tuple[str, str], Blocks] = {}
    opens: dict[tuple[str, str], _Array] = {}
    latest = ""
    for name, schema in TABLES.items():
        columns = _stored_columns(connection, name)
        timeframe, opened = (columns[key].values for key in KEY)
        if name == LATEST:
            latest = hashed_blocks(columns.values(), len(opened)).digest(schema)
            continue
        for start, end in _runs(timeframe):
            key = name, TIMEFRAMES[timeframe[start]]
            part = (_part(column, start, end) for column in columns.values())
            blocks[key], opens[key] = hashed_blocks(part, end - start), opened[start:end]
    return RowHashes(table_digests(blocks, latest), blocks, read_content(connection), opens)


def content_differences(hashes: RowHashes, lineage: Lineage) -> Iterator[str]:
    """How the rows differ from the digests stored with them, by block and by table."""
    stated = {key: blocks for key, blocks in hashes.stored.items() if key[0] != BARS}
    for key in sorted({*stated, *hashes.blocks}):
        part = " ".join(key)
        stored, actual = stated.get(key, NO_ROWS), hashes.blocks.get(key, NO_ROWS)
        if stored.rows != actual.rows:
            expected = "blocks out of order" if stored.rows < 0 else f"{stored.rows} rows"
            yield f"{part} has {actual.rows} rows, the file states {expected}"
            continue
        for number, (before, now) in enumerate(zip_longest(stored.digests, actual.digests)):
            if before != now:
                yield f"{part}: a value between {_between(hashes.opens[key], number)}"
    for name, digest in hashes.tables.items():
        if lineage.tables.get(name) != digest:
            yield f"{name} is not what was written"


def _stored_columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, PlainColumn]:
    """All rows of a table by timeframe and ts, each pair where it belongs, by column."""
    query = f'SELECT * FROM "{table}"'  # noqa: S608 - own names
    arrow = connection.sql(query).to_arrow_table(_AT_ONCE).combine_chunks()
    timeframe, opened = (_plain(arrow[key]).values for key in KEY)
    if not _is_ordered(timeframe, opened):  # an update adds rows at the end
        arrow = arrow.take(np.lexsort((opened, timeframe))).combine_chunks()
    return {name: _plain(column) for name, column in zip(arrow.column_names, arrow, strict=True)}


def _plain(column: Any) -> PlainColumn:
    """The values of an Arrow column; only where some are null or no number are they copied."""
    array = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    missing = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    if pa.types.is_string(array.type):
        known = array if missing is None else array.fill_null("")
        _, places, data = (b"" if buffer is None else buffer for buffer in known.buffers())
        offsets = np.frombuffer(places, np.int32, len(known) + 1, known.offset * 4)
        return PlainColumn(np.frombuffer(data, np.uint8), offsets, missing)
    if isinstance(array, pa.DictionaryArray):
        array = array.indices
    elif pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    elif pa.types.is_timestamp(array.type):
        array = array.view(pa.int64())
    dtype = np.dtype(array.type.to_pandas_dtype())
    values = np.frombuffer(array.buffers()[1], dtype, len(array), array.offset * dtype.itemsize)
    return PlainColumn(plain_numbers(values, missing), None, missing)


def _part(column: PlainColumn, start: int, end: int) -> PlainColumn:
    values, offsets, missing = column
    missing = None if missing is None else missing[start:end]
    if offsets is None:
        return PlainColumn(values[start:end], None, missing)
    return PlainColumn(values, offsets[start : end + 1], missing)


def _runs(timeframe: _Array) -> Iterator[tuple[int, int]]:
    """Where the rows of each timeframe start and end."""
    ends = [*(np.flatnonzero(timeframe[1:] != timeframe[:-1]) + 1).tolist(), len(timeframe)]
    return ((start, end) for start, end in zip([0, *ends], ends, strict=False) if end)


def _is_ordered(timeframe: _Array, opened: _Array) -> bool:
    later, same = timeframe[1:] > timeframe[:-1], timeframe[1:] == timeframe[:-1]
    return bool((later | (same & (opened[1:] > opened[:-1]))).all())


def _between(opens: _Array, block: int) -> str:
    rows = opens[block * BLOCK_ROWS : (block + 1) * BLOCK_ROWS].astype("datetime64[us]")
    first, last = (str(end.astype("datetime64[m]")) for end in (rows[0], rows[-1]))
    return f"{first} and {last} was changed"
