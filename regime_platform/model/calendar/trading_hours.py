"""When bars must exist, by class, timeframe and calendar.

Intraday bars of exchanges are anchored at the session's open and the last one is as short as the
session leaves it (1h of US stocks: 09:30 to 15:30 New York, 4h: 09:30 and 13:30); those of markets
that trade around the clock are anchored on the UTC clock, so that the 4h bar in which a currency's
week begins opens an hour or two before the market does. A source may anchor otherwise: ``anchors``
lists the possible anchors, the usual one first.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from regime_platform.model.asset_classes import ALWAYS, ASSET_CLASSES, FX, NEW_YORK, XNYS
from regime_platform.model.calendar.trading_sessions import sessions, tolerated_sessions
from regime_platform.model.timeframes import DURATION, is_intraday

SESSION = "session"
CLOCK = "clock"
_UTC = pl.Datetime("us", "UTC")
_EPOCH, _MICROSECOND = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(microseconds=1)
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
    return _between(asset_class, timeframe, usual, start, end, is_tolerant=False)


def tolerated_opens(
    asset_class: str, timeframe: str, start: dt.datetime, end: dt.datetime, anchor: str = ""
) -> pl.Series:
    """As ``expected_opens``, with those of thin dates, whose bars are neither missing nor odd."""
    usual = anchor or anchors(asset_class, timeframe)[0]
    return _between(asset_class, timeframe, usual, start, end, is_tolerant=True)["ts"]


def expected_count(asset_class: str, timeframe: str, start: dt.datetime, end: dt.datetime) -> int:
    """How many bars open in [start, end)."""
    return expected_opens(asset_class, timeframe, start, end).len()


def is_session_date(asset_class: str, date: dt.date) -> bool:
    """True where the class's market must trade on ``date``."""
    midnight = dt.datetime.combine(date, dt.time(), dt.UTC)
    return expected_count(asset_class, "1day", midnight, midnight + dt.timedelta(days=1)) == 1


def trading_date(opens: pl.Expr, asset_class: str) -> pl.Expr:
    """The trading date that intraday bars with these opens belong to."""
    calendar = ASSET_CLASSES[asset_class].calendar
    if calendar == ALWAYS:
        return opens.dt.date()
    local = opens.dt.convert_time_zone(NEW_YORK).dt.replace_time_zone(None)
    # seven hours after 17:00 it is midnight: Sunday evening belongs to Monday
    return (local.dt.offset_by("7h") if calendar == FX else local).dt.date()


@dataclass(frozen=True)
class _Stretch:
    """The expected bars of some years."""

    bars: pl.DataFrame
    ticks: npt.NDArray[np.int64]

    def between(self, start: int, end: int) -> pl.DataFrame:
        first, last = np.searchsorted(self.ticks, (start, end))
        return self.bars[int(first) : int(last)]


def _between(  # noqa: PLR0913  all of them select bars
    asset_class: str,
    timeframe: str,
    anchor: str,
    start: dt.datetime,
    end: dt.datetime,
    *,
    is_tolerant: bool,
) -> pl.DataFrame:
    calendar = ASSET_CLASSES[asset_class].calendar
    bounds = _tick(start), _tick(end)
    parts = [
        _stretch(calendar, timeframe, anchor, number, is_tolerant=is_tolerant).between(*bounds)
        for number in range(start.year // _YEARS, end.year // _YEARS + 1)
    ]
    return parts[0] if len(parts) == 1 else pl.concat(parts)


@cache
def _stretch(
    calendar: str, timeframe: str, anchor: str, number: int, *, is_tolerant: bool
) -> _Stretch:
    all_sessions = tolerated_sessions(calendar) if is_tolerant else sessions(calendar)
    years = max(number * _YEARS, dt.MINYEAR + 1), min((number + 1) * _YEARS, dt.MAXYEAR)
    start, end = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in years)
    bars = _bars(all_sessions, timeframe, start, end, anchor)
    return _Stretch(bars, bars["ts"].to_physical().to_numpy())


def _tick(moment: dt.datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _bars(
    all_sessions: pl.DataFrame, timeframe: str, start: dt.datetime, end: dt.datetime, anchor: str
) -> pl.DataFrame:
    near = _near(all_sessions, start, end)
    if is_intraday(timeframe):
        bars = _intraday(near, DURATION[timeframe], anchor)
    elif timeframe == "1day":
        bars = near.select("date", ts=pl.col("date").cast(_UTC))
    else:
        bars = near.select("date", ts=pl.col("date").cast(_UTC).dt.truncate("1w"))
        bars = bars.unique("ts", keep="first", maintain_order=True)
    return bars.select("ts", "date").filter(pl.col("ts").is_between(start, end, closed="left"))


def _near(all_sessions: pl.DataFrame, start: dt.datetime, end: dt.datetime) -> pl.DataFrame:
    # a week's label lies up to six days before its last session, and a label may precede an open
    first = all_sessions["date"].search_sorted(start.date() - dt.timedelta(days=7))
    last = all_sessions["date"].search_sorted(end.date() + dt.timedelta(days=7))
    return all_sessions.slice(first, last - first)


def _intraday(near: pl.DataFrame, length: dt.timedelta, anchor: str) -> pl.DataFrame:
    first = pl.col("opens") if anchor == SESSION else pl.col("opens").dt.truncate(length)
    opens = pl.datetime_ranges(first, "closes", interval=length, closed="left")
    bars = near.select("date", ts=opens).explode("ts", empty_as_null=False)
    if anchor == SESSION:
        return bars
    # the bar that two sessions share is in both, one row after the other
    return bars.filter((pl.col("ts") != pl.col("ts").shift(1)).fill_null(value=True))
