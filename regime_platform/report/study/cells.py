"""Numbers of studies as a table shows them, on the terminal and on pages."""

import datetime as dt
import math
from typing import Any

from regime_platform.report.palette import BUCKET_COLOURS, REGIME_COLOURS, state_words
from regime_platform.studies.result import Conclusion, Unit

NONE = "·"
#: What stands on the left of its column.
WORDS = (Unit.TEXT, Unit.DATE)
_FORMS = {
    Unit.COUNT: "{:,.0f}",
    Unit.RATIO: "{:,.2f}",
}


def cell(value: Any, unit: Unit) -> str:
    """A value in few letters; a dot where there is none. ``pp`` are percentage points."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return NONE
    if isinstance(value, dt.datetime):
        is_midnight = value.time() == dt.time()
        return f"{value:%Y-%m-%d}" if is_midnight else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        code = str(value)
        return state_words(code) if code in REGIME_COLOURS or code in BUCKET_COLOURS else code
    return _number(float(value), unit)


def _number(value: float, unit: Unit) -> str:
    if unit is Unit.PERCENT:
        return f"{100 * value:,.1f} %"
    if unit is Unit.POINTS:
        return f"{100 * value:+,.2f} pp"
    if unit is Unit.BARS:
        return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    if unit is Unit.P_VALUE:
        return unit.text(value)
    return _FORMS.get(unit, "{:g}").format(value)


def open_claim(conclusion: Conclusion) -> str:
    """What a conclusion is about, in a direction or the other."""
    return conclusion.claim.replace("{direction}", " or ".join(conclusion.directions))


def verdict(conclusion: Conclusion) -> str:
    """A conclusion in two words."""
    if conclusion.is_too_few:
        return "too few"
    if not conclusion.is_significant:
        return "no evidence"
    return conclusion.directions[conclusion.effect <= 0]
