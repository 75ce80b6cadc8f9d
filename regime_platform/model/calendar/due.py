"""When to request bars: a bar finished, or a second look became due, since the last request.

A source needs some time to publish a bar, so a bar is requested only a delay after its end.
"""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from regime_platform.model.asset_classes import ALWAYS, ASSET_CLASSES, FX, XNYS
from regime_platform.model.calendar.second_look import second_look_bound
from regime_platform.model.calendar.sessions import last_finished
from regime_platform.model.calendar.trading_hours import expected_count
from regime_platform.model.clock import is_ahead
from regime_platform.model.timeframes import TIERS

#: From the end of a bar to the first request for it, by the calendar of the class.
DELAY: Mapping[str, dt.timedelta] = MappingProxyType(
    {
        XNYS: dt.timedelta(minutes=3),  # consolidated from many exchanges
        FX: dt.timedelta(minutes=1),
        ALWAYS: dt.timedelta(minutes=1),
    }
)
_LONGEST = dt.timedelta(days=14)  # more than any closure; beyond it something is always due


@lru_cache(maxsize=1024)  # the same for all symbols of a class
def is_due(asset_class: str, tier: str, since: dt.datetime | None, at: dt.datetime) -> bool:
    """True where a bar of the tier's timeframes came due in (since, at]; ``None`` means ever.

    A ``since`` that a clock ahead of ``at`` recorded is ignored.
    """
    if since is None or is_ahead(since, at) or at - since > _LONGEST:
        return True
    return any(_came_due(asset_class, timeframe, since, at) for timeframe in TIERS[tier])


def newest_due(asset_class: str, timeframe: str, at: dt.datetime) -> dt.datetime:
    """An exclusive upper bound: bars that open before it should have been requested at ``at``."""
    delay = DELAY[ASSET_CLASSES[asset_class].calendar]
    return last_finished(at - delay, timeframe, asset_class)


def _came_due(asset_class: str, timeframe: str, since: dt.datetime, at: dt.datetime) -> bool:
    first_looks = newest_due(asset_class, timeframe, since), newest_due(asset_class, timeframe, at)
    second_looks = (
        second_look_bound(since, timeframe, asset_class),
        second_look_bound(at, timeframe, asset_class),
    )
    return any(
        start < end and expected_count(asset_class, timeframe, start, end) > 0
        for start, end in (first_looks, second_looks)
    )
