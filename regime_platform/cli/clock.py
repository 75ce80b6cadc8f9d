"""The one place where the command line reads the clock; everything below takes ``now``."""

import datetime as dt

from regime_platform.cli.instants import instant_of
from regime_platform.errors import UsageError


def moment(text: str | None) -> dt.datetime:
    """The instant a command works at: what ``--now`` says, else the clock.

    Raises:
        UsageError: the text is not ISO 8601.
    """
    if text is None:
        return dt.datetime.now(dt.UTC)  # noqa: TID251 - this is cli.clock
    return instant_of("--now", text)


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
