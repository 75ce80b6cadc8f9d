"""Whose results other parameters or other code made; nothing of it is computed anew unasked."""

from collections.abc import Iterator
from dataclasses import dataclass

from regime_platform.manifests.recipe import is_same_recipe
from regime_platform.pipeline.compute.compute import current_recipe, stored_lineage
from regime_platform.pipeline.gate.promote import read_verdict
from regime_platform.pipeline.platform import RunWorkspace

_PARTS = ("params_fingerprint", "compute_digest", "libraries", "result_schema_digest", "eras")


@dataclass(frozen=True)
class StaleResults:
    """A symbol whose results a forced run would make otherwise, and by what."""

    symbol: str
    differs: tuple[str, ...]


def stale_results(workspace: RunWorkspace) -> Iterator[StaleResults]:
    """Every such symbol in universe order; one that cannot be read is for the other checks."""
    for instrument in workspace.universe.instruments:
        try:
            verdict = read_verdict(workspace, instrument.symbol)
            held = stored_lineage(workspace.root.symbol(instrument.symbol))
            if verdict is None or held is None:
                continue
            recipe, wanted = held["recipe"], current_recipe(workspace, instrument, verdict)
            if is_same_recipe(recipe, {**wanted, "bars": recipe.get("bars")}):
                continue
        except Exception:  # noqa: BLE001, S112 - what is damaged, runs and verify report
            continue
        differs = tuple(part for part in _PARTS if recipe.get(part) != wanted[part])
        yield StaleResults(instrument.symbol, differs)
