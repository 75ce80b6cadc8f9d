"""When a bar is finished.

A bar may enter the canonical store only once its period is over, whatever the vendor returned.
Intraday bars end one duration after they open. A daily bar ends at its class's close on its date
(for a class that never closes, at the next midnight); a weekly bar ends with its last trading day.
Early closes are ignored: after one, a bar counts as finished later than it is.
"""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

import polars as pl

from regime_platform.model.asset_classes import ASSET_CLASSES, AssetClass
from regime_platform.model.timeframes import DURATION, is_intraday


def bar_end(ts: dt.datetime, timeframe: str, asset_class: str) -> dt.datetime:
    """The UTC instant at which the bar that opens at ``ts`` (aware, UTC) is finished."""
    if is_intraday(timeframe):
        return ts + DURATION[timeframe]
    asset = ASSET_CLASSES[asset_class]
    return _daily_close(_last_date(ts.date(), timeframe, asset), asset)


@lru_cache(maxsize=4096)  # few different arguments: the fetches of a raw log
def last_finished(now: dt.datetime, timeframe: str, asset_class: str) -> dt.datetime:
    """An exclusive upper bound: bars that open at or after it are not finished at ``now``.

    For intraday bars this is ``now`` less one duration, open to the microsecond; for dates it is
    midnight UTC of the first date whose bar is still forming.
    """
    if is_intraday(timeframe):
        return now - DURATION[timeframe] + dt.timedelta(microseconds=1)
    first = dt.datetime.combine(now.date() - dt.timedelta(days=8), dt.time(), dt.UTC)
    for day in range(10):
        label = first + dt.timedelta(days=day)
        if timeframe == "1week" and label.weekday() != 0:
            continue
        if bar_end(label, timeframe, asset_class) > now:
            return label
    return first + dt.timedelta(days=10)


def is_finished(column: pl.Expr, now: dt.datetime, timeframe: str, asset_class: str) -> pl.Expr:
    """True for the opens in ``column`` (UTC) whose bars are over at ``now``."""
    return column < pl.lit(last_finished(now, timeframe, asset_class))


def _last_date(label: dt.date, timeframe: str, asset: AssetClass) -> dt.date:
    if timeframe == "1day":
        return label
    monday = label - dt.timedelta(days=label.weekday())
    return monday + dt.timedelta(days=6 if asset.trades_weekends else 4)


def _daily_close(date: dt.date, asset: AssetClass) -> dt.datetime:
    if asset.close == dt.time(0, 0):
        date += dt.timedelta(days=1)
    local = dt.datetime.combine(date, asset.close, ZoneInfo(asset.zone))
    return local.astimezone(dt.UTC)
