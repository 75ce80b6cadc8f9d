"""Verifies a compute.db before anything read from it is returned.

DuckDB compares the checksum of every block that it reads, which detects flipped bits. It does not
read the blocks that a query needs not, and it accepts any value that DuckDB itself wrote. Hence
every row is hashed again and compared with the digests stored with the results, and these with the
compute manifest. A verified file is remembered until it changes (`bar_store.proven`).
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
from pydantic import ValidationError

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import read_compute_manifest
from regime_platform.bar_store.proven import FileStamp, ProvenFile, is_proven, remember, stamp_of
from regime_platform.compute_db.connection import write_ahead_log
from regime_platform.compute_db.content import LATEST
from regime_platform.compute_db.rehash import content_differences, hash_rows, table_differences
from regime_platform.errors import BarsError, ResultsError, remedy_of
from regime_platform.manifests.lineage import Lineage
from regime_platform.manifests.manifest import FileStat

#: The errors of reading a damaged file.
UNREADABLE = (duckdb.Error, pa.ArrowException, pl.exceptions.PolarsError, ValidationError)
_DEFECTS = (*UNREADABLE, ValueError, KeyError, TypeError, IndexError, AttributeError)


def is_file_proven(path: Path) -> bool:
    """True where the file was verified and has not changed since."""
    paths = SymbolPaths(path.parent)
    return is_proven(paths, path.name) and not write_ahead_log(path).exists()


def file_stat(path: Path) -> FileStat:
    """Size and time of a compute.db, by which its manifest recognises it without opening it."""
    stat = path.stat()
    return FileStat(bytes=stat.st_size, mtime_ns=stat.st_mtime_ns)


def require_proven(
    path: Path, connection: duckdb.DuckDBPyConnection, opened: FileStamp | None
) -> None:
    """Refuses a file whose rows are not those that were written.

    Args:
        path: the compute.db.
        connection: of it.
        opened: size and time of the file before it was opened.

    Raises:
        ResultsError: a row, a digest or a definition is not what was written; names it.
    """
    if is_file_proven(path):
        return
    try:
        reasons = [*table_differences(connection)]
        reasons = reasons or [*_changed(path, connection)]
    except _DEFECTS as error:
        raise damaged(path, first_line(error)) from error
    if reasons:
        raise damaged(path, "; ".join(reasons))
    # the file may have been replaced or updated before it was opened
    if opened is not None and stamp_of(path) == opened:
        mark_proven(path)


def mark_proven(path: Path) -> None:
    """Remembers a file that was just verified, or written by this process."""
    stamp = stamp_of(path)
    if stamp is not None and not write_ahead_log(path).exists():
        remember(SymbolPaths(path.parent), {path.name: ProvenFile(stamp)})


def damaged(path: Path, reason: str) -> ResultsError:
    """The error for a compute.db that is not what was written."""
    return ResultsError(
        f"{path} is damaged ({reason}); {remedy_of(path.parent.name)}", code="results-damaged"
    )


def first_line(error: Exception) -> str:
    """The first line of an error; some libraries add pages."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _changed(path: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    stored = connection.execute("SELECT lineage FROM schema_version").fetchall()
    lineage = Lineage.model_validate_json(stored[0][0])
    yield from content_differences(hash_rows(connection), lineage)
    yield from _unlike_manifest(SymbolPaths(path.parent), connection, lineage)


def _unlike_manifest(
    paths: SymbolPaths, connection: duckdb.DuckDBPyConnection, lineage: Lineage
) -> Iterator[str]:
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
    rows = connection.execute(f"SELECT DISTINCT symbol FROM {LATEST}").fetchall()  # noqa: S608
    is_of_symbol = {symbol for (symbol,) in rows} <= {facts.symbol}
    is_same_recipe = facts.recipe == lineage.recipe
    if is_same_recipe and is_of_symbol:
        yield "its rows are not those that the compute manifest names"
    elif not is_same_recipe and not is_of_symbol:
        yield f"its rows are not those of {facts.symbol}"
