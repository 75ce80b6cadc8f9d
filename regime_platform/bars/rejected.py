"""Rejected rows on disk: what the last promotion kept out, row by row, with rule and reason."""

import polars as pl

from regime_platform.bars.layout import SymbolPaths
from regime_platform.bars.parquet import decode
from regime_platform.validation.series_rules import GATE_SCHEMA

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
