"""Six stocks of the vendor on loopback, and a data root that follows them."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import yaml

from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.model.timeframes import TIERS
from regime_platform.settings import Settings
from regime_platform_tests.pipeline.vendor_street import list_stock, stock_bars, vendor_settings
from regime_platform_tests.vendor import LoopbackVendor

CORE = "HUB"
DAILY = ("ACE", "BAY", "COD", "ELM")
UNKNOWN = "DIM"  # to the vendor, all week
#: In the order of the universe, so that all but ELM are an unbroken range of partitions.
SYMBOLS = (CORE, "ACE", "BAY", "COD", UNKNOWN, "ELM")
_FIRST = dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
_FIRST_OF_CORE = dt.datetime(2026, 8, 31, tzinfo=dt.UTC)
_END = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


def list_market(folder: Path, vendor: LoopbackVendor) -> Settings:
    """Settings of an empty root over these stocks; the vendor serves each bar from its open on."""
    settings = vendor_settings(folder, vendor, SYMBOLS, REGIME_REREAD_SHARE=0, REGIME_WORKERS=1)
    path = settings.data_root / "universe.yaml"
    universe = yaml.safe_load(path.read_text())
    for entry in universe["instruments"]:
        entry["tier"] = "core" if entry["symbol"] == CORE else "daily"
    path.write_text(yaml.safe_dump(universe, sort_keys=False))
    for symbol in (*DAILY, CORE):
        for timeframe, bars in served(symbol).items():
            list_stock(vendor, symbol, timeframe, bars)
    return settings


def served(symbol: str) -> Mapping[str, pl.DataFrame]:
    """All bars of a stock up to the end of the week, by timeframe; none disagrees with another."""
    frames = TIERS["core" if symbol == CORE else "daily"]
    first = _FIRST_OF_CORE if symbol == CORE else _FIRST
    shortest = stock_bars(frames[0], first, _END, SYMBOLS.index(symbol))
    return {timeframe: resampled(shortest, timeframe, first) for timeframe in frames}


def resampled(bars: pl.DataFrame, timeframe: str, first: dt.datetime) -> pl.DataFrame:
    """Coarser bars of a US stock from its shortest ones."""
    opens = expected_opens(MARKETS["US_EQUITY"], timeframe, first - dt.timedelta(days=7), _END)
    named = pl.DataFrame({"open_at": opens})
    return (
        bars.sort("ts")
        .join_asof(named, left_on="ts", right_on="open_at")
        .group_by("open_at", maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        .rename({"open_at": "ts"})
    )
