"""How far ahead of the present a stored moment may lie.

Nothing can have been stored later than now, so a later moment was stamped by a clock that was
ahead, and what it says (that a window was read, that a bar was over) is not known. A small lead is
accepted: clocks of one network differ by seconds, and a run carries the moment it started at.
"""

import datetime as dt

MOST_AHEAD = dt.timedelta(minutes=15)


def is_ahead(moment: dt.datetime, now: dt.datetime) -> bool:
    """True where ``moment`` was stamped by a clock that was ahead; both are aware."""
    return moment > now + MOST_AHEAD
