"""When a bar is requested a second time: late prints and corrections arrive after the close.

The first look is due as soon as a bar is finished (``model.calendar.sessions``). The second is due
a while after the daily close that follows the bar, so that a session costs one more request per
series and not one per bar; for daily and weekly bars the close is their own.
"""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from regime_platform.model.asset_classes import ALWAYS, ASSET_CLASSES, FX, XNYS
from regime_platform.model.calendar.sessions import bar_end, last_finished
from regime_platform.model.timeframes import is_intraday

#: From the daily close to the second look, by the calendar of the class.
SECOND_LOOK: Mapping[str, dt.timedelta] = MappingProxyType(
    {
        XNYS: dt.timedelta(hours=4),  # the tape takes corrections until 20:00 New York
        FX: dt.timedelta(hours=1),
        ALWAYS: dt.timedelta(hours=1),
    }
)


def second_look_bound(now: dt.datetime, timeframe: str, asset_class: str) -> dt.datetime:
    """An exclusive upper bound: the second look at bars that open before it is due at ``now``."""
    due = now - SECOND_LOOK[ASSET_CLASSES[asset_class].calendar]
    if is_intraday(timeframe):
        due = _last_close(due, asset_class)
    return last_finished(due, timeframe, asset_class)


def _last_close(instant: dt.datetime, asset_class: str) -> dt.datetime:
    midnight = instant.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    closes = (
        bar_end(midnight + dt.timedelta(days=offset), "1day", asset_class) for offset in (1, 0, -1)
    )
    return next((close for close in closes if close <= instant), midnight - dt.timedelta(days=1))
