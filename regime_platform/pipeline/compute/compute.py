"""From canonical bars to compute.db.

Compute opens only what the verdict in force names, verifies every byte of it, and does nothing when
the recipe (bars, parameters, eras, code) makes the numbers that it already holds.
"""

from collections.abc import Mapping
from dataclasses import replace

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.manifest_file import whole_compute_manifest
from regime_platform.bar_store.session import read_once
from regime_platform.compute.eras.eras import EraChoice, EraClass, era_class
from regime_platform.compute_db.proof import file_stat, is_file_proven, mark_proven
from regime_platform.compute_db.reader import read_lineage
from regime_platform.errors import (
    ConfigError,
    NewerResultsError,
    ResultsError,
)
from regime_platform.manifests.lineage import Lineage, ResultOrigin, SeriesLineage
from regime_platform.manifests.recipe import Code, RankedEras, Recipe
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute.inputs import Inputs
from regime_platform.pipeline.compute.results import make_results
from regime_platform.pipeline.eras import why_not_adopted
from regime_platform.pipeline.gate.promote import passed_verdict
from regime_platform.pipeline.outcomes import ComputeOutcome, SeriesStatus, Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.verdict import Verdict


def compute(
    workspace: RunWorkspace,
    instrument: Instrument,
    paths: SymbolPaths | None = None,
    *,
    force: bool = False,
) -> ComputeOutcome:
    """Computes the results of ``instrument`` where its bars or its eras changed, or where forced.

    Results of unchanged bars by other parameters or code stay and are reported as stale: to
    recompute the universe is a decision, not a side effect of an upgrade.
    Other eras are in force only after an explicit adoption, so results follow them at once.

    Raises:
        BarsError: the symbol was never validated, or its canonical bars are missing or damaged.
        BlockedError: the gate blocks the symbol.
        ConfigError: the results are ranked in eras whose adoption is gone.
    """
    paths = paths or workspace.root.symbol(instrument.symbol)
    verdict = passed_verdict(paths)
    recipe = current_recipe(workspace, instrument, verdict)
    stored = stored_lineage(paths)
    _require_adopted(workspace, instrument, stored)
    is_unusable = stored is None and paths.compute_db.exists()
    if stored is not None and not force:
        if stored.recipe.makes_same_numbers(recipe):
            return _outcome(instrument.symbol, Status.UNCHANGED, stored)
        if stored.recipe.is_stale(recipe):
            return _outcome(instrument.symbol, Status.UNCHANGED, stored, is_stale=True)
    choice = workspace.eras.choose(era_class(instrument.symbol, instrument.asset_class))
    inputs = Inputs(instrument, paths, verdict.promoted, choice.eras, workspace.params)
    with writing(paths):
        made = ResultOrigin(recipe, Code.model_validate(workspace.code.document()))
        made_from, how = make_results(inputs, made, force=force)
        mark_proven(paths.compute_db)
        _lineage.written(paths, made_from)
    reason = f"{instrument.symbol}: {how}" if is_unusable else ""
    return replace(_outcome(instrument.symbol, Status.DONE, made_from), how=how, reason=reason)


def current_recipe(workspace: RunWorkspace, instrument: Instrument, verdict: Verdict) -> Recipe:
    """What the results would be made from now."""
    wanted = era_class(instrument.symbol, instrument.asset_class)
    bars = {timeframe: series.digest for timeframe, series in verdict.promoted.items()}
    return recipe_of(workspace, bars, wanted, workspace.eras.choose(wanted))


def recipe_of(
    workspace: RunWorkspace, bars: Mapping[str, str], wanted: EraClass, choice: EraChoice
) -> Recipe:
    """What results of these bars (timeframe -> digest) are made from, in the eras chosen."""
    return Recipe.of(
        bars=bars,
        params_fingerprint=workspace.params.fingerprint(),
        eras=RankedEras(
            boundaries=tuple((era.start_us, era.end_us) for era in choice.eras),
            era_class=wanted.name,
            reason=choice.reason,
            version=choice.version,
        ),
        compute_digest=workspace.code.compute_digest,
        libraries=workspace.code.calculating,
    )


def stored_lineage(paths: SymbolPaths) -> Lineage | None:
    """What compute.db was made from; None where there is none that can be used.

    A damaged file and one of an earlier version cannot: a new one takes its place.

    The compute manifest is read first, since opening 1,600 databases only to find nothing changed
    takes half a minute. It counts while the database is the very file that it was written for, and
    that file was proven and is the same since.

    Raises:
        NewerResultsError: a later release wrote it, so it is left alone.
        RegimeError: compute_manifest.json is damaged.
    """
    if not paths.compute_db.exists():
        return None
    if is_file_proven(paths.compute_db):
        manifest = whole_compute_manifest(paths)  # `publish` reports a damaged one
        if manifest is not None and manifest.run.compute_db == file_stat(paths.compute_db):
            return manifest.manifest.lineage
    try:
        return _lineage(paths)
    except NewerResultsError:
        raise
    except ResultsError:
        return None


@read_once("compute_db")
def _lineage(paths: SymbolPaths) -> Lineage:
    return read_lineage(paths.compute_db)


def _require_adopted(
    workspace: RunWorkspace, instrument: Instrument, stored: Lineage | None
) -> None:
    """Refuses to compute in other eras only because the adoption of the present ones is lost."""
    if stored is None:
        return
    symbol, ranked = instrument.symbol, stored.recipe.eras
    wanted = era_class(symbol, instrument.asset_class)
    reason = why_not_adopted(workspace.root, workspace.eras, wanted, ranked)
    if reason:
        raise ConfigError(
            f"{symbol} has results already: {reason}; {adoption_remedy(ranked)}",
            code="adoption-lost",
        )


def adoption_remedy(ranked: RankedEras) -> str:
    """What to do where the adoption of the eras that results are ranked in is gone."""
    return (
        "restore the folder eras from a backup, or put the set in force again: "
        f"regime eras adopt {ranked.version} --reason TEXT"
    )


def _outcome(
    symbol: str, status: Status, lineage: Lineage, *, is_stale: bool = False
) -> ComputeOutcome:
    reason = (
        f"{symbol}: results come from other parameters or code; "
        f"`regime run {symbol} --force` recomputes them"
    )
    return ComputeOutcome(
        symbol,
        status,
        series=tuple(_series_status(series) for series in lineage.series),
        tables=lineage.tables,
        reason=reason if is_stale else "",
        is_stale_code=is_stale,
    )


def _series_status(series: SeriesLineage) -> SeriesStatus:
    return SeriesStatus(
        timeframe=series.timeframe,
        status=series.status,
        reason=series.reason,
        bars=series.bars,
        bars_digest=series.bars_digest,
        min_ts=series.min_ts,
        max_ts=series.max_ts,
        escalation_rows=series.escalation_rows,
        state_rows=series.state_rows,
    )
