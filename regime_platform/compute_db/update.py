"""Adds the rows of new bars to a compute.db that holds the rows of the bars before them.

In place, in one transaction: a killed update leaves the rows as they were or as they shall be, and
1.3 MB are written for a bar where a new file would be 67. While somebody else reads the file, the
update is made on a copy that takes its place, which the reader does not notice.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from regime_platform.compute_db.connection import (
    TakenError,
    attached,
    log_beside,
    transaction,
)
from regime_platform.compute_db.content import (
    BARS,
    LATEST,
    Content,
    content_frame,
    table_digests,
)
from regime_platform.compute_db.ordering import sound
from regime_platform.compute_db.plain import plain_rows
from regime_platform.compute_db.reader import Reader, require_current, require_version
from regime_platform.compute_db.store import insert
from regime_platform.errors import ResultsError
from regime_platform.files import copy_file, write_atomically
from regime_platform.model.digests import (
    Blocks,
    block_start,
    canonical_json,
    frame_digest,
    plain_frame,
)
from regime_platform.model.result_schema import TABLES

#: Seconds to wait for readers before a copy is made: a read takes a tenth of that.
PATIENCE = 1.0
_BLOCK_KEY = ("of", "timeframe", "block")
_BEFORE_ALL, _AFTER_ALL = dt.datetime(1, 1, 1), dt.datetime(9999, 1, 1)  # noqa: DTZ001  as stored


@dataclass(frozen=True)
class Addition:
    """Rows of one table and timeframe that take the place of all from position ``kept`` on."""

    table: str
    timeframe: str
    kept: int
    opens: pl.Series  # ts of the ``kept`` rows that stay
    rows: pl.DataFrame

    @property
    def last_kept(self) -> dt.datetime:
        """The ts of the last row that stays."""
        return _naive(self.opens[self.kept - 1]) if self.kept else _BEFORE_ALL

    @property
    def block_first(self) -> dt.datetime:
        """The ts of the first row that stays of the block where the new rows begin."""
        start = block_start(self.kept)
        return _naive(self.opens[start]) if start < self.kept else _AFTER_ALL


@dataclass(frozen=True)
class Update:
    """Everything that changes in a compute.db at once."""

    additions: Sequence[Addition]
    before: Content  # the blocks as they are in the file
    bars: Mapping[str, Blocks]  # timeframe -> blocks of its bars as they are now
    latest: pl.DataFrame  # latest_state as a whole
    lineage: Mapping[str, Any]  # as for ``store.build``
    how: str  # in words: what was gone on from


@dataclass(frozen=True)
class Updated:
    """What an update came to."""

    lineage: dict[str, Any]  # as stored
    how: str  # as the update says
    is_copy: bool  # the file had readers, so a copy took its place


def apply(path: Path, change: Callable[[Reader], Update], patience: float = PATIENCE) -> Updated:
    """Brings the compute.db at ``path`` up to date; hold the symbol's lock.

    Args:
        path: the file.
        change: is asked what to change, with what the file holds; whatever it raises passes
            through, and the file is as it was.
        patience: seconds to wait for readers.

    Raises:
        ResultsError: the file is missing, damaged or of another version, or does not hold the rows
            that the update goes on from; it is as it was, and building it anew mends it.
    """
    require_current(path)
    try:
        try:
            return _apply(path, change, patience)
        except TakenError:
            return _apply_to_copy(path, change)
    except duckdb.Error as error:
        raise ResultsError(f"{path} cannot be updated ({error}); build it anew") from error


def _apply_to_copy(path: Path, change: Callable[[Reader], Update]) -> Updated:
    updated: list[Updated] = []

    def fill(temporary: Path) -> None:
        copy_file(path, temporary)
        if log_beside(path).exists():
            copy_file(log_beside(path), log_beside(temporary))
        updated.append(_apply(temporary, change, patience=0.0))
        log_beside(path).unlink(missing_ok=True)

    write_atomically(path, fill)
    return replace(updated[0], is_copy=True)


def _apply(path: Path, change: Callable[[Reader], Update], patience: float) -> Updated:
    with attached(path, read_only=False, patience=patience) as connection:
        require_version(path, connection)
        update = change(Reader(connection))
        sound(LATEST, update.latest, TABLES[LATEST])
        with transaction(connection):
            return Updated(_stored(connection, update), update.how, is_copy=False)


def _stored(connection: duckdb.DuckDBPyConnection, update: Update) -> dict[str, Any]:
    """Changes the tables, and gives the lineage as it is stored."""
    after = {(BARS, timeframe): blocks for timeframe, blocks in update.bars.items()}
    for addition in update.additions:
        key = (addition.table, addition.timeframe)
        after[key] = _add(connection, addition, update.before.get(key, Blocks(0, ())))
    content = {**update.before, **after}
    stored = {**update.lineage, "tables": table_digests(content, frame_digest(update.latest))}
    _replace_blocks(connection, update.before, after)
    connection.execute(f"DELETE FROM {LATEST}")  # noqa: S608 - own name
    insert(connection, LATEST, update.latest)
    connection.execute("UPDATE schema_version SET lineage = ?", [canonical_json(stored)])
    return stored


def _add(connection: duckdb.DuckDBPyConnection, one: Addition, before: Blocks) -> Blocks:
    """Replaces the rows, and gives the blocks of what is there then."""
    sound(one.table, one.rows, TABLES[one.table])
    bounds = [one.timeframe, one.last_kept]
    where = "timeframe = ? AND ts <= ? AND ts >= ?"
    columns = TABLES[one.table].names()
    kept = plain_rows(connection, one.table, where, [*bounds, one.block_first], columns)
    begins = block_start(one.kept)
    if one.kept > before.rows or kept.height != one.kept - begins:
        raise ResultsError(
            f"{one.table} {one.timeframe} does not hold the {one.kept} rows to go on from"
        )
    if one.kept < before.rows:
        connection.execute(
            f'DELETE FROM "{one.table}" WHERE timeframe = ? AND ts > ?',  # noqa: S608 - own names
            bounds,
        )
    insert(connection, one.table, one.rows)
    return before.replaced(begins, pl.concat([kept, plain_frame(one.rows)]))


def _replace_blocks(connection: duckdb.DuckDBPyConnection, before: Content, after: Content) -> None:
    """Stores the blocks that differ, and leaves the others alone."""
    first = {key: _first_changed(before.get(key, Blocks(0, ())), after[key]) for key in after}
    bounds = [value for (of, timeframe), block in first.items() for value in (of, timeframe, block)]
    changed = " OR ".join(['("of" = ? AND timeframe = ? AND block >= ?)'] * len(first))
    connection.execute(f"DELETE FROM content_blocks WHERE {changed or 'false'}", bounds)  # noqa: S608
    frame = content_frame(after)
    is_new = [block >= first[of, name] for of, name, block in frame.select(_BLOCK_KEY).iter_rows()]
    insert(connection, "content_blocks", frame.filter(pl.Series(is_new, dtype=pl.Boolean)))


def _first_changed(before: Blocks, after: Blocks) -> int:
    pairs = zip(before.digests, after.digests, strict=False)
    same = (old == new for old, new in pairs)
    return next(
        (block for block, equal in enumerate(same) if not equal),
        min(len(before.digests), len(after.digests)),
    )


def _naive(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)
