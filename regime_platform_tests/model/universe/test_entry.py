"""An entry is read from YAML values and written as one line of YAML."""

import datetime as dt

import pytest
import yaml

from regime_platform.errors import ConfigError
from regime_platform.model.universe.entry import entry_text, parse_entry, value_text
from regime_platform_tests.error_codes import raises

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
TEXT = (
    "{symbol: IBM, name: A company, asset_class: US_EQUITY, tier: daily, source: twelvedata, "
    'mic_code: XNYS, provider_symbol: IBM, delisted: "2020-01-31", formerly: [CTR, ITR]}'
)


def test_an_entry_is_read_and_written() -> None:
    instrument = parse_entry(IBM)

    assert entry_text(instrument) == TEXT
    assert parse_entry(yaml.safe_load(TEXT)) == instrument


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_field_without_a_value_counts_as_absent(value: str | None) -> None:
    assert parse_entry({**IBM, "exchange": value}) == parse_entry(IBM)
    with raises(ConfigError, "missing-field", match="name"):
        parse_entry({**IBM, "name": value})


@pytest.mark.parametrize("entry", [None, "IBM", ["IBM"]])
def test_an_entry_that_is_no_mapping_is_refused(entry: object) -> None:
    with raises(ConfigError, "no-entry"):
        parse_entry(entry)


@pytest.mark.parametrize("text", ["ON", "0700", "1e3", "null", "2020-01-31", "a: b", "[x", "Ä #"])
def test_text_that_yaml_would_read_otherwise_is_quoted(text: str) -> None:
    assert yaml.safe_load(f"{{x: {value_text(text)}}}") == {"x": text}
