"""How old the last bar of a series is, against its trading calendar."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from regime_platform.model.calendar.due import last_finished, newest_due
from regime_platform.model.calendar.trading_hours import (
    expected_bars,
    tolerated_opens,
)
from regime_platform.model.instruments import Instrument
from regime_platform.model.markets import Market
from regime_platform.model.timeframes import DURATION, is_intraday

#: How long after the end of a bar its results may be missing: three updates, or both of the day.
_GRACE = {True: dt.timedelta(hours=1), False: dt.timedelta(hours=8)}
_LOOKED_BACK = dt.timedelta(days=400)  # "more than" so many bars is precise enough
_CLOSURE = dt.timedelta(days=21)  # more than any


@dataclass(frozen=True)
class SeriesAge:
    """The last bar of a series, and what its calendar expects after it."""

    timeframe: str
    last_bar: dt.datetime | None  # its open
    due_bar: dt.datetime | None = None  # the newest that must be there; None where none is missing
    missing: int = 0  # bars, within the last 400 days
    sample_days: int | None = None  # age of bars that ship with the package; None for all others

    @property
    def is_stale(self) -> bool:
        """True where bars are missing."""
        return self.missing > 0

    def document(self) -> dict[str, Any]:
        """The fields of JSON documents."""
        return {
            "last_bar": self.last_bar,
            "due_bar": self.due_bar,
            "missing": self.missing,
            "is_stale": self.is_stale,
        }

    def __str__(self) -> str:
        """Such as "last bar 2026-11-25, 2 bars missing (due 2026-11-27)"."""
        last = "no bars" if self.last_bar is None else f"last bar {self._opens(self.last_bar)}"
        if self.due_bar is None:
            return last
        bars = f"{self.missing_text} bar{'s' * (self.missing > 1)}"
        return f"{last}, {bars} missing (due {self._opens(self.due_bar)})"

    @property
    def missing_text(self) -> str:
        """How many bars are missing, such as "2" or "over 274"; empty where none is."""
        if self.due_bar is None:
            return ""
        is_more = self.last_bar is None or self.due_bar - self.last_bar > _LOOKED_BACK
        return f"{'over ' * is_more}{self.missing:,}"

    def _opens(self, ts: dt.datetime) -> str:
        return f"{ts:%Y-%m-%d %H:%M}" if is_intraday(self.timeframe) else f"{ts:%Y-%m-%d}"


#: The fields of ``SeriesAge.document`` where no present moment is known.
NO_AGE = dict.fromkeys(("last_bar", "due_bar", "missing", "is_stale"))


def series_age(
    instrument: Instrument,
    timeframe: str,
    last: dt.datetime | None,
    now: dt.datetime,
    *,
    built_from: str | None = "",
) -> SeriesAge:
    """The age of a series whose last bar opens at ``last``.

    ``built_from`` is the finer series that it is built from, if it is. Nothing is due of a delisted
    instrument, nor of the sample, whose bars never change.
    """
    if instrument.is_updating:
        missing, due = missing_bars(instrument.market, timeframe, last, now, built_from or "")
        return SeriesAge(timeframe, last, due, missing)
    is_sample = instrument.source == "sample" and not instrument.delisted
    days = (now - last).days if is_sample and last is not None else None
    return SeriesAge(timeframe, last, sample_days=days)


def missing_text(row: Mapping[str, Any]) -> str:
    """How many bars are missing after the last one of a row of the board; as `SeriesAge`'s."""
    facts = (row[name] for name in ("timeframe", "last_ts", "due_bar", "missing"))
    return SeriesAge(*facts).missing_text


def age_lines(ages: Mapping[str, SeriesAge], *, with_days: bool = True) -> Iterator[str]:
    """A line for every stale timeframe, and one for a sample.

    ``with_days``: how old the sample is; a stored page has no such text, since it ages.
    """
    for timeframe, age in ages.items():
        if age.is_stale:
            yield f"{timeframe}: {age}"
    samples = [age for age in ages.values() if age.sample_days is not None]
    if samples:
        newest = min(samples, key=lambda age: age.sample_days or 0)
        days = f", {newest.sample_days:,} days ago" if with_days else ""
        yield f"sample data, never updated: {newest}{days}"


@lru_cache(maxsize=4096)  # most symbols of a class end at the same bar
def missing_bars(
    market: Market, timeframe: str, last: dt.datetime | None, now: dt.datetime, finer: str = ""
) -> tuple[int, dt.datetime | None]:
    """How many bars after ``last`` must be there by ``now``, and the open of the newest of them.

    ``finer`` is the series that they are built from, if they are. A source may anchor its bars
    elsewhere, so one less than a duration after the last is no other.
    """
    by = now - _GRACE[is_intraday(timeframe)]
    bound = newest_due(by, timeframe, market)
    start = bound - _LOOKED_BACK
    if last is not None:
        start = max(start, last + DURATION[timeframe])
    if not _has_trading_day(market, timeframe, start, bound):
        return 0, None
    opens = expected_bars(market, timeframe, start, bound)["ts"]
    if finer and not opens.is_empty():
        over = last_finished(_next_finer(market, finer, by), timeframe, market)
        opens = opens.filter(opens < over)
    return opens.len(), None if opens.is_empty() else opens[-1]


def _next_finer(market: Market, finer: str, by: dt.datetime) -> dt.datetime:
    """When a bar may begin after the finer ones due: what is over before can be built from these.

    On thin hours, as the last one of a week of futures, the next expected bar has to be awaited.
    """
    bound = newest_due(by, finer, market)
    due = expected_bars(market, finer, bound - _CLOSURE, bound)["ts"]
    end = bound if due.is_empty() else due[-1] + DURATION[finer]
    later = tolerated_opens(market, finer, end, end + _CLOSURE)
    return end if later.is_empty() else later[0]


def _has_trading_day(
    market: Market, timeframe: str, start: dt.datetime, bound: dt.datetime
) -> bool:
    """False where no weekday of the market lies between: loading a calendar takes half a second."""
    if timeframe != "1day":
        return start < bound
    days = min((bound - start).days, 7)
    return any(
        (start + dt.timedelta(days=day)).weekday() in market.hours.weekdays for day in range(days)
    )
