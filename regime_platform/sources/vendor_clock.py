"""This machine's clock compared with the vendor's in the ``Date`` header of each answer.

With a clock that is ahead, forming bars would be stored as finished: the run ends before anything
of the answer is stored. With a clock that is behind, bars are stored later than possible and
correctly: it is recorded, so that earlier fetches are not mistaken for those of a clock ahead. The
offset is stored with the credits, for ``regime doctor``.
"""

import datetime as dt
from email.utils import parsedate_to_datetime

import httpx

from regime_platform.errors import ClockError
from regime_platform.model.clock import MOST_AHEAD
from regime_platform.sources.credits import CreditBudget

SET_CLOCK = "set the clock (`timedatectl set-ntp true` lets the system keep it right)"
_LEAST_CHANGE = 5.0  # seconds; smaller changes are not stored again


def note_clock(budget: CreditBudget, headers: httpx.Headers, between: tuple[float, float]) -> bool:
    """Compares the clocks and stores the offset.

    Args:
        budget: where the offset is stored.
        headers: of an answer; without a usable ``Date`` nothing is compared.
        between: this machine's Unix time before the request and after the answer, so that a slow
            answer does not count as an offset.

    Returns:
        True where this machine's clock is behind by more than ``MOST_AHEAD``.

    Raises:
        ClockError: it is ahead by more than that.
    """
    vendor_time = _vendor_time(headers)
    if vendor_time is None:
        return False
    sent, received = between
    offset = max(0.0, sent - vendor_time) or min(0.0, received - vendor_time)
    budget.note_clock_offset(offset, _LEAST_CHANGE)
    if offset > MOST_AHEAD.total_seconds():
        raise ClockError(
            f"this machine's clock is {offset / 60:,.0f} minutes ahead of Twelve Data's "
            f"({_text(received)} here, {_text(vendor_time)} there, UTC), so bars still forming "
            f"would count as finished; nothing of the answer was stored: {SET_CLOCK}, then run "
            "again"
        )
    return -offset > MOST_AHEAD.total_seconds()


def _vendor_time(headers: httpx.Headers) -> float | None:
    """Unix time of the answer, with the age of an answer from a cache added."""
    dates = headers.get_list("date")
    try:
        # a proxy may put its own header before that of the server that answered
        vendor_time = parsedate_to_datetime(dates[-1] if dates else "")
    except ValueError:
        return None
    if vendor_time.tzinfo is None:  # "-0000" means UTC
        vendor_time = vendor_time.replace(tzinfo=dt.UTC)
    age = headers.get("age", "")
    return vendor_time.timestamp() + (int(age) if age.isdecimal() else 0)


def _text(seconds: float) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S}"
