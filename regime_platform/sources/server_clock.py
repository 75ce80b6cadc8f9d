"""This machine's clock compared with that of a server, by the ``Date`` of its answers."""

import datetime as dt
from collections.abc import Sequence
from email.utils import parsedate_to_datetime

from regime_platform.errors import ClockError
from regime_platform.model.instants import MOST_AHEAD

SET_CLOCK = "set the clock (`timedatectl set-ntp true` lets the system keep it right)"


_DIGITS = 9  # of a number in a header; neither a float nor a database takes one of thousands


def header_number(text: str) -> int | None:
    """The number in a header; None where it is another text, or no number that one would send."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else None


def server_time(dates: Sequence[str], age: str) -> float | None:
    """Unix time of an answer by its headers, with the age of one from a cache added."""
    try:
        # a proxy may put its own header before that of the server that answered
        moment = parsedate_to_datetime(dates[-1] if dates else "")
    except (OverflowError, ValueError):
        return None
    if moment.tzinfo is None:  # "-0000" means UTC
        moment = moment.replace(tzinfo=dt.UTC)
    return moment.timestamp() + (header_number(age) or 0)


def seconds_ahead(moment: float, between: tuple[float, float]) -> float:
    """By how much this machine is ahead of a server whose clock showed ``moment``.

    ``between`` is this machine's Unix time before the request and after the answer, so that a slow
    answer is no offset.
    """
    sent, received = between
    return max(0.0, sent - moment) or min(0.0, received - moment)


def require_not_ahead(server: str, moment: float, between: tuple[float, float]) -> None:
    """ClockError where this machine is ahead by more than ``MOST_AHEAD``.

    Forming bars would be stored as finished; a clock that is behind only delays bars.
    """
    offset = seconds_ahead(moment, between)
    if offset > MOST_AHEAD.total_seconds():
        raise ClockError(
            f"this machine's clock is {offset / 60:,.0f} minutes ahead of {server}'s "
            f"({_text(between[1])} here, {_text(moment)} there, UTC), so bars still "
            f"forming would count as finished; nothing of the answer was stored: {SET_CLOCK}, then "
            "run again"
        )


def is_behind(offset: float) -> bool:
    """True where this machine is so far behind that bars come late."""
    return -offset > MOST_AHEAD.total_seconds()


def _text(seconds: float) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S}"
