"""Three symbols from files, and a run of all of them."""

import datetime as dt
from typing import Any

from regime_platform.pipeline.outcomes import SymbolOutcome
from regime_platform.pipeline.run import run_symbols
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings

SYMBOLS = ["AAA", "BBB", "CCC"]


def run_all(settings: Settings, now: dt.datetime, **options: Any) -> dict[str, SymbolOutcome]:
    workspace = RunWorkspace.open(settings, clock=now.timestamp)  # a loaded machine moves no stamp
    return {
        outcome.symbol: outcome
        for outcome in run_symbols(workspace, workspace.universe.instruments, now, **options)
    }
