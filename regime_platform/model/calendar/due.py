"""When a bar is finished, and when it is due to be requested for the first and the second time.

A bar may enter the canonical store only once its period is over, whatever the vendor returned.
Intraday bars end one duration after they open. A daily bar ends at its market's close on its date
(for a market that never closes, at the next midnight); a weekly bar ends with its last trading day.
Early closes are ignored: after one, a bar counts as finished later than it is.

A source needs some time to publish a bar, so the first look is due a delay after its end. Late
prints and corrections arrive after the close, so the second is due a while after the daily close
that follows the bar: a session costs one more request per series and not one per bar.
"""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo

import polars as pl

from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.instants import is_ahead
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, TIERS, is_intraday

#: From the end of a bar to the first request for it, by whether it is of an exchange.
DELAY: Mapping[bool, dt.timedelta] = {
    True: dt.timedelta(minutes=3),  # consolidated from many exchanges
    False: dt.timedelta(minutes=1),
}
#: From the daily close to the second look, by the same.
_SECOND_LOOK = {
    True: dt.timedelta(hours=4),  # the tape takes corrections until 20:00 New York
    False: dt.timedelta(hours=1),
}
_DAY = dt.timedelta(days=1)
_LONGEST = 14 * _DAY  # more than any closure; beyond it something is always due


def bar_end(ts: dt.datetime, timeframe: str, market: Market) -> dt.datetime:
    """The UTC instant at which the bar that opens at ``ts`` (aware, UTC) is finished."""
    if is_intraday(timeframe):
        return ts + DURATION[timeframe]
    date = ts.date()
    if timeframe == "1week":
        date += _DAY * (max(market.hours.weekdays) - date.weekday())
    if market.close == dt.time(0, 0):
        date += _DAY
    return dt.datetime.combine(date, market.close, ZoneInfo(market.zone)).astimezone(dt.UTC)


@lru_cache(maxsize=4096)  # few different arguments: the fetches of a raw log
def last_finished(now: dt.datetime, timeframe: str, market: Market) -> dt.datetime:
    """An exclusive upper bound: bars that open at or after it are not finished at ``now``.

    For intraday bars this is ``now`` less one duration, open to the microsecond; for dates it is
    midnight UTC of the first date whose bar is still forming.
    """
    if is_intraday(timeframe):
        return now - DURATION[timeframe] + dt.timedelta(microseconds=1)
    first = dt.datetime.combine(now.date() - 8 * _DAY, dt.time(), dt.UTC)
    for day in range(10):
        label = first + day * _DAY
        if timeframe == "1week" and label.weekday() != 0:
            continue
        if bar_end(label, timeframe, market) > now:
            return label
    return first + 10 * _DAY


def is_finished(column: pl.Expr, now: dt.datetime, timeframe: str, market: Market) -> pl.Expr:
    """True for the opens in ``column`` (UTC) whose bars are over at ``now``."""
    return column < pl.lit(last_finished(now, timeframe, market))


def newest_due(now: dt.datetime, timeframe: str, market: Market) -> dt.datetime:
    """An exclusive upper bound: bars that open before it should have been requested at ``now``."""
    delay = DELAY[market.has_exchange]
    return last_finished(now - delay, timeframe, market)


def second_look_bound(now: dt.datetime, timeframe: str, market: Market) -> dt.datetime:
    """An exclusive upper bound: the second look at bars that open before it is due at ``now``."""
    due = now - _SECOND_LOOK[market.has_exchange]
    if is_intraday(timeframe):
        midnight = due.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        closes = (bar_end(midnight + days * _DAY, "1day", market) for days in (1, 0, -1))
        due = next((close for close in closes if close <= due), midnight - _DAY)
    return last_finished(due, timeframe, market)


@lru_cache(maxsize=1024)  # the same for all symbols of a class
def is_due(market: Market, tier: str, since: dt.datetime | None, at: dt.datetime) -> bool:
    """True where a look at a bar of the tier came due in (since, at]; ``None`` means ever.

    A ``since`` that a clock ahead of ``at`` recorded is ignored.
    """
    if since is None or is_ahead(since, at) or at - since > _LONGEST:
        return True
    bounds = (
        (timeframe, bound(since, timeframe, market), bound(at, timeframe, market))
        for timeframe in TIERS[tier]
        for bound in (newest_due, second_look_bound)
    )
    return any(
        start < end and not expected_opens(market, timeframe, start, end).is_empty()
        for timeframe, start, end in bounds
    )
