"""Coarser bars built from finer ones: by the sessions of the market, and only of whole periods.

A period is over where the newest finer bar ends at or after the end that the calendar gives it,
thin hours included, so later bars change no earlier period. The first period is built only where
the finer bars begin by the first bar that the calendar expects in it. A bar that is missing in
between is left out: the rules on gaps report it in the finer series. Bars outside sessions are
part of no period.
"""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from regime_platform.errors import BarsError
from regime_platform.model.bar_schema import BAR_SCHEMA, empty_bars
from regime_platform.model.calendar.sessions import KNOWN, sessions
from regime_platform.model.calendar.trading_hours import anchors, expected_bars, tolerated_opens
from regime_platform.model.exchanges import FX, FX_UTC
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, is_intraday

_Ticks = NDArray[np.int64]  # microseconds since 1970
_TICK, _DAY = dt.timedelta(microseconds=1), dt.timedelta(days=1)
#: Around the bars: more than any closure, so that the periods before and after them are known.
_MARGIN = 21 * _DAY
_SUNDAY = 7


def source_of(wanted: str, given: Collection[str]) -> str | None:
    """The coarsest of the timeframes ``given`` that bars of ``wanted`` can be built from.

    4h comes last for days and weeks, since the end of a day may lie within such a bar.
    """
    possible = [name for name in DURATION if name in given and _is_part(name, wanted)]
    if not is_intraday(wanted) and "4h" in possible:
        possible.insert(0, possible.pop(possible.index("4h")))
    return possible[-1] if possible else None


def resampled(bars: pl.DataFrame, given: str, wanted: str, market: Market) -> pl.DataFrame:
    """Bars of ``wanted`` built from ``bars`` of ``given``, both in ``BAR_SCHEMA``, ascending.

    The open is the first, the close the last, the volume the sum; a null in a part gives null.
    Intraday bars begin where the calendar's usual anchor has them, or at the next of its anchors
    that no finer bar reaches across. A day ends where the calendar ends it; weeks are labelled by
    their Monday.

    Raises:
        BarsError: a finer bar lies in two periods, whatever the anchor.
    """
    if bars.is_empty():
        return empty_bars()
    starts, length = _ticks(bars["ts"]), DURATION[given] // _TICK
    spans = _Spans.around(bars["ts"], given, market)
    inside, begin, end = spans.parts(starts, length)
    kept = bars.filter(inside)
    if kept.is_empty():
        return empty_bars()
    is_across = np.zeros(kept.height, np.bool_)
    for periods in _possible_periods(spans, bars["ts"], wanted, market):
        place = periods.place(begin)
        is_across = place != periods.place(end - 1)
        is_across[-1] = False  # the next bar may begin before it ends
        if not is_across.any():
            whole = periods.are_whole(place, int(starts[0]), int(starts[-1]) + length)
            return _built(kept.filter(whole), place[whole], periods.labels)
    raise _straddling(kept.filter(is_across)["ts"][0], given, wanted, market)


