"""Faults of an exchange: what is repeated, what ends a series, what ends all of the exchange."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any

import ccxt
import pytest
from werkzeug import Response

from regime_platform.errors import (
    ClockError,
    ConfigError,
    SourceError,
    UnresponsiveError,
)
from regime_platform.sources.ccxt.bounded import BoundedAdapter
from regime_platform.sources.ccxt.exchange import ExchangeClient
from regime_platform.sources.ccxt.source import CcxtSource
from regime_platform.sources.protocol import NotServedError
from regime_platform_tests.ccxt_exchange import (
    STUMBLES,
    LoopbackExchange,
    json_answer,
    market_bars,
)
from regime_platform_tests.conftest import NOW
from regime_platform_tests.error_codes import raises
from regime_platform_tests.sources.ccxt.asked import LISTED, page
from regime_platform_tests.sources.conftest import ATTEMPTS

HOURS = market_bars(100, LISTED)
ADDRESS = "http://127.0.0.1:9"  # of no server


@pytest.fixture(autouse=True)
def _listed(exchange: LoopbackExchange) -> None:
    for base in ("BTC", "ETH"):
        exchange.list_market(base, "USDT", HOURS)


@pytest.mark.parametrize("stumble", STUMBLES.values(), ids=STUMBLES)
def test_a_request_is_repeated_after_a_stumble(
    exchange: LoopbackExchange, source: CcxtSource, stumble: Callable[[], Response]
) -> None:
    exchange.answer_next(stumble())  # to the request for the markets
    page(source)
    exchange.answer_next(stumble())

    assert page(source).bars.height == HOURS.height


@pytest.mark.parametrize("stumble", STUMBLES.values(), ids=STUMBLES)
def test_repeated_stumbles_end_the_series_and_then_the_exchange(
    exchange: LoopbackExchange, source: CcxtSource, stumble: Callable[[], Response]
) -> None:
    page(source)
    before = source.charge.requests
    exchange.answer_next(*[stumble() for _ in range(ATTEMPTS + 3)])

    for again in (" although asked again", "", ""):
        with raises(
            SourceError, "no-answer", match=f"BTCUSDT 1h: binance .*{again}; run once more"
        ):
            page(source)
    with raises(
        UnresponsiveError, "source-unresponsive", match="binance did not answer 4 requests"
    ):
        page(source, symbol="ETH/USDT")
    assert source.charge.requests - before == ATTEMPTS + 3


def test_an_exchange_that_answers_again_is_asked_as_before(
    exchange: LoopbackExchange, source: CcxtSource
) -> None:
    page(source)
    for _ in range(3):
        exchange.answer_next(*[STUMBLES["503"]() for _ in range(ATTEMPTS)])
        with raises(SourceError, "no-answer"):
            page(source)
        assert page(source).bars.height == HOURS.height


@pytest.mark.parametrize("status", [418, 503])
def test_an_exchange_that_asks_to_wait_for_long_is_asked_no_more(
    exchange: LoopbackExchange, source: CcxtSource, status: int
) -> None:
    page(source)
    exchange.answer_next(json_answer({"code": -1003}, {"Retry-After": "3600"}, status))

    with raises(UnresponsiveError, "source-unresponsive", match="asks to wait for 3,600 s"):
        page(source)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (json_answer({"code": 0, "msg": "restricted location"}, None, 451), "not_entitled"),
        (json_answer({"code": -2015, "msg": "Invalid API-key"}, None, 401), "not_entitled"),
        (json_answer({"code": -1121, "msg": "Invalid symbol."}, None, 400), "unknown_symbol"),
    ],
)
def test_a_refusal_is_of_the_series(
    exchange: LoopbackExchange, source: CcxtSource, answer: Response, status: str
) -> None:
    page(source)
    exchange.answer_next(answer)

    with pytest.raises(NotServedError, match="BTCUSDT 1h: binance") as caught:
        page(source)
    assert caught.value.status == status


def test_a_request_that_the_exchange_refuses_is_not_repeated(
    exchange: LoopbackExchange, source: CcxtSource
) -> None:
    page(source)
    exchange.answer_next(json_answer({"code": -1100, "msg": "Illegal characters"}, None, 400))

    with raises(SourceError, "source-refused", match="Illegal characters.*REGIME_CCXT_URL"):
        page(source)


@pytest.mark.parametrize(("ahead", "is_behind"), [(-3600, True), (60, False)])
def test_a_clock_that_is_behind_is_noted(
    exchange: LoopbackExchange, ahead: float, is_behind: bool
) -> None:
    exchange.is_dated = True
    source = CcxtSource(exchange.url, (NOW + dt.timedelta(seconds=ahead)).timestamp)

    assert page(source).is_clock_behind is is_behind


def test_nothing_is_taken_with_a_clock_ahead(exchange: LoopbackExchange) -> None:
    exchange.is_dated = True
    source = CcxtSource(exchange.url, (NOW + dt.timedelta(hours=1)).timestamp)

    with raises(ClockError, "clock", match="60 minutes ahead of binance's"):
        page(source)


def test_an_unknown_exchange_is_refused_with_the_nearest(source: CcxtSource) -> None:
    with raises(ConfigError, "unknown-venue", match="did you mean binance"):
        source.require_venue("binanc")


@pytest.mark.parametrize(
    ("seconds", "most_bytes", "code"),
    [(0.2, 10**6, "no-answer"), (60.0, 5000, "source-refused")],
    ids=["slow", "large"],
)
def test_a_slow_or_endless_answer_is_cut(
    exchange: LoopbackExchange, seconds: float, most_bytes: int, code: str
) -> None:
    source = CcxtSource(exchange.url, time.time)
    page(source)
    session = source.client("binance").exchange.session
    session.mount("http://", BoundedAdapter(seconds, most_bytes))

    def trickle() -> Iterator[bytes]:
        for _ in range(10):
            time.sleep(0.05)
            yield b"[" * 1000

    exchange.answer_next(*[Response(trickle(), content_type="application/json") for _ in range(3)])

    with raises(SourceError, code, match="BTCUSDT 1h: binance"):
        page(source)


def test_an_exchange_that_hangs_is_asked_once_more(
    exchange: LoopbackExchange, source: CcxtSource
) -> None:
    page(source)
    library = source.client("binance").exchange
    library.timeout, before = 100, source.charge.requests

    def nothing() -> Iterator[bytes]:
        time.sleep(0.3)
        yield b"[]"

    exchange.answer_next(*[Response(nothing()) for _ in range(ATTEMPTS)])

    with raises(SourceError, "no-answer", match="BTCUSDT 1h: binance .*Read timed out"):
        page(source)
    assert source.charge.requests - before == 2


def test_every_exchange_of_the_library_can_be_asked_at_another_address() -> None:
    elsewhere = {
        venue
        for venue in ccxt.exchanges
        for address in _addresses(ExchangeClient(venue, ADDRESS, time.time).exchange.urls["api"])
        if not address.startswith(ADDRESS)
    }

    assert len(ccxt.exchanges) > 100
    assert elsewhere == set()


def test_an_exchange_that_is_not_there_is_an_outage() -> None:
    source = CcxtSource(ADDRESS, NOW.timestamp)

    expected = "BTCUSDT 1h: binance did not answer .*exchangeInfo: Connection refused"
    with raises(SourceError, "no-answer", match=expected):
        page(source)


def _addresses(listed: Any) -> Iterator[str]:
    if isinstance(listed, str):
        yield listed
    else:
        for each in listed.values():
            yield from _addresses(each)
