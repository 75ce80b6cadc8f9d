"""Reads compute.db: opened read-only, read, let go of at once, so that it can be updated.

Its rows are proven before any of them is given out: see `proof`. A file of another schema version
is refused by name; the SQLite file of the engine this platform replaces is version 1, and
`previous` reads it for those who only ask.
"""

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from regime_platform.bar_store.proven import stamp_of
from regime_platform.compute_db.connection import TakenError, attached
from regime_platform.compute_db.content import read_content
from regime_platform.compute_db.ordering import KEY, ordered
from regime_platform.compute_db.plain import plain_rows
from regime_platform.compute_db.proof import (
    UNREADABLE,
    damaged,
    first_line,
    is_known,
    require_proven,
)
from regime_platform.errors import (
    NewerResultsError,
    OlderResultsError,
    ResultsError,
    UsageError,
    remedy_of,
)
from regime_platform.model.digests import Blocks
from regime_platform.model.result_schema import (
    RESULT_SCHEMA_DIGEST,
    RESULT_SCHEMA_VERSION,
    TABLES,
)

_SQLITE = b"SQLite format 3\x00"
_HEADERS = 3 * 4096  # bytes of a DuckDB file before its blocks


@dataclass(frozen=True)
class Reader:
    """A compute.db that is open for reading; see `reading`."""

    connection: duckdb.DuckDBPyConnection
    read_as: str = ""  # of a file of an older version: that it is one, and how it was understood

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

        Args:
            table: the name of the table.
            timeframe: only this one.
            start: first open wanted (aware).
            end: the open before which to stop (aware).
            columns: a selection, in the given order; all by default.
            last: only so many rows from the end; needs ``timeframe``.

        Raises:
            UsageError: there is no such table or column, or ``last`` comes without ``timeframe``.
        """
        schema = _known_schema(table, columns)
        if last is not None and timeframe is None:
            raise UsageError(f"the last {last} rows of {table} of which timeframe?")
        wanted = tuple(schema) if columns is None else tuple(columns)
        told = {"timeframe = ?": timeframe, "ts >= ?": _naive(start), "ts < ?": _naive(end)}
        narrowed = {clause: value for clause, value in told.items() if value is not None}
        where = f"WHERE {' AND '.join(narrowed)}" if narrowed else ""
        # updates add rows at the end: those of one timeframe lie in order, those of all do not
        read = (*KEY, *(name for name in wanted if name not in KEY))
        listed = ", ".join(f'"{name}"' for name in read)
        tail = f" ORDER BY ts DESC LIMIT {int(last)}" if last is not None else ""
        query = f'SELECT {listed} FROM "{table}" {where}{tail}'  # noqa: S608 - own names
        rows = typed_rows(self.connection.sql(query, params=list(narrowed.values())), schema)
        return ordered(rows).select(wanted)

    def plain(self, table: str, timeframe: str, *columns: str) -> pl.DataFrame:
        """Columns of all rows of one timeframe, with numbers for words and instants (us)."""
        return plain_rows(
            self.connection, table, "timeframe = ?", [timeframe], (*KEY, *columns)
        ).select(columns)

    def lineage(self) -> dict[str, Any]:
        """What the results were made from, as given to ``store.build``."""
        rows = self.connection.execute("SELECT lineage FROM schema_version").fetchall()
        lineage: dict[str, Any] = json.loads(rows[0][0])
        return lineage

    def blocks(self) -> dict[tuple[str, str], Blocks]:
        """Block digests of the tables and of the bars used, by (table or "bars", timeframe)."""
        return read_content(self.connection)


@contextmanager
def reading(path: Path, *, prove: bool = True) -> Iterator[Reader]:
    """Opens a compute.db for several questions to the same state of it.

    Args:
        path: the file.
        prove: prove every row first, where that was not done since the file last changed; without
            it for who proves the rows himself.

    Raises:
        ResultsError: the file is missing, damaged, of another version, or being written for long.
    """
    require_current(path)
    opened = stamp_of(path)
    try:
        with attached(path, read_only=True) as connection:
            require_version(path, connection)
            if prove:
                require_proven(path, connection, opened)
            yield Reader(connection)
    except TakenError as error:
        raise ResultsError(f"{path} is being written: {error}; try again in a moment") from error
    except UNREADABLE as error:
        raise damaged(path, first_line(error)) from error


def require_proven_file(path: Path) -> None:
    """Proves a compute.db, where that was not done since the file last changed.

    Raises:
        ResultsError: see `reading`.
    """
    if not is_known(path):
        with reading(path):
            pass


def read_table(path: Path, table: str, **narrowed: Any) -> pl.DataFrame:
    """One table of one file, by itself; ``narrowed`` as in `Reader.table`.

    Raises:
        ResultsError: see `reading`.
        UsageError: see `Reader.table`.
    """
    with reading(path) as reader:
        return reader.table(table, **narrowed)


def read_lineage(path: Path) -> dict[str, Any]:
    """The lineage of one file, by itself.

    Raises:
        ResultsError: see `reading`.
    """
    with reading(path) as reader:
        return reader.lineage()


def typed_rows(found: duckdb.DuckDBPyRelation, schema: pl.Schema) -> pl.DataFrame:
    """The rows of a query with the types of ``schema``."""
    frame = pl.DataFrame(found.to_arrow_table())
    others = {name: schema[name] for name, dtype in frame.schema.items() if dtype != schema[name]}
    return frame.with_columns(_as_typed(name, dtype) for name, dtype in others.items())


def _known_schema(table: str, columns: Sequence[str] | None) -> pl.Schema:
    if table not in TABLES:
        raise UsageError(f"no table {table!r} in compute.db; there are {', '.join(TABLES)}")
    unknown = [name for name in columns or () if name not in TABLES[table]]
    if unknown:
        raise UsageError(f"{table} has no column {', '.join(unknown)}; see model.result_schema")
    return TABLES[table]


def is_sqlite(path: Path) -> bool:
    """True of the SQLite file of the engine this platform replaces.

    Raises:
        ResultsError: there is no file.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except FileNotFoundError as error:
        raise ResultsError(
            f"{path} does not exist; `regime run {_symbol(path)}` makes it"
        ) from error
    except OSError as error:
        raise damaged(path, f"it cannot be read: {error.strerror}") from error


