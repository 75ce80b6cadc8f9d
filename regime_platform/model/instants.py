"""The one text form of an instant, and how far ahead of the present a stored one may be.

A stored time later than now was written by a machine whose clock was ahead, so what it states (that
a window was requested, that a bar was finished) is not reliable. A small lead is accepted: clocks
in a network differ by seconds, and a run is planned for the time at which it started.
"""

import datetime as dt

MOST_AHEAD = dt.timedelta(minutes=15)
_EPOCH, _TICK = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(microseconds=1)


def iso(instant: dt.datetime) -> str:
    """ISO 8601 in UTC with a Z."""
    return instant.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def instant(text: str) -> dt.datetime:
    """The inverse of ``iso``; ValueError where the text is no ISO 8601."""
    return dt.datetime.fromisoformat(text)


def ticks_of(moment: dt.datetime) -> int:
    """Microseconds since 1970, as columns of instants count."""
    return (moment - _EPOCH) // _TICK


def is_ahead(moment: dt.datetime, now: dt.datetime) -> bool:
    """True where ``moment`` was written by a clock that was ahead; both are aware."""
    return moment > now + MOST_AHEAD
