"""Coarser bars from finer ones, as the sample data needs them: the rule of each label.

The first open, the highest high, the lowest low, the last close and the sum of the volumes make a
bar; a label without any finer bar makes none. Vendors serve their own coarser bars, so nothing
outside the sample data calls this.
"""

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA

_NEW_YORK = "America/New_York"
_SESSION_OPEN_MINUTE = 9 * 60 + 30


def clock_bars(bars: pl.DataFrame, every: str) -> pl.DataFrame:
    """Bars anchored on the UTC clock: 4h opens at 00, 04, 08, 12, 16 and 20."""
    return _grouped(bars, pl.col("ts").dt.truncate(every))


def session_bars(bars: pl.DataFrame, minutes: int) -> pl.DataFrame:
    """Bars anchored at 09:30 New York; the last of a session is as short as the session leaves."""
    local = pl.col("ts").dt.convert_time_zone(_NEW_YORK).dt
    minute = local.hour().cast(pl.Int32) * 60 + local.minute()
    into_the_bar = (minute - _SESSION_OPEN_MINUTE) % minutes
    return _grouped(bars, pl.col("ts") - pl.duration(minutes=into_the_bar))


def session_days(bars: pl.DataFrame) -> pl.DataFrame:
    """One bar per New York date, labelled by that date."""
    return _grouped(bars, _midnight(pl.col("ts").dt.convert_time_zone(_NEW_YORK).dt.date()))


def fx_days(bars: pl.DataFrame) -> pl.DataFrame:
    """One bar from 17:00 to 17:00 New York, labelled by the date on which it ends.

    Sunday evening therefore belongs to Monday.
    """
    local = pl.col("ts").dt.convert_time_zone(_NEW_YORK).dt.replace_time_zone(None)
    return _grouped(bars, _midnight(local.dt.offset_by("7h").dt.date()))


def weeks(days: pl.DataFrame) -> pl.DataFrame:
    """One bar per ISO week of daily bars, labelled by its Monday even where that was a holiday."""
    return _grouped(days, pl.col("ts").dt.truncate("1w"))


def _midnight(date: pl.Expr) -> pl.Expr:
    return date.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _grouped(bars: pl.DataFrame, label: pl.Expr) -> pl.DataFrame:
    return (
        bars.group_by(label.alias("ts"), maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in BAR_SCHEMA.items())
    )
