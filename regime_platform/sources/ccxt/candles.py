"""Candles as the library returns them: their form, their bars and what their labels mean."""

import datetime as dt
from collections.abc import Sequence

import polars as pl

from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA
from regime_platform.model.timeframes import DURATION

#: The library's names of the timeframes.
NAMES = {"15min": "15m", "1h": "1h", "4h": "4h", "1day": "1d", "1week": "1w"}
#: Open time in milliseconds, open, high, low, close, volume; a number that is none is None.
Row = Sequence[float | None]
_MONDAY = dt.datetime(1970, 1, 5, tzinfo=dt.UTC)
_NO_TIME = 10**14  # milliseconds, thousands of years ahead
_WIDTH = len(BAR_COLUMNS)


def is_candle(row: object) -> bool:
    """True for a row with an open time and five numbers, of which some may be missing."""
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) < _WIDTH:
        return False
    opened_at, *numbers = row[:_WIDTH]
    is_time = isinstance(opened_at, float | int) and 0 <= opened_at < _NO_TIME
    return is_time and all(number is None or isinstance(number, float | int) for number in numbers)


def bars_of(rows: Sequence[Row]) -> pl.DataFrame:
    """The bars of candles, in ``BAR_SCHEMA``, oldest first, equal opens kept."""
    columns = zip(*(row[:_WIDTH] for row in rows), strict=True) if rows else ((),) * _WIDTH
    opens, *numbers = columns
    moments = pl.Series("ts", map(int, opens), pl.Int64).cast(pl.Datetime("ms", "UTC"))
    values = (
        pl.Series(name, column, pl.Float64, strict=False)
        for name, column in zip(BAR_COLUMNS[1:], numbers, strict=True)
    )
    return pl.DataFrame([moments.cast(BAR_SCHEMA["ts"]), *values]).sort("ts", maintain_order=True)


def other_labels(opens: pl.Series, timeframe: str) -> str:
    """Why labels are not those of this timeframe; empty where some are, or there is none.

    Bars are labelled by their open in UTC, weeks by their Monday.
    """
    length = DURATION[timeframe]
    offsets = (opens - _MONDAY).dt.total_microseconds() % (length // dt.timedelta(microseconds=1))
    if opens.is_empty() or (offsets == 0).any():
        return ""
    expected = "Mondays" if timeframe == "1week" else f"multiples of {timeframe} from midnight"
    label: dt.datetime = opens[0]
    return (
        f"labels its {timeframe} candles otherwise than by {expected} in UTC ({label:%a %F %H:%M})"
    )
