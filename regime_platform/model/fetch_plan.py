"""Which window of a series to request next: only bars that must exist and are not stored.

First the newest bars (first and second look), then bars that the gate does not accept (see
``doubts``), then the history from the newest gap backwards, then
windows whose turn it is to be requested again, or whose answer lacked stored bars. Windows begin
and end at midnight UTC, so that a date is requested as a whole, and are sized by the calendar so
that an answer stays below the source's limit of rows.
"""

import datetime as dt
import zlib
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from regime_platform.model.calendar.due import last_finished, second_look_bound
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.coverage import UNKNOWN, UNREAD, Coverage, Window
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION

TAIL, HISTORY, REREAD, AGAIN = "tail", "history", "reread", "again"
OVERLAP_BARS = 5  # stored bars that an update requests again, at least
_DAY = dt.timedelta(days=1)
_TICK = dt.timedelta(microseconds=1)
_AHEAD = 2 * _DAY  # a date begins up to so much earlier in other zones than in UTC
_LONG_WEEKEND = 6 * _DAY
_SHARE = 0.9  # of the longest answer, as a margin for bars that no calendar expects


@dataclass(frozen=True)
class TrackedSeries:
    """The series to plan for."""

    symbol: str
    timeframe: str
    market: Market
    reread_days: int = 0  # days after which a window is requested again; 0 for never

    def most_expected(self, most_rows: int) -> int:
        """The most bars to expect in a window whose answer must not exceed ``most_rows``."""
        # vendors sometimes serve currencies on weekends as well
        weekends = 5 / 7 if self.market.has_currency_week else 1.0
        return max(1, int(most_rows * _SHARE * weekends))

    def opens(self, start: dt.datetime, end: dt.datetime) -> pl.Series:
        """The opens that must exist in [start, end)."""
        return expected_opens(self.market, self.timeframe, start, end)


@dataclass(frozen=True)
class Need:
    """A window to request."""

    start: dt.datetime
    end: dt.datetime
    kind: str  # tail, history, reread, again
    is_final: bool = False  # of the tail: it reaches up to now


def next_need(  # noqa: PLR0913 - what is known, and how it is asked
    series: TrackedSeries,
    coverage: Coverage,
    now: dt.datetime,
    most_rows: int,
    *,
    tail_is_asked: bool = False,
    is_backfill: bool = False,
) -> Need | None:
    """The next window for an answer of ``most_rows`` at most, or None where all is stored.

    The ``floor`` of the coverage must be known. With ``tail_is_asked``, the newest bars were
    requested at ``now`` already.
    """
    limit = series.most_expected(most_rows)
    if not tail_is_asked and is_tail_due(series, coverage, now):
        return _tail(series, coverage, now, limit)
    floor, end = coverage.floor, coverage.end
    if floor is None or end is None:
        return None
    doubt = coverage.doubt
    if doubt is not None and doubt.is_due(now, is_backfill=is_backfill):
        stop = _ceil_day(doubt.last + _TICK)
        return Need(_back_from(series, stop, limit, _floor_day(doubt.first)), stop, AGAIN)
    gaps = coverage.missing(floor, end)
    if gaps:
        start, stop = gaps[-1]
        start = _back_from(series, stop, limit, start)
        return Need(_floor_day(start), _overlap_end(series, stop, now), HISTORY)
    # windows may reach beyond it where the clock was set back
    seen = last_finished(now, series.timeframe, series.market)
    for window in reversed(coverage.windows):
        if window.end <= seen and _is_stale(series, window, coverage, now):
            return Need(_floor_day(window.start), _ceil_day(window.end), REREAD)
    return None


def is_tail_due(series: TrackedSeries, coverage: Coverage, now: dt.datetime) -> bool:
    """True where a bar finished since the last request, or is due for its second look."""
    if coverage.end is None or coverage.settled is None:
        return True
    seen = last_finished(now, series.timeframe, series.market)
    look = second_look_bound(now, series.timeframe, series.market)
    return _any_open(series.market, series.timeframe, coverage.end, seen) or _any_open(
        series.market, series.timeframe, coverage.settled, look
    )


def after_answer(
    series: TrackedSeries, coverage: Coverage, need: Need, opens: pl.Series, now: dt.datetime
) -> Coverage:
    """The coverage once ``need`` was answered with bars at ``opens``.

    A bar that must exist and was not served is requested again until its second look; after that
    the source counts as having none.
    """
    seen = last_finished(now, series.timeframe, series.market)
    look = second_look_bound(now, series.timeframe, series.market)
    end = min(need.end, seen)
    if need.is_final and look < end:
        end = _first_missing(series, opens, look, end)
    coverage = coverage.looked_again(need.start, need.end, now)
    if need.kind == AGAIN and coverage.doubt is not None:  # more than one answer may hold
        coverage = coverage.model_copy(update={"doubt": coverage.doubt.answered(now)})
    else:
        coverage = coverage.asked_again(need.start, need.end, now)
    known = coverage.answered(need.start, end, opens, now) if end > need.start else coverage
    if need.kind != TAIL:
        return known
    settled, before = min(look, need.end), known.settled
    if before is not None and need.start > before:
        return known
    return known.settled_until(max(settled, before or settled))


