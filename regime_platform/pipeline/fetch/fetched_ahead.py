"""Before a page is stored: what a clock ahead had stored of the series is set aside.

Only a page can show that this is safe: were it the present clock that is behind, the vendor's
``Date`` header would tell, or the source would serve bars from after the present.
"""

import datetime as dt

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw.ahead import files_ahead, set_aside
from regime_platform.sources.protocol import BarPage

#: A daily bar may open so long before the date by which it is labelled.
_LEAD = dt.timedelta(hours=3)


def set_ahead_aside(
    paths: SymbolPaths, timeframe: str, page: BarPage, present: dt.datetime
) -> None:
    """Sets aside what was stamped later than ``present``; takes the lock where there is any.

    Raises:
        BarsError: a file of the raw log is damaged.
    """
    newest = page.bars["ts"].max()
    is_safe = isinstance(newest, dt.datetime) and newest <= present + _LEAD
    if page.is_clock_behind or not is_safe:
        return
    folder = paths.raw(timeframe)
    if files_ahead(folder, present):
        with writing(paths):
            set_aside(folder, present)
