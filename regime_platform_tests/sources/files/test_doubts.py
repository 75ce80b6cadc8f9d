"""Bars of a file that look unadjusted, or in another unit, are doubted."""

import polars as pl

from regime_platform.model.bar_schema import PRICE_COLUMNS
from regime_platform.model.markets import MARKETS
from regime_platform.sources.files.doubts import price_scale, split_doubts
from regime_platform_tests.builders import make_bars

STOCKS = MARKETS["US_EQUITY"]


def test_an_unadjusted_split_is_doubted_whatever_the_order_of_the_rows() -> None:
    bars = make_bars(300, "1day")
    is_before = pl.col("ts") < bars["ts"][200]
    prices = [pl.when(is_before).then(pl.col(name) * 4).otherwise(name) for name in PRICE_COLUMNS]

    doubts = split_doubts(bars.with_columns(prices).reverse(), "1day", STOCKS)

    assert doubts == [f"{bars['ts'][200]:%Y-%m-%d}: 4:1"]
    assert not split_doubts(bars, "1day", STOCKS)
    assert not split_doubts(bars.clear(), "1day", STOCKS)


def test_large_whole_prices_are_doubted() -> None:
    bars = make_bars(30, "1day")
    scaled = bars.with_columns((pl.col(PRICE_COLUMNS) * 10_000).round())

    seen, doubted = price_scale(bars, None), price_scale(scaled, None)

    assert seen is not None
    assert "whole" not in seen.evidence
    assert doubted is not None
    assert "smaller units" in doubted.evidence
    stated = price_scale(scaled, 1.0)
    assert stated is not None
    assert "smaller units" not in stated.evidence
    assert price_scale(bars.clear(), None) is None
