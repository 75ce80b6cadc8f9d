"""Foreign files become entries where they leave no doubt, and refused lines where they do."""

import json
import re
from typing import Any

import pytest

from regime_platform.errors import ConfigError
from regime_platform.model.universe.import_files import Listing, file_rows, listings
from regime_platform.model.universe.imports import Defaults, ImportedRow, import_rows, market
from regime_platform.model.universe.universe import parse_universe
from regime_platform_tests.error_codes import raises

TRACKED = parse_universe(
    "instruments:\n"
    "  - {symbol: META, name: M, asset_class: US_EQUITY, tier: daily, source: twelvedata,"
    " provider_symbol: META, mic_code: XNGS, formerly: [FB]}\n"
    "  - {symbol: EURUSD, name: E, asset_class: FX, tier: core, source: twelvedata,"
    " provider_symbol: EUR/USD}\n",
    "u",
)
LISTED = listings(
    json.dumps(
        {
            "data": [
                {"symbol": "IBM", "mic_code": "XNYS", "currency": "USD", "type": "Common Stock"},
                {"symbol": "IBM", "mic_code": "XETR", "currency": "EUR", "type": "Common Stock"},
                {"symbol": "DAX", "mic_code": "XNAS", "currency": "USD", "type": "ETF"},
                {"symbol": "DAX", "mic_code": "ARCX", "currency": "USD", "type": "ETF"},
                {"symbol": "META", "mic_code": "XNGS", "currency": "USD", "type": "Common Stock"},
            ]
        }
    ),
    "stocks.json",
)


def asset(symbol: str, **fields: Any) -> dict[str, Any]:
    """A row as the legacy engine writes it."""
    return {
        "symbol": symbol,
        "provider_symbol": symbol,
        "name": f"{symbol} Inc",
        "asset_class": "US_EQUITY",
        "exchange": "",
        "currency": "USD",
        "active": True,
        "scheduler_enabled": True,
        "tags": [],
        "update_frequency": "1day",
        **fields,
    }


def imported(*assets: dict[str, Any], defaults: Defaults | None = None) -> list[ImportedRow]:
    text = "[\n" + ",\n".join(json.dumps(row) for row in assets) + "\n]"
    return import_rows(file_rows(text, "universe.json"), TRACKED, defaults or Defaults({}, LISTED))


def test_a_stock_is_taken_over_with_the_market_that_the_listings_name() -> None:
    (row,) = imported(asset("IBM"))

    assert row.status == "new"
    assert row.instrument is not None
    assert row.instrument.model_dump(mode="json") == {
        "symbol": "IBM",
        "name": "IBM Inc",
        "asset_class": "US_EQUITY",
        "tier": "daily",
        "source": "twelvedata",
        "mic_code": "XNYS",
        "provider_symbol": "IBM",
        "type": "Common Stock",
    }


