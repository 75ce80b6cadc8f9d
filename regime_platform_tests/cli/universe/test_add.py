"""`regime universe add` of markets of an exchange, and the first answer from their bars."""

import datetime as dt
from pathlib import Path

import ccxt
import pytest
import stamina
from pytest_httpserver import HTTPServer

from regime_platform.settings import Settings, load_universe
from regime_platform_tests.ccxt_exchange import INFO, LoopbackExchange, market_bars
from regime_platform_tests.cli.conftest import Regime, document_of

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
NOW = START + dt.timedelta(days=300, hours=12)
AT = ("--source", "ccxt", "--venue", "binance")


@pytest.fixture
def exchange(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackExchange:
    monkeypatch.setattr(ccxt.Exchange, "throttle", lambda *_: None)
    listed = LoopbackExchange(httpserver, lambda: NOW)
    for base in ("BTC", "ETH"):
        listed.list_market(base, "USDT", market_bars(400, START, "1day"))
    monkeypatch.setenv("REGIME_CCXT_URL", listed.url)
    return listed


@pytest.fixture
def settings(tmp_path: Path, exchange: LoopbackExchange) -> Settings:
    root = tmp_path / "data"
    root.mkdir()
    (root / "universe.yaml").write_text(
        "instruments:\n"
        "  - {symbol: OLD, name: Old, asset_class: CRYPTO, tier: daily, source: files}\n"
    )
    return Settings(_env_file=None, REGIME_DATA_ROOT=root, REGIME_CCXT_URL=exchange.url)


def test_a_symbol_and_its_exchange_are_all_that_an_entry_needs(
    regime: Regime, settings: Settings, exchange: LoopbackExchange
) -> None:
    ended = regime("universe", "add", "btcusdt", "ETH/USDT", *AT, settings=settings)

    assert ended.code == 0, ended.err
    assert "BTCUSDT, ETHUSDT are added" in ended.out
    universe = load_universe(settings)
    bitcoin = universe.instrument("BTC/USDT")
    assert bitcoin == universe.instrument("btcusdt")
    assert bitcoin.model_dump() == {
        "symbol": "BTCUSDT",
        "written": "BTC/USDT",
        "name": "BTC/USDT on binance",
        "asset_class": "CRYPTO",
        "tier": "core",
        "source": "ccxt",
        "provider_symbol": "BTC/USDT",
        "venue": "binance",
    }
    assert " binance " in regime("universe", "list", settings=settings).out
    assert len(exchange.asked(INFO)) == 1


def test_what_is_given_stays(
    regime: Regime, settings: Settings, exchange: LoopbackExchange
) -> None:
    given = ("--name", "Bitcoin", "--tier", "daily", "--provider-symbol", "BTC/USDC")

    ended = regime("universe", "add", "BITCOIN", *AT, *given, settings=settings)

    assert ended.code == 0, ended.err
    entry = load_universe(settings).instrument("BITCOIN")
    assert (entry.name, entry.tier, entry.provider_symbol) == ("Bitcoin", "daily", "BTC/USDC")
    assert not exchange.questions


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("BTCUSDX", *AT), 2, "[unknown-market]: binance has no spot market BTCUSDX (did you mean"),
        (("BTCUSDT", "--source", "ccxt"), 2, "[no-venue]: source ccxt needs --venue"),
        (("BTCUSDT", "--source", "ccxt", "--venue", "binanc"), 1, "did you mean binance"),
        (("BTCUSDT", "BTC/USDT", *AT), 2, "[symbol-twice]: BTCUSDT is given twice"),
        (("BTCUSDT", "ETHUSDT", *AT, "--name", "Two"), 2, "[several-symbols]"),
    ],
)
def test_what_names_no_market_is_refused(
    regime: Regime, settings: Settings, words: tuple[str, ...], code: int, message: str
) -> None:
    before = settings.universe_file().read_text()

    ended = regime("universe", "add", *words, settings=settings)

    assert (ended.code, settings.universe_file().read_text()) == (code, before)
    assert message in ended.err


def test_without_the_exchange_the_message_names_the_way_around(
    regime: Regime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGIME_CCXT_URL", "http://127.0.0.1:9")

    with stamina.set_testing(True, attempts=1):
        ended = regime("universe", "add", "BTCUSDT", *AT, settings=settings)

    assert ended.code == 1
    assert "--provider-symbol BTC/USDT" in ended.err


def test_two_commands_lead_to_a_state(
    regime: Regime, settings: Settings, exchange: LoopbackExchange
) -> None:
    daily = ("--timeframe", "1day")
    assert regime("universe", "add", "BTCUSDT", *AT, *daily, settings=settings).code == 0

    ran = regime("run", "BTCUSDT", "--now", NOW.isoformat(), settings=settings)
    state = document_of(regime("state", "btc/usdt", "--json", settings=settings))

    assert ran.code == 0, ran.err
    assert "2024-10-26" in str(state)
    assert exchange.questions
