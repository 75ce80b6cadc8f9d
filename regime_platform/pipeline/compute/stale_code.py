"""Finds symbols whose results were made by other parameters or code; recomputes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.pipeline.compute.compute import current_recipe, stored_lineage
from regime_platform.pipeline.run_workspace import RunWorkspace

_PARTS = ("params_fingerprint", "compute_digest", "libraries", "result_schema_digest", "eras")


@dataclass(frozen=True)
class StaleResults:
    """A symbol whose results a forced run would change, and what differs in their recipe."""

    symbol: str
    differs: tuple[str, ...]


def stale_results(workspace: RunWorkspace) -> Iterator[StaleResults]:
    """Every such symbol in universe order; unreadable ones are left to runs and `verify`."""
    for instrument in workspace.universe.instruments:
        try:
            paths = workspace.root.symbol(instrument.symbol)
            verdict, lineage = read_verdict(paths), stored_lineage(paths)
            if verdict is None or lineage is None:
                continue
            recipe, wanted = lineage.recipe, current_recipe(workspace, instrument, verdict)
            if recipe.differs_in_bars_alone(wanted):
                continue
        except Exception:  # noqa: BLE001, S112 - what is damaged, runs and verify report
            continue
        differs = tuple(part for part in _PARTS if getattr(recipe, part) != getattr(wanted, part))
        yield StaleResults(instrument.symbol, differs)
