"""The universe file is read as a whole or refused with file, line and remedy."""

import pytest

from regime_platform.errors import ConfigError, UsageError
from regime_platform.model.universe.universe import Universe, parse_universe, universe_problems
from regime_platform.settings import TRACKED_UNIVERSE

SPY = "{symbol: SPY, name: An index fund, asset_class: US_EQUITY_INDEX, tier: core, source: sample}"
IBM = "{symbol: IBM, name: A company, asset_class: US_EQUITY, tier: daily, source: sample}"
EUR = "{symbol: EURUSD, name: A pair, asset_class: FX, tier: core, source: sample}"


def universe(*entries: str) -> Universe:
    lines = "".join(f"  - {entry}\n" for entry in entries)
    return parse_universe(f"# a comment\ninstruments:\n{lines}", "universe.yaml")


def test_core_symbols_come_first_and_each_tier_is_sorted() -> None:
    aapl = IBM.replace("IBM", "AAPL")

    assert universe(IBM, SPY, aapl, EUR).symbols == ("EURUSD", "SPY", "AAPL", "IBM")


def test_select_keeps_partition_order_whatever_was_asked_first() -> None:
    chosen = universe(IBM, SPY, EUR).select(["ibm", " spy ", "EURUSD", "IBM"])

    assert [one.symbol for one in chosen] == ["EURUSD", "SPY", "IBM"]


def test_an_unknown_symbol_is_named() -> None:
    with pytest.raises(UsageError, match=r"not in the universe: QQQ, VOO; .*universe\.yaml"):
        universe(SPY).select(["VOO", "SPY", "QQQ"])


def test_a_tier_is_one_contiguous_range() -> None:
    known = universe(IBM, SPY, EUR)

    assert (*known.tier("core"), *known.tier("daily")) == known.instruments
    with pytest.raises(UsageError, match="unknown tier 'weekly'; expected one of core, daily"):
        known.tier("weekly")


def test_one_instrument_is_found_by_its_symbol() -> None:
    assert universe(SPY, IBM).instrument("ibm").name == "A company"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (SPY, r"symbol SPY stands twice, first on line 3; remove one"),
        (IBM.replace("US_EQUITY", "STOCK"), "IBM: asset_class 'STOCK' is unknown; expected one of"),
        (IBM.replace("daily", "hourly"), "IBM: tier 'hourly' is unknown; expected one of"),
        (IBM.replace("sample", "yahoo"), "IBM: source 'yahoo' is unknown; expected one of"),
        (IBM.replace("IBM", "../IBM"), r"'../IBM' is not safe as a folder name .*; use"),
        (IBM.replace("IBM", "ON"), "symbol was read as True; put it in quotes"),
        (IBM.replace("IBM", "0700"), "symbol was read as 448; put it in quotes"),
        (IBM.replace("A company", ""), "name missing; add"),
        (IBM.replace("source: sample", "sauce: sample"), "source missing"),
        (IBM.replace("}", ", colour: blue}"), "unknown field colour; remove it or use one of"),
        (IBM.replace("}", ", mic_code: XNYS}"), "source sample does not know mic_code"),
        (IBM.replace("}", ", tier: core}"), "tier stands twice; remove one"),
        (IBM.replace("sample", "twelvedata"), "IBM: source twelvedata needs provider_symbol; give"),
        (
            IBM.replace("sample", "twelvedata, provider_symbol: IBM"),
            "needs mic_code or exchange",
        ),
        ("just text", "expected a mapping with symbol"),
    ],
)
def test_a_bad_entry_is_refused_with_file_line_and_remedy(entry: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=rf"universe\.yaml line 4: .*{expected}"):
        universe(SPY, entry)


