"""The one place where the command line reads the clock; everything below takes ``now``."""

import datetime as dt

from regime_platform.cli.instants import instant_of


def moment(text: str | None) -> dt.datetime:
    """The instant a command works at: what ``--now`` says, else the clock.

    Raises:
        UsageError: the text is not ISO 8601.
    """
    if text is None:
        return dt.datetime.now(dt.UTC)  # noqa: TID251 - this is cli.clock
    return instant_of("--now", text)
