"""The one text form of an instant, and how far ahead of the present a stored one may be.

A stored time later than now was written by a machine whose clock was ahead, so what it states (that
a window was requested, that a bar was finished) is not reliable. A small lead is accepted: clocks
in a network differ by seconds, and a run is planned for the time at which it started.
"""

import datetime as dt

MOST_AHEAD = dt.timedelta(minutes=15)


def iso(instant: dt.datetime) -> str:
    """ISO 8601 in UTC with a Z."""
    return instant.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def instant(text: str) -> dt.datetime:
    """The inverse of ``iso``; ValueError where the text is no ISO 8601."""
    return dt.datetime.fromisoformat(text)


def is_ahead(moment: dt.datetime, now: dt.datetime) -> bool:
    """True where ``moment`` was written by a clock that was ahead; both are aware."""
    return moment > now + MOST_AHEAD
