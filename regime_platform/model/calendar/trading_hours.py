"""When markets are open, and when bars must exist, by class and timeframe.

A calendar is a frame of ``date``, ``opens`` and ``closes`` (UTC), ascending and without overlap.
Intraday bars of exchanges are anchored at the session's open and the last one is as short as the
session leaves it (1h of US stocks: 09:30 to 15:30 New York, 4h: 09:30 and 13:30); those of markets
that trade around the clock are anchored on the UTC clock, so that the 4h bar in which a currency's
week begins opens an hour or two before the market does. A source may anchor otherwise: ``anchors``
lists the possible anchors, the usual one first.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.asset_classes import ALWAYS, ASSET_CLASSES, FX, NEW_YORK, XNYS
from regime_platform.model.timeframes import DURATION, is_intraday

SESSION = "session"
CLOCK = "clock"
#: Closures that a release of exchange_calendars may not have: they are announced days before.
UNPLANNED_CLOSURES: Mapping[str, tuple[dt.date, ...]] = {
    XNYS: (
        dt.date(2012, 10, 29),  # hurricane
        dt.date(2012, 10, 30),
        dt.date(2018, 12, 5),  # national day of mourning
        dt.date(2025, 1, 9),  # national day of mourning
    ),
    FX: (),
    ALWAYS: (),
}
#: Trading dates (month, day) of currencies with few quotes: bars exist for some of their hours
#: only, so none is missing and none is odd.
_THIN_DATES = ((12, 25), (1, 1))
_FX_DAY_ENDS = dt.time(17, 0)  # New York
_FIRST_DATE, _LAST_DATE = dt.date(1927, 1, 1), dt.date(2049, 12, 31)
_UTC = pl.Datetime("us", "UTC")
_EPOCH, _MICROSECOND = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(microseconds=1)
_WEEKDAYS = "FX with thin dates"  # the sessions of FX that may have bars
#: Years of expected bars that are computed at once and cached for all symbols of a class.
_YEARS = 16


def anchors(asset_class: str, timeframe: str) -> tuple[str, ...]:
    """Where bars of the class may start, the usual one first."""
    if ASSET_CLASSES[asset_class].calendar != XNYS:
        return (CLOCK,)
    return (SESSION, CLOCK) if timeframe in ("1h", "4h") else (SESSION,)


def expected_opens(
    asset_class: str, timeframe: str, start: dt.datetime, end: dt.datetime
) -> pl.Series:
    """The opens in [start, end) that must exist: ascending, ``Datetime[us, UTC]``.

    Daily bars are named by 00:00 UTC of their trading date, weekly bars by the Monday of a week
    that has a session. Before 1927 and after 2049 nothing is expected.
    """
    return expected_bars(asset_class, timeframe, start, end)["ts"]


def expected_bars(
    asset_class: str, timeframe: str, start: dt.datetime, end: dt.datetime, anchor: str = ""
) -> pl.DataFrame:
    """Expected opens as ``ts`` with the trading ``date`` of each (weekly: of its first session)."""
    usual = anchor or anchors(asset_class, timeframe)[0]
    return _between(ASSET_CLASSES[asset_class].calendar, timeframe, usual, start, end)


def tolerated_opens(
    asset_class: str, timeframe: str, start: dt.datetime, end: dt.datetime, anchor: str = ""
) -> pl.Series:
    """As ``expected_opens``, with those of thin dates, whose bars are neither missing nor odd."""
    usual = anchor or anchors(asset_class, timeframe)[0]
    calendar = ASSET_CLASSES[asset_class].calendar
    calendar = _WEEKDAYS if calendar == FX else calendar
    return _between(calendar, timeframe, usual, start, end)["ts"]


def trading_date(opens: pl.Expr, asset_class: str) -> pl.Expr:
    """The trading date that intraday bars with these opens belong to."""
    calendar = ASSET_CLASSES[asset_class].calendar
    if calendar == ALWAYS:
        return opens.dt.date()
    local = opens.dt.convert_time_zone(NEW_YORK).dt.replace_time_zone(None)
    # seven hours after 17:00 it is midnight: Sunday evening belongs to Monday
    return (local.dt.offset_by("7h") if calendar == FX else local).dt.date()


def sessions(calendar: str) -> pl.DataFrame:
    """Every session that must have bars: date, opens, closes."""
    return _SESSIONS[calendar]()


def _between(
    calendar: str, timeframe: str, anchor: str, start: dt.datetime, end: dt.datetime
) -> pl.DataFrame:
    bounds = [(moment - _EPOCH) // _MICROSECOND for moment in (start, end)]
    parts = []
    for number in range(start.year // _YEARS, end.year // _YEARS + 1):
        bars, ticks = _stretch(calendar, timeframe, anchor, number)
        first, last = np.searchsorted(ticks, bounds)
        parts.append(bars[int(first) : int(last)])
    return parts[0] if len(parts) == 1 else pl.concat(parts)


@cache
def _stretch(
    calendar: str, timeframe: str, anchor: str, number: int
) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    """The expected bars of some years, and their opens in microseconds since 1970."""
    years = max(number * _YEARS, dt.MINYEAR + 1), min((number + 1) * _YEARS, dt.MAXYEAR)
    start, end = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in years)
    # a week's label lies up to six days before its last session, and a label may precede an open
    week = dt.timedelta(days=7)
    near = sessions(calendar).filter(
        pl.col("date").is_between(start.date() - week, end.date() + week)
    )
    if is_intraday(timeframe):
        bars = _intraday(near, DURATION[timeframe], anchor)
    elif timeframe == "1day":
        bars = near.select("date", ts=pl.col("date").cast(_UTC))
    else:
        bars = near.select("date", ts=pl.col("date").cast(_UTC).dt.truncate("1w"))
        bars = bars.unique("ts", keep="first", maintain_order=True)
    within = pl.col("ts").is_between(start, end, closed="left")
    bars = bars.select("ts", "date").filter(within)
    return bars, bars["ts"].to_physical().to_numpy()


def _intraday(near: pl.DataFrame, length: dt.timedelta, anchor: str) -> pl.DataFrame:
    first = pl.col("opens") if anchor == SESSION else pl.col("opens").dt.truncate(length)
    opens = pl.datetime_ranges(first, "closes", interval=length, closed="left")
    bars = near.select("date", ts=opens).explode("ts", empty_as_null=False)
    if anchor == SESSION:
        return bars
    # the bar that two sessions share is in both, one row after the other
    return bars.filter((pl.col("ts") != pl.col("ts").shift(1)).fill_null(value=True))


@cache
def _xnys() -> pl.DataFrame:
    from exchange_calendars import get_calendar  # noqa: PLC0415 - brings pandas, half a second

    schedule = get_calendar(XNYS, start=str(_FIRST_DATE), end=str(_LAST_DATE)).schedule
    instants = {
        "date": schedule.index.to_numpy(),
        "opens": schedule["open"].dt.tz_localize(None).to_numpy(),
        "closes": schedule["close"].dt.tz_localize(None).to_numpy(),
    }
    return (
        pl.DataFrame(instants)
        .select(pl.col("date").cast(pl.Date), pl.col("opens", "closes").cast(_UTC))
        .filter(~pl.col("date").is_in(UNPLANNED_CLOSURES[XNYS]))
    )


def _fx() -> pl.DataFrame:
    month_day = pl.col("date").dt.month().cast(pl.Int32) * 100 + pl.col("date").dt.day()
    thin = [100 * month + day for month, day in _THIN_DATES]
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


def _always() -> pl.DataFrame:
    midnight = pl.col("date").cast(_UTC)
    return _dates().select("date", opens=midnight, closes=midnight.dt.offset_by("1d"))


def _dates() -> pl.DataFrame:
    return pl.select(date=pl.date_range(_FIRST_DATE, _LAST_DATE))


def _from_new_york(local: pl.Expr) -> pl.Expr:
    return local.dt.replace_time_zone(NEW_YORK).dt.convert_time_zone("UTC")


_SESSIONS: Mapping[str, Callable[[], pl.DataFrame]] = {
    XNYS: _xnys,
    FX: _fx,
    _WEEKDAYS: _fx_weekdays,
    ALWAYS: _always,
}
