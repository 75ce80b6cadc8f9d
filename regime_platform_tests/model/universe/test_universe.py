"""The universe file is read as a whole or refused with file, line and remedy."""

import re

import pytest

from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.universe.universe import Universe, parse_universe, universe_findings
from regime_platform.settings import TRACKED_UNIVERSE
from regime_platform_tests.error_codes import raises

SPY = "{symbol: SPY, name: An index fund, asset_class: US_EQUITY_INDEX, tier: core, source: sample}"
IBM = "{symbol: IBM, name: A company, asset_class: US_EQUITY, tier: daily, source: sample}"
EUR = "{symbol: EURUSD, name: A pair, asset_class: FX, tier: core, source: sample}"


def universe(*entries: str) -> Universe:
    lines = "".join(f"  - {entry}\n" for entry in entries)
    return parse_universe(f"# a comment\ninstruments:\n{lines}", "universe.yaml")


def test_core_symbols_come_first_and_each_tier_is_sorted() -> None:
    aapl = IBM.replace("IBM", "AAPL")

    assert universe(IBM, SPY, aapl, EUR).symbols == ("EURUSD", "SPY", "AAPL", "IBM")


def test_select_keeps_partition_order_whatever_the_order_of_the_names() -> None:
    chosen = universe(IBM, SPY, EUR).select(["ibm", " spy ", "EURUSD", "IBM"])

    assert [instrument.symbol for instrument in chosen] == ["EURUSD", "SPY", "IBM"]


def test_an_unknown_symbol_is_named() -> None:
    with raises(UsageError, "unknown-symbol", match="QQQ, VOO; .*`regime universe add`"):
        universe(SPY).select(["VOO", "SPY", "QQQ"])


def test_a_tier_is_one_contiguous_range() -> None:
    known = universe(IBM, SPY, EUR)

    assert (*known.tier("core"), *known.tier("daily")) == known.instruments
    with raises(UsageError, "unknown-tier", match="'weekly'; .*core, daily"):
        known.tier("weekly")


def test_an_instrument_is_selected_by_its_symbol() -> None:
    assert universe(SPY, IBM).instrument("ibm").name == "A company"


@pytest.mark.parametrize(
    ("entry", "code", "culprit"),
    [
        (SPY, "duplicate-symbol", "SPY .*first on line 3"),
        (IBM.replace("US_EQUITY", "STOCK"), "unknown-asset-class", "IBM: .*'STOCK'.*US_EQUITY"),
        (IBM.replace("daily", "hourly"), "unknown-tier", "IBM: .*'hourly'.*core, daily"),
        (IBM.replace("sample", "yahoo"), "unknown-source", "IBM: .*'yahoo'.*sample, files"),
        (IBM.replace("IBM", "../IBM"), "unsafe-symbol", r"'\.\./IBM'.*A-Z"),
        (IBM.replace("IBM", "ON"), "misread-value", "symbol .*True; put it in quotes"),
        (IBM.replace("IBM", "0700"), "misread-value", "symbol .*448; put it in quotes"),
        (IBM.replace("A company", ""), "missing-field", "IBM: name"),
        (IBM.replace("A company", '" "'), "missing-field", "IBM: name"),
        (IBM.replace("source: sample", "sauce: sample"), "missing-field", "source .*sauce"),
        (IBM.replace("}", ", colour: blue}"), "unknown-field", "colour.*asset_class"),
        (IBM.replace("}", ", colour: }"), "unknown-field", "colour"),
        (IBM.replace("}", ", mic_code: XNYS}"), "unknown-field", "sample .*mic_code"),
        (IBM.replace("}", ", tier: core}"), "duplicate-field", "tier"),
        (IBM.replace("sample", "twelvedata"), "no-provider-symbol", "IBM: .*provider_symbol"),
        (
            IBM.replace("sample", "twelvedata, provider_symbol: IBM"),
            "no-market",
            "mic_code or exchange",
        ),
        ("just text", "no-entry", "symbol, name, asset_class"),
    ],
)
def test_a_bad_entry_is_refused_with_file_line_and_remedy(
    entry: str, code: str, culprit: str
) -> None:
    with raises(ConfigError, code, match=rf"universe\.yaml line 4: .*{culprit}"):
        universe(SPY, entry)


