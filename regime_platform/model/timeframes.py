"""The five timeframes that are computed, the finer ones that bars may come in, and their names."""

import datetime as dt
import re
from collections.abc import Mapping

from regime_platform.errors import UsageError, nearest

TIMEFRAMES = ("15min", "1h", "4h", "1day", "1week")
#: Stored where a source has them; coarser bars are built from these, and nothing is computed.
FINER = ("1min", "5min", "10min", "30min")

#: Nominal length of one bar; a daily bar is one date, a weekly bar one Monday-labelled week.
DURATION: Mapping[str, dt.timedelta] = {
    "1min": dt.timedelta(minutes=1),
    "5min": dt.timedelta(minutes=5),
    "10min": dt.timedelta(minutes=10),
    "15min": dt.timedelta(minutes=15),
    "30min": dt.timedelta(minutes=30),
    "1h": dt.timedelta(hours=1),
    "4h": dt.timedelta(hours=4),
    "1day": dt.timedelta(days=1),
    "1week": dt.timedelta(days=7),
}
INTRADAY = tuple(name for name, length in DURATION.items() if length < dt.timedelta(days=1))

TIERS: Mapping[str, tuple[str, ...]] = {"core": TIMEFRAMES, "daily": ("1day", "1week")}

_ALIASES = {
    "15mins": "15min",
    "1hour": "1h",
    "4hour": "4h",
    "4hours": "4h",
    "1d": "1day",
    "1w": "1week",
}
_UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), dt.timedelta(minutes=1)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "hourly"), dt.timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days", "daily"), dt.timedelta(days=1)),
    **dict.fromkeys(("w", "wk", "week", "weeks", "weekly"), dt.timedelta(days=7)),
}
_COUNT_FIRST, _UNIT_FIRST = re.compile(r"(\d{1,5})([a-z]+)"), re.compile(r"([mhdw])(\d{1,5})")
_MONTH = "1M"  # the one name whose case matters


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


def known_bar_length(word: str) -> str | None:
    """The one of all nine timeframes that a word of a file name or a user stands for, else None.

    ``5m``, ``M5``, ``5 minutes``, ``60min``, ``H1``, ``daily`` and so on, in any case; ``1m`` is a
    minute and ``1M`` a month, which no bar here has.
    """
    text = re.sub(r"[\s_-]", "", word)
    folded = text.lower()
    count, unit = "1", folded if len(folded) > 1 else ""
    if match := _COUNT_FIRST.fullmatch(folded):
        count, unit = match.groups()
    elif match := _UNIT_FIRST.fullmatch(folded):
        unit, count = match.groups()
    if unit not in _UNITS or text == _MONTH:
        return None
    length = int(count) * _UNITS[unit]
    return next((name for name, usual in DURATION.items() if usual == length), None)
