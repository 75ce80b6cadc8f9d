"""The market of an instrument: when it trades, by the calendar of its class or its own."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from regime_platform.model.exchanges import ALWAYS, FX, FX_UTC, HOURS, OWN, SPOT, XNYS, Hours


@dataclass(frozen=True)
class Market:
    """When and how the instruments of a class trade on a calendar."""

    name: str  # of the asset class
    calendar: str  # a code of ``HOURS``: which sessions it has

    @property
    def hours(self) -> Hours:
        """Open, close and zone of its sessions."""
        return HOURS[self.calendar]

    @property
    def zone(self) -> str:
        """The IANA zone of the daily close."""
        return self.hours.zone

    @property
    def close(self) -> dt.time:
        """The local time at which the day's bar is closed."""
        return self.hours.close

    @property
    def first_date(self) -> dt.date:
        """No bar can be older."""
        return _FIRST_DATES.get(self.calendar, _FIRST_DATE)

    @property
    def has_exchange(self) -> bool:
        """True where an exchange decides on the sessions, and not the clock."""
        return self.calendar not in OWN

    @property
    def opens_at_quarters(self) -> bool:
        """True where a session opens a quarter to or past the hour of the UTC clock."""
        return self.has_exchange and self.hours.open.minute % 30 == _QUARTER

    @property
    def reports_volume(self) -> bool:
        """True where a bar without volume is odd."""
        return self.has_exchange

    @property
    def has_currency_week(self) -> bool:
        """True where it trades without an exchange from Sunday evening to Friday."""
        return self.calendar in (FX, FX_UTC, SPOT)


_QUARTER = 15
#: The first year whose holidays in New York are known.
_FIRST_DATE = dt.date(1927, 1, 1)
_FIRST_DATES = {
    FX: dt.date(1971, 1, 4),  # before, rates were fixed
    FX_UTC: dt.date(1971, 1, 4),
    SPOT: dt.date(1971, 1, 4),
    ALWAYS: dt.date(2009, 1, 3),  # the first block
}
_CLASSES = {
    "US_EQUITY": XNYS,
    "US_EQUITY_INDEX": XNYS,
    "US_MEGA_CAP": XNYS,
    "FIXED_INCOME": XNYS,
    "COMMODITY_METALS": SPOT,
    "COMMODITY_ENERGY": SPOT,
    "FX": FX,
    "CRYPTO": ALWAYS,
    "SYNTHETIC": XNYS,
}
#: Asset class -> its market, unless the universe says otherwise of an instrument.
MARKETS: Mapping[str, Market] = {name: Market(name, code) for name, code in _CLASSES.items()}


@cache
def market_of(asset_class: str, calendar: str = "") -> Market:
    """The market of a known class on its usual calendar, or on that of the code given."""
    return Market(asset_class, calendar) if calendar else MARKETS[asset_class]
