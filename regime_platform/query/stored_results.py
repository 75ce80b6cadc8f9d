"""The stored results that a query reads, or why there are none."""

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import ResultsError
from regime_platform.model.instruments import Instrument
from regime_platform.workspace import Workspace


def find_results(workspace: Workspace, symbol: str) -> tuple[Instrument, SymbolPaths]:
    """An instrument that has results, and its folder.

    Raises:
        UsageError: the symbol is not in the universe.
        ResultsError: nothing was computed for it yet.
    """
    instrument, paths = workspace.find(symbol)
    if not paths.compute_db.exists():
        name, blocked_by = instrument.symbol, gate_reason(paths)
        run_it = f"`regime run {name}` makes them"
        remedy = f"blocked by the gate: {blocked_by}" if blocked_by else run_it
        raise ResultsError(f"{name} has no results yet; {remedy}", code="no-results")
    return instrument, paths


def gate_reason(paths: SymbolPaths) -> str:
    """Why the gate blocks a symbol; empty where it does not."""
    verdict = read_verdict(paths)
    return "" if verdict is None else verdict.reason
