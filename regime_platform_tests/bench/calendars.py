"""Whole years of every calendar that ships: none of their true bars is a finding.

``python -m regime_platform_tests.bench.calendars`` checks twenty years of days and weeks of all
calendars, and of hours and quarters of a sample and of those of our own, at every anchor.
"""

import datetime as dt
from collections.abc import Iterator

from regime_platform.model.calendar.trading_hours import anchors, expected_bars
from regime_platform.model.exchanges import HOURS, OWN
from regime_platform.model.markets import Market, market_of
from regime_platform.validation.rules.calendar import CalendarFit, calendar_fit

#: With a break at noon, overnight, from Sunday to Thursday, at a quarter past, with odd closes.
SAMPLE = ("XNYS", "XLON", "XTKS", "XHKG", "XSHG", "CMES", "IEPA", "XSAU", "XBOM", "XDUB", "24/5")
_END = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def market(code: str) -> Market:
    """A market on the calendar; its class plays no part."""
    return market_of("US_EQUITY", code)


def fits(code: str, timeframe: str, years: int = 20) -> Iterator[tuple[str, int, CalendarFit]]:
    """Of every anchor: its name, how many true bars there are, and how they lie."""
    start = _END.replace(year=_END.year - years)
    for anchor in anchors(market(code), timeframe):
        opens = expected_bars(market(code), timeframe, start, _END, anchor)["ts"]
        yield anchor, opens.len(), calendar_fit(opens, timeframe, market(code))


def is_perfect(fit: CalendarFit) -> bool:
    """True where no bar is missing and none is outside."""
    return fit.gaps.is_empty() and not fit.outside.any()


def main() -> None:
    """Prints every series with a finding, and how many bars were checked."""
    series = bars = 0
    for code in HOURS:
        frames = ["1day", "1week"]
        if code in SAMPLE or code in OWN:
            frames += ["15min", "1h", "4h"]
        for timeframe in frames:
            for anchor, count, fit in fits(code, timeframe):
                series, bars = series + 1, bars + count
                if not is_perfect(fit):
                    print(code, timeframe, anchor, count, fit.outside.sum(), fit.gaps.height)
    print(f"{len(HOURS)} calendars, {series} series, {bars} bars")


if __name__ == "__main__":
    main()
