"""Rejected rows on disk: the rows that the last promotion rejected, with rule and reason."""

from hashlib import sha256

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.parquet import decode, encode
from regime_platform.errors import BarsError
from regime_platform.files import write_bytes
from regime_platform.model.promoted_bars import StoredFile
from regime_platform.validation.rules.series import GATE_SCHEMA

_REASONS = ("disposition", "rule", "reason")


def read_rejected(paths: SymbolPaths, timeframe: str) -> pl.DataFrame:
    """``GATE_SCHEMA`` with ``disposition``, ``rule`` and ``reason``; empty where all rows passed.

    Raises:
        BarsError: the file is damaged; names it.
    """
    path = paths.rejected(timeframe)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return pl.DataFrame(schema={**GATE_SCHEMA, **dict.fromkeys(_REASONS, pl.String)})
    return decode(data, str(path))[0]


def write_rejected(
    paths: SymbolPaths, timeframe: str, rows: pl.DataFrame, before: StoredFile | None
) -> StoredFile | None:
    """Writes the rows in place of those of the last promotion; hold the lock.

    Returns:
        The file as a verdict records it; None where there are no rows. A file that ``before``
        records and that has these rows stays, so that another release of the Parquet writer
        changes no verdict.
    """
    target = paths.rejected(timeframe)
    if rows.is_empty():
        target.unlink(missing_ok=True)
        return None
    if before is not None and _has(paths, timeframe, rows, before):
        return before
    data = encode(rows, {"timeframe": timeframe})
    write_bytes(target, data)
    return StoredFile(
        name=target.name, rows=rows.height, bytes=len(data), sha256=sha256(data).hexdigest()
    )


def rejected_fault(paths: SymbolPaths, timeframe: str, recorded: StoredFile | None) -> str:
    """How the file differs from its digest in the verdict; empty where it does not."""
    try:
        data = paths.rejected(timeframe).read_bytes()
    except FileNotFoundError:
        return "" if recorded is None else "the file is gone"
    if recorded is None:
        return "the verdict names no rejected rows"
    return "" if sha256(data).hexdigest() == recorded.sha256 else "its bytes are not those written"


def _has(paths: SymbolPaths, timeframe: str, rows: pl.DataFrame, recorded: StoredFile) -> bool:
    try:
        is_unchanged = not rejected_fault(paths, timeframe, recorded)
        return is_unchanged and read_rejected(paths, timeframe).equals(rows)
    except BarsError:
        return False