def test_a_symbol_in_quotes_is_text() -> None:
    assert universe(IBM.replace("IBM", '"ON"')).symbols == ("ON",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected a mapping with a list under 'instruments'"),
        ("- a\n- b\n", "expected a mapping"),
        ("instruments: SPY\n", "expected a mapping with a list"),
        ("instruments: []\n", "is empty; list at least one symbol"),
        ("instruments: [\n", r"is not valid YAML: (.|\n)*line 2"),
        ("instruments: []\ninstruments: []\n", "line 2: instruments stands twice"),
        (f"instruments: [{SPY}, {SPY}]\n", "line 1: symbol SPY stands twice"),
        (f"instruments: [{SPY}]\ntiers: []\n", "line 2: unknown key tiers; remove it"),
    ],
)
def test_a_broken_file_is_refused(text: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=rf"universe\.yaml.*{expected}"):
        parse_universe(text, "universe.yaml")


def test_a_universe_made_in_code_refuses_duplicates_too() -> None:
    spy = universe(SPY).instruments

    with pytest.raises(ConfigError, match="SPY stands twice"):
        Universe(spy + spy)


def test_the_tracked_universe_is_valid() -> None:
    tracked = parse_universe(TRACKED_UNIVERSE.read_text(encoding="utf-8"), "universe.yaml")

    assert tracked.symbols == ("EURUSD", "SYNTH", "AAPL", "FB", "GOOG", "IBM", "MSFT")


def with_fields(entry: str, fields: str) -> str:
    return entry.replace("}", f", {fields}}}")


def test_a_delisted_symbol_is_there_and_is_not_polled() -> None:
    known = universe(SPY, with_fields(IBM, "delisted: 2020-01-31"))

    assert known.symbols == ("SPY", "IBM")
    assert [one.symbol for one in known.polled] == ["SPY"]
    assert known.instrument("IBM").facts()["delisted"] == "2020-01-31"


def test_a_former_symbol_answers_with_the_present_one() -> None:
    known = universe(with_fields(IBM, "formerly: [CTR, ITR]"), SPY)

    with pytest.raises(UsageError, match=r"^CTR was renamed to IBM; ask for the new name$"):
        known.select(["ctr", "SPY"])
    with pytest.raises(UsageError, match=r"ITR was renamed to IBM; .*not in the universe: QQQ"):
        known.select(["ITR", "QQQ"])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("formerly: [SPY]", "SPY cannot be a former symbol of IBM"),
        ("formerly: [IBM]", "formerly repeats a symbol"),
        ("formerly: [A, A]", "formerly repeats a symbol"),
        ("formerly: [../A]", "'../A' is not safe as a folder name"),
        ("formerly: A", "list former symbols in"),
        ("delisted: soon", "delisted 'soon' is no date"),
        ('delisted: "20200131"', "is no date; write it as"),
        ("delisted: 5", "delisted was read as 5; put it in quotes"),
    ],
)
def test_a_history_that_makes_no_sense_is_refused(fields: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=rf"universe\.yaml line 4: .*{expected}"):
        universe(SPY, with_fields(IBM, fields))


def test_two_instruments_cannot_have_had_one_symbol() -> None:
    with pytest.raises(ConfigError, match=r"line 4: A cannot be a former symbol of SPY"):
        universe(with_fields(IBM, "formerly: [A]"), with_fields(SPY, "formerly: [A]"))


def test_a_date_that_is_none_is_a_broken_line_and_no_crash() -> None:
    with pytest.raises(ConfigError, match=r"not valid YAML: month must be in"):
        universe(with_fields(IBM, "delisted: 2013-13-45"))


def test_all_problems_are_told_and_reading_tells_the_first_and_how_many_more() -> None:
    text = "instruments:\n" + "".join(
        f"  - {entry}\n" for entry in (SPY, IBM.replace("daily", "hourly"), SPY, "words")
    )

    told = universe_problems(text, "u")

    assert [line.split(":")[0] for line in told] == ["u line 3", "u line 4", "u line 5"]
    with pytest.raises(ConfigError, match=r"line 3: IBM: tier .* 2 more; `regime universe check`"):
        parse_universe(text, "u")


@pytest.mark.parametrize("mic_code", ["NYSE!", "xnys", "XNY"])
def test_a_market_code_has_four_letters_or_digits(mic_code: str) -> None:
    entry = IBM.replace("sample", f'twelvedata, provider_symbol: IBM, mic_code: "{mic_code}"')

    with pytest.raises(ConfigError, match="is no market code; give the four"):
        universe(entry)
