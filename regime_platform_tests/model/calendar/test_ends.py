"""Calendars whose holidays are announced year by year end, and nothing is guessed after that."""

import datetime as dt
from dataclasses import replace

from regime_platform.model.calendar.ends import calendar_ends, known_until
from regime_platform.model.calendar.lateness import missing_bars
from regime_platform.model.calendar.sessions import KNOWN, sessions
from regime_platform.model.exchanges import XNYS
from regime_platform.model.markets import MARKETS

_SHANGHAI = replace(MARKETS["US_EQUITY"], calendar="XSHG")


def test_an_end_is_named_ninety_days_before() -> None:
    until = known_until("XSHG")
    assert until == sessions("XSHG").filter(kind=KNOWN)["date"][-1]
    noon = dt.datetime.combine(until, dt.time(12), dt.UTC)

    def named(days: int) -> list[str]:
        at = noon + dt.timedelta(days=days)
        return [str(end) for end in calendar_ends(["XSHG", XNYS, "FX"], at)]

    assert named(-90) == []
    assert named(-89) == [f"calendar XSHG known until {until}: then none is missing"]
    assert named(1) == [f"calendar XSHG known until {until}: no bar after it counts as missing"]
    assert [end.is_over for end in calendar_ends(["XSHG"], noon)] == [False]


def test_no_bar_after_the_end_is_called_missing() -> None:
    until = known_until("XSHG")
    assert until is not None
    last = dt.datetime.combine(until, dt.time(), dt.UTC)
    before = last - dt.timedelta(days=7)
    later = last + dt.timedelta(days=30)

    assert missing_bars(_SHANGHAI, "1day", last, later) == (0, None)
    known = sessions("XSHG").filter(kind=KNOWN)["date"].unique()
    expected = known.filter((known > before.date()) & (known <= until)).len()
    assert missing_bars(_SHANGHAI, "1day", before, later) == (expected, last)
