"""Rules that compare the bars of a series with the trading calendar of its class.

Expected are the bars between the first and the last stored one, so that bars before the listing or
after the last fetch are no gaps. ``gaps`` lists every missing bar; the rules count them.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from regime_platform.model.calendar.trading_hours import (
    CLOCK,
    SESSION,
    anchors,
    expected_bars,
    tolerated_opens,
)
from regime_platform.model.timeframes import is_intraday
from regime_platform.validation.findings import Rule, Severity

OUTSIDE_SESSION = Rule(
    "outside_session",
    Severity.WARNING,
    "bars",
    "check holidays and the zone of the labels; exclude the bar, or accept it",
    pl.lit("opens when the calendar has no session"),
)
MISSING_SESSIONS = Rule(
    "missing_sessions",
    Severity.WARNING,
    "sessions",
    "fetch the range again; accept the date if it was truly not traded",
    pl.lit("no bar of this session"),
)
MISSING_BARS = Rule(
    "missing_bars",
    Severity.WARNING,
    "bars",
    "fetch the range again; accept the open if nothing was traded",
    pl.lit("no bar opens here"),
)
CALENDAR_RULES = (OUTSIDE_SESSION, MISSING_SESSIONS, MISSING_BARS)
_TICK = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class CalendarFit:
    """How the bars of a series lie on the calendar."""

    anchor: str  # where intraday bars start: session or clock; empty for dates
    expected: int  # bars that must exist between the first and the last one
    sessions: int  # trading dates (weekly: weeks) that these are of
    outside: NDArray[np.bool_]  # per stored bar: True where the calendar has no session
    gaps: pl.DataFrame  # ts, date, place, whole_session of every missing bar, by ts

    def due(self, rule: Rule) -> int:
        """How many units of ``rule`` must exist."""
        if rule is MISSING_SESSIONS:
            return self.sessions
        return self.expected if self.anchor else 0

    def missing(self, rule: Rule) -> pl.DataFrame:
        """The gaps that ``rule`` counts, one row per unit of it."""
        if rule is MISSING_SESSIONS:
            return self.gaps.filter("whole_session").unique("date", keep="first").sort("ts")
        return self.gaps.filter(~pl.col("whole_session"))


def calendar_fit(opens: pl.Series, timeframe: str, asset_class: str) -> CalendarFit:
    """How ``opens`` (ascending, without null) lie on the calendar of the class."""
    if opens.is_empty():
        return CalendarFit("", 0, 0, np.zeros(0, np.bool_), no_gaps())
    span = span_of(opens)
    anchor = _anchor(opens, timeframe, asset_class, *span)
    expected = expected_bars(asset_class, timeframe, *span, anchor=anchor)
    stored = _ticks(opens)
    outside = ~_among(stored, _ticks(expected["ts"]))
    if outside.any():  # bars of thin dates may exist
        tolerated = tolerated_opens(asset_class, timeframe, *span, anchor=anchor)
        outside &= ~_among(stored, _ticks(tolerated))
    is_missing = ~_among(_ticks(expected["ts"]), stored)
    return CalendarFit(
        anchor=anchor if is_intraday(timeframe) else "",
        expected=expected.height,
        sessions=_runs(expected["date"]),
        outside=outside,
        gaps=_marked(expected, is_missing) if is_missing.any() else no_gaps(),
    )


def span_of(opens: pl.Series) -> tuple[dt.datetime, dt.datetime]:
    """The half-open range of ascending opens, the last one included."""
    return opens[0], opens[-1] + _TICK


def _anchor(
    opens: pl.Series, timeframe: str, asset_class: str, start: dt.datetime, end: dt.datetime
) -> str:
    """The anchor that most of the last bars match; the usual one of the class on a tie."""
    possible = anchors(asset_class, timeframe)
    if len(possible) == 1:
        return possible[0]
    recent = opens.tail(500)
    from_ = max(start, recent[0])
    hits = {}
    for anchor in possible:
        due = expected_bars(asset_class, timeframe, from_, end, anchor)["ts"]
        hits[anchor] = int(_among(_ticks(recent), _ticks(due)).sum())
    return CLOCK if hits[CLOCK] > hits[SESSION] else SESSION


def _marked(expected: pl.DataFrame, is_missing: NDArray[np.bool_]) -> pl.DataFrame:
    """Gaps with ``whole_session``: True where no bar of their date is stored."""
    gaps = expected.with_row_index("place").filter(is_missing)
    dates = gaps["date"].unique()
    due = expected.filter(pl.col("date").is_in(dates.implode())).group_by("date").len("due")
    absent = pl.len().over("date")
    return gaps.join(due, on="date", how="left", maintain_order="left").select(
        "ts", "date", "place", whole_session=absent == pl.col("due")
    )


def no_gaps() -> pl.DataFrame:
    """A frame of gaps without rows."""
    return pl.DataFrame(
        schema={
            "ts": pl.Datetime("us", "UTC"),
            "date": pl.Date,
            "place": pl.UInt32,  # among the expected bars, so that neighbours can be joined
            "whole_session": pl.Boolean,
        }
    )


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


def _runs(dates: pl.Series) -> int:
    """The number of runs of equal dates."""
    days = dates.to_physical().to_numpy()
    return int(np.count_nonzero(np.diff(days))) + bool(days.size)


def _ticks(opens: pl.Series) -> NDArray[np.int64]:
    return opens.to_physical().to_numpy()


def _among(values: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True for the values that are among ``known``; both ascending."""
    if known.size == 0:
        return np.zeros(values.size, dtype=np.bool_)
    if values.size == known.size and np.array_equal(values, known):
        return np.ones(values.size, dtype=np.bool_)
    place = np.searchsorted(known, values).clip(max=known.size - 1)
    matches: NDArray[np.bool_] = known[place] == values
    return matches
