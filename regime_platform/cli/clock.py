"""The one place where the command line reads the clock; everything below takes ``now``."""

import datetime as dt

from regime_platform.cli.instants import instant_of
from regime_platform.errors import UsageError
from regime_platform.model.clock import is_ahead


def moment(text: str | None) -> dt.datetime:
    """The instant a command works at: what ``--now`` says, else the clock.

    Raises:
        UsageError: the text is not ISO 8601.
    """
    if text is None:
        return dt.datetime.now(dt.UTC)  # noqa: TID251 - this is cli.clock
    return instant_of("--now", text)


def stamp(text: str | None) -> dt.datetime:
    """The same for a command that stores the instant: it may not lie in the future.

    What is stored at a moment to come would count as stored by a clock ahead, and be set aside.

    Raises:
        UsageError: the text is not ISO 8601, or more than a quarter of an hour still to come.
    """
    given, clock = moment(text), moment(None)
    if is_ahead(given, clock):
        raise UsageError(
            f"--now {text} is still to come ({clock:%Y-%m-%dT%H:%M} UTC by this machine's clock), "
            "and this command stores what it does with that time; give a time that has passed, or "
            "leave --now out"
        )
    return given


def past(text: str) -> dt.datetime:
    """The instant that ``--as-of`` names.

    Raises:
        UsageError: the text is not ISO 8601, or the moment is still to come.
    """
    given = instant_of("--as-of", text)
    if given > moment(None):
        raise UsageError(
            f"--as-of {text} is still to come, and nobody knows what will be known then; leave it "
            "out for what is known now"
        )
    return given
