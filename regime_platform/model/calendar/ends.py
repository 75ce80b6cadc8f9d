"""How far a calendar is known: the holidays of some exchanges are announced year by year."""

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from regime_platform.model.calendar.sessions import KNOWN, LAST_DATE, sessions

REMEDY = "install a newer release of exchange_calendars: `pip install --upgrade exchange-calendars`"
_NOTICE = dt.timedelta(days=90)
_CLOSURE = dt.timedelta(days=31)  # more than any between the last session and the last date


class CalendarEnd(NamedTuple):
    """The last session that a calendar knows."""

    calendar: str
    until: dt.date
    is_over: bool

    def __str__(self) -> str:
        what = "no bar after it counts as missing" if self.is_over else "then none is missing"
        return f"calendar {self.calendar} known until {self.until}: {what}"


@cache
def known_until(calendar: str) -> dt.date | None:
    """The last session that a calendar knows; None where its rules are for all years."""
    last = sessions(calendar).filter(kind=KNOWN)["date"].max()
    if not isinstance(last, dt.date) or last >= LAST_DATE - _CLOSURE:
        return None
    return last


def calendar_ends(calendars: Iterable[str], now: dt.datetime) -> Iterator[CalendarEnd]:
    """The calendars that end within 90 days of ``now`` (aware), or ended before."""
    today = now.date()
    for calendar in sorted(set(calendars)):
        until = known_until(calendar)
        if until is not None and until - today < _NOTICE:
            yield CalendarEnd(calendar, until, is_over=until < today)
