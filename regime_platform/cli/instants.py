"""Times given on the command line; the clock itself is in ``cli.clock``."""

import datetime as dt

from regime_platform.errors import UsageError


def instant_of(option: str, text: str) -> dt.datetime:
    """The aware instant that an option gives: UTC unless it says otherwise.

    Raises:
        UsageError: the text is not ISO 8601.
    """
    try:
        given = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{option} {text!r} is no ISO 8601 time; try 2017-12-29 or 2017-12-29T22:00Z"
        ) from error
    return given.replace(tzinfo=dt.UTC) if given.tzinfo is None else given.astimezone(dt.UTC)


def optional_instant(option: str, text: str | None) -> dt.datetime | None:
    """The same for an option that may be left out."""
    return None if text is None else instant_of(option, text)