def test_all_faults_of_an_entry_are_reported_at_once() -> None:
    entry = "{symbol: IBM, asset_class: STOCK, tier: hourly, colour: blue, formerly: [5]}"

    with raises(ConfigError, "missing-field") as refused:
        universe(SPY, entry)

    for culprit in ("name, source missing", "colour", "'STOCK'", "'hourly'", "formerly .*5"):
        assert re.search(culprit, str(refused.value))


def test_a_symbol_in_quotes_is_text() -> None:
    assert universe(IBM.replace("IBM", '"ON"')).symbols == ("ON",)


@pytest.mark.parametrize(
    ("text", "code", "culprit"),
    [
        ("", "universe-form", "'instruments'"),
        ("- a\n- b\n", "universe-form", "'instruments'"),
        ("instruments: SPY\n", "universe-form", "'instruments'"),
        ("instruments: []\n", "universe-empty", "'instruments'"),
        ("instruments: [\n", "universe-not-yaml", r"(.|\n)*line 2"),
        ("instruments: []\ninstruments: []\n", "duplicate-field", "line 2: instruments"),
        (f"instruments: [{SPY}, {SPY}]\n", "duplicate-symbol", "line 1: symbol SPY"),
        (f"instruments: [{SPY}]\ntiers: []\n", "unknown-field", "line 2: .*tiers"),
    ],
)
def test_a_broken_file_is_refused(text: str, code: str, culprit: str) -> None:
    with raises(ConfigError, code, match=rf"universe\.yaml.*{culprit}"):
        parse_universe(text, "universe.yaml")


def test_a_universe_made_in_code_refuses_duplicates_too() -> None:
    spy = universe(SPY).instruments

    with raises(ConfigError, "duplicate-symbol", match="SPY"):
        Universe(spy + spy)


def test_the_tracked_universe_is_valid() -> None:
    tracked = parse_universe(TRACKED_UNIVERSE.read_text(encoding="utf-8"), "universe.yaml")

    assert tracked.symbols == ("EURUSD", "SYNTH", "AAPL", "FB", "GOOG", "IBM", "MSFT")


def with_fields(entry: str, fields: str) -> str:
    return entry.replace("}", f", {fields}}}")


def test_a_delisted_symbol_is_there_and_is_not_polled() -> None:
    known = universe(SPY, with_fields(IBM, "delisted: 2020-01-31"))

    assert known.symbols == ("SPY", "IBM")
    assert [instrument.symbol for instrument in known.polled] == ["SPY"]
    assert known.instrument("IBM").model_dump(mode="json")["delisted"] == "2020-01-31"


def test_a_former_symbol_answers_with_the_present_one() -> None:
    known = universe(with_fields(IBM, "formerly: [CTR, ITR]"), SPY)

    with raises(UsageError, "unknown-symbol", match=r"^CTR was renamed to IBM; [^;]*$"):
        known.select(["ctr", "SPY"])
    with raises(UsageError, "unknown-symbol", match="ITR was renamed to IBM; .*QQQ"):
        known.select(["ITR", "QQQ"])


@pytest.mark.parametrize(
    ("fields", "code", "culprit"),
    [
        ("formerly: [SPY]", "former-symbol-taken", "SPY .*of IBM"),
        ("formerly: [IBM]", "former-symbol-repeated", "formerly"),
        ("formerly: [A, A]", "former-symbol-repeated", "formerly"),
        ("formerly: [../A]", "unsafe-symbol", r"'\.\./A'"),
        ("formerly: A", "misread-value", r"list former symbols in \[ \]"),
        ("delisted: soon", "bad-date", "delisted 'soon'"),
        ('delisted: "20200131"', "bad-date", "2022-06-09"),
        ("delisted: 5", "misread-value", "delisted .* 5; put it in quotes"),
    ],
)
def test_a_history_that_makes_no_sense_is_refused(fields: str, code: str, culprit: str) -> None:
    with raises(ConfigError, code, match=rf"universe\.yaml line 4: .*{culprit}"):
        universe(SPY, with_fields(IBM, fields))


