"""Which calendars the opens of a series fit, so that a user can choose one.

Compared are the weekdays and holidays of the last years and, of intraday bars, the usual hours.
"""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from regime_platform.model.calendar.sessions import session_dates
from regime_platform.model.calendar.trading_hours import trading_date
from regime_platform.model.exchanges import ALWAYS, FX, HOURS, OWN, SPOT, XNYS
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, is_intraday

#: Of most series; of days their holidays are compared, which takes a tenth of a second each.
COMMON = (
    FX, ALWAYS, SPOT, XNYS, "XLON", "XETR", "XPAR", "XSWX", "XHKG", "XTKS", "XSHG", "XBOM", "XASX",
    "XTSE", "XSAU",
)  # fmt: skip
#: Calendars of the library that are ALWAYS and FX_UTC.
_SAME = ("24/7", "24/5")
_LAST = dt.timedelta(days=730)
_HOUR = dt.timedelta(hours=1)
_MINUTE, _DAY, _DAY_MINUTES = dt.timedelta(minutes=1), dt.timedelta(days=1), 24 * 60
#: By their hours and weekdays calendars that are so much worse than the best are left out.
_CLEARLY = 0.1
_MOST_BY_HOURS = 6
#: No bar on a holiday, and next to no session without one.
_LEAST_INSIDE, _LEAST_PRESENT = 0.9995, 0.97


@dataclass(frozen=True)
class Fit:
    """How opens lie on a calendar; shares are of 1."""

    calendar: str
    zone: str
    inside: float  # share of the bars that are in sessions
    present: float  # share of the bars of its sessions that exist

    @property
    def total(self) -> float:
        """By which calendars are compared."""
        return self.inside + self.present

    @property
    def is_perfect(self) -> bool:
        """Whether no other one has to be compared."""
        return self.inside >= _LEAST_INSIDE and self.present >= _LEAST_PRESENT


def best_calendars(
    opens: pl.Series, timeframe: str, limit: int = 3, calendars: Iterable[str] = ()
) -> Sequence[Fit]:
    """The calendars that the opens of the last two years fit best, the best first.

    Where one fits perfectly, less usual ones are not compared.

    Args:
        opens: UTC instants or midnights of dates, in any order.
        timeframe: of the bars; weeks fit every calendar, so that none is listed.
        limit: how many are listed at most.
        calendars: those to compare; by default all for intraday bars, and ``COMMON`` for days.
    """
    known = opens.drop_nulls().unique().sort()
    if timeframe == "1week" or known.is_empty():
        return ()
    recent = known.filter(known > known[-1] - _LAST)
    known_codes = tuple(code for code in HOURS if code not in _SAME)
    codes = tuple(calendars) or (known_codes if is_intraday(timeframe) else COMMON)
    rough = [_fit(recent, timeframe, code, knows_holidays=False) for code in codes]
    best = max(fit.total for fit in rough)
    order = {code: place for place, code in enumerate(COMMON)}
    near = sorted(
        (fit for fit in rough if fit.total >= best - _CLEARLY),
        key=lambda fit: (order.get(fit.calendar, len(order)), -fit.total),
    )[: _MOST_BY_HOURS if is_intraday(timeframe) else None]
    fits: list[Fit] = []
    for fit in near:
        fits.append(_fit(recent, timeframe, fit.calendar, knows_holidays=True))
        if fits[-1].is_perfect and fit.calendar not in OWN:
            break  # each further one takes a tenth of a second
    return sorted(fits, key=lambda fit: -fit.total)[:limit]


def _fit(opens: pl.Series, timeframe: str, code: str, *, knows_holidays: bool) -> Fit:
    """``knows_holidays``: of all sessions, and not of every weekday at the usual hours."""
    market, hours = Market("", code), HOURS[code]
    start = dt.timedelta(hours=hours.open.hour, minutes=hours.open.minute)
    end = dt.timedelta(hours=hours.close.hour, minutes=hours.close.minute)
    length = (end - start) % _DAY or _DAY
    bars, count = opens.alias("ts").to_frame().with_columns(date=pl.col("ts").dt.date()), 1
    is_in_hours = pl.lit(value=True)
    if is_intraday(timeframe):
        bars = bars.with_columns(date=trading_date(pl.col("ts"), market))
        local = pl.col("ts").dt.convert_time_zone(hours.zone).dt.replace_time_zone(None)
        since = (local - local.dt.truncate("1d")).dt.total_minutes() - start // _MINUTE
        bar = DURATION[timeframe]
        # the first bar may open on the clock, before the session does
        early = bar // _MINUTE - 1 if bar >= _HOUR else 0
        is_in_hours = (since + early) % _DAY_MINUTES < length // _MINUTE + early
        break_ = _HOUR if hours.has_break or hours.pauses else dt.timedelta()
        count = math.ceil((length - break_) / bar)
    first, last = bars["date"].min(), bars["date"].max()
    assert isinstance(first, dt.date)
    assert isinstance(last, dt.date)
    dates = _weekdays(first, last, code)
    if knows_holidays:
        dates = session_dates(code, first, last)
    inside = bars.filter(is_in_hours, pl.col("date").is_in(dates.implode())).height
    expected = max(dates.len() * count, 1)
    return Fit(code, hours.zone, inside / bars.height, min(inside / expected, 1.0))


def _weekdays(first: dt.date, last: dt.date, code: str) -> pl.Series:
    days = pl.date_range(first, last, eager=True)
    return days.filter((days.dt.weekday() - 1).is_in(list(HOURS[code].weekdays)))
