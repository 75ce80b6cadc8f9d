"""The opens that labels of bars stand for: raw bars are named by their open, or by their date.

Sources label a day by a time of it (midnight in the zone of the exchange, its close), a week by
another day than Monday, and a bar by its end. What a label means is what fits the sessions of the
market; where several meanings fit and differ, the label is unclear and nothing is chosen.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import polars as pl

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.calendar.sessions import sessions
from regime_platform.model.calendar.trading_hours import (
    anchors,
    expected_bars,
    tolerated_opens,
    trading_date,
)
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION

OPEN, CLOSE = "open", "close"
#: One meaning is chosen where the dates of another miss so much more of the sessions.
_CLEARLY = 0.1
_FEWEST_SESSIONS = 5
#: Of dates that were read from times, those without a session; a Saturday for a Friday is a fifth.
_MOST_ODD = 0.1
#: Of the sessions that have bars, those with a bar labelled by their close.
_MOST_SESSIONS = 0.8
_TICK = dt.timedelta(microseconds=1)
_SUNDAY = 7


@dataclass(frozen=True)
class Opens:
    """What labels mean."""

    ts: pl.Series  # the opens, in the order of the labels
    meaning: str = ""  # what was chosen of several meanings; empty for the usual one
    note: str = ""  # what was read otherwise than it is written, as one line
    unclear: str = ""  # why the meaning has to be declared; ``ts`` has the first one


@dataclass(frozen=True)
class DateLabels:
    """Labels of days or weeks."""

    dates: pl.Series  # the date where it is written alone or as its midnight, else null
    has_time: pl.Series  # True where a time is written
    #: Zone of times without an offset -> the labels as instants in UTC; the first one is usual.
    instants: Mapping[str, pl.Series]
    date_zone: str = ""  # whose dates the times are, where it is stated

    def opens(self, timeframe: str, market: Market, label: str = "", week_label: str = "") -> Opens:
        """00:00 UTC of the dates, or of the Mondays of the weeks.

        ``label`` states whether a time is that of the open or of the close, and ``week_label``
        the same of the day that names a week, where it is another; empty: not stated.
        """
        opens = self._stated_days(label) if self.date_zone else self._days(market, label)
        return _weeks(opens, week_label or label) if timeframe == "1week" else opens

    def _stated_days(self, label: str) -> Opens:
        local = next(iter(self.instants.values())).dt.convert_time_zone(self.date_zone)
        ends = local.dt.offset_by("-1us") if label == CLOSE else local
        days = ends.dt.date().zip_with(self.has_time, self.dates)
        return Opens(_midnights(days), note=f"times read as their dates in {self.date_zone}")

    def _days(self, market: Market, label: str) -> Opens:
        dates = self.dates
        if label == CLOSE and market.close == dt.time():
            dates = dates.set(self.has_time, None)  # a midnight ends the day before
        if not dates.null_count():
            return Opens(_midnights(dates))
        sides = (label,) if label else (OPEN, CLOSE)
        read = {
            (zone, side): dates.zip_with(dates.is_not_null(), _dates(instants, market, side))
            for (zone, instants), side in product(self.instants.items(), sides)
        }
        first = next(iter(read))
        note = f"times read as their dates in {market.zone}"
        differing = _differing(read)
        if not differing:
            return Opens(_midnights(read[first]), note=note, unclear=_odd(read[first], market))
        misfits = {key: _off_sessions(days, market) for key, days in read.items()}
        best = min(misfits, key=lambda key: misfits[key])
        others = [share for key, share in misfits.items() if not read[key].equals(read[best])]
        if min(others) - misfits[best] >= _CLEARLY:
            meaning = "" if best == first else " ".join(best)
            note += f", as {' '.join(best)} of the day"
            return Opens(_midnights(read[best]), meaning, note)
        return Opens(_midnights(read[first]), note=note, unclear=differing)


def intraday_opens(labels: pl.Series, timeframe: str, market: Market, label: str = "") -> Opens:
    """The opens of intraday bars that are labelled by their open or, where all sessions show it or
    ``label`` states it, by their end or the last second before it."""
    if label == OPEN or labels.null_count() == labels.len():
        return Opens(labels)
    ends = _whole_minutes(labels)
    are_last = not ends.equals(labels)
    # without a night between sessions, the calendar cannot tell an end from an open
    if not (label or are_last or market.has_exchange):
        return Opens(labels)
    is_outside = _are_outside(ends, timeframe, market)
    if not (label or are_last or is_outside.any()):
        return Opens(labels)
    by_anchor = [
        _opens_of_ends(ends, timeframe, market, anchor) for anchor in anchors(market, timeframe)
    ]
    opens, is_known = max(by_anchor, key=lambda candidate: candidate[1].sum())
    note = "bars labelled by their end read by their open"
    if label == CLOSE:
        return Opens(opens, note=note)
    if is_known.all() and (are_last or _end_sessions(is_outside, opens, market)):
        return Opens(opens, CLOSE, note)
    return Opens(labels)


def _odd(dates: pl.Series, market: Market) -> str:
    """The setting to state where many dates are those of no session, as Saturdays; else empty."""
    share = _off_sessions(dates, market)
    if dates.n_unique() < _FEWEST_SESSIONS or share < _MOST_ODD:
        return ""
    return f"`date_zone` ({share:.0%} of the dates in {market.zone} have no session)"


def _differing(read: Mapping[tuple[str, str], pl.Series]) -> str:
    """The settings that decide between the dates of ``read``; empty where all are equal."""
    settings = []
    for place, name in enumerate(("zone", "label")):
        values = list(dict.fromkeys(key[place] for key in read))
        groups: dict[str, list[pl.Series]] = {}
        for key, days in read.items():
            groups.setdefault(key[1 - place], []).append(days)
        if any(not days.equals(group[0]) for group in groups.values() for days in group):
            settings.append(f"`{name}: {' or '.join(values)}`")
    return " and ".join(settings)


def _weeks(days: Opens, label: str) -> Opens:
    weekday = days.ts.dt.weekday()
    mondays = days.ts.dt.truncate("1w")
    is_sunday = weekday == _SUNDAY
    unclear = days.unclear
    if is_sunday.any():
        if not label:
            unclear = "`label: open` (each begins the week of the next day) or `label: close`"
        if label == OPEN:
            mondays = (days.ts + dt.timedelta(days=1)).zip_with(is_sunday, mondays)
    note = days.note
    if (weekday != 1).any():
        names = ", ".join(days.ts.filter(weekday != 1).dt.strftime("%A").unique().sort())
        note = "; ".join(filter(None, (note, f"weeks labelled {names} read as their Monday")))
    return Opens(mondays, days.meaning, note, unclear)


def _dates(instants: pl.Series, market: Market, side: str) -> pl.Series:
    """The trading dates of instants; on the side ``close``, a daily close ends its date."""
    moment = pl.col("ts")
    local = moment.dt.convert_time_zone(market.zone).dt.time()
    if side == CLOSE:
        moment = pl.when(local == market.close).then(moment - _TICK).otherwise(moment)
    return instants.alias("ts").to_frame().select(trading_date(moment, market)).to_series()


def _off_sessions(dates: pl.Series, market: Market) -> float:
    """The share of dates without a session, of all."""
    days = _midnights(dates).drop_nulls().sort()
    if days.is_empty():
        return 1.0
    due = tolerated_opens(market, "1day", days[0], days[-1] + _TICK)
    return 1 - int(_midnights(dates).is_in(due.implode()).sum()) / dates.len()


def _midnights(dates: pl.Series) -> pl.Series:
    return dates.cast(BAR_SCHEMA["ts"]).alias("ts")


def _whole_minutes(labels: pl.Series) -> pl.Series:
    """The next minutes, where all labels are of the last second before one, as 00:59:59.999."""
    minutes = labels.dt.offset_by("1s").dt.truncate("1m")
    return minutes if (minutes > labels).all() else labels


def _opens_of_ends(
    labels: pl.Series, timeframe: str, market: Market, anchor: str
) -> tuple[pl.Series, pl.Series]:
    """The opens of bars that end at ``labels``, and True where the calendar has such a bar."""
    length = DURATION[timeframe]
    first, last = _span(labels)
    due = expected_bars(market, timeframe, first - 2 * length, last, anchor)
    closes = sessions(market.calendar).select("closes").sort("closes")
    due = due.join_asof(  # the end of the part of the session that the bar begins in
        closes, left_on="ts", right_on="closes", strategy="forward", allow_exact_matches=False
    )
    ends = pl.concat(
        [
            due.select(ends=pl.col("ts") + length, opens="ts"),
            due.select(ends=pl.min_horizontal(pl.col("ts") + length, "closes"), opens="ts"),
        ]
    ).unique("ends", keep="last")
    joined = (
        labels.alias("ends").to_frame().join(ends, on="ends", how="left", maintain_order="left")
    )
    opens = joined.select(pl.col("opens").fill_null(pl.col("ends") - length)).to_series()
    return opens.alias("ts"), joined["opens"].is_not_null() | labels.is_null()


def _are_outside(labels: pl.Series, timeframe: str, market: Market) -> pl.Series:
    """True where no bar of the calendar opens, wherever its bars are anchored."""
    due = [
        tolerated_opens(market, timeframe, *_span(labels), anchor)
        for anchor in anchors(market, timeframe)
    ]
    return ~labels.is_in(pl.concat(due).implode())


def _end_sessions(is_outside: pl.Series, opens: pl.Series, market: Market) -> bool:
    """True where nearly every session has a label at which no bar of it can open."""
    dates = opens.to_frame().select(trading_date(pl.col("ts"), market)).to_series()
    count, ended = dates.n_unique(), dates.filter(is_outside).n_unique()
    return count >= _FEWEST_SESSIONS and ended >= _MOST_SESSIONS * count


def _span(labels: pl.Series) -> tuple[dt.datetime, dt.datetime]:
    """The half-open range of labels, the last one included."""
    first, last = labels.min(), labels.max()
    assert isinstance(first, dt.datetime)
    assert isinstance(last, dt.datetime)
    return first, last + _TICK