@pytest.mark.parametrize("symbol", ["USDJPY", "USDCAD"])
def test_a_currency_pair_that_was_classed_as_a_stock_becomes_a_pair(symbol: str) -> None:
    provider = f"{symbol[:3]}/{symbol[3:]}"

    (row,) = imported(asset(symbol, provider_symbol=provider, update_frequency="15min"))

    assert row.instrument is not None
    assert (row.instrument.asset_class, row.instrument.tier) == ("FX", "core")
    assert row.note == f"US_EQUITY there, but {provider} are two currencies: FX"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"symbol": "DAX", "provider_symbol": "DAX"}, "DAX is listed on ARCX, XNAS; add it with"),
        ({"symbol": "ZZZ", "provider_symbol": "ZZZ"}, "ZZZ is not among the listings; add it"),
        (
            {"provider_symbol": "USDJPY"},
            "USDJPY looks like a pair, its class is US_EQUITY; correct",
        ),
        ({"provider_symbol": "XAU/USD"}, "XAU/USD looks like a pair, its class is US_EQUITY"),
        ({"provider_symbol": ""}, "needs provider_symbol|is not among the listings"),
        ({"asset_class": "FX"}, "the vendor writes FX as a pair; give provider_symbol like"),
        ({"asset_class": "STOCKS"}, "asset_class 'STOCKS' is unknown"),
        ({"asset_class": None}, "asset_class missing; add to this entry"),
        ({"symbol": "BRK/B"}, "'BRK/B' is not safe as a folder name"),
        ({"symbol": ""}, "symbol missing"),
        ({"update_frequency": "weekly"}, "update_frequency 'weekly' is no tier; change it"),
        ({"update_frequency": None}, "tier missing; add to this entry"),
        ({"active": False}, "inactive there; add it with `regime universe add`"),
        ({"symbol": "FB"}, "renamed to META, which is in the universe"),
        ({"symbol": "META", "update_frequency": "15min"}, r"otherwise \(tier daily, here core"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_its_line_and_a_remedy(
    fields: dict[str, Any], reason: str
) -> None:
    provider = {"provider_symbol": "META"} if fields.get("symbol") == "META" else {}

    first, second = imported(asset("IBM"), {**asset("IBM"), **provider, **fields})

    assert first.status == "new"
    assert (second.status, second.line) == ("refused", 3)
    assert second.instrument is None
    assert re.search(reason, second.note), second.note


@pytest.mark.parametrize(
    ("name", "provider", "wanted"),
    [
        ("Commodities", "XAU/USD", "COMMODITY_METALS"),
        ("Energy commodities", "WTI/USD", "COMMODITY_ENERGY"),
        ("Commodities", "WTI/USD", None),
    ],
)
def test_an_older_spelling_of_a_class_is_read_where_it_is_clear(
    name: str, provider: str, wanted: str | None
) -> None:
    exported = asset(provider.replace("/", ""), provider_symbol=provider, asset_class=name)

    (row,) = imported(exported)

    assert (row.instrument and row.instrument.asset_class) == wanted


def test_without_listings_a_stock_is_refused_unless_the_market_is_given() -> None:
    (bare,) = imported(asset("IBM"), defaults=Defaults())
    (listed,) = imported(asset("IBM"), defaults=Defaults({"mic_code": "XNYS"}))

    assert "a bare IBM may mean two; give --listings or --mic-code" in bare.note
    assert listed.status == "new"


def test_defaults_override_nothing_in_the_file() -> None:
    (row,) = imported(asset("IBM"), defaults=Defaults({"tier": "core", "mic_code": "XNYS"}))

    assert row.instrument is not None
    assert row.instrument.tier == "daily"


def test_a_default_market_does_not_apply_to_a_pair() -> None:
    exported = asset("GBPUSD", provider_symbol="GBP/USD", asset_class="FX")

    (row,) = imported(exported, defaults=Defaults({"mic_code": "XNYS"}))

    assert row.instrument is not None
    assert row.instrument.identity == {"provider_symbol": "GBP/USD"}


def test_importing_again_finds_everything_existing_with_or_without_listings() -> None:
    rows = (
        asset("META"),
        asset("EURUSD", provider_symbol="EUR/USD", asset_class="FX", update_frequency="15min"),
    )

    assert [row.status for row in imported(*rows)] == ["held", "held"]
    assert [row.status for row in imported(*rows, defaults=Defaults())] == ["held", "held"]


def test_a_repeated_symbol_counts_once_where_both_lines_agree_and_refused_where_not() -> None:
    same, other = asset("IBM"), asset("IBM", update_frequency="15min")

    rows = imported(same, same, other)

    assert [row.status for row in rows] == ["new", "held", "refused"]
    assert rows[2].note == "stands on line 2 too, with other fields; remove one of them"


def test_a_note_says_what_the_legacy_engine_did_not_poll() -> None:
    (row,) = imported(asset("IBM", scheduler_enabled=False))

    assert (row.status, row.note) == ("new", "was not polled there, is polled here")


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 1, "assets": [\n%s\n]}',
        '\n{"IBM": %s}',
        '{"meta": {"n": [1]},\n "symbols": [%s]}',
        "\n[\t%s]",
    ],
)
def test_other_shapes_of_the_same_file_are_read_with_their_lines(text: str) -> None:
    (row,) = import_rows(
        file_rows(text % json.dumps(asset("IBM")), "universe.json"), TRACKED, Defaults({}, LISTED)
    )

    assert (row.status, row.symbol, row.line) == ("new", "IBM", 2 if "\n" in text else 1)


def test_an_escaped_slash_is_a_slash() -> None:
    text = json.dumps([asset("GBPUSD", provider_symbol="GBP/USD")]).replace("/", r"\/")

    (row,) = import_rows(file_rows(text, "universe.json"), TRACKED, Defaults())

    assert row.instrument is not None
    assert row.instrument.identity["provider_symbol"] == "GBP/USD"


