"""Times of options and arguments, by one rule for the command line and for Python."""

import datetime as dt

from regime_platform.errors import UsageError

#: ISO 8601 text, a date, or a time. Without an offset it is UTC, and a date is its midnight: as a
#: start it takes the day in, as an end it leaves the whole day out.
When = str | dt.date | dt.datetime


def moment(value: When, name: str = "time") -> dt.datetime:
    """The aware instant in UTC that ``value`` means.

    Args:
        value: ISO 8601 text, a date or a time. UTC where it has no offset, never local time; a
            date is its midnight, so that an end (always exclusive) leaves out the whole day.
        name: of the option or argument, for the message.

    Raises:
        UsageError: it is none of these.
    """
    try:
        given = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(given, dt.datetime):
            aware = given if given.tzinfo is not None else given.replace(tzinfo=dt.UTC)
            return aware.astimezone(dt.UTC)
        if isinstance(given, dt.date):
            return dt.datetime(given.year, given.month, given.day, tzinfo=dt.UTC)
    except (ValueError, OverflowError) as error:
        raise _unusable(value, name) from error
    raise _unusable(value, name)


def optional_moment(value: When | None, name: str = "time") -> dt.datetime | None:
    """The same; None for None."""
    return None if value is None else moment(value, name)


def period(
    start: When | None, end: When | None, names: tuple[str, str] = ("start", "end")
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The first moment of a period and the one before which it ends.

    Raises:
        UsageError: one is no time, or the end is not later than the start, so that no bar can be
            in between.
    """
    first, stop = optional_moment(start, names[0]), optional_moment(end, names[1])
    if first is not None and stop is not None and stop <= first:
        raise UsageError(
            f"{names[1]} {end} is not later than {names[0]} {start}; an end is exclusive: give a "
            "later one, or leave it out",
            code="empty-period",
        )
    return first, stop


def past_moment(value: When, now: dt.datetime, name: str) -> dt.datetime:
    """The same; UsageError also where it lies after ``now`` (aware)."""
    given = moment(value, name)
    if given > now:
        raise UsageError(
            f"{name} {value} is in the future; leave it out for the current data",
            code="time-ahead",
        )
    return given


def _unusable(value: object, name: str) -> UsageError:
    return UsageError(
        f"{name} {value!r} is not an ISO 8601 time; try 2017-12-29 or 2017-12-29T22:00Z",
        code="bad-time",
    )
