"""Which symbols are verified on which day: each has its turn once in so many days."""

import datetime as dt
import zlib
from collections.abc import Sequence

from regime_platform.model.instruments import Instrument


def due_for_verification(
    instruments: Sequence[Instrument], days: int, until: dt.date, since: dt.date | None = None
) -> tuple[Instrument, ...]:
    """The symbols whose turn comes on ``until``, or came on a day after ``since``.

    A symbol's turn depends on its name and the date alone, so that any ``days`` days in a row have
    every symbol once, whatever else joins or leaves the universe.

    Args:
        instruments: the universe.
        days: all have been verified after so many; 0 verifies none.
        until: the date.
        since: the last date whose share was verified; what was missed since is added.
    """
    if days <= 0:
        return ()
    missed = 1 if since is None else max((until - since).days, 1)
    turns = {(until.toordinal() - ago) % days for ago in range(min(missed, days))}
    return tuple(
        instrument
        for instrument in instruments
        if zlib.crc32(instrument.symbol.encode()) % days in turns
    )