def test_a_plain_list_is_filled_from_defaults() -> None:
    text = "# indices\nIBM, META\n\nEUR/USD  # a pair\n"
    listed = {"asset_class": "US_EQUITY", "tier": "daily", "source": "twelvedata"}
    defaults = Defaults(listed, LISTED, currency="USD")

    rows = import_rows(file_rows(text, "core.txt"), TRACKED, defaults)

    assert [(row.symbol, row.status, row.line) for row in rows] == [
        ("IBM", "new", 2),
        ("META", "held", 2),
        ("EURUSD", "refused", 4),
    ]
    assert rows[0].instrument is not None
    assert rows[0].instrument.identity["mic_code"] == "XNYS"


def test_a_listed_symbol_gets_a_safe_name_unless_it_is_tracked_under_another() -> None:
    tracked = parse_universe(
        "instruments:\n"
        "  - {symbol: BFB, name: B, asset_class: US_EQUITY, tier: daily, source: twelvedata,"
        " provider_symbol: BF/B, mic_code: XNYS, written: BF/B}\n",
        "u",
    )
    listed = {"asset_class": "US_EQUITY", "tier": "daily", "source": "twelvedata"}
    defaults = Defaults({**listed, "mic_code": "XNYS"})

    rows = import_rows(file_rows("BF/B AKO/A GC1! con", "core.txt"), tracked, defaults)

    assert [(row.symbol, row.status) for row in rows] == [
        ("BF.B", "held"),
        ("AKO.A", "new"),
        ("GC1!", "refused"),
        ("CON_", "new"),
    ]
    named = [(row.instrument.written, row.instrument.name) for row in rows if row.instrument]
    assert named == [("AKO/A", "AKO/A"), ("CON", "CON")]
    assert rows[2].note.endswith("such as GC1")


def test_a_plain_list_for_another_source_needs_no_market() -> None:
    defaults = Defaults({"asset_class": "US_EQUITY", "tier": "daily", "source": "files"})

    (row,) = import_rows(file_rows("IBM", "core.txt"), TRACKED, defaults)

    assert row.instrument is not None
    assert row.instrument.identity == {}


def test_a_universe_of_this_platform_is_read_too() -> None:
    text = (
        "instruments:\n"
        "  - {symbol: IBM, name: I, asset_class: US_EQUITY, tier: daily, source: sample}\n"
        "  - {symbol: ON, name: O, asset_class: US_EQUITY, tier: daily, source: sample}\n"
    )

    good, bad = import_rows(file_rows(text, "other.yaml"), TRACKED, Defaults())

    assert good.status == "new"
    assert (bad.line, bad.note) == (3, "symbol was read as True; put it in quotes")


def test_a_row_that_is_no_object_is_refused() -> None:
    (row,) = import_rows(file_rows('["SPY"]', "u.json"), TRACKED, Defaults())

    assert (row.status, row.symbol) == ("refused", "(none)")


IBM_LISTED = (
    Listing("IBM", "XNYS", "USD", "Common Stock"),
    Listing("IBM", "XETR", "EUR", "Common Stock"),
)


def test_one_market_is_named_with_its_type() -> None:
    assert market(IBM_LISTED, "IBM", "USD") == {"mic_code": "XNYS", "type": "Common Stock"}


@pytest.mark.parametrize(
    ("symbol", "currency", "reason"),
    [("IBM", "", "XETR, XNYS"), ("IBM", "GBP", "not among"), ("DAX", "", "DAX is not among")],
)
def test_without_exactly_one_market_the_reason_is_given(
    symbol: str, currency: str, reason: str
) -> None:
    with raises(ConfigError, "no-market", match=reason):
        market(IBM_LISTED, symbol, currency)


def test_a_market_of_an_exchange_keeps_its_venue_and_symbol() -> None:
    text = (
        "symbol,name,asset_class,tier,source,venue,provider_symbol\n"
        "ETHUSDT,Ether,CRYPTO,core,ccxt,kraken,ETH/USDT\n"
        "eth/usdc,Ether,CRYPTO,core,ccxt,kraken,\n"
    )

    rows = import_rows(file_rows(text, "pairs.csv"), TRACKED, Defaults())

    markets = [row.instrument.provider_symbol for row in rows if row.instrument is not None]
    assert markets == ["ETH/USDT", "ETH/USDC"], [row.note for row in rows]
    assert {row.instrument.venue for row in rows if row.instrument is not None} == {"kraken"}
