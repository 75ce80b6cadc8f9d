"""Bars that somebody names to be evaluated: a file of any making, or bars of version 1."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from regime_platform.errors import BarsError, UsageError
from regime_platform.legacy.readers.series import is_old_file, is_old_folder, read_old_series
from regime_platform.legacy.readers.source import known_timeframe
from regime_platform.model.universe.universe import Universe
from regime_platform.sources.files.source import read_bars_file


@dataclass(frozen=True)
class OfferedBars:
    """Bars in ``BAR_SCHEMA``, and of an older version how they were understood."""

    bars: pl.DataFrame
    read_as: str = ""


def offered_bars(place: Path, symbol: str, timeframe: str, universe: Universe) -> OfferedBars:
    """The bars of a CSV or Parquet file, or of a folder of day files of version 1.

    Naive times are UTC, but for those of version 1, which are in the zone of the symbol's class.

    Raises:
        BarsError: the bars cannot be understood, or are of a version that is not known here.
        UsageError: the folder is one of another timeframe.
    """
    if place.is_dir():
        _require_series(place, timeframe)
    elif place.suffix != ".parquet" or not place.is_file() or not is_old_file(place):
        return OfferedBars(read_bars_file(place))
    known = {instrument.symbol: instrument.asset_class for instrument in universe.instruments}
    old = read_old_series([place], symbol, timeframe, known.get(symbol))
    return OfferedBars(old.bars, old.read_as)


def _require_series(folder: Path, timeframe: str) -> None:
    if known_timeframe(folder.name) not in {None, timeframe}:
        raise UsageError(f"{folder} is a folder of {folder.name} bars, asked for are {timeframe}")
    if not is_old_folder(folder):
        raise BarsError(
            f"{folder} has no bars of version 1, neither itself nor in a folder per day; "
            "name a file of bars, or the folder of one series"
        )