def _first_missing(
    series: TrackedSeries, served: pl.Series, start: dt.datetime, end: dt.datetime
) -> dt.datetime:
    """The first open in [start, end) that must exist and was not served; else ``end``.

    A source may anchor its bars otherwise, so any bar less than one duration away counts.
    """
    length = DURATION[series.timeframe]
    near = served.filter(served > start - length).to_list()
    for opened_at in series.opens(start, end):
        if not any(-length < other - opened_at < length for other in near):
            moment: dt.datetime = opened_at
            return moment
    return end


def _tail(series: TrackedSeries, coverage: Coverage, now: dt.datetime, limit: int) -> Need:
    end = _floor_day(now) + _AHEAD
    if coverage.end is None:
        return Need(_back_from(series, end, limit, coverage.floor), end, TAIL, is_final=True)
    known = min(coverage.end, coverage.settled or coverage.windows[0].start)
    start = _overlap_start(series, known)
    stop = _forward_from(series, start, end, limit)
    return Need(start, stop, TAIL, is_final=stop == end)


def _back_from(
    series: TrackedSeries, end: dt.datetime, limit: int, least: dt.datetime | None
) -> dt.datetime:
    """The earliest midnight from which to ``end`` no more than ``limit`` bars are expected, or
    ``least`` where that is later: sessions of centuries before it are not computed."""
    furthest = _floor_day(end - DURATION[series.timeframe] * limit * 8)
    furthest = max(furthest, least or furthest)
    if furthest >= end:
        return furthest
    opens = series.opens(furthest, end)
    if opens.len() <= limit:
        return furthest
    return max(furthest, min(_ceil_day(opens[-limit]), _ceil_day(end) - _DAY))


def _forward_from(
    series: TrackedSeries, start: dt.datetime, end: dt.datetime, limit: int
) -> dt.datetime:
    opens = series.opens(start, min(end, start + DURATION[series.timeframe] * limit * 8))
    if opens.len() <= limit:
        return end
    return min(end, max(_floor_day(opens[limit]), start + _DAY))


def _overlap_start(series: TrackedSeries, known: dt.datetime) -> dt.datetime:
    furthest = known - DURATION[series.timeframe] * OVERLAP_BARS - _LONG_WEEKEND
    opens = series.opens(furthest, known)
    return _floor_day(opens[-OVERLAP_BARS] if opens.len() >= OVERLAP_BARS else furthest)


def _overlap_end(series: TrackedSeries, known: dt.datetime, now: dt.datetime) -> dt.datetime:
    """The end of a window that includes at least one stored bar, to detect a revision."""
    opens = series.opens(known, known + DURATION[series.timeframe] + _LONG_WEEKEND)
    reach = _ceil_day(opens[0] + _TICK) if opens.len() else _ceil_day(known)
    return min(reach, _floor_day(now) + _AHEAD)


def _is_stale(series: TrackedSeries, window: Window, coverage: Coverage, now: dt.datetime) -> bool:
    is_absence_due = any(
        each.is_due(now) and each.meets(window.start, window.end) for each in coverage.absent
    )
    if window.read_at == UNREAD or is_absence_due:
        return True
    if series.reread_days <= 0:
        return False
    # each window has its own day of the cycle, so that every day has the same number of requests
    name = f"{series.symbol} {series.timeframe} {window.start.date()}"
    today = now.date().toordinal()
    turn = today - (today - zlib.crc32(name.encode())) % series.reread_days
    if window.read_at == UNKNOWN:  # a migration brings all at once, so each waits for its turn
        return turn == today
    return window.read_at.date().toordinal() < turn


@lru_cache(maxsize=4096)  # the same for all symbols of a class
def _any_open(market: Market, timeframe: str, start: dt.datetime, end: dt.datetime) -> bool:
    return start < end and not expected_opens(market, timeframe, start, end).is_empty()


def _floor_day(instant: dt.datetime) -> dt.datetime:
    return dt.datetime.combine(instant.astimezone(dt.UTC).date(), dt.time(), dt.UTC)


def _ceil_day(instant: dt.datetime) -> dt.datetime:
    midnight = _floor_day(instant)
    return midnight if midnight == instant else midnight + _DAY
