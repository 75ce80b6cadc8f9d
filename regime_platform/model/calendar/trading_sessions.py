"""The sessions of each calendar: from when to when a market is open, by trading date.

A calendar is a frame of ``date``, ``opens`` and ``closes`` (UTC), ascending and without overlap.
``model.calendar.trading_hours`` derives the expected bars from it. Before 1927 and after 2049 no
session is known.
"""

import datetime as dt
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import polars as pl

from regime_platform.model.asset_classes import ALWAYS, FX, NEW_YORK, XNYS

FIRST_DATE = dt.date(1927, 1, 1)
LAST_DATE = dt.date(2049, 12, 31)

#: Closures that a release of exchange_calendars may not have: they are announced days before.
UNPLANNED_CLOSURES: Mapping[str, tuple[dt.date, ...]] = MappingProxyType(
    {
        XNYS: (
            dt.date(2012, 10, 29),  # hurricane
            dt.date(2012, 10, 30),
            dt.date(2018, 12, 5),  # national day of mourning
            dt.date(2025, 1, 9),  # national day of mourning
        ),
        FX: (),
        ALWAYS: (),
    }
)

#: Trading dates (month, day) with few quotes: bars exist for some of their hours only, so none is
#: missing and none is odd.
THIN_DATES = ((12, 25), (1, 1))
_FX_DAY_ENDS = dt.time(17, 0)  # New York


def sessions(calendar: str) -> pl.DataFrame:
    """Every session that must have bars: date, opens, closes."""
    return _SESSIONS[calendar]()


def tolerated_sessions(calendar: str) -> pl.DataFrame:
    """Every session that may have bars: those that must, and the thin dates."""
    return _fx_weekdays() if calendar == FX else sessions(calendar)


@cache
def _xnys() -> pl.DataFrame:
    from exchange_calendars import get_calendar  # noqa: PLC0415 - brings pandas, half a second

    schedule = get_calendar(XNYS, start=str(FIRST_DATE), end=str(LAST_DATE)).schedule
    instants = {
        "date": schedule.index.to_numpy(),
        "opens": schedule["open"].dt.tz_localize(None).to_numpy(),
        "closes": schedule["close"].dt.tz_localize(None).to_numpy(),
    }
    utc = pl.Datetime("us", "UTC")
    return (
        pl.DataFrame(instants)
        .select(pl.col("date").cast(pl.Date), pl.col("opens", "closes").cast(utc))
        .filter(~pl.col("date").is_in(UNPLANNED_CLOSURES[XNYS]))
    )


@cache
def _fx() -> pl.DataFrame:
    month_day = pl.col("date").dt.month().cast(pl.Int32) * 100 + pl.col("date").dt.day()
    thin = [100 * month + day for month, day in THIN_DATES]
    closed = month_day.is_in(thin) | pl.col("date").is_in(UNPLANNED_CLOSURES[FX])
    return _fx_weekdays().filter(~closed)


@cache
def _fx_weekdays() -> pl.DataFrame:
    ends = pl.col("date").dt.combine(_FX_DAY_ENDS)
    return (
        _dates()
        .filter(pl.col("date").dt.weekday() <= 5)
        .select("date", opens=_from_new_york(ends.dt.offset_by("-1d")), closes=_from_new_york(ends))
    )


@cache
def _always() -> pl.DataFrame:
    midnight = pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return _dates().select("date", opens=midnight, closes=midnight.dt.offset_by("1d"))


def _dates() -> pl.DataFrame:
    return pl.select(date=pl.date_range(FIRST_DATE, LAST_DATE))


def _from_new_york(local: pl.Expr) -> pl.Expr:
    return local.dt.replace_time_zone(NEW_YORK).dt.convert_time_zone("UTC")


_SESSIONS = MappingProxyType({XNYS: _xnys, FX: _fx, ALWAYS: _always})
