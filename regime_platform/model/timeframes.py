"""The five timeframes, their aliases and the timeframes of each tier.

Parameters of the compute that depend on a timeframe are in ``compute.params``; when a bar of a
timeframe is finished is computed by ``model.calendar.sessions``.
"""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from regime_platform.errors import UsageError

TIMEFRAMES = ("15min", "1h", "4h", "1day", "1week")
INTRADAY = ("15min", "1h", "4h")

#: Nominal length of one bar; a daily bar is one date, a weekly bar one Monday-labelled week.
DURATION: Mapping[str, dt.timedelta] = MappingProxyType(
    {
        "15min": dt.timedelta(minutes=15),
        "1h": dt.timedelta(hours=1),
        "4h": dt.timedelta(hours=4),
        "1day": dt.timedelta(days=1),
        "1week": dt.timedelta(days=7),
    }
)

TIERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"core": TIMEFRAMES, "daily": ("1day", "1week")}
)

_ALIASES = {
    "15mins": "15min",
    "1hour": "1h",
    "4hour": "4h",
    "4hours": "4h",
    "1d": "1day",
    "1w": "1week",
}


def canonical_timeframe(name: str) -> str:
    """The timeframe that a name or an alias (1d, 1w, 1hour, 15mins, 4hour, 4hours) stands for.

    Raises:
        UsageError: the name is neither a timeframe nor an alias of one.
    """
    folded = _ALIASES.get(name, name)
    if folded not in TIMEFRAMES:
        raise UsageError(
            f"unknown timeframe {name!r}; expected one of {', '.join(TIMEFRAMES)}",
            code="unknown-timeframe",
        )
    return folded


def is_intraday(timeframe: str) -> bool:
    """True where a bar is shorter than a day, so that its label is an instant and not a date."""
    return timeframe in INTRADAY
