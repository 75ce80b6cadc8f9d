"""This machine's clock against the vendor's, which every answer tells in its ``Date`` header.

A clock ahead would have forming bars stored as finished, so it ends the run before anything of the
answer is stored. One behind stores bars later than it might, and nothing wrong: it is noted, and
keeps what was stored before from being taken for the work of a clock ahead. The offset is kept with
the credits, for ``regime doctor``.
"""

import datetime as dt
from email.utils import parsedate_to_datetime

import httpx

from regime_platform.errors import ClockError
from regime_platform.model.clock import MOST_AHEAD
from regime_platform.sources.credits import CreditBudget

SET_CLOCK = "set the clock (`timedatectl set-ntp true` lets the system keep it right)"
_NOTED = 5.0  # seconds; smaller changes are not noted again


def note_clock(budget: CreditBudget, headers: httpx.Headers, between: tuple[float, float]) -> bool:
    """Compares the clocks and remembers by how much they differ.

    Args:
        budget: where the offset is kept.
        headers: of an answer; without a usable ``Date`` nothing is compared.
        between: this machine's Unix time before the request and after the answer, so that a slow
            answer is no offset.

    Returns:
        True where this machine's clock is behind by more than ``MOST_AHEAD``.

    Raises:
        ClockError: it is ahead by more than that.
    """
    theirs = _vendor_time(headers)
    if theirs is None:
        return False
    sent, received = between
    offset = max(0.0, sent - theirs) or min(0.0, received - theirs)
    budget.note_clock_offset(offset, _NOTED)
    if offset > MOST_AHEAD.total_seconds():
        raise ClockError(
            f"this machine's clock is {offset / 60:,.0f} minutes ahead of Twelve Data's "
            f"({_text(received)} here, {_text(theirs)} there, UTC), so bars that are still forming "
            f"would count as finished; nothing of the answer was stored: {SET_CLOCK}, then run "
            "again"
        )
    return -offset > MOST_AHEAD.total_seconds()


def _vendor_time(headers: httpx.Headers) -> float | None:
    """Unix time of the answer; one from a cache was dated when it was put there."""
    dates = headers.get_list("date")
    try:
        # a server in front may put its own before that of the one which answered
        theirs = parsedate_to_datetime(dates[-1] if dates else "")
    except ValueError:
        return None
    if theirs.tzinfo is None:  # "-0000": UTC, of a place not named
        theirs = theirs.replace(tzinfo=dt.UTC)
    age = headers.get("age", "")
    return theirs.timestamp() + (int(age) if age.isdecimal() else 0)


def _text(seconds: float) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S}"
