"""The five timeframes, their aliases and the timeframes of each tier."""

import datetime as dt
from collections.abc import Mapping

from regime_platform.errors import UsageError, nearest

TIMEFRAMES = ("15min", "1h", "4h", "1day", "1week")
INTRADAY = ("15min", "1h", "4h")

#: Nominal length of one bar; a daily bar is one date, a weekly bar one Monday-labelled week.
DURATION: Mapping[str, dt.timedelta] = {
    "15min": dt.timedelta(minutes=15),
    "1h": dt.timedelta(hours=1),
    "4h": dt.timedelta(hours=4),
    "1day": dt.timedelta(days=1),
    "1week": dt.timedelta(days=7),
}

TIERS: Mapping[str, tuple[str, ...]] = {"core": TIMEFRAMES, "daily": ("1day", "1week")}

_ALIASES = {
    "15mins": "15min",
    "1hour": "1h",
    "4hour": "4h",
    "4hours": "4h",
    "1d": "1day",
    "1w": "1week",
}


def canonical_timeframe(name: str) -> str:
    """The timeframe that a name or an alias stands for; UsageError where there is none."""
    folded = known_timeframe(name)
    if folded is None:
        raise UsageError(
            f"unknown timeframe {name!r}{nearest(name, TIMEFRAMES)}; "
            f"expected one of {', '.join(TIMEFRAMES)}",
            code="unknown-timeframe",
        )
    return folded


def known_timeframe(word: str) -> str | None:
    """As ``canonical_timeframe``; None for an unknown word."""
    folded = _ALIASES.get(word, word)
    return folded if folded in TIMEFRAMES else None


def is_intraday(timeframe: str) -> bool:
    """True where a bar is shorter than a day, so that its label is an instant and not a date."""
    return timeframe in INTRADAY
