"""The sessions of each calendar: a frame of ``date``, ``opens``, ``closes`` (UTC) and ``kind``.

A session with a break at noon, or a daily pause, is more than one span; spans ascend and do not
overlap. The kind says how sure it is that a span has bars.
"""

import datetime as dt
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from regime_platform.model.exchanges import FX, FX_UTC, HOURS, OWN, SPOT, XNYS, Hours

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

KNOWN = 0  # its bars must exist
ASSUMED = 1  # a weekday of a year that the calendar does not know: it may be a holiday
THIN = 2  # bars exist for some of its hours only, so that none is missing and none is odd
#: Closures that a release of exchange_calendars may not have: they are announced days before.
UNPLANNED_CLOSURES: Mapping[str, tuple[dt.date, ...]] = {
    XNYS: (
        dt.date(2012, 10, 29),  # hurricane
        dt.date(2012, 10, 30),
        dt.date(2018, 12, 5),  # national day of mourning
        dt.date(2025, 1, 9),  # national day of mourning
    ),
}
FIRST_DATE, LAST_DATE = dt.date(1927, 1, 1), dt.date(2049, 12, 31)
UTC = pl.Datetime("us", "UTC")
_RULES_BEGIN = dt.date(1970, 1, 1)  # pandas applies no rule for holidays to earlier dates
_PAUSE = dt.timedelta(hours=1)
_GRID = "15m"  # the shortest bars; an open between is that of the bar that it falls into
_DAY = dt.timedelta(days=1)
_SATURDAY = 5
_DATE, _OPENS, _CLOSES = pl.col("date"), pl.col("opens"), pl.col("closes")
_KIND = pl.col("kind").cast(pl.UInt8)


class SessionStore(Protocol):
    """Keeps the sessions of calendars between processes; see ``calendar_cache``.

    To read them takes a hundredth of the time that computing them takes.
    """

    def read(self, calendar: str) -> pl.DataFrame | None:
        """Exactly what was kept for a calendar by the same code and libraries, else None."""
        ...

    def keep(self, calendar: str, spans: pl.DataFrame) -> None:
        """Keeps them, where that is possible."""
        ...


@cache
def _store() -> SessionStore:
    """It does I/O, so it is outside this pure package and imported when it is first needed."""
    store: SessionStore = import_module("regime_platform.calendar_cache").calendar_cache()
    return store


@cache
def sessions(calendar: str) -> pl.DataFrame:
    """Every span of the calendar from 1927 to 2049, by its open."""
    if calendar in OWN:
        return _computed(calendar)
    kept = _store().read(calendar)
    if kept is None:
        kept = _computed(calendar)
        _store().keep(calendar, kept)
    return kept


def _computed(calendar: str) -> pl.DataFrame:
    hours = HOURS[calendar]
    usual = _usual(hours, hours.weekdays)
    if calendar == FX_UTC:
        parts = [_cut_at_midnight(sessions(FX))]
    elif calendar in OWN:
        is_thin = pl.col("date").is_in(list(thin_dates(calendar)))
        parts = [usual.with_columns(kind=pl.when(is_thin).then(THIN).otherwise(KNOWN))]
        if calendar == SPOT:  # some sources have bars of the hour's break
            parts.append(_thin(usual.select("date", opens=_OPENS - _PAUSE, closes=_OPENS)))
    else:
        known, span = _of_library(calendar, hours)
        parts = _with_pauses(known, usual, hours) if hours.is_overnight else [known]
        parts.append(usual.filter(~_DATE.is_between(*span)).with_columns(kind=pl.lit(ASSUMED)))
        until = hours.saturdays_until or hours.known_from or FIRST_DATE
        parts.append(_thin(_usual(hours, (_SATURDAY,)).filter(until > _DATE)))
    return (
        pl.concat(part.select("date", _OPENS, _CLOSES, _KIND) for part in parts)
        .with_columns(_OPENS.dt.truncate(_GRID))
        .sort("opens")
    )


def session_dates(calendar: str, first: dt.date, last: dt.date) -> pl.Series:
    """The dates of sessions that must exist from ``first`` to ``last``, which takes less than
    ``sessions`` where these are few years.

    Before 1970, and where a calendar ends before ``last``, all of ``sessions`` are computed.
    """
    hours, month = HOURS[calendar], 30 * _DAY  # a calendar without a session is an error
    if calendar not in OWN and first - month >= (hours.known_from or _RULES_BEGIN):
        with warnings.catch_warnings():
            library, span = _calendar(calendar, first - month, last + month)
        dates = pl.Series("date", _naive(library.sessions.to_series())).cast(pl.Date)
        if span[1] >= last:
            closed = list(UNPLANNED_CLOSURES.get(calendar, ()))
            return dates.filter(dates.is_between(first, last) & ~dates.is_in(closed))
    dates = sessions(calendar).filter(pl.col("kind") != THIN)["date"].unique().sort()
    return dates.filter(dates.is_between(first, last))


def _usual(hours: Hours, weekdays: Sequence[int]) -> pl.DataFrame:
    """A span of the usual hours for every date of the weekdays, whatever is a holiday."""
    opens, closes = _DATE.dt.combine(hours.open), _DATE.dt.combine(hours.close)
    if hours.is_overnight:
        opens = opens.dt.offset_by("-1d")
    if hours.close == dt.time():
        closes = closes.dt.offset_by("1d")
    return (
        pl.select(date=pl.date_range(FIRST_DATE, LAST_DATE))
        .filter((_DATE.dt.weekday() - 1).is_in(weekdays))
        .with_columns(opens=_utc(opens, hours.zone), closes=_utc(closes, hours.zone))
    )


