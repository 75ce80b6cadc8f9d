"""The asset classes and what depends on them: calendar, daily close, volume.

``model.calendar`` derives sessions and expected bars from this table; ``compute.eras`` has an era
list for exactly these classes.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NEW_YORK = "America/New_York"

XNYS = "XNYS"  # New York Stock Exchange: early closes, unplanned closures
FX = "FX"  # Sunday 17:00 to Friday 17:00 New York
ALWAYS = "ALWAYS"  # every hour of every day

_FIRST_DATES: Mapping[str, dt.date] = MappingProxyType(
    {
        XNYS: dt.date(1927, 1, 1),  # the first year whose holidays are known
        FX: dt.date(1971, 1, 4),  # before, rates were fixed
        ALWAYS: dt.date(2009, 1, 3),  # the first block
    }
)


@dataclass(frozen=True)
class AssetClass:
    """How a class of instruments trades."""

    name: str
    zone: str  # IANA zone of the daily close
    close: dt.time  # local time at which the day's bar is closed
    reports_volume: bool
    calendar: str  # XNYS, FX or ALWAYS: which sessions it has

    @property
    def first_date(self) -> dt.date:
        """No bar of the class can be older."""
        return _FIRST_DATES[self.calendar]

    @property
    def trades_weekends(self) -> bool:
        """True where the week has seven trading days."""
        return self.calendar == ALWAYS

    @property
    def open_hours(self) -> float:
        """Hours of regular trading on a trading day."""
        return _STOCK_HOURS if self.close == _STOCK_CLOSE else 24.0


def _class(name: str, zone: str, close: dt.time, volume: bool, calendar: str) -> AssetClass:
    return AssetClass(name, zone, close, volume, calendar)


_STOCK_CLOSE = dt.time(16, 0)
_STOCK_HOURS = 6.5
_FX_CLOSE = dt.time(17, 0)  # the FX day and week end at 17:00 New York

ASSET_CLASSES: Mapping[str, AssetClass] = MappingProxyType(
    {
        row.name: row
        for row in (
            _class("US_EQUITY", NEW_YORK, _STOCK_CLOSE, volume=True, calendar=XNYS),
            _class("US_EQUITY_INDEX", NEW_YORK, _STOCK_CLOSE, volume=True, calendar=XNYS),
            _class("US_MEGA_CAP", NEW_YORK, _STOCK_CLOSE, volume=True, calendar=XNYS),
            _class("FIXED_INCOME", NEW_YORK, _STOCK_CLOSE, volume=True, calendar=XNYS),
            _class("COMMODITY_METALS", NEW_YORK, _FX_CLOSE, volume=False, calendar=FX),
            _class("COMMODITY_ENERGY", NEW_YORK, _FX_CLOSE, volume=False, calendar=FX),
            _class("FX", NEW_YORK, _FX_CLOSE, volume=False, calendar=FX),
            _class("CRYPTO", "UTC", dt.time(0, 0), volume=False, calendar=ALWAYS),
            _class("SYNTHETIC", NEW_YORK, _STOCK_CLOSE, volume=True, calendar=XNYS),
        )
    }
)
