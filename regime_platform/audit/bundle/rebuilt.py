"""Rebuilds a symbol that changed since a snapshot: bars and results of then, from the raw log."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from regime_platform.audit.as_of import symbol_as_of
from regime_platform.bar_store.canonical import write_parts
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute.eras.eras import era_class
from regime_platform.errors import ResultsError
from regime_platform.manifests.compute_manifest import INPUT, ResultOrigin
from regime_platform.manifests.snapshot import SymbolEntry
from regime_platform.pipeline.compute import recipe_of
from regime_platform.pipeline.results import Inputs, make_results
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.explain import eras_of


@contextmanager
def rebuilt_symbol(
    workspace: RunWorkspace, symbol: str, entry: SymbolEntry, taken_at: dt.datetime
) -> Iterator[SymbolPaths]:
    """A temporary folder with the bars and the compute.db that ``entry`` names.

    Raises:
        ResultsError: the raw log, the parameters or the code give others.
        UsageError: the symbol is no longer in the universe.
    """
    recipe, instrument = entry.recipe, workspace.universe.instrument(symbol)
    known = symbol_as_of(workspace, instrument, taken_at)
    digests = {name: series.digest for name, series in known.series.items()}
    wanted = era_class(symbol, instrument.asset_class)
    recipe_then = recipe_of(workspace, digests, wanted, eras_of(recipe), known.left_out)
    differs = recipe.differs_in(recipe_then)
    if differs and differs <= INPUT:
        reason = "the raw log gives other bars as of then"
        raise _not_rebuilt(symbol, reason, code="raw-log-gives-other-bars")
    if differs:
        names = ", ".join(sorted(differs - INPUT)).replace("_", " ")
        reason = f"{names} installed are not those of then"
        raise _not_rebuilt(symbol, reason, code="recipe-not-installed")
    with TemporaryDirectory() as folder:
        paths = SymbolPaths(Path(folder))
        promoted = {
            name: write_parts(paths.bars(name), name, series.bars, symbol)
            for name, series in known.series.items()
        }
        inputs = Inputs(instrument, paths, promoted, eras_of(recipe).eras, workspace.params)
        made = ResultOrigin(recipe=recipe, code=entry.code)
        lineage = make_results(inputs, made, force=True).lineage
        if lineage.tables != entry.tables:
            reason = "the same recipe gives other numbers now"
            raise _not_rebuilt(symbol, reason, code="recipe-gives-other-numbers")
        yield paths


def _not_rebuilt(symbol: str, why: str, *, code: str) -> ResultsError:
    return ResultsError(
        f"{symbol} has changed since the snapshot and cannot be rebuilt as of it: {why}; export a "
        "snapshot when it is taken, or with the code that took it",
        code=code,
    )
