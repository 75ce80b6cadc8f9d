"""Rules that compare the bars of a series with the trading calendar of its market.

Expected are the bars between the first and the last stored one.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from regime_platform.model.calendar.trading_hours import (
    MIDNIGHT,
    anchors,
    expected_bars,
    tolerated_opens,
)
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, is_intraday
from regime_platform.validation.findings import Rule, Severity
from regime_platform.validation.rules.bar import ticks

#: On a frame of bars with ``CalendarFit.outside`` as a column.
OUTSIDE_SESSION = Rule(
    "outside_session",
    Severity.WARNING,
    "check holidays and the zone of the labels; exclude the bar, or accept it",
    pl.lit("opens when the calendar has no session"),
    pl.col("outside_session"),
)
MISSING_SESSIONS = Rule(
    "missing_sessions",
    Severity.WARNING,
    "fetch the range again; accept the date if it was truly not traded",
    pl.lit("no bar of this session"),
    unit="sessions",
)
MISSING_BARS = Rule(
    "missing_bars",
    Severity.WARNING,
    "fetch the range again; accept the open if nothing was traded",
    pl.lit("no bar opens here"),
)
#: ``place`` is that among the expected bars, so that neighbours can be joined.
NO_GAPS = pl.DataFrame(
    schema={
        "ts": pl.Datetime("us", "UTC"),
        "date": pl.Date,
        "place": pl.UInt32,
        "whole_session": pl.Boolean,
    }
)
_TICK = dt.timedelta(microseconds=1)
_RECENT = 500  # bars, by which a change of the anchor is seen
_SUNDAY, _DAYS_A_WEEK = 7, 6  # of currencies, where their days end at midnight UTC


@dataclass(frozen=True)
class CalendarFit:
    """How the bars of a series lie on the calendar."""

    anchor: str  # where intraday bars start, or the days of currencies end; empty for dates
    expected: int  # intraday bars that must exist between the first and the last one
    sessions: int  # trading dates (weekly: weeks) that these are of
    outside: NDArray[np.bool_]  # per stored bar: True where the calendar has no session
    #: Per stored bar: True for the first, and for the last one that is expected without a break.
    edges: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    gaps: pl.DataFrame  # every missing bar, by ts; columns of ``NO_GAPS``

    def missing(self) -> tuple[tuple[Rule, int, pl.DataFrame], ...]:
        """The rules on gaps, each with what must exist and what is missing of it."""
        whole = single = self.gaps
        if not self.gaps.is_empty():
            whole = self.gaps.filter("whole_session").unique("date", keep="first").sort("ts")
            single = self.gaps.filter(~pl.col("whole_session"))
        return (MISSING_SESSIONS, self.sessions, whole), (MISSING_BARS, self.expected, single)


def calendar_fit(
    opens: pl.Series, timeframe: str, market: Market, kept_out: pl.Series | None = None
) -> CalendarFit:
    """How ``opens`` (ascending, without null) lie on the calendar of the market.

    What opens within the period of a missing bar and is ``kept_out`` by other rules is that bar.
    """
    if opens.is_empty():
        none = np.zeros(0, np.bool_)
        return CalendarFit("", 0, 0, none, (none, none), NO_GAPS)
    span = span_of(opens)
    anchor = _anchor(opens, timeframe, market, *span)
    expected = expected_bars(market, timeframe, *span, anchor=anchor)
    stored, due = ticks(opens), ticks(expected["ts"])
    outside = ~_among(stored, due)
    if outside.any():  # bars of thin dates may exist
        tolerated = tolerated_opens(market, timeframe, *span, anchor=anchor)
        outside &= ~_among(stored, ticks(tolerated))
    is_missing = ~_among(due, stored)
    if kept_out is not None and is_missing.any():
        is_missing[_periods(due, ticks(kept_out), timeframe)] = False
    breaks = np.diff(due) > DURATION[timeframe] // _TICK
    return CalendarFit(
        anchor=anchor if is_intraday(timeframe) or anchor == MIDNIGHT else "",
        expected=expected.height if is_intraday(timeframe) else 0,
        sessions=int(expected["date"].rle_id().n_unique()),
        outside=outside,
        edges=(
            _among(stored, due[np.concatenate(([True], breaks))[: due.size]]),
            _among(stored, due[np.concatenate((breaks, [True]))[: due.size]]),
        ),
        gaps=_marked(expected, is_missing) if is_missing.any() else NO_GAPS,
    )


def span_of(opens: pl.Series) -> tuple[dt.datetime, dt.datetime]:
    """The half-open range of ascending opens, the last one included."""
    return opens[0], opens[-1] + _TICK


def stretches(gaps: pl.DataFrame) -> pl.DataFrame:
    """Consecutive gaps as one row: first, last, missing (bars), sessions (whole ones)."""
    run = pl.col("place").cast(pl.Int64) - pl.int_range(pl.len())
    return (
        gaps.group_by(run, maintain_order=True)
        .agg(
            first=pl.col("ts").first(),
            last=pl.col("ts").last(),
            missing=pl.len(),
            sessions=pl.col("date").filter("whole_session").n_unique(),
        )
        .drop("place")
    )


def _anchor(
    opens: pl.Series, timeframe: str, market: Market, start: dt.datetime, end: dt.datetime
) -> str:
    """The anchor that most of the last bars match; of equals that of most bars, then the usual.

    Anchors may differ in one half of the year only, so the other half has to decide.
    """
    possible = anchors(market, timeframe)
    recent = opens.tail(_RECENT)
    if possible == ("", MIDNIGHT):
        sundays = int((recent.dt.weekday() == _SUNDAY).sum())
        return MIDNIGHT if sundays * _DAYS_A_WEEK * 2 >= recent.len() else ""
    for some, from_ in ((recent, recent[0]), (opens, start)):
        if len(possible) == 1:
            break
        stored, hits = ticks(some), dict[str, int]()
        for anchor in possible:
            due = tolerated_opens(market, timeframe, from_, end, anchor)
            hits[anchor] = int(_among(stored, ticks(due)).sum())
        possible = tuple(each for each in possible if hits[each] == max(hits.values()))
    return possible[0]


def _marked(expected: pl.DataFrame, is_missing: NDArray[np.bool_]) -> pl.DataFrame:
    """Gaps with ``whole_session``: True where no bar of their date is stored."""
    gaps = expected.with_row_index("place").filter(is_missing)
    dates = gaps["date"].unique()
    due = expected.filter(pl.col("date").is_in(dates.implode())).group_by("date").len("due")
    absent = pl.len().over("date")
    return gaps.join(due, on="date", how="left", maintain_order="left").select(
        "ts", "date", "place", whole_session=absent == pl.col("due")
    )


def _periods(
    expected: NDArray[np.int64], opens: NDArray[np.int64], timeframe: str
) -> NDArray[np.int64]:
    """The places of the expected bars within whose period one of ``opens`` lies."""
    places = np.searchsorted(expected, opens, side="right") - 1
    inside = (places >= 0) & (opens - expected[places] < DURATION[timeframe] // _TICK)
    return places[inside]


def _among(values: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True for the values that are among ``known``; both ascending, without repetition."""
    if np.array_equal(values, known):
        return np.ones(values.size, dtype=np.bool_)
    return np.isin(values, known, assume_unique=True)
