"""The market of a symbol is taken from a vendor's list, where exactly one is listed."""

import pytest

from regime_platform.errors import UsageError
from regime_platform.model.universe.listings import Listing, listings, market
from regime_platform_tests.error_codes import raises

IBM = (
    Listing("IBM", "XNYS", "USD", "Common Stock"),
    Listing("IBM", "XETR", "EUR", "Common Stock"),
)


def test_one_market_is_named_with_its_type() -> None:
    assert market(IBM, "IBM", "USD") == ({"mic_code": "XNYS", "type": "Common Stock"}, "")


@pytest.mark.parametrize(
    ("symbol", "currency", "reason"),
    [("IBM", "", "XETR, XNYS"), ("IBM", "GBP", "not among"), ("DAX", "", "DAX is not among")],
)
def test_without_exactly_one_market_the_reason_is_given(
    symbol: str, currency: str, reason: str
) -> None:
    fields, why = market(IBM, symbol, currency)

    assert fields == {}
    assert reason in why


def test_listings_may_be_csv() -> None:
    (row,) = listings("symbol,name,mic_code\nIBM,I,XNYS\n", "stocks.csv")

    assert (row.symbol, row.mic_code, row.currency) == ("IBM", "XNYS", "")


@pytest.mark.parametrize("text", ["symbol\nIBM\n", '{"data": ["IBM"]}', '["IBM"]'])
def test_listings_without_markets_are_refused(text: str) -> None:
    with raises(UsageError, "listings-form", match="symbol and mic_code"):
        listings(text, "stocks")
