"""Reads compute.db: opened read-only, every row verified, and closed at once for updates.

DuckDB's checksums detect flipped bits in the blocks that a query reads, and accept any value that
DuckDB itself wrote. Hence every row is hashed and compared with the digests stored with the
results, and these with the compute manifest, once until the file changes (`bar_store.proven`).
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
from pydantic import ValidationError

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import holder_of, is_locked
from regime_platform.bar_store.manifest_files import (
    read_chain,
    read_compute_manifest,
    whole_compute_manifest,
)
from regime_platform.bar_store.proven import FileStamp, is_proven, remember, stamp_of
from regime_platform.compute_db.connection import (
    FileInUseError,
    damaged,
    first_line,
    opened,
    write_ahead_log,
)
from regime_platform.compute_db.content import (
    KEY,
    LATEST,
    by_timeframe,
    physical_rows,
    read_content,
    schema_differences,
    typed_rows,
)
from regime_platform.compute_db.row_hashes import content_differences, hash_rows
from regime_platform.errors import BarsError, ResultsError, UsageError
from regime_platform.manifests.compute_manifest import Lineage
from regime_platform.manifests.manifest import RESULTS, FileStat, ResultsLink
from regime_platform.model.digests import Blocks, document_digest
from regime_platform.model.result_schema import TABLES

_UNREADABLE = (duckdb.Error, pa.ArrowException, pl.exceptions.PolarsError, ValidationError)
_DEFECTS = (*_UNREADABLE, ValueError, KeyError, TypeError, IndexError, AttributeError)


@dataclass(frozen=True)
class ResultsReader:
    """A compute.db that is open for reading; see `reading`."""

    connection: duckdb.DuckDBPyConnection
    read_as: str = ""  # of a file of version 1: that it is one, and how it was read
    digests: Mapping[str, str] | None = None  # table digests of such a file, which has no lineage

    def table(  # noqa: PLR0913 - each argument narrows the same question
        self,
        table: str,
        *,
        timeframe: str | None = None,
        start: dt.datetime | None = None,
        end: dt.datetime | None = None,
        columns: Sequence[str] | None = None,
        last: int | None = None,
    ) -> pl.DataFrame:
        """Rows of one table of ``TABLES``, in its schema, ordered by timeframe and ts.

        Opens are in [``start``, ``end``), both aware; ``columns`` are a selection in the given
        order; ``last`` takes so many rows from the end and needs ``timeframe``.

        Raises:
            UsageError: there is no such table or column, or ``last`` comes without ``timeframe``.
        """
        schema = _known_schema(table, columns)
        if last is not None and timeframe is None:
            raise UsageError(
                f"the last {last} rows of {table}: give a timeframe", code="missing-timeframe"
            )
        wanted = tuple(schema) if columns is None else tuple(columns)
        conditions = {"timeframe = ?": timeframe, "ts >= ?": _naive(start), "ts < ?": _naive(end)}
        narrowed = {clause: value for clause, value in conditions.items() if value is not None}
        where = f"WHERE {' AND '.join(narrowed)}" if narrowed else ""
        # updates append rows, so only the rows of a single timeframe are in order
        listed = ", ".join(f'"{name}"' for name in dict.fromkeys((*KEY, *wanted)))
        tail = f" ORDER BY ts DESC LIMIT {int(last)}" if last is not None else ""
        query = f'SELECT {listed} FROM "{table}" {where}{tail}'  # noqa: S608 - own names
        relation = self.connection.sql(query, params=list(narrowed.values()))
        return typed_rows(relation, schema).select(wanted)

    def physical(
        self, table: str, timeframes: Sequence[str], columns: Sequence[str]
    ) -> dict[str, pl.DataFrame]:
        """Timeframe -> columns of all its rows in physical values, see `physical_rows`."""
        where = f"timeframe IN ({', '.join('?' * len(timeframes))})"
        rows = physical_rows(self.connection, table, where, timeframes, (*KEY, *columns))
        return dict(by_timeframe(rows))

    def lineage(self) -> Lineage:
        """What the results were made from; raises ValidationError where that is damaged."""
        rows = self.connection.execute("SELECT lineage FROM schema_version").fetchall()
        return Lineage.model_validate_json(rows[0][0])

    def table_digests(self) -> Mapping[str, str]:
        """Table -> content digest, of a file of either version."""
        return self.lineage().tables if self.digests is None else self.digests

    def blocks(self) -> dict[tuple[str, str], Blocks]:
        """Block digests of the tables and of the bars used, by (table or "bars", timeframe)."""
        stored = read_content(self.connection)
        return {key: blocks for key, blocks in stored.items() if blocks.rows >= 0}


@contextmanager
def reading(path: Path, *, prove: bool = True) -> Iterator[ResultsReader]:
    """Opens a compute.db for several queries to the same state of it.

    Every row is verified first, unless that was done since the file last changed, or not ``prove``:
    for callers that verify the rows themselves.

    Raises:
        ResultsError: the file is missing, damaged, of another version, or in use by a writer.
    """
    before = stamp_of(path)
    try:
        with opened(path, read_only=True) as connection:
            reader = ResultsReader(connection)
            if prove and not is_file_proven(path):
                _prove(path, reader, before)
                if stamp_of(path) == before:  # neither replaced nor updated before it was opened
                    mark_proven(path)
            yield reader
    except FileInUseError as error:
        lock = SymbolPaths(path.parent).lock
        holder = holder_of(lock) if is_locked(lock) else f"another process ({error})"
        raise ResultsError(
            f"{path} is being written by {holder}; wait for it or end it, then try again",
            code="results-in-use",
        ) from error
    except _UNREADABLE as error:
        raise damaged(path, first_line(error)) from error


def read_table(path: Path, table: str, **narrowed: Any) -> pl.DataFrame:
    """One table of one file; ``narrowed`` and errors as in `ResultsReader.table`."""
    with reading(path) as reader:
        return reader.table(table, **narrowed)


def read_lineage(path: Path) -> Lineage:
    """The lineage of one file; raises as `reading`."""
    with reading(path) as reader:
        return reader.lineage()


def require_proven_file(path: Path) -> None:
    """Verifies every row, unless that was done since the file changed; raises as `reading`."""
    if not is_file_proven(path):
        with reading(path):
            pass


def is_file_proven(path: Path) -> bool:
    """True where the file was verified and has not changed since."""
    paths = SymbolPaths(path.parent)
    return is_proven(paths, path.name) and not write_ahead_log(path).exists()


def mark_proven(path: Path) -> None:
    """Remembers a file that was just verified, or written by this process."""
    stamp = stamp_of(path)
    if stamp is not None and not write_ahead_log(path).exists():
        remember(SymbolPaths(path.parent), {path.name: (stamp, "")})


def file_stat(path: Path) -> FileStat:
    """Size and time of a compute.db, by which its manifest recognises it without opening it."""
    stat = path.stat()
    return FileStat(bytes=stat.st_size, mtime_ns=stat.st_mtime_ns)


def _prove(path: Path, reader: ResultsReader, before: FileStamp | None) -> None:
    """Refuses a file of which a row, a digest or a definition is not what was written."""
    try:
        reasons = schema_differences(reader.connection, only_tables=True)
        if not reasons:
            lineage = reader.lineage()
            reasons = [*content_differences(hash_rows(reader.connection), lineage)]
            reasons += _unlike_manifest(SymbolPaths(path.parent), reader, lineage)
            if not reasons:
                rolled_back = [*_rolled_back(SymbolPaths(path.parent), lineage)]
                # another file by now: a run replaced it, and then its manifest
                reasons = rolled_back if stamp_of(path) == before else []
    except _DEFECTS as error:
        raise damaged(path, first_line(error)) from error
    if reasons:
        raise damaged(path, "; ".join(reasons))


def _unlike_manifest(paths: SymbolPaths, reader: ResultsReader, lineage: Lineage) -> Iterator[str]:
    """How results differ from their manifest, unless an unfinished run or rename explains it.

    Both replace results before their manifest: a run changes the recipe, a rename the symbol.
    """
    try:
        document = read_compute_manifest(paths)
    except BarsError:
        return  # the rows match the digests in the file; `regime verify` reports the manifest
    if document is None or document.manifest.tables == lineage.tables:
        return
    facts = document.manifest
    rows = reader.connection.execute(f"SELECT DISTINCT symbol FROM {LATEST}").fetchall()  # noqa: S608
    is_of_symbol = {symbol for (symbol,) in rows} <= {facts.symbol}
    is_same_recipe = facts.recipe == lineage.recipe
    if is_same_recipe and is_of_symbol:
        yield "its rows are not those that the compute manifest names"
    elif not is_same_recipe and not is_of_symbol:
        yield f"its rows are not those of {facts.symbol}"


def _rolled_back(paths: SymbolPaths, lineage: Lineage) -> Iterator[str]:
    """That the file is an earlier version of itself, as a partial restore leaves it.

    An unfinished run that came to the very results of an earlier one is refused too: the next run
    makes both again.
    """
    document = whole_compute_manifest(paths)
    if document is None or document.manifest.tables == lineage.tables:
        return
    number, made = document.number, (document_digest(lineage.tables), lineage.recipe.digest)
    for link in read_chain(paths):
        if link.kind != RESULTS or link.number >= number:
            continue
        about = ResultsLink.model_validate(link.as_json()).about
        if made == (about.content_digest, about.recipe_digest):
            yield f"it is that of compute manifest {link.number}, and {number} is in force"
            return


def _known_schema(table: str, columns: Sequence[str] | None) -> pl.Schema:
    if table not in TABLES:
        raise UsageError(
            f"no table {table!r} in compute.db; there are {', '.join(TABLES)}", code="no-such-table"
        )
    unknown = [name for name in columns or () if name not in TABLES[table]]
    if unknown:
        raise UsageError(
            f"{table} has no column {', '.join(unknown)}; see model.result_schema",
            code="no-such-column",
        )
    return TABLES[table]


def _naive(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.astimezone(dt.UTC).replace(tzinfo=None)
