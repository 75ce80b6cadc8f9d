"""An instrument is safe to use as a folder, a partition and a word, and means one thing."""

import datetime as dt
import pickle
import re
from typing import Any

import pytest

from regime_platform.errors import ConfigError
from regime_platform.model.instruments import WITHOUT_EXCHANGE, Instrument, parse_entry
from regime_platform.model.markets import MARKETS
from regime_platform_tests.error_codes import raises

LONDON = {"calendar": "XLON"}


def make(symbol: str = "SPY", asset_class: str = "US_EQUITY", **identity: Any) -> Instrument:
    source = "twelvedata" if identity else "sample"
    return Instrument(
        symbol=symbol,
        name="A name",
        asset_class=asset_class,
        tier="daily",
        source=source,
        **identity,
    )


@pytest.mark.parametrize("symbol", ["A", "BRK.B", "ES=F", "BF-B", "1INCH", "DX^Y", "A" * 32])
def test_a_safe_symbol_is_accepted(symbol: str) -> None:
    assert make(symbol).symbol == symbol


@pytest.mark.parametrize(
    "symbol",
    ["", "spy", "../SPY", "A/B", "A..B", ".A", "-A", "A B", "A\n", "A" * 33, "SPÝ", "A\x00", "C:"],
)
def test_an_unsafe_symbol_is_refused(symbol: str) -> None:
    with raises(ConfigError, "unsafe-symbol", match=re.escape(repr(symbol))):
        make(symbol)


@pytest.mark.parametrize(
    ("field", "value"), [("asset_class", "STOCK"), ("tier", "hourly"), ("source", "yahoo")]
)
def test_an_unknown_word_is_refused_with_the_known_ones(field: str, value: str) -> None:
    fields: dict[str, Any] = {"asset_class": "US_EQUITY", "tier": "daily", "source": "sample"}

    expected = f"SPY: {field} '{value}' is unknown; expected one of"
    with raises(ConfigError, f"unknown-{field.replace('_', '-')}", match=expected):
        Instrument(symbol="SPY", name="A name", **{**fields, field: value})


def test_a_symbol_of_the_vendor_is_required() -> None:
    with raises(ConfigError, "no-provider-symbol"):
        make(mic_code="ARCX")


@pytest.mark.parametrize("asset_class", sorted(MARKETS))
def test_what_trades_on_exchanges_needs_one_named(asset_class: str) -> None:
    around_the_clock = asset_class in WITHOUT_EXCHANGE

    if around_the_clock:
        assert make(asset_class=asset_class, provider_symbol="EUR/USD").asset_class == asset_class
    else:
        with raises(ConfigError, "no-market", match="mic_code or exchange"):
            make(asset_class=asset_class, provider_symbol="DAX")


def test_either_name_of_an_exchange_will_do() -> None:
    assert make(provider_symbol="SPY", mic_code="ARCX").identity["mic_code"] == "ARCX"
    assert make(provider_symbol="SPY", exchange="NYSE").identity["exchange"] == "NYSE"


def test_a_field_of_another_source_is_refused() -> None:
    with raises(ConfigError, "unknown-field", match="mic_code; expected no further field"):
        Instrument(
            symbol="SPY",
            name="A name",
            asset_class="US_EQUITY",
            tier="daily",
            source="sample",
            mic_code="ARCX",
        )


def test_the_tier_decides_the_timeframes() -> None:
    assert make().timeframes == ("1day", "1week")
    core = Instrument(
        symbol="SPY", name="A name", asset_class="US_EQUITY", tier="core", source="sample"
    )
    assert core.timeframes == ("15min", "1h", "4h", "1day", "1week")


def test_facts_are_plain_and_complete() -> None:
    assert make(provider_symbol="SPY", mic_code="ARCX").model_dump(mode="json") == {
        "symbol": "SPY",
        "name": "A name",
        "asset_class": "US_EQUITY",
        "tier": "daily",
        "source": "twelvedata",
        "provider_symbol": "SPY",
        "mic_code": "ARCX",
    }


def test_an_instrument_travels_to_another_process_as_it_is() -> None:
    instrument = Instrument(
        symbol="EURUSD",
        name="Euro",
        asset_class="FX",
        tier="core",
        source="twelvedata",
        provider_symbol="EUR/USD",
        delisted="2022-06-09",
    )

    assert pickle.loads(pickle.dumps(instrument)) == instrument  # noqa: S301 - our own bytes


IBM = {
    "symbol": "IBM",
    "name": " A company ",
    "asset_class": "US_EQUITY",
    "tier": "daily",
    "source": "twelvedata",
    "provider_symbol": "IBM",
    "mic_code": "XNYS",
    "delisted": dt.date(2020, 1, 31),
    "formerly": ["CTR", " ITR "],
}


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_field_without_a_value_counts_as_absent(value: str | None) -> None:
    assert parse_entry({**IBM, "exchange": value}) == parse_entry(IBM)
    with raises(ConfigError, "missing-field", match="name"):
        parse_entry({**IBM, "name": value})


@pytest.mark.parametrize("entry", [None, "IBM", ["IBM"]])
def test_an_entry_that_is_no_mapping_is_refused(entry: object) -> None:
    with raises(ConfigError, "no-entry"):
        parse_entry(entry)


def test_texts_are_stripped_and_dates_written_as_text() -> None:
    instrument = parse_entry(IBM)

    assert (instrument.name, instrument.delisted) == ("A company", "2020-01-31")
    assert instrument.formerly == ("CTR", "ITR")


def test_a_calendar_of_its_own_comes_before_that_of_its_class() -> None:
    entry = {"symbol": "VOD", "name": "A", "asset_class": "US_EQUITY", "tier": "daily"}

    plain, own = (parse_entry({**entry, "source": "files", **more}) for more in ({}, LONDON))

    assert (plain.market.calendar, own.market.calendar) == ("XNYS", "XLON")
    assert own.market.zone == "Europe/London"
    assert "calendar" not in plain.model_dump(mode="json")


def test_an_unknown_calendar_is_refused_with_the_nearest() -> None:
    entry = {"symbol": "VOD", "name": "A", "asset_class": "US_EQUITY", "tier": "daily"}

    with raises(ConfigError, "unknown-calendar", match="'XLOM' is unknown.*XLON"):
        parse_entry({**entry, "source": "files", "calendar": "XLOM"})


AT_VENUE = {"symbol": "BTCUSDT", "name": "Bitcoin", "asset_class": "CRYPTO", "tier": "core"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"provider_symbol": "BTC/USDT"}, "no-venue"),
        ({"provider_symbol": "BTC/USDT", "venue": "Binance!"}, "bad-venue"),
        ({"venue": "binance"}, "no-provider-symbol"),
        ({"venue": "binance", "provider_symbol": "BTCUSDT"}, "provider-symbol-no-pair"),
        ({"provider_symbol": "BTC/USDT", "venue": "binance", "mic_code": "XNAS"}, "unknown-field"),
    ],
)
def test_an_instrument_of_an_exchange_has_venue_and_symbol(
    fields: dict[str, str], code: str
) -> None:
    with raises(ConfigError, code):
        parse_entry({**AT_VENUE, "source": "ccxt", **fields})


def test_venue_and_symbol_are_its_identity() -> None:
    fields = {"provider_symbol": "BTC/USDT", "venue": "binance"}

    entry = parse_entry({**AT_VENUE, "source": "ccxt", **fields})

    assert entry.identity == fields
    assert entry.market.calendar == "ALWAYS"
