"""A data root whose symbols come from the vendor on loopback."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from regime_platform.bar_store.raw.raw_log import read_raw
from regime_platform.model.bar_schema import BAR_COLUMNS
from regime_platform.model.calendar.due import last_finished
from regime_platform.model.calendar.trading_hours import expected_opens
from regime_platform.model.markets import MARKETS
from regime_platform.pipeline.fetch.catch_up import FetchRequest
from regime_platform.pipeline.fetch.ingest import Batches, ingest
from regime_platform.pipeline.outcomes import IngestOutcome
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.revisions.fold import fold
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.vendor import KEY, LoopbackVendor

MIC = "XNGS"


def vendor_settings(
    folder: Path,
    vendor: LoopbackVendor,
    symbols: Sequence[str],
    *,
    tier: str = "daily",
    **more: Any,
) -> Settings:
    """Settings for a universe of US stocks that ``vendor`` serves."""
    root = folder / "data"
    root.mkdir(parents=True, exist_ok=True)
    entries = [
        {
            "symbol": symbol,
            "name": f"Test stock {symbol}",
            "asset_class": "US_EQUITY",
            "tier": tier,
            "source": "twelvedata",
            "provider_symbol": symbol,
            "mic_code": MIC,
        }
        for symbol in symbols
    ]
    (root / "universe.yaml").write_text(yaml.safe_dump({"instruments": entries}))
    return Settings(
        _env_file=None,
        **{
            "REGIME_DATA_ROOT": root,
            "REGIME_TWELVEDATA_URL": vendor.url,
            "TWELVEDATA_API_KEY": KEY,
            "REGIME_CREDITS_FOLDER": folder / "credits",
            "REGIME_CREDITS_PER_MINUTE": 10_000,
            **more,
        },
    )


def stock_bars(timeframe: str, start: dt.datetime, end: dt.datetime, seed: int = 0) -> pl.DataFrame:
    """A random walk with a bar wherever the calendar of US stocks expects one."""
    opens = expected_opens(MARKETS["US_EQUITY"], timeframe, start, end)
    return make_bars(opens.len(), seed=seed).with_columns(ts=opens)


def list_stock(vendor: LoopbackVendor, symbol: str, timeframe: str, bars: pl.DataFrame) -> None:
    """Makes ``bars`` what the vendor has of a stock."""
    vendor.list_series(symbol, timeframe, bars, mic_code=MIC, type="Common Stock")


def catch_up(
    where: Settings | RunWorkspace,
    now: dt.datetime,
    timeframes: Sequence[str] | None = None,
    **order: Any,
) -> list[IngestOutcome]:
    """Every symbol's fetch; given settings, by a process of its own as far as memory goes."""
    workspace = RunWorkspace.open(where) if isinstance(where, Settings) else where
    instruments = workspace.universe.instruments
    batches = Batches(workspace, instruments, FetchRequest(now, **order), timeframes)
    return [ingest(workspace, instrument, batches) for instrument in instruments]


def stored_bars(settings: Settings, symbol: str, timeframe: str, now: dt.datetime) -> pl.DataFrame:
    """The finished bars in force of the raw log."""
    workspace = RunWorkspace.open(settings)
    return finished_bars(workspace, symbol, timeframe, now)


def finished_bars(
    workspace: RunWorkspace, symbol: str, timeframe: str, now: dt.datetime
) -> pl.DataFrame:
    """The same of a platform that is open already."""
    raw = read_raw(workspace.root.symbol(symbol).raw(timeframe))
    rows = fold(raw, timeframe, MARKETS["US_EQUITY"])
    bound = last_finished(now, timeframe, MARKETS["US_EQUITY"])
    return rows.filter(pl.col("ts") < bound).select(BAR_COLUMNS)


def one_stock(
    folder: Path, vendor: LoopbackVendor, tier: str = "daily", **more: object
) -> Settings:
    return vendor_settings(folder, vendor, ["AAA"], tier=tier, **more)
