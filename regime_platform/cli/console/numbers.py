"""The text of numbers and opens in tables: significant digits, never a false zero."""

import datetime as dt
import math
from collections.abc import Iterable

from regime_platform.model.timeframes import is_intraday

NONE = "·"
_DIGITS = 6
_MOST_DECIMALS = 8
_SMALLEST = 1e-6  # smaller values have an exponent


def numbers(values: Iterable[float | None], digits: int = _DIGITS) -> list[str]:
    """The values of a column with the same number of decimals, so that their points align.

    The decimals give the largest value ``digits`` significant ones, or fewer where the others
    would be zeros. A value that keeps less than two of its own, or is below 1e-6, is written with
    an exponent.

    Args:
        values: None, NaN and infinities are shown as a dot.
        digits: significant digits of the largest value; digits before the point are never cut.
    """
    known = [value if value is not None and math.isfinite(value) else None for value in values]
    largest = max((abs(value) for value in known if value), default=1.0)
    decimals = min(max(0, digits - 1 - math.floor(math.log10(largest))), _MOST_DECIMALS)
    smallest = max(min(10.0 ** (1 - decimals), 1.0), _SMALLEST)
    plain = [f"{value:,.{decimals}f}" for value in known if value and abs(value) >= smallest]
    zeros = min((len(text) - len(text.rstrip("0")) for text in plain), default=decimals)
    decimals = max(0, decimals - zeros)
    return [
        NONE
        if value is None
        else f"{value:,.{decimals}f}"
        if not value or abs(value) >= smallest
        else f"{value:.2e}"
        for value in known
    ]


def number(value: float | None, digits: int = _DIGITS) -> str:
    """One value."""
    return numbers([value], digits)[0]


def opens(ts: dt.datetime, timeframe: str) -> str:
    """The open of a bar: without the time where that says nothing."""
    return f"{ts:%Y-%m-%d %H:%M}" if is_intraday(timeframe) else f"{ts:%Y-%m-%d}"
