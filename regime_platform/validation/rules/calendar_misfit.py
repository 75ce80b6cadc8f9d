"""The rule on series whose times are wrong throughout, with the reading that would be right.

A series fits its calendar badly where in some year many bars lie outside sessions, or many sessions
have no bar. Thin stocks, halts and small coins do so too: the rule matches only where one other
reading of the same labels (another zone, a shift, their end instead of their open, another
calendar) makes nearly all bars fit and leaves nearly no gap.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from regime_platform.model.calendar.labels import CLOSE, intraday_opens
from regime_platform.model.exchanges import ALWAYS, FX, OWN, SPOT, XNYS
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, FINER, is_intraday
from regime_platform.validation.findings import ACCEPT, Rule, Severity
from regime_platform.validation.rules.calendar import CalendarFit, calendar_fit

CALENDAR_MISFIT = Rule(
    "calendar_misfit",
    Severity.ERROR,
    f"for bars of a vendor check the entry in universe.yaml; if they are right, {ACCEPT}",
    pl.col("explanation"),
    unit="series",
)
#: A year with a larger share of bars outside sessions, or of sessions without a bar, is a misfit.
MOST_MISFIT = 0.05
_FEWEST_BARS = 20  # of a year
_FEWEST_MISFITS = 8  # bars and sessions of a year
_MOST_YEARS = 3  # that are searched
#: What a right reading leaves of bars outside sessions, and of missing bars.
_MOST_OUTSIDE, _MOST_MISSING = 0.01, 0.05
_TIMES_BETTER = 4
#: Finer bars often go on outside sessions. Where they miss at least so many of those inside, a
#: reading that leaves next to none missing explains that, whatever is outside.
_LEAST_LOST, _MOST_LEFT = 0.02, 0.002
_SEARCHED = "15min"  # shorter bars are searched as such: there are thousands of readings
#: Where nothing is missing around the clock, other bars are an addition of the source and no
#: misreading, unless they are most of all.
_MOST_ADDED = 0.5
#: Of weekdays with bars; no exchange is closed on more.
_LEAST_DATES = 0.85
_FEWEST_OUTSIDE = 2
_MOST_WEEKEND = 0.1  # of bars: in UTC, some sessions begin on Sunday
_ZONES = (
    "UTC", "America/New_York", "Europe/London", "Europe/Berlin", "America/Chicago",
    "Asia/Hong_Kong", "Asia/Tokyo", "Asia/Kolkata", "Australia/Sydney",
)  # fmt: skip
_CALENDARS = (
    XNYS, FX, SPOT, ALWAYS, "XLON", "XETR", "XPAR", "XSWX", "XHKG", "XTKS", "XSHG", "XBOM", "XASX",
    "XTSE", "CMES",
)  # fmt: skip
_SHIFTS = sorted((half * dt.timedelta(minutes=30) for half in range(-28, 29) if half), key=abs)

NO_MISFIT = pl.DataFrame(schema={"ts": pl.Datetime("us", "UTC"), "explanation": pl.String()})


@dataclass(frozen=True)
class _Reading:
    """Another meaning of the labels of a series."""

    words: str
    remedy: str
    opens: pl.Series  # ascending, without repetition
    market: Market


class _Misfit:
    """How badly opens fit a calendar; shares are of 1."""

    def __init__(self, fit: CalendarFit) -> None:
        gaps = fit.gaps
        lost = 0 if gaps.is_empty() else gaps.filter("whole_session")["date"].n_unique()
        bars, expected = fit.outside.size, fit.expected or fit.sessions
        self.count = int(fit.outside.sum()) + lost  # bars outside, and sessions without a bar
        self.outside = float(fit.outside.mean()) if bars else 1.0
        self.without_bar = lost / fit.sessions if fit.sessions else 1.0
        self.missing = gaps.height / expected if expected else 1.0
        self.total = self.outside + self.missing
        self.expected, self.surplus = expected, bars - expected
        self.uneven = abs(self.surplus) / expected if expected else 1.0
        self.of_session = expected / fit.sessions if fit.sessions else 0.0

    def is_explained_by(self, other: "_Misfit", *, is_lossy: bool) -> bool:
        """True where ``other`` is next to none, and this is clearly worse.

        With ``is_lossy`` also where it leaves other bars outside, but none missing.
        """
        if is_lossy and other.outside <= self.outside and other.missing <= _MOST_LEFT:
            return True
        is_right = other.outside <= _MOST_OUTSIDE and other.missing <= _MOST_MISSING
        return is_right and other.total * _TIMES_BETTER <= self.total


def misfit(
    opens: pl.Series, fit: CalendarFit, timeframe: str, market: Market, most: float = MOST_MISFIT
) -> tuple[Rule, pl.DataFrame]:
    """The rule with its remedy and, where another reading explains a misfit, a row with the first
    open of the series and the explanation.

    Args:
        opens: ascending, without null or repetition.
        fit: how they lie on the calendar of ``market``.
        timeframe: of the bars; weeks always fit.
        market: of the series.
        most: the largest share of misfits of a year that is none.
    """
    if timeframe == "1week" or _Misfit(fit).count < _FEWEST_MISFITS:
        return CALENDAR_MISFIT, NO_MISFIT
    first, are_finer = opens.head(1), timeframe in FINER
    if are_finer and DURATION[timeframe] < DURATION[_SEARCHED]:
        opens, timeframe = opens.dt.truncate("15m").unique(maintain_order=True), _SEARCHED
        fit = calendar_fit(opens, timeframe, market)
    for part, wrong in _suspects(opens, fit, timeframe, market, most)[:_MOST_YEARS]:
        is_lossy = are_finer and wrong.missing >= _LEAST_LOST
        best = _best(part, wrong, timeframe, market, is_lossy=is_lossy)
        if best is None:
            continue
        reading, right = best
        text = _explanation(wrong, right, reading.words, part[0].year, most)
        rows = pl.DataFrame({"ts": first, "explanation": [text]}, schema=NO_MISFIT.schema)
        remedy = f"{reading.remedy}; {CALENDAR_MISFIT.remedy}"
        return replace(CALENDAR_MISFIT, remedy=remedy), rows
    return CALENDAR_MISFIT, NO_MISFIT


def _explanation(wrong: _Misfit, right: _Misfit, words: str, year: int, most: float) -> str:
    if right.outside > _MOST_OUTSIDE:
        shares = f"{wrong.missing:.0%} of the bars due in {year} are missing"
        return f"begins a misfit: {shares}; {words} next to none is"
    shares = f"{wrong.outside:.0%} of the bars of {year} open outside sessions"
    if wrong.outside <= most:
        shares = f"{wrong.without_bar:.0%} of the sessions of {year} have no bar"
    fitting = "all" if not right.outside else f"{1 - right.outside:.1%} of the bars"
    return f"begins a misfit: {shares}; {words} {fitting} fit"


def _best(
    opens: pl.Series, wrong: _Misfit, timeframe: str, market: Market, *, is_lossy: bool
) -> tuple[_Reading, _Misfit] | None:
    """The reading that fits best, where it explains the misfit."""
    best, right = None, wrong
    for reading in _readings(opens, timeframe, market, wrong, is_lossy=is_lossy):
        other = _Misfit(calendar_fit(reading.opens, timeframe, reading.market))
        is_better = other.total < right.total
        if is_lossy and other.outside <= wrong.outside:
            is_better = (other.missing, other.total) < (right.missing, right.total)
        if is_better:
            best, right = reading, other
        if not other.total:
            break
    is_explained = wrong.is_explained_by(right, is_lossy=is_lossy)
    return (best, right) if best is not None and is_explained else None


def _suspects(
    opens: pl.Series, fit: CalendarFit, timeframe: str, market: Market, most: float
) -> list[tuple[pl.Series, _Misfit]]:
    """The opens of years of which more than ``most`` does not fit, and how badly.

    First those with about as many bars as are expected, which show a right reading best.
    """
    year, date = pl.col("ts").dt.year().alias("year"), pl.col("ts").dt.date()
    bars = pl.DataFrame({"ts": opens, "outside": fit.outside})
    lost = fit.gaps.filter("whole_session").group_by(year).agg(lost=pl.col("date").n_unique())
    years = bars.group_by(year).agg(pl.len(), pl.col("outside").mean(), dates=date.n_unique())
    years = years.join(lost, on="year", how="left").with_columns(pl.col("lost").fill_null(0))
    without_bar = pl.col("lost") / (pl.col("lost") + pl.col("dates"))
    is_misfit = pl.max_horizontal("outside", without_bar) > most
    suspects = years.filter(is_misfit, pl.col("len") >= _FEWEST_BARS)["year"]
    misfits = []
    for suspect in suspects.sort():
        part = opens.filter(opens.dt.year() == suspect)
        misfits.append((part, _Misfit(calendar_fit(part, timeframe, market))))
    counted = [pair for pair in misfits if pair[1].count >= _FEWEST_MISFITS]
    return sorted(counted, key=lambda pair: (round(pair[1].uneven, 1), -pair[0].len()))


def _readings(
    opens: pl.Series, timeframe: str, market: Market, wrong: _Misfit, *, is_lossy: bool
) -> Iterator[_Reading]:
    """Other readings, the likelier ones first."""
    # a move on the same calendar changes the number of bars inside its sessions, not that of bars
    if is_lossy or abs(wrong.surplus) <= _MOST_MISSING * wrong.expected + 2 * wrong.of_session:
        if is_intraday(timeframe):
            yield from _of_zones(opens, market)
            yield from _of_labels(opens, timeframe, market)
        else:
            yield from _of_days(opens, market)
    yield from _of_calendars(opens, timeframe, market, wrong)


def _of_zones(opens: pl.Series, market: Market) -> Iterator[_Reading]:
    zones = tuple(dict.fromkeys(("UTC", market.zone, *_standard(opens, market.zone), *_ZONES)))
    pairs = [pair for pair in product(zones, zones) if pair[0] != pair[1]]
    likely = [pair for pair in pairs if market.zone in pair or "UTC" in pair]
    yield from (_in_zone(opens, market, *pair) for pair in likely)
    for shift in _SHIFTS:
        hours = f"{abs(shift) / dt.timedelta(hours=1):g} hours"
        side = "later" if shift > dt.timedelta() else "earlier"
        remedy = f"name a zone in mapping.yaml by which the times are {hours} {side}"
        yield _Reading(f"{hours} {side}", remedy, opens + shift, market)
    yield from (_in_zone(opens, market, *pair) for pair in pairs if pair not in likely)


def _in_zone(opens: pl.Series, market: Market, read: str, written: str) -> _Reading:
    local = opens.dt.convert_time_zone(read).dt.replace_time_zone(None)
    times = local.dt.replace_time_zone(written, ambiguous="earliest", non_existent="null")
    return _Reading(
        f"read as {written} instead of {read}",
        f"set `zone: {written}` in mapping.yaml",
        _in_order(times.dt.convert_time_zone("UTC")),
        market,
    )


def _standard(opens: pl.Series, zone: str) -> Iterator[str]:
    """The zone with the offset that ``zone`` has in winter, where that is of whole hours."""
    january = dt.datetime(opens[0].year, 1, 15, tzinfo=ZoneInfo(zone))
    hours, rest = divmod(january.utcoffset() or dt.timedelta(), dt.timedelta(hours=1))
    if not rest:
        yield f"Etc/GMT{-hours:+d}"


def _of_labels(opens: pl.Series, timeframe: str, market: Market) -> Iterator[_Reading]:
    ends = intraday_opens(opens, timeframe, market, CLOSE).ts
    remedy = "set `label: {}` in mapping.yaml".format
    yield _Reading("as labels of their ends", remedy("close"), _in_order(ends), market)
    starts = opens + DURATION[timeframe]
    yield _Reading("as labels of their opens", remedy("open"), starts, market)


def _of_days(opens: pl.Series, market: Market) -> Iterator[_Reading]:
    remedy = "correct the dates at the source (a change of zone may have moved them)"
    for days, words in ((1, "a day later"), (-1, "a day earlier")):
        yield _Reading(words, remedy, opens + dt.timedelta(days=days), market)
    # dates in UTC of midnights in London
    midnights = opens + dt.timedelta(hours=23)
    is_summer = midnights.dt.convert_time_zone("Europe/London").dt.dst_offset() > dt.timedelta()
    moved = (opens + dt.timedelta(days=1)).zip_with(is_summer, opens)
    yield _Reading("a day later in summer", remedy, _in_order(moved), market)


def _of_calendars(
    opens: pl.Series, timeframe: str, market: Market, wrong: _Misfit
) -> Iterator[_Reading]:
    first, last = opens[0].date(), opens[-1].date()
    weekdays = int(np.busday_count(first, last + dt.timedelta(days=1)))
    if opens.dt.date().n_unique() < _LEAST_DATES * weekdays:
        return
    if market.has_exchange:  # another one trades on its holidays, or at other hours
        is_possible = wrong.outside * opens.len() >= _FEWEST_OUTSIDE
    else:
        is_possible = wrong.missing > _MOST_MISSING or wrong.outside > _MOST_ADDED
    has_weekends = int((opens.dt.weekday() > 5).sum()) > _MOST_WEEKEND * opens.len()
    # dates of currencies alone do not look like those of an exchange
    is_own = market.has_currency_week and not is_intraday(timeframe)
    for calendar in (OWN if is_own else _CALENDARS) if is_possible else ():
        other = replace(market, calendar=calendar)
        trades_weekends = max(other.hours.weekdays) > 4
        if has_weekends != trades_weekends or not _are_within(opens, timeframe, other):
            continue
        if calendar != market.calendar:
            remedy = f"give the entry in universe.yaml `calendar: {calendar}`"
            yield _Reading(f"by the calendar {calendar}", remedy, opens, other)


def _are_within(opens: pl.Series, timeframe: str, market: Market) -> bool:
    """False where intraday bars open at other hours than those of the market, whatever its dates.

    So that few calendars have to be computed.
    """
    if not is_intraday(timeframe) or market.hours.is_overnight or market.calendar == ALWAYS:
        return True
    local = opens.dt.convert_time_zone(market.zone)
    since = local - local.dt.truncate("1d")
    start, end = (
        dt.timedelta(hours=time.hour, minutes=time.minute)
        for time in (market.hours.open, market.hours.close)
    )
    return not (since < start - DURATION[timeframe]).any() and not (since >= end).any()


def _in_order(opens: pl.Series) -> pl.Series:
    return opens.drop_nulls().unique().sort()
