"""When bars must exist, by market and timeframe.

Bars of exchanges are usually anchored at the open of each part of the session, and the last one is
as short as the session leaves it (1h of US stocks: 09:30 to 15:30 New York, 4h: 09:30 and 13:30);
those of markets that trade around the clock on the UTC clock, so that the 4h bar in which a
currency's week begins opens an hour or two before the market does. A source may anchor otherwise:
``anchors`` lists the possible anchors, the usual one first.
"""

import datetime as dt
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.calendar.sessions import ASSUMED, KNOWN, THIN, UTC, sessions
from regime_platform.model.exchanges import FX, FX_UTC, HOURS, SPOT
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, is_intraday

SESSION = "session"  # from every open on, again after a break
DAY = "day"  # from the first open of the date on, through its breaks
CLOCK = "clock"  # on the UTC clock
LOCAL = "local"  # on the clock of the calendar's zone
MIDNIGHT = "midnight"  # of daily bars of currencies: they end at midnight UTC, not in New York
_EPOCH, _MICROSECOND = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(microseconds=1)
#: Years of expected bars that are computed at once and cached for all symbols of a market.
_YEARS = 16


def anchors(market: Market, timeframe: str) -> tuple[str, ...]:
    """Where bars of the market may start, the usual one first; empty text for plain dates."""
    is_long = timeframe in ("30min", "1h", "4h")
    if market.has_exchange:
        through_breaks = (DAY,) if market.hours.has_break else ()
        return (SESSION, CLOCK, LOCAL, *through_breaks) if is_long else (SESSION,)
    if market.has_currency_week and timeframe == "1day":
        return (MIDNIGHT,) if market.calendar == FX_UTC else ("", MIDNIGHT)
    if market.has_currency_week and timeframe == "4h":
        return (CLOCK, DAY, LOCAL, *((SESSION,) if market.calendar == SPOT else ()))
    return (CLOCK,)


def expected_opens(
    market: Market, timeframe: str, start: dt.datetime, end: dt.datetime
) -> pl.Series:
    """The opens in [start, end) to ask a source for: ascending, ``Datetime[us, UTC]``.

    Daily bars are named by 00:00 UTC of their trading date, weekly bars by the Monday of a week
    that has a session. Before 1927 and after 2049 nothing is expected; in years that the calendar
    does not know, every weekday is.
    """
    return _Bars.of(market, timeframe, "", ASSUMED).between(start, end)["ts"]


def expected_bars(
    market: Market, timeframe: str, start: dt.datetime, end: dt.datetime, anchor: str = ""
) -> pl.DataFrame:
    """The opens that must exist as ``ts``, with the trading ``date`` (weekly: of the first)."""
    return _Bars.of(market, timeframe, anchor, KNOWN).between(start, end)


def tolerated_opens(
    market: Market, timeframe: str, start: dt.datetime, end: dt.datetime, anchor: str = ""
) -> pl.Series:
    """As ``expected_opens``, with those of thin hours, whose bars are neither missing nor odd."""
    return _Bars.of(market, timeframe, anchor, THIN).between(start, end)["ts"]


def trading_date(opens: pl.Expr, market: Market, day: str = "") -> pl.Expr:
    """The trading date that intraday bars with these opens belong to.

    ``day`` is ``MIDNIGHT`` where the daily bars of currencies end there.
    """
    if day == MIDNIGHT:
        return opens.dt.date()
    local = opens.dt.convert_time_zone(market.zone).dt.replace_time_zone(None)
    if market.hours.is_overnight:  # so many hours after the close it is midnight
        local = local.dt.offset_by(f"{24 - market.close.hour}h")
    return local.dt.date()


class _Bars(NamedTuple):
    """Bars of a calendar, of spans of a kind or of a surer one."""

    calendar: str
    timeframe: str
    anchor: str
    kind: int

    @classmethod
    def of(cls, market: Market, timeframe: str, anchor: str, kind: int) -> "_Bars":
        """Those of ``kind``, or of the next surer one where the calendar has none such."""
        anchor = anchor or anchors(market, timeframe)[0]
        kinds = (KNOWN, kind) if anchor == MIDNIGHT else (KNOWN, *_kinds(market.calendar))
        return cls(market.calendar, timeframe, anchor, max(each for each in kinds if each <= kind))

    def between(self, start: dt.datetime, end: dt.datetime) -> pl.DataFrame:
        """Those that open in [start, end)."""
        bounds = [(moment - _EPOCH) // _MICROSECOND for moment in (start, end)]
        parts = []
        for number in range(start.year // _YEARS, end.year // _YEARS + 1):
            bars, ticks = _stretch(self, number)
            first, last = np.searchsorted(ticks, bounds)
            parts.append(bars[int(first) : int(last)])
        return parts[0] if len(parts) == 1 else pl.concat(parts)


@cache
def _kinds(calendar: str) -> tuple[int, ...]:
    return tuple(sessions(calendar)["kind"].unique())


@cache
def _stretch(bars: _Bars, number: int) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    """The bars of some years, and their opens in microseconds since 1970."""
    years = max(number * _YEARS, dt.MINYEAR + 1), min((number + 1) * _YEARS, dt.MAXYEAR)
    start, end = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in years)
    # a week's label lies up to six days before its last session, and a label may precede an open
    week = dt.timedelta(days=7)
    is_dated = bars.calendar == FX_UTC and not is_intraday(bars.timeframe)
    near = sessions(FX if is_dated else bars.calendar).filter(
        pl.col("date").is_between(start.date() - week, end.date() + week)
    )
    opens = _intraday(near, bars) if is_intraday(bars.timeframe) else _dates(near, bars)
    # a bar that two spans share is in both, one row after the other
    is_first = (pl.col("ts") != pl.col("ts").shift(1)).fill_null(value=True)
    within = pl.col("ts").is_between(start, end, closed="left")
    opens = opens.select("ts", "date").filter(is_first & within)
    return opens, opens["ts"].to_physical().to_numpy()


def _dates(near: pl.DataFrame, bars: _Bars) -> pl.DataFrame:
    dates = near.filter(pl.col("kind") <= bars.kind).select("date").unique().sort("date")
    if bars.anchor == MIDNIGHT and bars.kind == THIN:  # Sundays, on which the week begins
        eve = dates.filter(pl.col("date").dt.weekday() == 1).select(
            pl.col("date").dt.offset_by("-1d")
        )
        dates = pl.concat([dates, eve]).sort("date")
    ts = pl.col("date").cast(UTC)
    return dates.with_columns(ts=ts.dt.truncate("1w") if bars.timeframe == "1week" else ts)


def _intraday(near: pl.DataFrame, bars: _Bars) -> pl.DataFrame:
    opens, length = pl.col("opens"), DURATION[bars.timeframe]
    first = opens
    if bars.anchor == CLOCK:
        first = opens.dt.truncate(length)
    elif bars.anchor == LOCAL:
        zone = HOURS[bars.calendar].zone
        local = opens.dt.convert_time_zone(zone).dt.replace_time_zone(None)
        first = opens - (local - local.dt.truncate(length))
    elif bars.anchor == DAY:
        passed = (opens - opens.min().over("date")).dt.total_microseconds()
        first = opens - pl.duration(microseconds=passed % (length // _MICROSECOND))
    starts = pl.datetime_ranges(first, "closes", interval=length, closed="left")
    spans = near.with_columns(ts=starts).filter(pl.col("kind") <= bars.kind)
    return spans.select("date", "ts").explode("ts", empty_as_null=False)