def require_current(path: Path) -> None:
    """Refuses the file of the engine before this one, without opening it as a database.

    Raises:
        OlderResultsError: it is one.
        ResultsError: there is no file.
    """
    if is_sqlite(path):
        raise OlderResultsError(
            f"{path} is a SQLite file of version 1, expected version {RESULT_SCHEMA_VERSION}; "
            f"`regime run {_symbol(path)}` replaces it by results of its bars (those of an old "
            "store come in by `regime migrate`); state, history and export read it as it is"
        )


def require_stored_tables(path: Path) -> None:
    """Refuses a file in which a view stands for a table; for files from elsewhere.

    What a view reads, other files included, is read when it is asked; rows of a table just are.

    Raises:
        ResultsError: the file is missing, damaged, or lacks a table.
    """
    require_current(path)
    try:
        with attached(path, read_only=True) as connection:
            query = (
                "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
            )
            stored = {name for (name,) in connection.execute(query).fetchall()}
    except (TakenError, duckdb.Error) as error:
        raise ResultsError(f"{path.name} cannot be read ({first_line(error)})") from error
    lacking = [name for name in (*TABLES, "schema_version", "content_blocks") if name not in stored]
    if lacking:
        raise ResultsError(f"{path.name} has no table {', '.join(lacking)}")


def require_version(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Refuses a file of another schema, and one that is shorter than it says of itself.

    DuckDB opens a truncated file without an error as long as nothing beyond its end is read. Free
    blocks do not count: at the end of a file DuckDB cuts them off itself.

    Raises:
        NewerResultsError, OlderResultsError, ResultsError: names both versions and the remedy.
    """
    ((block, count),) = connection.execute(
        "SELECT block_size, used_blocks FROM pragma_database_size() "
        "WHERE database_name = current_database()"
    ).fetchall()
    in_use, size = _HEADERS + block * count, path.stat().st_size
    if size < in_use:
        reason = f"truncated to {size:,} bytes, {in_use:,} are in use"
        raise ResultsError(f"{path} is damaged ({reason}); {remedy_of(_symbol(path))}")
    rows = connection.execute("SELECT version, definition FROM schema_version").fetchall()
    if rows and rows[0][0] > RESULT_SCHEMA_VERSION:
        raise NewerResultsError(
            f"{path} has version {rows[0][0]}, expected version {RESULT_SCHEMA_VERSION}: it was "
            "written by a later release; use that one, or move the file away to compute it anew"
        )
    if rows != [(RESULT_SCHEMA_VERSION, RESULT_SCHEMA_DIGEST)]:
        found = f"version {rows[0][0]} ({str(rows[0][1])[:12]})" if rows else "no version"
        is_older = rows and rows[0][0] < RESULT_SCHEMA_VERSION
        raise (OlderResultsError if is_older else ResultsError)(
            f"{path} has {found}, expected version {RESULT_SCHEMA_VERSION} "
            f"({RESULT_SCHEMA_DIGEST[:12]}); {_anew(path)}"
        )


def _anew(path: Path) -> str:
    return f"recompute it with `regime compute --force {_symbol(path)}`"


def _symbol(path: Path) -> str:
    return path.parent.name  # every symbol has its results in a folder of its name


def _as_typed(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return column.cast(dtype)


def _naive(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.astimezone(dt.UTC).replace(tzinfo=None)
