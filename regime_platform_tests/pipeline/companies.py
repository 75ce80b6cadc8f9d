"""A vendor on loopback with companies whose entries in the universe tests change."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl
import yaml
from pytest_httpserver import HTTPServer

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.pipeline.outcomes import Stage, SymbolOutcome
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.pipeline.vendor_street import stock_bars
from regime_platform_tests.vendor import LoopbackVendor

START = dt.datetime(2025, 1, 2, tzinfo=dt.UTC)
FIRST = dt.datetime(2026, 11, 18, 23, tzinfo=dt.UTC)
SECOND = dt.datetime(2026, 11, 20, 23, tzinfo=dt.UTC)
UP_TO_PROMOTION = (Stage.RAW_BARS, Stage.VALIDATED_BARS)
#: The vendor's; a run sets it to its own.
CLOCK = {"now": FIRST}


def open_vendor(server: HTTPServer) -> LoopbackVendor:
    """A vendor that serves nothing later than the run asks at."""
    return LoopbackVendor(server, now=lambda: CLOCK["now"], asset_class="US_EQUITY")


def company_bars(seed: int, timeframe: str = "1day") -> pl.DataFrame:
    """The bars of one company up to the second run."""
    return stock_bars(timeframe, START, SECOND, seed)


def list_company(vendor: LoopbackVendor, symbol: str, seed: int, **meta: str) -> None:
    """Makes the vendor serve one company under ``symbol``."""
    for timeframe in ("1day", "1week"):
        named = {"mic_code": "XNGS", "exchange": "NASDAQ", "type": "Common Stock", **meta}
        vendor.list_series(symbol, timeframe, company_bars(seed, timeframe), **named)


def edit(settings: Settings, symbol: str, **changes: Any) -> None:
    """Changes fields of an entry as a person does in the file; None takes one out."""
    path = settings.data_root / "universe.yaml"
    document = yaml.safe_load(path.read_text())
    entry = next(
        instrument for instrument in document["instruments"] if instrument["symbol"] == symbol
    )
    entry.update(changes)
    for name in [name for name, value in entry.items() if value is None]:
        del entry[name]
    path.write_text(yaml.safe_dump(document))


def run(
    settings: Settings,
    symbol: str,
    now: dt.datetime,
    stages: Sequence[Stage] = UP_TO_PROMOTION,
) -> SymbolOutcome:
    """One symbol through the stages, the vendor's clock at ``now``."""
    CLOCK["now"] = now
    workspace = RunWorkspace.open(settings, clock=now.timestamp)  # a loaded machine moves no stamp
    return run_symbol(workspace, workspace.universe.instrument(symbol), now, stages=stages)


def closes(settings: Settings, symbol: str) -> pl.DataFrame:
    """The canonical daily closes in force."""
    stored = read_in_force(RunWorkspace.open(settings).root.symbol(symbol), "1day")
    assert stored is not None
    return stored[1].select("ts", "close")
