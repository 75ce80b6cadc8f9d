"""Labels at the ends of sessions show whether bars are labelled by their open."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.model.calendar.labels import CLOSE, OPEN
from regime_platform.model.markets import MARKETS, Market
from regime_platform.model.timeframes import DURATION
from regime_platform.sources.files.label_evidence import label_of_sessions
from regime_platform_tests.sources.files.test_opens import (
    CRYPTO,
    CURRENCIES,
    STOCKS,
    true_opens,
)

ASKED = (OPEN, CLOSE)


@pytest.mark.parametrize(
    ("market", "timeframe"),
    [(STOCKS, "1h"), (STOCKS, "5min"), (CURRENCIES, "15min"), (CURRENCIES, "4h")],
)
def test_a_label_at_the_open_of_a_session_shows_opens(market: Market, timeframe: str) -> None:
    opens = true_opens(timeframe, market, days=14)
    ends = opens + DURATION[timeframe]

    assert label_of_sessions(opens, timeframe, market).value == OPEN
    assert label_of_sessions(opens.reverse(), timeframe, market).value == OPEN
    assert label_of_sessions(ends, timeframe, market).choices == ASKED


def test_a_rare_label_at_a_close_changes_nothing_and_many_are_asked_about() -> None:
    opens = true_opens("5min", STOCKS, days=21)
    closes = opens.filter(opens.dt.time() == opens.dt.time().max()) + DURATION["5min"]

    rare, many = (pl.concat([opens, closes.head(count)]) for count in (1, 10))

    assert label_of_sessions(rare, "5min", STOCKS).value == OPEN
    assert label_of_sessions(many, "5min", STOCKS).choices == ASKED


def test_what_is_within_a_session_or_around_the_clock_shows_nothing() -> None:
    noon = true_opens("1h", STOCKS, days=14)
    noon = noon.filter(noon.dt.hour() == 17)

    assert label_of_sessions(noon, "1h", STOCKS).choices == ASKED
    assert label_of_sessions(true_opens("1h", CRYPTO), "1h", CRYPTO).choices == ASKED
    metals = MARKETS["COMMODITY_METALS"]
    hours = true_opens("1h", metals, days=14)
    assert label_of_sessions(hours, "1h", metals).value == OPEN
    assert label_of_sessions(hours + dt.timedelta(hours=1), "1h", metals).choices == ASKED
