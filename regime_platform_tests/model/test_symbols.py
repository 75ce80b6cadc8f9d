"""A symbol as it is written elsewhere becomes one path-safe name, or is refused with one."""

import pytest

from regime_platform.errors import UsageError
from regime_platform.model.symbols import is_safe, parse_symbol, split_symbols
from regime_platform_tests.error_codes import raises


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("AAPL", "AAPL"),
        ("^gspc", "^GSPC"),
        ("brk.b", "BRK.B"),
        ("BF/B", "BF.B"),
        ("BTC/USD", "BTCUSD"),
        (" eur/usd ", "EURUSD"),
        ("T/USDT", "TUSDT"),
        ("BTC/USDT:USDT", "BTCUSDT.USDT"),
        ("600519.SS", "600519.SS"),
        ("M&M.NS", "M_M.NS"),
        ("ES=F", "ES=F"),
        ("NO", "NO"),
        # folders that Windows refuses
        ("con", "CON_"),
        ("NUL", "NUL_"),
        ("CON.L", "CON_.L"),
        ("COM1", "COM1_"),
        ("CONE", "CONE"),
    ],
)
def test_a_symbol_gets_a_safe_name_and_keeps_its_spelling(written: str, name: str) -> None:
    parsed = parse_symbol(written)

    assert parsed == (name, written.strip().upper())
    assert is_safe(name)
    assert parse_symbol(name).name == name
    assert set(parsed.fields) == ({"symbol"} if name == parsed.written else {"symbol", "written"})


@pytest.mark.parametrize(
    ("written", "code", "remedy"),
    [
        ("GC1!", "unsafe-symbol", "such as GC1$"),
        ("$SPX", "unsafe-symbol", "such as SPX$"),
        ("/ES", "unsafe-symbol", "such as ES$"),
        ("../AAPL", "unsafe-symbol", "such as AAPL$"),
        ("BRK.", "unsafe-symbol", "such as BRK$"),
        ("A" * 33, "unsafe-symbol", "1 to 32 of"),
        ("ÄÖÜ", "unsafe-symbol", "A-Z"),
        ("A\x00B", "unsafe-symbol", "such as A_B$"),
        (" ", "unsafe-symbol", "empty; give one"),
        ("AAPL,MSFT", "several-symbols", "is 2 symbols, AAPL and MSFT"),
        ("BRK B", "several-symbols", "written BRK.B"),
    ],
)
def test_what_is_no_symbol_is_refused_with_what_to_use(
    written: str, code: str, remedy: str
) -> None:
    with raises(UsageError, code, match=remedy):
        parse_symbol(written)


def test_words_end_at_commas_semicolons_and_spaces() -> None:
    assert split_symbols(["AAPL,MSFT", " A ; B ", ",", "C"]) == ["AAPL", "MSFT", "A", "B", "C"]