def _cut_at_midnight(week: pl.DataFrame) -> pl.DataFrame:
    """The spans of currencies by dates of UTC: those of Sundays are an evening."""
    midnight = _DATE.cast(UTC)
    evenings = week.with_columns(date=_DATE.dt.offset_by("-1d"), closes=midnight)
    return pl.concat([evenings, week.with_columns(opens=midnight)])


def _of_library(calendar: str, hours: Hours) -> tuple[pl.DataFrame, tuple[dt.date, dt.date]]:
    """The known sessions of exchange_calendars, and the first and the last date of that."""
    with warnings.catch_warnings():
        library, span = _calendar(calendar, hours.known_from or FIRST_DATE)
        closed = [*UNPLANNED_CLOSURES.get(calendar, ()), *_early_holidays(library, span[0])]
    schedule = library.schedule.rename_axis("date").reset_index()
    columns = {name: _naive(schedule[name]) for name in schedule.columns}
    dates = pl.DataFrame(columns).select(
        pl.col("date").cast(pl.Date), pl.exclude("date").cast(UTC), kind=pl.lit(KNOWN)
    )
    dates = dates.filter(~_DATE.is_in(closed))
    morning = dates.select(
        "date", opens="open", closes=pl.coalesce("break_start", "close"), kind="kind"
    )
    afternoon = dates.select("date", opens="break_end", closes="close", kind="kind")
    return pl.concat([morning, afternoon.drop_nulls("opens")]), span


def _calendar(
    code: str, first: dt.date, last: dt.date = LAST_DATE
) -> tuple["ExchangeCalendar", tuple[dt.date, dt.date]]:
    from exchange_calendars import get_calendar  # noqa: PLC0415 - brings pandas, half a second

    warnings.simplefilter("ignore", DeprecationWarning)  # of the library about its use of pandas
    try:
        return get_calendar(code, start=str(first), end=str(last)), (first, last)
    except ValueError:  # it ends before, where its holidays are announced year by year
        bound = type(get_calendar(code, start=str(first))).bound_max()
        if bound is None:
            raise
        return get_calendar(code, start=str(first), end=bound), (first, bound.date())


def _early_holidays(calendar: "ExchangeCalendar", first: dt.date) -> list[dt.date]:
    """The holidays by rule that the library leaves out: it asks pandas for those from 1970 on."""
    rules = calendar.regular_holidays
    if rules is None or first >= _RULES_BEGIN:
        return []
    return [day.date() for day in rules.holidays(str(first), str(_RULES_BEGIN - _DAY))]


def _with_pauses(known: pl.DataFrame, usual: pl.DataFrame, hours: Hours) -> list[pl.DataFrame]:
    """Sessions of futures, thin from the daily pause, or the early close of some of them, on."""
    due = pl.col("end") - _PAUSE if hours.pauses else pl.col("end")
    known = known.join(usual.select("date", end="closes"), on="date", maintain_order="left")
    known = known.with_columns(closes=pl.min_horizontal("closes", due))
    rest = known.filter(pl.col("end") > _CLOSES)
    return [known, _thin(rest.select("date", opens="closes", closes="end"))]


def thin_dates(calendar: str) -> Iterator[dt.date]:
    """The dates on which a calendar of our own has bars for some hours only."""
    for year in range(FIRST_DATE.year, LAST_DATE.year + 1):
        if calendar in (FX, SPOT):
            yield from (dt.date(year, 1, 1), dt.date(year, 12, 25))
        if calendar == SPOT:
            yield from _halts(year)


def _halts(year: int) -> Iterator[dt.date]:
    """The holidays on which the futures of New York and Chicago close or halt at noon."""
    monday, thursday = 0, 3
    for month, weekday, number in ((1, monday, 3), (2, monday, 3), (9, monday, 1)):
        yield _weekday(dt.date(year, month, 1), weekday, number)
    yield _weekday(dt.date(year, 5, 25), monday, 1)  # the last of May
    thanksgiving = _weekday(dt.date(year, 11, 1), thursday, 4)
    yield from (thanksgiving, thanksgiving + _DAY, _easter(year) - 2 * _DAY)
    for month, day in ((6, 19), (7, 4), (12, 24), (12, 31)):
        date = dt.date(year, month, day)
        # on a weekend it is observed on the day beside it
        yield date + _DAY * ((date.weekday() == 6) - (date.weekday() == _SATURDAY))
    yield dt.date(year, 7, 3)


def _weekday(start: dt.date, weekday: int, number: int) -> dt.date:
    """The ``number``-th such day of the week from ``start`` on."""
    return start + _DAY * ((weekday - start.weekday()) % 7 + 7 * (number - 1))


def _easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar, by the algorithm of Gauss as Lichtenberg has it."""
    century, cycle = year // 100, year % 19
    moon = (15 + (3 * century + 3) // 4 - (8 * century + 13) // 25 + 19 * cycle) % 30
    full = 21 + moon - (moon + cycle // 11) // 29
    sunday = 7 - (year + year // 4 + 2 - (3 * century + 3) // 4) % 7
    return dt.date(year, 3, 1) + _DAY * (full + 7 - (full - sunday) % 7 - 1)


def _thin(spans: pl.DataFrame) -> pl.DataFrame:
    return spans.with_columns(kind=pl.lit(THIN))


def _utc(local: pl.Expr, zone: str) -> pl.Expr:
    return local.dt.replace_time_zone(zone).dt.convert_time_zone("UTC").cast(UTC)


def _naive(column: Any) -> Any:
    return (column.dt.tz_localize(None) if column.dt.tz else column).to_numpy()
