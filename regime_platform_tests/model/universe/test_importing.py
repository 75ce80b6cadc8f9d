"""Foreign files become entries where they leave no doubt, and refused lines where they do."""

import json
import re
from typing import Any

import pytest

from regime_platform.errors import UsageError
from regime_platform.model.universe.import_rows import file_rows
from regime_platform.model.universe.importing import Decision, Given, decide
from regime_platform.model.universe.listings import listings
from regime_platform.model.universe.universe import parse_universe

HELD = parse_universe(
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
    """A row as the incumbent writes it."""
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


def imported(*assets: dict[str, Any], given: Given | None = None) -> list[Decision]:
    text = "[\n" + ",\n".join(json.dumps(one) for one in assets) + "\n]"
    return decide(file_rows(text, "universe.json"), HELD, given or Given({}, LISTED))


def test_a_stock_is_taken_over_with_the_market_that_the_listings_name() -> None:
    (one,) = imported(asset("IBM"))

    assert one.status == "new"
    assert one.instrument is not None
    assert one.instrument.facts() == {
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

    (one,) = imported(asset(symbol, provider_symbol=provider, update_frequency="15min"))

    assert one.instrument is not None
    assert (one.instrument.asset_class, one.instrument.tier) == ("FX", "core")
    assert one.note == f"US_EQUITY there, but {provider} are two currencies: FX"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"symbol": "DAX", "provider_symbol": "DAX"}, "DAX is listed on ARCX, XNAS; add it with"),
        ({"symbol": "ZZZ", "provider_symbol": "ZZZ"}, "ZZZ is not among the listings; add it"),
        ({"provider_symbol": "USDJPY"}, "USDJPY looks like a pair, its class is US_EQUITY; mend"),
        ({"provider_symbol": "XAU/USD"}, "XAU/USD looks like a pair, its class is US_EQUITY"),
        ({"provider_symbol": ""}, "needs provider_symbol|is not among the listings"),
        ({"asset_class": "FX"}, "the vendor writes FX as a pair; give provider_symbol like"),
        ({"asset_class": "STOCKS"}, "asset_class 'STOCKS' is unknown"),
        ({"asset_class": None}, "asset_class missing; add to this entry"),
        ({"symbol": "BRK/B"}, "'BRK/B' is not safe as a folder name"),
        ({"symbol": ""}, "symbol missing"),
        ({"update_frequency": "weekly"}, "update_frequency 'weekly' is no tier; mend it"),
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
    row = asset(provider.replace("/", ""), provider_symbol=provider, asset_class=name)

    (one,) = imported(row)

    assert (one.instrument and one.instrument.asset_class) == wanted


def test_without_listings_a_stock_is_refused_unless_the_market_is_told() -> None:
    (bare,) = imported(asset("IBM"), given=Given())
    (told,) = imported(asset("IBM"), given=Given({"mic_code": "XNYS"}))

    assert "a bare IBM may mean two; give --listings or --mic-code" in bare.note
    assert told.status == "new"


def test_what_is_told_beside_the_file_overrides_nothing_in_it() -> None:
    (one,) = imported(asset("IBM"), given=Given({"tier": "core", "mic_code": "XNYS"}))

    assert one.instrument is not None
    assert one.instrument.tier == "daily"


def test_a_market_told_of_the_whole_file_is_not_that_of_a_pair() -> None:
    row = asset("GBPUSD", provider_symbol="GBP/USD", asset_class="FX")

    (one,) = imported(row, given=Given({"mic_code": "XNYS"}))

    assert one.instrument is not None
    assert one.instrument.identity == {"provider_symbol": "GBP/USD"}


def test_importing_again_finds_everything_held_with_or_without_listings() -> None:
    rows = (
        asset("META"),
        asset("EURUSD", provider_symbol="EUR/USD", asset_class="FX", update_frequency="15min"),
    )

    assert [one.status for one in imported(*rows)] == ["held", "held"]
    assert [one.status for one in imported(*rows, given=Given())] == ["held", "held"]


