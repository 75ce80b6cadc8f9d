"""Parses times given on the command line."""

import datetime as dt

from regime_platform.errors import UsageError


def instant_of(option: str, text: str) -> dt.datetime:
    """The aware instant of an option; UTC where it has no offset.

    Raises:
        UsageError: the text is not ISO 8601.
    """
    try:
        given = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{option} {text!r} is not an ISO 8601 time; try 2017-12-29 or 2017-12-29T22:00Z",
            code="bad-time",
        ) from error
    return given.replace(tzinfo=dt.UTC) if given.tzinfo is None else given.astimezone(dt.UTC)


def optional_instant(option: str, text: str | None) -> dt.datetime | None:
    """The same for an optional option."""
    return None if text is None else instant_of(option, text)
