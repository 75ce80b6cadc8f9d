"""Bars from the Twelve Data API: which windows to ask for, in which order.

The vendor cuts long answers at their old end without a word, so every question is bounded at both
ends and sized to be answered in full, and only the earliest timestamp says that a history is
complete. One question and its errors live in ``twelvedata_http``, answers in
``twelvedata_answers``. Budgets and batches are not kept here.
"""

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from regime_platform.errors import SourceError
from regime_platform.model.asset_classes import ASSET_CLASSES
from regime_platform.model.bar_schema import empty_bars
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import DURATION, canonical_timeframe, is_intraday
from regime_platform.sources.protocol import Held, NotOfferedError, Page
from regime_platform.sources.twelvedata_answers import answered_bars, answered_earliest
from regime_platform.sources.twelvedata_http import TwelveDataClient

MOST_ROWS = 5000  # of one answer; an answer that long may have been cut
OVERLAP_BARS = 5  # at least so many bars of what is held are asked for again
_EXPECTED_ROWS = 4500  # per window, to leave room for what the estimate misses
_LONG_WEEKEND = 4  # days without a bar that an overlap must span


@dataclass(frozen=True)
class _Series:
    instrument: Instrument
    timeframe: str

    @property
    def what(self) -> str:
        return f"{self.instrument.symbol} {self.timeframe}"

    @property
    def bars_per_day(self) -> float:
        """At most so many bars per calendar day, in the long run."""
        if self.timeframe == "1week":
            return 1 / 7
        hours = ASSET_CLASSES[self.instrument.asset_class].open_hours
        # what trades around the clock is sometimes served on weekends as well
        share = 1.0 if hours == 24 else 5 / 7
        if self.timeframe == "1day":
            return share
        return math.ceil(hours / (DURATION[self.timeframe] / dt.timedelta(hours=1))) * share

    @property
    def window_days(self) -> int:
        return int(_EXPECTED_ROWS / self.bars_per_day)

    @property
    def overlap_days(self) -> int:
        return math.ceil(OVERLAP_BARS / self.bars_per_day) + _LONG_WEEKEND

    @property
    def price_basis(self) -> str:
        return "unadjusted" if is_intraday(self.timeframe) else "split_adjusted"


class TwelveDataSource:
    """Walks back to the earliest bar where nothing is held, and forward from what is held."""

    name = "twelvedata"

    def __init__(self, client: TwelveDataClient) -> None:
        self._client = client
        self._earliest: dict[str, dt.date] = {}

    def pages(
        self, instrument: Instrument, timeframe: str, held: Held | None, now: dt.datetime
    ) -> Iterator[Page]:
        """Updates first, then whatever of the history is still missing, newest first.

        Windows begin and end at midnight UTC, so that a date is held as a whole or not at all.

        Raises:
            NotOfferedError: the vendor has no bar of this timeframe for the instrument.
            SourceError: as ``TwelveDataClient.get`` has it, or another instrument answered.
        """
        series = _Series(instrument, canonical_timeframe(timeframe))
        # two days on, because a date can begin that much earlier elsewhere than in UTC
        end = now.astimezone(dt.UTC).date() + dt.timedelta(days=2)
        overlap = dt.timedelta(days=series.overlap_days)
        if held is None:
            yield from self._back(series, self._first_date(series), end)
            return
        yield from self._forward(series, held.last.date() - overlap, end)
        first = self._first_date(series)
        if held.first.date() > first:
            yield from self._back(series, first, held.first.date() + overlap)

    def _forward(self, series: _Series, start: dt.date, end: dt.date) -> Iterator[Page]:
        days = series.window_days
        while start < end:
            stop = min(end, start + dt.timedelta(days=days))
            page = self._page(series, start, stop)
            if page is None:
                days = (stop - start).days // 2
                continue
            yield from _unless_empty(page)
            start = stop

    def _back(self, series: _Series, first: dt.date, end: dt.date) -> Iterator[Page]:
        days = series.window_days
        while end > first:
            start = max(first, end - dt.timedelta(days=days))
            page = self._page(series, start, end)
            if page is None:
                days = (end - start).days // 2
                continue
            yield from _unless_empty(page)
            if start == first:
                return
            # windows overlap too, but never by so much that small ones make no headway
            end = start + dt.timedelta(days=min(series.overlap_days, days // 2))

    def _page(self, series: _Series, start: dt.date, end: dt.date) -> Page | None:
        """The bars that open in [start, end), or None where the answer may have been cut."""
        window = (_midnight(start), _midnight(end))
        question = {
            **_identity(series),
            "start_date": _date_text(start, series),
            "end_date": _date_text(end, series),
            "outputsize": str(MOST_ROWS),
        }
        body = self._client.get("/time_series", question, series.what)
        if body is None:
            return Page(empty_bars(), series.price_basis, window)
        bars = answered_bars(body, series.instrument, series.timeframe)
        if bars.height >= MOST_ROWS:
            if (end - start).days > 1:
                return None
            raise SourceError(
                f"{series.what}: Twelve Data serves {bars.height} bars for the one day {start}; "
                "check that this is the instrument you mean"
            )
        # the vendor's ends are exclusive here and inclusive there, so both are cut here as well
        within = bars.filter(pl.col("ts").is_between(*window, closed="left"))
        return Page(within, series.price_basis, window)

    def _first_date(self, series: _Series) -> dt.date:
        # asked once per process: it moves only when the vendor adds or drops history
        if series.what not in self._earliest:
            body = self._client.get("/earliest_timestamp", _identity(series), series.what)
            if body is None:
                raise NotOfferedError(
                    f"Twelve Data has no {series.timeframe} bar of this instrument"
                )
            first = answered_earliest(body, series.timeframe, series.what)
            if series.timeframe == "1week":
                first -= dt.timedelta(days=first.weekday())
            self._earliest[series.what] = first
        return self._earliest[series.what]


def _unless_empty(page: Page) -> Iterator[Page]:
    if page.bars.height:
        yield page


def _identity(series: _Series) -> dict[str, str]:
    named = dict(series.instrument.identity)
    question = {"symbol": named.pop("provider_symbol"), **named, "interval": series.timeframe}
    if is_intraday(series.timeframe):
        question["timezone"] = "UTC"  # dates stand as they are, whatever one asks for
    return question


def _date_text(date: dt.date, series: _Series) -> str:
    return f"{date} 00:00:00" if is_intraday(series.timeframe) else str(date)


def _midnight(date: dt.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), dt.UTC)
