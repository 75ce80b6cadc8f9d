"""The results of a symbol as they lie there, or the error that says why there are none."""

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.no_bars import no_bars_reason
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import ResultsError
from regime_platform.manifests.pending import pending_results
from regime_platform.model.instruments import Instrument
from regime_platform.validation.gate import BLOCKED
from regime_platform.workspace import Workspace


def find_results(workspace: Workspace, symbol: str) -> tuple[Instrument, SymbolPaths]:
    """An instrument that has results, and its folder.

    Raises:
        UsageError: the symbol is not in the universe.
        BarsError: a rename of it is not finished.
        ResultsError: it has no bars, or nothing was computed from them yet.
    """
    instrument, paths = workspace.find_readable(symbol)
    # results of an earlier release may lie there alone, without verdict and bars
    is_older = paths.compute_db.exists() and read_verdict(paths) is None
    if not is_older and (reason := no_bars_reason(paths, instrument)):
        raise ResultsError(reason, code="no-bars")
    if not paths.compute_db.exists():
        name, blocked_by = instrument.symbol, gate_reason(paths)
        if paths.compute_manifest.exists():
            gone = f"{paths.compute_db} is gone; `regime run {name}` makes it again"
            raise ResultsError(gone, code="no-results")
        if pending := pending_results(read_verdict(paths), None):
            raise ResultsError(f"{name} has no results yet; {pending}", code="no-results")
        run_it = f"`regime run {name}` makes them"
        remedy = f"blocked by the gate: {blocked_by}" if blocked_by else run_it
        raise ResultsError(f"{name} has no results yet; {remedy}", code="no-results")
    return instrument, paths


def gate_reason(paths: SymbolPaths) -> str:
    """Why the gate blocks a symbol; empty where it does not."""
    verdict = read_verdict(paths)
    return "" if verdict is None else verdict.message


def no_bars(instrument: Instrument, paths: SymbolPaths, timeframe: str) -> ResultsError:
    """The error where a series has no bars in force: the timeframes that have some, or a run."""
    symbol, verdict = instrument.symbol, read_verdict(paths)
    series = None if verdict is None else verdict.at(timeframe)
    stored = [] if verdict is None else list(verdict.promoted)
    if series is not None and series.status == BLOCKED:
        remedy = f"blocked by the gate: {series.message(symbol)}"
    elif timeframe not in instrument.timeframes:
        tracked = ", ".join(instrument.timeframes)
        remedy = f"it is tracked on {tracked} (tier {instrument.tier} of universe.yaml)"
    elif stored:
        remedy = f"its source served none; it has bars of {', '.join(stored)}"
    else:
        remedy = f"`regime run {symbol}` fetches what its source offers"
    return ResultsError(f"{symbol} has no {timeframe} bars; {remedy}", code="no-bars")
