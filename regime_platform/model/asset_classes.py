"""The asset classes and what depends on them: calendar, daily close, volume."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

NEW_YORK = "America/New_York"
XNYS = "XNYS"  # New York Stock Exchange: early closes, unplanned closures
FX = "FX"  # Sunday 17:00 to Friday 17:00 New York
ALWAYS = "ALWAYS"  # every hour of every day


@dataclass(frozen=True)
class AssetClass:
    """How a class of instruments trades."""

    name: str
    calendar: str  # XNYS, FX or ALWAYS: which sessions it has
    zone: str  # IANA zone of the daily close
    close: dt.time  # local time at which the day's bar is closed
    first_date: dt.date  # no bar can be older

    @property
    def reports_volume(self) -> bool:
        """True where a bar without volume is odd."""
        return self.calendar == XNYS

    @property
    def trades_weekends(self) -> bool:
        """True where the week has seven trading days."""
        return self.calendar == ALWAYS


_CALENDARS = {
    # the first year whose holidays are known
    XNYS: (XNYS, NEW_YORK, dt.time(16, 0), dt.date(1927, 1, 1)),
    # day and week end at 17:00 New York; before 1971 rates were fixed
    FX: (FX, NEW_YORK, dt.time(17, 0), dt.date(1971, 1, 4)),
    ALWAYS: (ALWAYS, "UTC", dt.time(0, 0), dt.date(2009, 1, 3)),  # the first block
}
_CLASSES = {
    "US_EQUITY": XNYS,
    "US_EQUITY_INDEX": XNYS,
    "US_MEGA_CAP": XNYS,
    "FIXED_INCOME": XNYS,
    "COMMODITY_METALS": FX,
    "COMMODITY_ENERGY": FX,
    "FX": FX,
    "CRYPTO": ALWAYS,
    "SYNTHETIC": XNYS,
}
ASSET_CLASSES: Mapping[str, AssetClass] = {
    name: AssetClass(name, *_CALENDARS[calendar]) for name, calendar in _CLASSES.items()
}
