"""Bars offered as another timeframe than their own are refused; few or irregular ones are not."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from regime_platform.errors import BarsError
from regime_platform.model.calendar.trading_hours import anchors, expected_bars
from regime_platform.model.markets import market_of
from regime_platform.model.timeframes import DURATION
from regime_platform.sources.files.spacing import require_spacing, spacing
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.files.mapped import utc

PATH = Path("bars.csv")
CALENDARS = ("XNYS", "XHKG", "FX", "SPOT", "ALWAYS")


def bars(code: str, timeframe: str, anchor: str = "", days: int = 60) -> pl.Series:
    market = market_of("US_EQUITY", code)
    start = utc(2024, 1, 1)
    return expected_bars(market, timeframe, start, start + dt.timedelta(days=days), anchor)["ts"]


@pytest.mark.parametrize("code", CALENDARS)
def test_true_bars_have_the_spacing_of_their_timeframe_and_of_no_other(code: str) -> None:
    market = market_of("US_EQUITY", code)
    for timeframe in DURATION:
        for anchor in anchors(market, timeframe):
            opens = bars(code, timeframe, anchor)
            require_spacing(opens, timeframe, PATH)
            for other in set(DURATION) - {timeframe}:
                if (timeframe, code) == ("4h", "XHKG"):
                    continue  # two bars a session, of which the second is cut or moved
                with raises(BarsError, "other-spacing", match=timeframe):
                    require_spacing(opens, other, PATH)


def test_months_offered_as_weeks_are_refused() -> None:
    months = pl.datetime_range(utc(2020, 1, 1), utc(2024, 1, 1), "1mo", eager=True)

    with raises(BarsError, "other-spacing", match="a month"):
        require_spacing(months, "1week", PATH)


def test_gaps_order_and_clock_changes_play_no_part() -> None:
    opens = bars("XNYS", "1h").sample(fraction=0.8, seed=3, shuffle=True)
    closes = bars("XNYS", "1day") + dt.timedelta(hours=16)
    local = closes.dt.replace_time_zone(None).dt.replace_time_zone("America/New_York")

    assert spacing(opens) is not None
    require_spacing(opens, "1h", PATH)
    require_spacing(local.dt.convert_time_zone("UTC"), "1day", PATH)


def test_few_or_rare_bars_are_accepted() -> None:
    require_spacing(bars("ALWAYS", "1min")[:4], "1day", PATH)
    rare = bars("XNYS", "15min").sample(fraction=0.1, seed=3)

    require_spacing(rare, "15min", PATH)
