"""This machine's clock against the vendor's, which every answer tells in its ``Date`` header.

A clock ahead would have forming bars stored as finished. One behind makes what a right clock stored
before look as if a clock ahead had stored it. So both end the run, before anything of the answer is
stored; the offset is kept with the credits, for ``regime doctor``.
"""

import datetime as dt
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from regime_platform.errors import ClockError
from regime_platform.model.clock import MOST_AHEAD
from regime_platform.sources.credits import CreditBudget

OFFSET = "clock_offset"  # of what the budget remembers: seconds ahead, negative where behind
_NOTED = 5.0  # seconds; smaller changes are not noted again
_REMEDY = (
    "nothing of this answer was stored: set the clock (`timedatectl set-ntp true` lets the system "
    "keep it right), then run again"
)


def note_clock(
    budget: CreditBudget, headers: Mapping[str, str], between: tuple[float, float]
) -> None:
    """Compares the clocks and remembers by how much they differ.

    Args:
        budget: where the offset is kept.
        headers: of an answer; without a usable ``Date`` nothing is compared.
        between: this machine's Unix time before the request and after the answer, so that a slow
            answer is no offset.

    Raises:
        ClockError: they differ by more than ``MOST_AHEAD``.
    """
    told = _vendor_time(headers)
    if told is None:
        return
    sent, received = between
    offset = max(0.0, sent - told) or min(0.0, received - told)
    budget.note_clock_offset(offset, _NOTED)
    if abs(offset) <= MOST_AHEAD.total_seconds():
        return
    word = "ahead of" if offset > 0 else "behind"
    risk = (
        "bars that are still forming would count as finished"
        if offset > 0
        else "what was stored before would count as stored by a clock ahead"
    )
    raise ClockError(
        f"this machine's clock is {abs(offset) / 60:,.0f} minutes {word} Twelve Data's "
        f"({_text(received)} here, {_text(told)} there), so {risk}; {_REMEDY}"
    )


def _vendor_time(headers: Mapping[str, str]) -> float | None:
    """Unix time of the answer; one from a cache was dated when it was put there."""
    try:
        told = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    if told.tzinfo is None:  # "-0000": UTC, of a place not named
        told = told.replace(tzinfo=dt.UTC)
    age = headers.get("age", "")
    return told.timestamp() + (int(age) if age.isdecimal() else 0)


def _text(seconds: float) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S}"
