"""Windows of candles, and where a history begins."""

import datetime as dt

import polars as pl
import pytest

from regime_platform.model.bar_schema import BAR_SCHEMA
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.sources.ccxt.source import CcxtSource
from regime_platform.sources.protocol import NotOfferedError, NotServedError, WindowSource
from regime_platform_tests.ccxt_exchange import (
    INFO,
    KLINES,
    UNKNOWN_SYMBOL,
    LoopbackExchange,
    candles_of,
    json_answer,
    market_bars,
)
from regime_platform_tests.conftest import NOW
from regime_platform_tests.sources.ccxt.asked import LISTED, TOMORROW, instrument, page

HOURS = market_bars(1920, LISTED)


@pytest.fixture(autouse=True)
def _listed(exchange: LoopbackExchange) -> None:
    exchange.list_market("BTC", "USDT", HOURS)


def test_a_window_is_read_in_parts_to_the_forming_candle(
    exchange: LoopbackExchange, source: CcxtSource
) -> None:
    exchange.limit = 500

    served = page(source)

    past = HOURS.filter(pl.col("ts") <= NOW)
    assert isinstance(source, WindowSource)
    assert served.bars.schema == BAR_SCHEMA
    assert served.bars[:-1].equals(past[:-1])
    assert served.bars["ts"][-1] == past["ts"][-1]
    assert served.bars["volume"][-1] < past["volume"][-1]
    assert served.window == (LISTED, TOMORROW)
    assert served.notice == ""
    assert len(exchange.asked(KLINES)) == 4
    assert len(exchange.asked(INFO)) == 1
    assert source.charge == (5, 0)


def test_a_window_is_half_open_and_each_candle_comes_once(
    exchange: LoopbackExchange, source: CcxtSource
) -> None:
    exchange.limit = 7
    request = page(source, "1day", dt.datetime(2026, 10, 1, tzinfo=dt.UTC))

    days = candles_of(HOURS, "1day").filter(pl.col("ts") >= dt.datetime(2026, 10, 1, tzinfo=dt.UTC))
    assert request.bars["ts"].to_list() == days.filter(pl.col("ts") <= NOW)["ts"].to_list()


@pytest.mark.parametrize("windows_only", [False, True], ids=["from the first", "bisected"])
def test_the_first_candle_dates_every_timeframe(
    exchange: LoopbackExchange, source: CcxtSource, windows_only: bool
) -> None:
    exchange.windows_only = windows_only

    first = {name: source.earliest(instrument(), name, NOW) for name in TIMEFRAMES}

    monday = dt.date(2026, 8, 31)
    assert first == {**dict.fromkeys(TIMEFRAMES, LISTED.date()), "1week": monday}
    assert source.charge.requests < 40


def test_missing_candles_are_missing_bars(exchange: LoopbackExchange, source: CcxtSource) -> None:
    exchange.windows_only = True  # so that an answer within the gap is empty
    gapped = pl.concat([HOURS[:200], HOURS[1600:]])
    exchange.list_market("BTC", "USDT", gapped)

    assert page(source).bars["ts"].to_list() == gapped.filter(pl.col("ts") <= NOW)["ts"].to_list()


def test_weeks_from_thursday_on_are_not_offered(
    exchange: LoopbackExchange, source: CcxtSource
) -> None:
    exchange.has_thursdays = True

    for request in (
        lambda: source.earliest(instrument(), "1week", NOW),
        lambda: page(source, "1week", dt.datetime(2026, 8, 31, tzinfo=dt.UTC)),
    ):
        with pytest.raises(NotOfferedError, match=r"otherwise than by Mondays.*Thu 2026"):
            request()
    assert page(source, "1day").bars.height > 70


def test_a_timeframe_that_an_exchange_lacks_is_not_offered(source: CcxtSource) -> None:
    coinbase = source.client("coinbase")

    assert not coinbase.offers("4h")
    with pytest.raises(NotOfferedError, match="coinbase has no 4h candles"):
        coinbase.candles("BTC/USD", "4h", LISTED, "BTCUSD 4h")
    assert coinbase.charge.requests == 0


def test_a_market_without_a_candle_is_not_offered(
    exchange: LoopbackExchange, source: CcxtSource
) -> None:
    exchange.list_market("NEW", "USDT", HOURS.clear())

    with pytest.raises(NotOfferedError, match="no 1h candle"):
        source.earliest(instrument("NEW/USDT"), "1h", NOW)


def test_an_unknown_market_is_refused_with_the_nearest(source: CcxtSource) -> None:
    with pytest.raises(
        NotServedError, match=r"BTCUSDC 1h: binance .*did you mean BTC/USDT"
    ) as caught:
        page(source, symbol="BTC/USDC")
    assert caught.value.status == "unknown_symbol"


def test_a_market_is_found_in_any_case(source: CcxtSource) -> None:
    assert page(source, symbol="btc/usdt").bars.equals(page(source).bars)


def test_a_market_that_was_delisted_meanwhile_is_refused(
    exchange: LoopbackExchange, source: CcxtSource
) -> None:
    page(source)
    exchange.answer_next(json_answer(UNKNOWN_SYMBOL, None, 400))

    with pytest.raises(NotServedError, match="regime universe delist") as caught:
        page(source)
    assert caught.value.status == "unknown_symbol"


def test_a_halted_market_serves_its_history_with_a_note(
    exchange: LoopbackExchange, source: CcxtSource
) -> None:
    exchange.list_market("OLD", "USDT", HOURS[:100], is_halted=True)

    served = page(source, symbol="OLD/USDT")

    assert served.bars.height == 100
    assert "does not trade OLD/USDT now" in served.notice
