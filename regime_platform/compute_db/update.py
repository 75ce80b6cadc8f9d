"""Adds the rows of new bars to a compute.db that has the rows of the bars before them.

The update happens in place and in one transaction, and writes 1.3 MB per bar where a new file has
67. While another process reads the file, a copy is updated and published by a rename.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl

from regime_platform.compute_db.connection import (
    FileInUseError,
    opened,
    transaction,
    write_ahead_log,
)
from regime_platform.compute_db.content import (
    BARS,
    LATEST,
    NO_ROWS,
    Content,
    checked_rows,
    content_frame,
    physical_rows,
    table_digests,
)
from regime_platform.compute_db.reader import ResultsReader
from regime_platform.compute_db.store import insert
from regime_platform.errors import ResultsError
from regime_platform.files import copy_file, write_atomically
from regime_platform.manifests.compute_manifest import Lineage, ResultOrigin, SeriesLineage
from regime_platform.model.digests import (
    Blocks,
    block_start,
    canonical_json,
    frame_digest,
    plain_frame,
)
from regime_platform.model.result_schema import TABLES

#: Seconds to wait for readers before a copy is made; a read takes a tenth of that.
TIMEOUT = 1.0
_BLOCK_KEY = ("of", "timeframe", "block")
_BEFORE_ALL, _AFTER_ALL = dt.datetime(1, 1, 1), dt.datetime(9999, 1, 1)  # noqa: DTZ001  as stored


@dataclass(frozen=True)
class Addition:
    """Rows of one table and timeframe that replace all from position ``kept`` on."""

    table: str
    timeframe: str
    kept: int
    opens: pl.Series  # ts of the kept rows
    rows: pl.DataFrame


@dataclass(frozen=True)
class Update:
    """Everything that changes in a compute.db at once."""

    additions: Sequence[Addition]
    before: Content  # the blocks that the file states
    bars: Mapping[str, Blocks]  # timeframe -> blocks of its bars now
    latest: pl.DataFrame  # latest_state as a whole
    made: ResultOrigin
    series: Sequence[SeriesLineage]  # what the lineage states of each timeframe
    how: str  # in words: from which bar on rows were computed

    @property
    def computed_rows(self) -> int:
        """How many states are computed."""
        return sum(each.rows.height for each in self.additions if each.table == "state_history")


class StoredResults(NamedTuple):
    """What a compute.db has after it was built or updated, and how that was done."""

    lineage: Lineage
    how: str
    computed_rows: int  # states that were computed; the others stayed as they were


def apply_update(
    path: Path, change: Callable[[ResultsReader], Update], timeout: float = TIMEOUT
) -> StoredResults:
    """Brings the compute.db at ``path`` up to date; hold the symbol's lock.

    ``change`` returns the update, given a reader of the file; its exceptions pass through and leave
    the file unchanged. Readers are waited for ``timeout`` seconds.

    Returns:
        The lineage as stored, and how the file was updated.

    Raises:
        ResultsError: the file is missing, damaged or of another version, or lacks rows that the
            update continues from. It is unchanged; a rebuild repairs it.
    """
    try:
        try:
            return _apply(path, change, timeout)
        except FileInUseError:
            stored = _apply_to_copy(path, change)
            how = f"{stored.how}; on a copy, since another process reads the file"
            return stored._replace(how=how)
    except duckdb.Error as error:
        raise ResultsError(
            f"{path} cannot be updated ({error}); build it again", code="results-damaged"
        ) from error


def _apply_to_copy(path: Path, change: Callable[[ResultsReader], Update]) -> StoredResults:
    updated: list[StoredResults] = []

    def fill(temporary: Path) -> None:
        copy_file(path, temporary)
        if write_ahead_log(path).exists():
            copy_file(write_ahead_log(path), write_ahead_log(temporary))
        updated.append(_apply(temporary, change, timeout=0.0))
        write_ahead_log(path).unlink(missing_ok=True)

    write_atomically(path, fill)
    return updated[0]


def _apply(path: Path, change: Callable[[ResultsReader], Update], timeout: float) -> StoredResults:
    with opened(path, read_only=False, timeout=timeout) as connection:
        update = change(ResultsReader(connection))
        checked_rows(LATEST, update.latest, TABLES[LATEST])
        with transaction(connection):
            return StoredResults(_stored(connection, update), update.how, update.computed_rows)


def _stored(connection: duckdb.DuckDBPyConnection, update: Update) -> Lineage:
    """Changes the tables; returns the lineage as it is stored."""
    after = {(BARS, timeframe): blocks for timeframe, blocks in update.bars.items()}
    for addition in update.additions:
        key = (addition.table, addition.timeframe)
        after[key] = _add(connection, addition, update.before.get(key, NO_ROWS))
    content = {**update.before, **after}
    digests = table_digests(content, frame_digest(update.latest))
    lineage = update.made.lineage(update.series, digests)
    _replace_blocks(connection, update.before, after)
    connection.execute(f"DELETE FROM {LATEST}")  # noqa: S608 - own name
    insert(connection, LATEST, update.latest)
    connection.execute("UPDATE schema_version SET lineage = ?", [canonical_json(lineage.as_json())])
    return lineage


def _add(connection: duckdb.DuckDBPyConnection, addition: Addition, before: Blocks) -> Blocks:
    """Replaces the rows; returns the blocks of the table and timeframe afterwards."""
    checked_rows(addition.table, addition.rows, TABLES[addition.table])
    table, timeframe, begins = addition.table, addition.timeframe, block_start(addition.kept)
    last = _naive(addition.opens[addition.kept - 1]) if addition.kept else _BEFORE_ALL
    first = _naive(addition.opens[begins]) if begins < addition.kept else _AFTER_ALL
    where, bounds = "timeframe = ? AND ts <= ? AND ts >= ?", [timeframe, last]
    kept = physical_rows(connection, table, where, [*bounds, first], TABLES[table].names())
    if addition.kept > before.rows or kept.height != addition.kept - begins:
        raise ResultsError(
            f"{table} {timeframe} does not have the {addition.kept} rows to continue from",
            code="results-damaged",
        )
    if addition.kept < before.rows:
        connection.execute(
            f'DELETE FROM "{table}" WHERE timeframe = ? AND ts > ?',  # noqa: S608 - own names
            bounds,
        )
    insert(connection, table, addition.rows)
    return before.replaced(begins, pl.concat([kept, plain_frame(addition.rows)]))


def _replace_blocks(connection: duckdb.DuckDBPyConnection, before: Content, after: Content) -> None:
    """Stores the blocks that differ."""
    first = {key: _first_changed(before.get(key, NO_ROWS), after[key]) for key in after}
    bounds = [value for (of, timeframe), block in first.items() for value in (of, timeframe, block)]
    changed = " OR ".join(['("of" = ? AND timeframe = ? AND block >= ?)'] * len(first))
    connection.execute(f"DELETE FROM content_blocks WHERE {changed or 'false'}", bounds)  # noqa: S608
    frame = content_frame(after)
    is_new = [block >= first[of, name] for of, name, block in frame.select(_BLOCK_KEY).iter_rows()]
    insert(connection, "content_blocks", frame.filter(pl.Series(is_new, dtype=pl.Boolean)))


def _first_changed(before: Blocks, after: Blocks) -> int:
    pairs = enumerate(zip(before.digests, after.digests, strict=False))
    shared = min(len(before.digests), len(after.digests))
    return next((block for block, (old, new) in pairs if old != new), shared)


def _naive(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)
