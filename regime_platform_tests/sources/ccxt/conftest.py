"""An exchange on loopback, and the source that asks it without waiting between requests."""

import time

import ccxt
import pytest
from pytest_httpserver import HTTPServer

from regime_platform.sources.ccxt.source import CcxtSource
from regime_platform_tests.ccxt_exchange import LoopbackExchange
from regime_platform_tests.conftest import NOW


@pytest.fixture
def exchange(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackExchange:
    monkeypatch.setattr(ccxt.Exchange, "throttle", lambda *_: None)
    return LoopbackExchange(httpserver, lambda: NOW)


@pytest.fixture
def source(exchange: LoopbackExchange) -> CcxtSource:
    return CcxtSource(exchange.url, time.time)
