"""Checks of a compute.db file before its rows are read: version, size, and stored tables."""

from pathlib import Path

import duckdb

from regime_platform.compute_db.connection import FileInUseError, attached
from regime_platform.compute_db.proof import damaged, first_line
from regime_platform.errors import NewerResultsError, OlderResultsError, ResultsError
from regime_platform.model.result_schema import (
    RESULT_SCHEMA_DIGEST,
    RESULT_SCHEMA_VERSION,
    TABLES,
)

_SQLITE = b"SQLite format 3\x00"
_HEADERS = 3 * 4096  # bytes of a DuckDB file before its blocks


def is_sqlite(path: Path) -> bool:
    """True of the SQLite file of the legacy engine.

    Raises:
        ResultsError: there is no file.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except FileNotFoundError as error:
        raise ResultsError(
            f"{path} does not exist; `regime run {_symbol(path)}` makes it", code="no-results"
        ) from error
    except OSError as error:
        raise damaged(path, f"it cannot be read: {error.strerror}") from error


def require_current(path: Path) -> None:
    """Refuses the file of the legacy engine, without opening it as a database.

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
    """Refuses a file with a view in place of a table; for files of unknown origin.

    A query of a view can read other files, a query of a table cannot.

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
    except (FileInUseError, duckdb.Error) as error:
        raise ResultsError(
            f"{path.name} cannot be read ({first_line(error)})", code="results-damaged"
        ) from error
    lacking = [name for name in (*TABLES, "schema_version", "content_blocks") if name not in stored]
    if lacking:
        raise ResultsError(f"{path.name} has no table {', '.join(lacking)}", code="results-damaged")


def require_version(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Refuses a file of another schema, and one shorter than its own block count.

    DuckDB opens a truncated file without an error as long as nothing beyond its end is read. Free
    blocks do not count: DuckDB itself truncates those at the end of a file.

    Raises:
        NewerResultsError, OlderResultsError, ResultsError: names both versions and the remedy.
    """
    ((block, count),) = connection.execute(
        "SELECT block_size, used_blocks FROM pragma_database_size() "
        "WHERE database_name = current_database()"
    ).fetchall()
    in_use, size = _HEADERS + block * count, path.stat().st_size
    if size < in_use:
        raise damaged(path, f"truncated to {size:,} bytes, {in_use:,} are in use")
    rows = connection.execute("SELECT version, definition FROM schema_version").fetchall()
    if rows and rows[0][0] > RESULT_SCHEMA_VERSION:
        raise NewerResultsError(
            f"{path} has version {rows[0][0]}, expected version {RESULT_SCHEMA_VERSION}: it was "
            "written by a later release; use that one, or move the file away to compute it again"
        )
    if rows != [(RESULT_SCHEMA_VERSION, RESULT_SCHEMA_DIGEST)]:
        stated = f"version {rows[0][0]} ({str(rows[0][1])[:12]})" if rows else "no version"
        is_older = rows and rows[0][0] < RESULT_SCHEMA_VERSION
        raise (OlderResultsError if is_older else ResultsError)(
            f"{path} has {stated}, expected version {RESULT_SCHEMA_VERSION} "
            f"({RESULT_SCHEMA_DIGEST[:12]}); recompute it with "
            f"`regime compute --force {_symbol(path)}`",
            code="older-results" if is_older else "results-version",
        )


def _symbol(path: Path) -> str:
    return path.parent.name  # the folder has the name of the symbol