def test_a_symbol_twice_is_one_where_both_lines_agree_and_refused_where_not() -> None:
    same, other = asset("IBM"), asset("IBM", update_frequency="15min")

    decided = imported(same, same, other)

    assert [one.status for one in decided] == ["new", "held", "refused"]
    assert decided[2].note == "stands on line 2 too, with other fields; remove one of them"


def test_what_the_incumbent_did_not_poll_is_told() -> None:
    (one,) = imported(asset("IBM", scheduler_enabled=False))

    assert (one.status, one.note) == ("new", "was not polled there, is polled here")


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
    (one,) = decide(
        file_rows(text % json.dumps(asset("IBM")), "universe.json"), HELD, Given({}, LISTED)
    )

    assert (one.status, one.symbol, one.line) == ("new", "IBM", 2 if "\n" in text else 1)


def test_an_escaped_slash_is_a_slash() -> None:
    text = json.dumps([asset("GBPUSD", provider_symbol="GBP/USD")]).replace("/", r"\/")

    (one,) = decide(file_rows(text, "universe.json"), HELD, Given())

    assert one.instrument is not None
    assert one.instrument.identity["provider_symbol"] == "GBP/USD"


def test_a_plain_list_is_filled_from_what_is_told_of_all_of_it() -> None:
    text = "# indices\nIBM, META\n\nEUR/USD  # a pair\n"
    told = {"asset_class": "US_EQUITY", "tier": "daily", "source": "twelvedata"}
    given = Given(told, LISTED, currency="USD")

    decided = decide(file_rows(text, "core.txt"), HELD, given)

    assert [(one.symbol, one.status, one.line) for one in decided] == [
        ("IBM", "new", 2),
        ("META", "held", 2),
        ("EURUSD", "refused", 4),
    ]
    assert decided[0].instrument is not None
    assert decided[0].instrument.identity["mic_code"] == "XNYS"


def test_a_plain_list_for_another_source_needs_no_market() -> None:
    given = Given({"asset_class": "US_EQUITY", "tier": "daily", "source": "files"})

    (one,) = decide(file_rows("IBM", "core.txt"), HELD, given)

    assert one.instrument is not None
    assert one.instrument.identity == {}


def test_a_universe_of_this_platform_is_read_too() -> None:
    text = (
        "instruments:\n"
        "  - {symbol: IBM, name: I, asset_class: US_EQUITY, tier: daily, source: sample}\n"
        "  - {symbol: ON, name: O, asset_class: US_EQUITY, tier: daily, source: sample}\n"
    )

    good, bad = decide(file_rows(text, "other.yaml"), HELD, Given())

    assert good.status == "new"
    assert (bad.line, bad.note) == (3, "symbol was read as True; put it in quotes")


@pytest.mark.parametrize("text", ["[1, 2", "{", '[{"a": 1}'])
def test_a_file_that_is_no_json_is_refused_with_the_place(text: str) -> None:
    with pytest.raises(UsageError, match=r"universe\.json is not JSON: .*line 1"):
        file_rows(text, "universe.json")


def test_a_row_that_is_no_object_is_refused() -> None:
    (one,) = decide(file_rows('["SPY"]', "u.json"), HELD, Given())

    assert (one.status, one.symbol) == ("refused", "(none)")


def test_listings_may_be_csv() -> None:
    (one,) = listings("symbol,name,mic_code\nIBM,I,XNYS\n", "stocks.csv")

    assert (one.symbol, one.mic_code, one.currency) == ("IBM", "XNYS", "")


@pytest.mark.parametrize("text", ["symbol\nIBM\n", '{"data": ["IBM"]}', '["IBM"]'])
def test_listings_without_markets_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected rows with symbol and mic_code"):
        listings(text, "stocks")
