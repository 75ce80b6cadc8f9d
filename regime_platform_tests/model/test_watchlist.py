"""A watchlist has the symbols of its text in their order, or names the line that is wrong."""

import pytest

from regime_platform.errors import UsageError
from regime_platform.model.instruments import Instrument
from regime_platform.model.universe.universe import Universe
from regime_platform.model.watchlist import parse_watchlist
from regime_platform_tests.error_codes import raises


def _stock(symbol: str, written: str = "", formerly: tuple[str, ...] = ()) -> Instrument:
    return Instrument(
        symbol=symbol,
        written=written,
        name=symbol,
        asset_class="US_EQUITY",
        tier="daily",
        source="files",
        formerly=formerly,
    )


UNIVERSE = Universe(
    (_stock("AAPL"), _stock("BF.B", "BF/B"), _stock("IBM"), _stock("META", formerly=("FB",)))
)


def test_symbols_keep_their_order_however_they_are_written() -> None:
    text = "\ufeff# tech first\r\nmeta\r\n\r\nAAPL, bf/b  # a class of shares\nMETA\n"

    assert parse_watchlist(text, "mine.txt", UNIVERSE) == ("META", "AAPL", "BF.B")
    assert parse_watchlist("aapl...IBM", "mine.txt", UNIVERSE) == ("AAPL", "BF.B", "IBM")


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("IBM\nAPPL\nIBM\nXXX", "unknown-symbol", r"mine.txt line 2: .*AAPL.* XXX on line 4"),
        ("# renamed\nFB", "unknown-symbol", r"line 2: FB was renamed to META"),
        ("IBM...AAPL", "reversed-range", r"line 1: IBM...AAPL: AAPL comes before"),
        ("\nIBM...NOPE", "unknown-symbol", r"line 2: not in the universe: NOPE"),
        ("# nothing yet\n\n", "no-symbols-in-file", r"mine.txt has no symbols"),
    ],
)
def test_fault_names_its_line_and_the_remedy(text: str, code: str, message: str) -> None:
    with raises(UsageError, code, match=message):
        parse_watchlist(text, "mine.txt", UNIVERSE)
