"""Times of the command line; the one place where it reads the clock, the rest takes ``now``."""

import datetime as dt

from regime_platform.errors import UsageError
from regime_platform.model.clock import is_ahead


def moment(text: str | None) -> dt.datetime:
    """The current instant of a command: ``--now`` if given, else the clock.

    Raises:
        UsageError: the text is not ISO 8601.
    """
    if text is None:
        return dt.datetime.now(dt.UTC)  # noqa: TID251 - this is cli.clock
    return instant_of("--now", text)


def stamp(text: str | None) -> dt.datetime:
    """The same for a command that stores the instant, which must not lie in the future.

    Data stored with a future time would later be set aside as written by a wrong clock.

    Raises:
        UsageError: the text is not ISO 8601, or more than a quarter of an hour ahead.
    """
    given, clock = moment(text), moment(None)
    if is_ahead(given, clock):
        raise UsageError(
            f"--now {text} is in the future (it is {clock:%Y-%m-%dT%H:%M} UTC by this clock), "
            "and this command stores that time; give a past time or leave out --now",
            code="time-ahead",
        )
    return given


def past(text: str) -> dt.datetime:
    """The instant that ``--as-of`` names.

    Raises:
        UsageError: the text is not ISO 8601, or lies in the future.
    """
    given = instant_of("--as-of", text)
    if given > moment(None):
        raise UsageError(
            f"--as-of {text} is in the future; leave it out for the current data",
            code="time-ahead",
        )
    return given


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
