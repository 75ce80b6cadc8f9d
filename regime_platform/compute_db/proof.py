"""Proves a compute.db before anything read from it is given out.

DuckDB has a checksum for each of its blocks and compares it whenever it reads the block, so that no
flipped bit passes for a number. It does not look at blocks that a query leaves out, and it accepts
any value that was written by DuckDB itself. Hence every row is hashed again and compared with the
digests that were stored with the results, and these with the compute manifest; what was proven is
remembered while the file stays the same (`bar_store.proven`).
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import read_manifest
from regime_platform.bar_store.proven import FileStamp, ProvenFile, is_proven, remember, stamp_of
from regime_platform.compute_db.connection import log_beside
from regime_platform.compute_db.content import LATEST
from regime_platform.compute_db.rehash import differences, rehashed, strange_tables
from regime_platform.errors import BarsError, ResultsError, remedy_of

#: What reading rows of a damaged file raises.
UNREADABLE = (duckdb.Error, pa.ArrowException, pl.exceptions.PolarsError)
_DEFECTS = (*UNREADABLE, ValueError, KeyError, TypeError, IndexError, AttributeError)


def is_known(path: Path) -> bool:
    """True where the file was proven and is the same since."""
    paths = SymbolPaths(path.parent)
    return is_proven(paths, path.name) and not log_beside(path).exists()


def require_proven(
    path: Path, connection: duckdb.DuckDBPyConnection, opened: FileStamp | None
) -> None:
    """Refuses a file whose rows are not those that were written.

    Args:
        path: the compute.db.
        connection: of it.
        opened: the file as it was before it was opened.

    Raises:
        ResultsError: a row, a digest or a definition is not what was written; names it.
    """
    if is_known(path):
        return
    try:
        reasons = [*strange_tables(connection)]
        reasons = reasons or [*_changed(path, connection)]
    except _DEFECTS as error:
        raise damaged(path, first_line(error)) from error
    if reasons:
        raise damaged(path, "; ".join(reasons))
    # another file may have taken its place, or new rows been added, before it was opened
    if opened is not None and stamp_of(path) == opened:
        mark_proven(path)


def mark_proven(path: Path) -> None:
    """Remembers a file that was just proven, or written by its only writer."""
    found = stamp_of(path)
    if found is not None and not log_beside(path).exists():
        remember(SymbolPaths(path.parent), {path.name: ProvenFile(found)})


def damaged(path: Path, reason: str) -> ResultsError:
    """The error for a compute.db that is not what was written."""
    return ResultsError(f"{path} is damaged ({reason}); {remedy_of(path.parent.name)}")


def first_line(error: Exception) -> str:
    """What an error states, without the pages that some libraries add."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _changed(path: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    stored = connection.execute("SELECT lineage FROM schema_version").fetchall()
    lineage = json.loads(stored[0][0])
    yield from differences(rehashed(connection), lineage)
    yield from _unlike_manifest(SymbolPaths(path.parent), connection, lineage)


def _unlike_manifest(
    paths: SymbolPaths, connection: duckdb.DuckDBPyConnection, lineage: Mapping[str, Any]
) -> Iterator[str]:
    """How results differ from their manifest where no unfinished run or rename explains it.

    A run replaces results before their manifest: then the recipe is another one. A rename does so,
    too, and changes the symbol alone.
    """
    try:
        document = read_manifest(paths.compute_manifest)
    except BarsError:
        return  # the rows are those that the file itself names; the manifest is another's question
    if document is None or document["manifest"]["tables"] == lineage["tables"]:
        return
    told = document["manifest"]
    rows = connection.execute(f"SELECT DISTINCT symbol FROM {LATEST}").fetchall()  # noqa: S608
    is_of_symbol = {symbol for (symbol,) in rows} <= {told["symbol"]}
    is_same_recipe = told["recipe"] == lineage["recipe"]
    if is_same_recipe and is_of_symbol:
        yield "its rows are not those that the compute manifest names"
    elif not is_same_recipe and not is_of_symbol:
        yield f"its rows are not those of {told['symbol']}"