@dataclass(frozen=True)
class _Spans:
    """When there can be bars, ascending and apart from each other."""

    opens: _Ticks
    closes: _Ticks
    dates: pl.Series
    is_known: NDArray[np.bool_]  # False where bars need not exist

    @classmethod
    def around(cls, opens: pl.Series, given: str, market: Market) -> "_Spans":
        """The sessions; for bars that are days, their dates."""
        start, end = opens[0] - _MARGIN, opens[-1] + _MARGIN
        if is_intraday(given):
            near = sessions(market.calendar)
            near = near.filter(pl.col("closes") > start, pl.col("opens") < end)
            is_known = (near["kind"] == KNOWN).to_numpy()
            return cls(_ticks(near["opens"]), _ticks(near["closes"]), near["date"], is_known)
        dates = [tolerated_opens(market, given, start, end, a) for a in anchors(market, given)]
        days = pl.concat(dates).unique().sort()
        due = expected_bars(market, given, start, end)["ts"]
        moments = _ticks(days)
        is_known = days.is_in(due.implode()).to_numpy()
        return cls(moments, moments + _DAY // _TICK, days.dt.date(), is_known)

    def parts(self, starts: _Ticks, length: int) -> tuple[pl.Series, _Ticks, _Ticks]:
        """True for the bars that lie in a span, and where these begin and end within it.

        A bar ends where the next one begins, and with its session where thin hours follow: those of
        futures may be as long as the session leaves them, or go on to the next one.
        """
        ends = starts + length
        ends[:-1] = np.minimum(ends[:-1], starts[1:])
        first = np.searchsorted(self.closes, starts, side="right")
        inside = first <= np.searchsorted(self.opens, ends) - 1
        first, ends = first[inside], ends[inside]
        certain = np.flatnonzero(self.is_known)
        last = np.append(certain, 0)[np.searchsorted(self.opens[certain], ends) - 1]
        closes = self.closes[np.maximum(first, last)]
        return (
            pl.Series(inside),
            np.maximum(starts[inside], self.opens[first]),
            np.minimum(ends, closes),
        )


@dataclass(frozen=True)
class _Periods:
    """The periods of the bars wanted: each lasts to the next one, within its sessions."""

    begins: _Ticks
    labels: pl.Series
    spans: _Spans

    def place(self, moments: _Ticks) -> _Ticks:
        """The number of the period of each moment."""
        return np.searchsorted(self.begins, moments, side="right") - 1

    def are_whole(self, place: _Ticks, begin: int, end: int) -> NDArray[np.bool_]:
        """True for those of ``place`` that bars from ``begin`` to ``end`` are enough for."""
        first, last = int(place[0]), int(place[-1])
        is_begun = begin <= self._bounds(first)[0]
        is_over = self._bounds(last)[1] <= end
        return (is_begun | (place > first)) & (is_over | (place < last))

    def _bounds(self, place: int) -> tuple[int, int]:
        """The open of its first expected bar, and the close of its last session."""
        spans, begin = self.spans, int(self.begins[place])
        is_last = place + 1 == self.begins.size
        until = int(spans.closes[-1] if is_last else self.begins[place + 1])
        within = (spans.closes > begin) & (spans.opens < until)
        known = within & spans.is_known
        opens = spans.opens[known if known.any() else within]
        return max(begin, int(opens[0])), min(until, int(spans.closes[within][-1]))


def _is_part(given: str, wanted: str) -> bool:
    length = DURATION[wanted]
    is_shorter = DURATION[given] < length
    return is_shorter and (not is_intraday(wanted) or not length % DURATION[given])


def _possible_periods(
    spans: _Spans, opens: pl.Series, wanted: str, market: Market
) -> Iterator[_Periods]:
    """The periods by every anchor of intraday bars; those of days and weeks, by their sessions."""
    if is_intraday(wanted):
        start, end = opens[0] - _DAY, opens[-1] + _MARGIN
        for anchor in anchors(market, wanted):
            labels = tolerated_opens(market, wanted, start, end, anchor)
            yield _Periods(_ticks(labels), labels, spans)
        return
    date = pl.col("date")
    if wanted == "1week":
        is_eve = (date.dt.weekday() == _SUNDAY) & market.has_currency_week
        date = pl.when(is_eve).then(date.dt.offset_by("1d")).otherwise(date).dt.truncate("1w")
    days = pl.DataFrame({"date": spans.dates, "begins": spans.opens}).with_columns(ts=date)
    days = days.unique("ts", keep="first", maintain_order=True)
    yield _Periods(days["begins"].to_numpy(), days["ts"].cast(BAR_SCHEMA["ts"]), spans)


def _built(bars: pl.DataFrame, place: _Ticks, labels: pl.Series) -> pl.DataFrame:
    """One bar per group of equal ``place``, in order."""
    if bars.is_empty():
        return empty_bars()
    first = np.flatnonzero(np.diff(place, prepend=-1))
    last = np.append(first[1:], place.size) - 1
    values = {
        "open": bars["open"].gather(first),
        "high": _over(bars["high"], np.maximum, first),
        "low": _over(bars["low"], np.minimum, first),
        "close": bars["close"].gather(last),
        "volume": _over(bars["volume"], np.add, first),
    }
    return pl.DataFrame({"ts": labels.gather(place[first]), **values}, schema=BAR_SCHEMA)


def _over(column: pl.Series, reduce: np.ufunc, first: _Ticks) -> pl.Series:
    """The column reduced from each of ``first`` to the next; NaN and null stay visible."""
    values = pl.Series(reduce.reduceat(column.to_numpy(), first))
    if not column.null_count():
        return values
    has_null = pl.Series(np.logical_or.reduceat(column.is_null().to_numpy(), first))
    return values.set(has_null, None)


def _straddling(ts: dt.datetime, given: str, wanted: str, market: Market) -> BarsError:
    is_cured = market.calendar == FX and wanted == "1day"
    remedy = f"; with `calendar: {FX_UTC}` days end at midnight UTC" if is_cured else ""
    return BarsError(
        f"{wanted} bars cannot be built from {given} bars: that of {ts:%Y-%m-%d %H:%M} lies in two "
        f"periods of {market.calendar}; supply {wanted} bars, or finer ones{remedy}",
        code="straddling-bars",
    )


def _ticks(moments: pl.Series) -> _Ticks:
    return moments.to_physical().to_numpy()
