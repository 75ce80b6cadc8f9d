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
    not_attached,
    opened,
    transaction,
    write_ahead_log,
)
from regime_platform.compute_db.content import (
    BARS,
    LATEST,
    NO_ROWS,
    Content,
    by_timeframe,
    checked_rows,
    content_frame,
    for_each,
    physical_rows,
    table_digests,
)
from regime_platform.compute_db.latest_shown import LatestShown, latest_shown
from regime_platform.compute_db.reader import ResultsReader
from regime_platform.compute_db.store import insert
from regime_platform.errors import ResultsError
from regime_platform.files import copy_file, write_atomically
from regime_platform.manifests.compute_manifest import Lineage, ResultOrigin, SeriesLineage
from regime_platform.model.digests import (
    BLOCK_ROWS,
    Blocks,
    block_start,
    canonical_json,
    frame_digest,
    plain_frame,
)
from regime_platform.model.result_schema import TABLES
from regime_platform.model.timeframes import TIMEFRAMES

#: Seconds to wait for readers before a copy is made; a read takes a tenth of that.
TIMEOUT = 1.0
_BLOCK_KEY = ("of", "timeframe", "block")
_BEFORE_ALL = dt.datetime(1, 1, 1)  # noqa: DTZ001 - as stored


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
    shown: LatestShown | None = None  # None of a new file, and where it could not be read


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
        with not_attached():
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
            lineage = _stored(connection, update)
        shown = _shown(ResultsReader(connection), lineage)
        return StoredResults(lineage, update.how, update.computed_rows, shown)


def _shown(reader: ResultsReader, lineage: Lineage) -> LatestShown | None:
    """What is shown of results that are stored; None where that fails: who needs it reports why."""
    try:
        return latest_shown(reader, lineage)
    except Exception:  # noqa: BLE001 - results must not be computed again for what is shown of them
        return None


def _stored(connection: duckdb.DuckDBPyConnection, update: Update) -> Lineage:
    """Changes the tables; returns the lineage as it is stored."""
    after = {(BARS, timeframe): blocks for timeframe, blocks in update.bars.items()}
    for table in dict.fromkeys(addition.table for addition in update.additions):
        after |= _add(connection, table, update)
    content = {**update.before, **after}
    digests = table_digests(content, frame_digest(update.latest))
    lineage = update.made.lineage(update.series, digests)
    _replace_blocks(connection, update.before, after)
    connection.execute(f"DELETE FROM {LATEST}")  # noqa: S608 - own name
    insert(connection, LATEST, update.latest)
    connection.execute("UPDATE schema_version SET lineage = ?", [canonical_json(lineage.as_json())])
    return lineage


def _add(connection: duckdb.DuckDBPyConnection, table: str, update: Update) -> Content:
    """Replaces the rows of one table; returns the blocks of its timeframes afterwards.

    One statement for all timeframes, since a statement costs more than the rows of another one.
    """
    of_table = (addition for addition in update.additions if addition.table == table)
    additions = sorted(of_table, key=lambda addition: TIMEFRAMES.index(addition.timeframe))
    kept = _last_blocks(connection, table, additions)
    for addition in additions:
        rows = kept[addition.timeframe].height if addition.timeframe in kept else 0
        stated = update.before.get((table, addition.timeframe), NO_ROWS).rows
        if addition.kept > stated or rows != addition.kept % BLOCK_ROWS:
            raise ResultsError(
                f"{table} {addition.timeframe} does not have the {addition.kept} rows to continue "
                "from",
                code="results-damaged",
            )
    added = pl.concat(addition.rows for addition in additions)
    checked_rows(table, added, TABLES[table])
    later, bounds = for_each(
        "timeframe = ? AND ts > ?",
        (
            (addition.timeframe, _last(addition))
            for addition in additions
            if addition.kept < update.before.get((table, addition.timeframe), NO_ROWS).rows
        ),
    )
    if bounds:
        connection.execute(f'DELETE FROM "{table}" WHERE {later}', bounds)  # noqa: S608 - own names
    insert(connection, table, added)
    plain = plain_frame(added)
    new, none = dict(by_timeframe(plain)), plain.clear()
    after = {}
    for addition in additions:
        key = table, addition.timeframe
        parts = [each.get(addition.timeframe, none) for each in (kept, new)]
        before = update.before.get(key, NO_ROWS)
        after[key] = before.replaced(block_start(addition.kept), pl.concat(parts))
    return after


def _last_blocks(
    connection: duckdb.DuckDBPyConnection, table: str, additions: Sequence[Addition]
) -> dict[str, pl.DataFrame]:
    """Timeframe -> the kept rows of a block that is to be filled further, in physical values."""
    where, bounds = for_each(
        "timeframe = ? AND ts <= ? AND ts >= ?",
        (
            (each.timeframe, _last(each), _naive(each.opens[block_start(each.kept)]))
            for each in additions
            if each.kept % BLOCK_ROWS
        ),
    )
    if not bounds:
        return {}
    return dict(by_timeframe(physical_rows(connection, table, where, bounds)))


def _last(addition: Addition) -> dt.datetime:
    """The last row that is kept."""
    return _naive(addition.opens[addition.kept - 1]) if addition.kept else _BEFORE_ALL


def _replace_blocks(connection: duckdb.DuckDBPyConnection, before: Content, after: Content) -> None:
    """Stores the blocks that differ."""
    first = {key: _first_changed(before.get(key, NO_ROWS), after[key]) for key in after}
    bounds = ((of, timeframe, block) for (of, timeframe), block in first.items())
    changed, values = for_each('"of" = ? AND timeframe = ? AND block >= ?', bounds)
    connection.execute(f"DELETE FROM content_blocks WHERE {changed or 'false'}", values)  # noqa: S608
    frame = content_frame(after)
    is_new = [block >= first[of, name] for of, name, block in frame.select(_BLOCK_KEY).iter_rows()]
    insert(connection, "content_blocks", frame.filter(pl.Series(is_new, dtype=pl.Boolean)))


def _first_changed(before: Blocks, after: Blocks) -> int:
    pairs = enumerate(zip(before.digests, after.digests, strict=False))
    shared = min(len(before.digests), len(after.digests))
    return next((block for block, (old, new) in pairs if old != new), shared)


def _naive(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)