def test_two_instruments_cannot_have_had_one_symbol() -> None:
    with raises(ConfigError, "former-symbol-taken", match="line 4: A .*SPY"):
        universe(with_fields(IBM, "formerly: [A]"), with_fields(SPY, "formerly: [A]"))


def test_a_date_that_is_none_is_a_broken_line_and_no_crash() -> None:
    with raises(ConfigError, "universe-not-yaml", match="month"):
        universe(with_fields(IBM, "delisted: 2013-13-45"))


def test_all_findings_are_listed_and_reading_names_the_first_and_how_many_more() -> None:
    text = "instruments:\n" + "".join(
        f"  - {entry}\n" for entry in (SPY, IBM.replace("daily", "hourly"), SPY, "words")
    )

    findings = universe_findings(text, "u")

    assert [(finding.line, finding.code) for finding in findings] == [
        (3, "unknown-tier"),
        (4, "duplicate-symbol"),
        (5, "no-entry"),
    ]
    with raises(ConfigError, "unknown-tier", match="IBM.* 2 more; `regime universe check`"):
        parse_universe(text, "u")


@pytest.mark.parametrize("mic_code", ["NYSE!", "xnys", "XNY"])
def test_a_market_code_has_four_letters_or_digits(mic_code: str) -> None:
    entry = IBM.replace("sample", f'twelvedata, provider_symbol: IBM, mic_code: "{mic_code}"')

    with raises(ConfigError, "bad-market-code", match="ISO 10383"):
        universe(entry)


BFB = IBM.replace("IBM", "BF.B, written: BF/B")
PAIR = (
    "{symbol: BTCUSD, name: A coin, asset_class: CRYPTO, tier: daily, source: twelvedata, "
    "provider_symbol: BTC/USD}"
)
CON = IBM.replace("IBM", "CON")


@pytest.mark.parametrize(
    ("word", "symbol"),
    [
        ("bf/b", "BF.B"),
        ("BF.B", "BF.B"),
        ("btc/usd", "BTCUSD"),
        (" btcusd ", "BTCUSD"),
        ("con", "CON"),  # an entry that was there before such names got an underscore
    ],
)
def test_an_instrument_is_found_by_any_of_its_spellings(word: str, symbol: str) -> None:
    known = universe(BFB, PAIR, CON)

    assert known.instrument(word).symbol == symbol
    assert known.symbols_of([word, symbol]) == [symbol]


def test_symbols_joined_by_a_comma_are_several_and_never_one() -> None:
    known = universe(BFB, PAIR, IBM)

    assert [each.symbol for each in known.select(["ibm,bf/b"])] == ["BF.B", "IBM"]
    assert known.symbols_of(["nope,IBM", "ibm"]) == ["NOPE", "IBM"]
    with raises(UsageError, "several-symbols", match="IBM,BTC/USD"):
        known.instrument("IBM,BTC/USD")
    with raises(UsageError, "unsafe-symbol", match="empty"):
        known.instrument(" ")


def test_an_unknown_spelling_is_named_as_given_with_the_nearest() -> None:
    with raises(UsageError, "unknown-symbol", match=r"BTC/USDT \(did you mean BTC/USD"):
        universe(BFB, PAIR).instrument("btc/usdt")


@pytest.mark.parametrize(
    ("entry", "code", "remedy"),
    [
        (IBM.replace("IBM", "BF/B"), "unsafe-symbol", "write symbol: BF.B and written: BF/B"),
        (IBM.replace("IBM", "ibm"), "unsafe-symbol", "write symbol: IBM"),
        (IBM.replace("IBM", "A, written: b"), "bad-spelling", "write it as BF/B"),
        (IBM.replace("IBM", 'A, written: "B C"'), "bad-spelling", "one symbol"),
        (IBM.replace("IBM", "A, written: SPY"), "spelling-taken", "SPY would mean SPY and A"),
        (IBM.replace("IBM", "A, written: BF/B"), "spelling-taken", "BF.B and A"),
    ],
)
def test_an_unclear_spelling_is_refused_with_a_remedy(entry: str, code: str, remedy: str) -> None:
    with raises(ConfigError, code, match=remedy):
        universe(SPY, BFB, entry)
