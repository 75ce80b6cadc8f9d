"""Reads the bars of an evaluation: a CSV or Parquet file, or bars of version 1."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from regime_platform.errors import BarsError, UsageError
from regime_platform.legacy.readers.series import (
    is_legacy_file,
    is_legacy_folder,
    read_legacy_series,
)
from regime_platform.legacy.readers.source import known_timeframe
from regime_platform.model.universe.universe import Universe
from regime_platform.sources.files.source import read_bars_file


@dataclass(frozen=True)
class InputBars:
    """Bars in ``BAR_SCHEMA``, and how those of an older version were read."""

    bars: pl.DataFrame
    read_as: str = ""


def read_input_bars(path: Path, symbol: str, timeframe: str, universe: Universe) -> InputBars:
    """The bars of a CSV or Parquet file, or of a folder of day files of version 1.

    Naive times are UTC; those of version 1 are in the time zone of the symbol's asset class.

    Raises:
        BarsError: the bars cannot be read, or are of an unknown version.
        UsageError: the folder has bars of another timeframe.
    """
    if path.is_dir():
        _require_series(path, timeframe)
    elif path.suffix != ".parquet" or not path.is_file() or not is_legacy_file(path):
        return InputBars(read_bars_file(path))
    known = {instrument.symbol: instrument.asset_class for instrument in universe.instruments}
    old = read_legacy_series([path], symbol, timeframe, known.get(symbol))
    return InputBars(old.bars, old.read_as)


def _require_series(folder: Path, timeframe: str) -> None:
    if known_timeframe(folder.name) not in {None, timeframe}:
        raise UsageError(
            f"{folder} is a folder of {folder.name} bars, asked for are {timeframe}",
            code="other-timeframe",
        )
    if not is_legacy_folder(folder):
        raise BarsError(
            f"{folder} has no bars of version 1, neither itself nor in a folder per day; "
            "name a file of bars, or the folder of one series",
            code="no-version-1-bars",
        )
