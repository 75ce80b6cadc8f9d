"""When bars must exist, by class, timeframe and calendar.

Intraday bars of exchanges are anchored at the session's open and the last one is as short as the
session leaves it (1h of US stocks: 09:30 to 15:30 New York, 4h: 09:30 and 13:30); those of markets
that trade around the clock are anchored on the UTC clock, so that the 4h bar in which a currency's
week begins opens an hour or two before the market does.
"""

import datetime as dt

import polars as pl

from regime_platform.model.asset_classes import ASSET_CLASSES, XNYS
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.model.trading_sessions import sessions, tolerated_sessions

_UTC = pl.Datetime("us", "UTC")


def expected_opens(
    asset_class: str, timeframe: str, start: dt.datetime, end: dt.datetime
) -> pl.Series:
    """The opens in [start, end) that must exist: ascending, ``Datetime[us, UTC]``.

    Daily bars are named by 00:00 UTC of their trading date, weekly bars by the Monday of a week
    that has a session. Before 1927 and after 2049 nothing is expected.
    """
    calendar = ASSET_CLASSES[asset_class].calendar
    return _opens(sessions(calendar), calendar, timeframe, start, end)


def tolerated_opens(
    asset_class: str, timeframe: str, start: dt.datetime, end: dt.datetime
) -> pl.Series:
    """As ``expected_opens``, with those of thin dates, whose bars are neither missed nor odd."""
    calendar = ASSET_CLASSES[asset_class].calendar
    return _opens(tolerated_sessions(calendar), calendar, timeframe, start, end)


def expected_count(asset_class: str, timeframe: str, start: dt.datetime, end: dt.datetime) -> int:
    """How many bars open in [start, end)."""
    return expected_opens(asset_class, timeframe, start, end).len()


def is_session_date(asset_class: str, date: dt.date) -> bool:
    """True where the class's market must trade on ``date``."""
    midnight = dt.datetime.combine(date, dt.time(), dt.UTC)
    return expected_count(asset_class, "1day", midnight, midnight + dt.timedelta(days=1)) == 1


def _opens(
    held: pl.DataFrame, calendar: str, timeframe: str, start: dt.datetime, end: dt.datetime
) -> pl.Series:
    near = _near(held, start, end)
    if is_intraday(timeframe):
        opens = _intraday(near, DURATION[timeframe], anchored=calendar == XNYS)
    else:
        opens = near["date"].cast(_UTC)
        if timeframe == "1week":
            opens = opens.dt.truncate("1w")
    opens = opens.unique(maintain_order=True)
    return opens.filter((opens >= start) & (opens < end)).rename("ts")


def _near(held: pl.DataFrame, start: dt.datetime, end: dt.datetime) -> pl.DataFrame:
    # a week's label lies up to six days before its last session, and a label may precede an open
    first = held["date"].search_sorted(start.date() - dt.timedelta(days=1))
    last = held["date"].search_sorted(end.date() + dt.timedelta(days=7))
    return held.slice(first, last - first)


def _intraday(near: pl.DataFrame, length: dt.timedelta, *, anchored: bool) -> pl.Series:
    first = pl.col("opens") if anchored else pl.col("opens").dt.truncate(length)
    bars = pl.datetime_ranges(first, "closes", interval=length, closed="left")
    return near.select(bars.alias("ts")).explode("ts").drop_nulls()["ts"]
