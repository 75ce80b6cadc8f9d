"""Symbols of three classes with eras, of which one has bars enough to find eras in."""

import datetime as dt

from regime_platform.operations.era_sets import detect_eras
from regime_platform.pipeline.outcomes import SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings

#: AAA follows the eras of its asset class, as SPY does; BTCUSD and HYG have their own classes.
SYMBOLS = ["AAA", "BTCUSD", "HYG", "SPY"]
TOUCHED = ["AAA", "SPY"]


def run_market(settings: Settings, now: dt.datetime) -> dict[str, SymbolOutcome]:
    workspace = RunWorkspace.open(settings, clock=now.timestamp)  # a loaded machine moves no stamp
    return {
        run_symbol.symbol: run_symbol
        for run_symbol in run_symbols(workspace, workspace.universe.instruments, now)
    }


def detected_version(settings: Settings, **options: str) -> str:
    detected = detect_eras(RunWorkspace.open(settings), **options)  # type: ignore[arg-type]
    assert detected.is_new
    return detected.version
