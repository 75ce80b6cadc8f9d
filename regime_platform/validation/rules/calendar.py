"""Rules that compare the bars of a series with the trading calendar of its class.

Expected are the bars between the first and the last stored one.
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


@dataclass(frozen=True)
class CalendarFit:
    """How the bars of a series lie on the calendar."""

    anchor: str  # where intraday bars start: session or clock; empty for dates
    expected: int  # bars that must exist between the first and the last one
    sessions: int  # trading dates (weekly: weeks) that these are of
    outside: NDArray[np.bool_]  # per stored bar: True where the calendar has no session
    gaps: pl.DataFrame  # every missing bar, by ts; columns of ``NO_GAPS``

    def missing(self) -> tuple[tuple[Rule, int, pl.DataFrame], ...]:
        """The rules on gaps, each with what must exist and what is missing of it."""
        whole = single = self.gaps
        if not self.gaps.is_empty():
            whole = self.gaps.filter("whole_session").unique("date", keep="first").sort("ts")
            single = self.gaps.filter(~pl.col("whole_session"))
        expected = self.expected if self.anchor else 0
        return (MISSING_SESSIONS, self.sessions, whole), (MISSING_BARS, expected, single)


def calendar_fit(opens: pl.Series, timeframe: str, asset_class: str) -> CalendarFit:
    """How ``opens`` (ascending, without null) lie on the calendar of the class."""
    if opens.is_empty():
        return CalendarFit("", 0, 0, np.zeros(0, np.bool_), NO_GAPS)
    span = span_of(opens)
    anchor = _anchor(opens, timeframe, asset_class, *span)
    expected = expected_bars(asset_class, timeframe, *span, anchor=anchor)
    stored = ticks(opens)
    outside = ~_among(stored, ticks(expected["ts"]))
    if outside.any():  # bars of thin dates may exist
        tolerated = tolerated_opens(asset_class, timeframe, *span, anchor=anchor)
        outside &= ~_among(stored, ticks(tolerated))
    is_missing = ~_among(ticks(expected["ts"]), stored)
    return CalendarFit(
        anchor=anchor if is_intraday(timeframe) else "",
        expected=expected.height,
        sessions=int(expected["date"].rle_id().n_unique()),
        outside=outside,
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
        hits[anchor] = int(_among(ticks(recent), ticks(due)).sum())
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


def _among(values: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True for the values that are among ``known``; both ascending, without repetition."""
    if np.array_equal(values, known):
        return np.ones(values.size, dtype=np.bool_)
    return np.isin(values, known, assume_unique=True)
