"""Rejected rows on disk: what the last promotion kept out, row by row, with rule and reason."""

from hashlib import sha256

import polars as pl

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.parquet import decode, encode
from regime_platform.errors import BarsError
from regime_platform.files import write_bytes
from regime_platform.model.promoted_bars import FileFacts
from regime_platform.validation.rules.series import GATE_SCHEMA

_WORDS = ("disposition", "rule", "reason")


def read_rejected(paths: SymbolPaths, timeframe: str) -> pl.DataFrame:
    """``GATE_SCHEMA`` with ``disposition``, ``rule`` and ``reason``; empty where all rows passed.

    Raises:
        BarsError: the file is damaged; names it.
    """
    path = paths.rejected(timeframe)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return pl.DataFrame(schema={**GATE_SCHEMA, **dict.fromkeys(_WORDS, pl.String)})
    return decode(data, str(path))[0]


def write_rejected(
    paths: SymbolPaths, timeframe: str, rows: pl.DataFrame, before: FileFacts | None
) -> FileFacts | None:
    """Writes the rows in place of those of the last promotion; hold the lock.

    Returns:
        What a verdict seals them by; None where there are none. A file that ``before`` seals and
        that has these rows stays, so that another release of the writer changes no verdict.
    """
    target = paths.rejected(timeframe)
    if rows.is_empty():
        target.unlink(missing_ok=True)
        return None
    if before is not None and _has(paths, timeframe, rows, before):
        return before
    data = encode(rows, {"timeframe": timeframe})
    write_bytes(target, data)
    return FileFacts(
        name=target.name, rows=rows.height, bytes=len(data), sha256=sha256(data).hexdigest()
    )


def why_not_sealed(paths: SymbolPaths, timeframe: str, sealed: FileFacts | None) -> str:
    """How the file differs from what its verdict sealed; empty where it does not."""
    try:
        data = paths.rejected(timeframe).read_bytes()
    except FileNotFoundError:
        return "" if sealed is None else "the file is gone"
    if sealed is None:
        return "the verdict names no rejected rows"
    return "" if sha256(data).hexdigest() == sealed.sha256 else "its bytes are not those written"


def _has(paths: SymbolPaths, timeframe: str, rows: pl.DataFrame, sealed: FileFacts) -> bool:
    try:
        is_sealed = not why_not_sealed(paths, timeframe, sealed)
        return is_sealed and read_rejected(paths, timeframe).equals(rows)
    except BarsError:
        return False
