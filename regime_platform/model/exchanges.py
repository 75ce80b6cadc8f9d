"""The hours of every calendar: zone, daily open and close, and from when its sessions are known.

The codes are those of exchange_calendars and four of our own. The hours are those of today, so
that a zone or a close is known without loading the library; a test compares them with it. Four of
its calendars (ASEX, XBEL, XBSE, XCYS) are left out: it cannot compute them with this pandas.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

NEW_YORK = "America/New_York"
XNYS = "XNYS"  # New York Stock Exchange: early closes, unplanned closures
FX = "FX"  # currencies: Sunday 17:00 to Friday 17:00 New York
FX_UTC = "FX_UTC"  # the same week, whose days end at midnight UTC
SPOT = "SPOT"  # spot metals and energy: the same week from 18:00, and an hour's break at 17:00
ALWAYS = "ALWAYS"  # every hour of every day
#: The calendars that no exchange decides on.
OWN = (FX, FX_UTC, SPOT, ALWAYS)


@dataclass(frozen=True)
class Hours:
    """When the sessions of a calendar open and close, by the clock of its zone."""

    zone: str  # IANA
    opens: str  # HH:MM; on the eve of the session's date where that is not before the close
    closes: str  # 00:00 is the end of the date
    weekmask: str = "1111100"  # Monday first
    known_from: dt.date | None = None  # sessions before it are assumed
    saturdays_until: dt.date | None = None  # when sessions on Saturdays ended, which none knows
    has_break: bool = False  # at noon
    pauses: bool = False  # for the last hour before its close, which the library takes for open

    @property
    def open(self) -> dt.time:
        """Local time of the daily open."""
        return dt.time.fromisoformat(self.opens)

    @property
    def close(self) -> dt.time:
        """Local time of the daily close."""
        return dt.time.fromisoformat(self.closes)

    @property
    def is_overnight(self) -> bool:
        """True where a session opens on the evening before its date."""
        return dt.time() < self.close <= self.open

    @property
    def weekdays(self) -> tuple[int, ...]:
        """The days with sessions, from 0 for Monday."""
        return tuple(day for day, flag in enumerate(self.weekmask) if flag == "1")


HOURS: Mapping[str, Hours] = {
    FX: Hours(NEW_YORK, "17:00", "17:00"),
    FX_UTC: Hours("UTC", "00:00", "00:00"),
    SPOT: Hours(NEW_YORK, "18:00", "17:00"),
    ALWAYS: Hours("UTC", "00:00", "00:00", "1111111"),
    "AIXK": Hours("Asia/Almaty", "11:00", "17:00", known_from=dt.date(2017, 1, 1)),
    "BVMF": Hours("America/Sao_Paulo", "10:00", "18:00"),
    "CMES": Hours("America/Chicago", "17:00", "17:00", pauses=True),
    "IEPA": Hours("America/New_York", "20:00", "18:00"),
    "XAMS": Hours("Europe/Amsterdam", "09:00", "17:30"),
    "XASX": Hours("Australia/Sydney", "10:00", "16:00"),
    "XBDA": Hours("Atlantic/Bermuda", "09:00", "16:30"),
    "XBKK": Hours("Asia/Bangkok", "10:00", "16:30"),
    "XBOG": Hours("America/New_York", "09:30", "16:00"),
    "XBOM": Hours("Asia/Kolkata", "09:15", "15:30", known_from=dt.date(1997, 1, 1)),
    "XBRU": Hours("Europe/Brussels", "09:00", "17:30"),
    "XBUD": Hours("Europe/Budapest", "09:00", "17:00"),
    "XBUE": Hours("America/Argentina/Buenos_Aires", "11:00", "17:00"),
    "XBRA": Hours("Europe/Bratislava", "11:00", "15:30"),
    "XCBF": Hours("America/Chicago", "08:30", "15:15"),
    "XCSE": Hours("Europe/Copenhagen", "09:00", "17:00"),
    "XDUB": Hours("Europe/Dublin", "08:00", "16:28"),
    "XDUS": Hours("Europe/Brussels", "08:00", "22:00"),
    "XEEE": Hours("Europe/Berlin", "08:00", "18:00"),
    "XFRA": Hours("Europe/Berlin", "09:00", "17:30"),
    "XETR": Hours("Europe/Berlin", "09:00", "17:30"),
    "XEUR": Hours("Europe/Berlin", "08:00", "22:00"),
    "XHAM": Hours("Europe/Brussels", "08:00", "22:00"),
    "XHEL": Hours("Europe/Helsinki", "10:00", "18:30"),
    "XHKG": Hours(
        "Asia/Hong_Kong", "09:30", "16:00", known_from=dt.date(1960, 1, 1), has_break=True
    ),
    "XICE": Hours("Atlantic/Reykjavik", "09:30", "15:30"),
    "XIDX": Hours("Asia/Jakarta", "09:00", "15:50"),
    "XIST": Hours("Europe/Istanbul", "10:00", "18:00"),
    "XJSE": Hours("Africa/Johannesburg", "09:00", "17:00"),
    "XKAR": Hours("Asia/Karachi", "09:32", "15:30"),
    "XKLS": Hours("Asia/Kuala_Lumpur", "09:00", "17:00"),
    "XKRX": Hours("Asia/Seoul", "09:00", "15:30", known_from=dt.date(1956, 1, 1)),
    "XLIM": Hours("America/Lima", "09:00", "16:00"),
    "XLIS": Hours("Europe/Lisbon", "08:00", "16:30"),
    "XLIT": Hours("Europe/Vilnius", "10:00", "16:00"),
    "XLJU": Hours("Europe/Ljubljana", "09:15", "15:15"),
    "XLON": Hours("Europe/London", "08:00", "16:30"),
    "XLUX": Hours("Europe/Luxembourg", "09:00", "17:40"),
    "XMAD": Hours("Europe/Madrid", "09:00", "17:30"),
    "XMEX": Hours("America/Mexico_City", "08:30", "15:00"),
    "XMIL": Hours("Europe/Rome", "09:00", "17:30"),
    "XMOS": Hours("Europe/Moscow", "10:00", "18:45"),
    "XNYS": Hours("America/New_York", "09:30", "16:00", saturdays_until=dt.date(1952, 9, 29)),
    "XNZE": Hours("Pacific/Auckland", "10:00", "16:45"),
    "XOSL": Hours("Europe/Oslo", "09:00", "16:20"),
    "XPAR": Hours("Europe/Paris", "09:00", "17:30"),
    "XPHS": Hours("Asia/Manila", "09:30", "15:30"),
    "XPRA": Hours("Europe/Prague", "09:00", "16:20"),
    "XRIS": Hours("Europe/Riga", "10:00", "16:00"),
    "XSAU": Hours(
        "Asia/Riyadh", "10:00", "15:00", weekmask="1111001", known_from=dt.date(2021, 1, 1)
    ),
    "XSES": Hours("Asia/Singapore", "09:00", "17:00", known_from=dt.date(1986, 1, 1)),
    "XSGO": Hours("America/Santiago", "09:30", "17:00"),
    "XSHG": Hours(
        "Asia/Shanghai", "09:30", "15:00", known_from=dt.date(1990, 12, 3), has_break=True
    ),
    "XSTO": Hours("Europe/Stockholm", "09:00", "17:30"),
    "XSTU": Hours("Europe/Berlin", "07:30", "22:00"),
    "XSWX": Hours("Europe/Zurich", "09:00", "17:30"),
    "XTAE": Hours("Asia/Tel_Aviv", "09:59", "17:15", known_from=dt.date(2026, 1, 5)),
    "XTAI": Hours("Asia/Taipei", "09:00", "13:30"),
    "XTAL": Hours("Europe/Tallinn", "10:00", "16:00"),
    "XTKS": Hours("Asia/Tokyo", "09:00", "15:30", known_from=dt.date(1997, 1, 1), has_break=True),
    "XTSE": Hours("America/Toronto", "09:30", "16:00"),
    "XWAR": Hours("Europe/Warsaw", "09:00", "17:00"),
    "XWBO": Hours("Europe/Vienna", "09:00", "17:30"),
    "XZAG": Hours("Europe/Zagreb", "09:00", "16:00"),
    "us_futures": Hours("America/New_York", "18:00", "18:00", pauses=True),
    "24/7": Hours("UTC", "00:00", "00:00", weekmask="1111111"),
    "24/5": Hours("UTC", "00:00", "00:00"),
}
#: Codes of markets and names of exchanges -> their calendar, where it is not the code itself.
_NAMES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("NYSE", "NASDAQ", "BATS", "XNAS", "XNGS", "XNMS", "XNCM", "ARCX", "XASE", "IEXG"),
            *("OOTC", "OTC", "OTCM", "PINX", "AMEX", "CBOE"),
        ),
        XNYS,
    ),
    **dict.fromkeys(("CME", "CBOT", "COMEX", "NYMEX", "XCME", "XCBT", "XCEC", "XNYM"), "CMES"),
    **dict.fromkeys(("ICE", "ICEUS", "NYFE", "IFUS"), "IEPA"),
    **dict.fromkeys(("TSX", "XTSX", "TSXV"), "XTSE"),
    "FWB": "XFRA",
    "LSE": "XLON",
    "BMF": "BVMF",
    "CFE": "XCBF",
    "JKT": "XIDX",
    "SIX": "XSWX",
    **dict.fromkeys(("JPX", "TSE"), "XTKS"),
    "ASX": "XASX",
    "HKEX": "XHKG",
    "OSE": "XOSL",
    **dict.fromkeys(("BSE", "NSE", "XNSE"), "XBOM"),
    **dict.fromkeys(("SSE", "SZSE", "XSHE"), "XSHG"),
    "TASE": "XTAE",
    "LUXSE": "XLUX",
    **dict.fromkeys(("KRX", "XKOS"), "XKRX"),
    "TWSE": "XTAI",
}


def calendar_of(market: str) -> str:
    """The calendar of a market code (ISO 10383) or an exchange's name; empty where unknown."""
    name = market.upper()
    return name if name in HOURS and name not in OWN else _NAMES.get(name, "")
