"""Stage 3: from canonical bars to compute.db.

Opens only what the verdict names, verifies every byte of it, and does nothing where the recipe
(bars, parameters, eras, code) makes the stored numbers.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.manifest_files import whole_compute_manifest
from regime_platform.bar_store.session import keep, read_once
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute.eras.eras import EraChoice, EraClass, era_class
from regime_platform.compute_db.reader import file_stat, is_file_proven, mark_proven, read_lineage
from regime_platform.errors import ConfigError, NewerResultsError, ResultsError
from regime_platform.manifests.compute_manifest import (
    INPUT,
    Lineage,
    RankedEras,
    Recipe,
    ResultOrigin,
    making_digest,
)
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import RESULT_SCHEMA_DIGEST
from regime_platform.pipeline.board_results import shown_symbol
from regime_platform.pipeline.eras import why_not_adopted
from regime_platform.pipeline.gate.promote import passed_verdict
from regime_platform.pipeline.outcomes import ComputeOutcome, Status
from regime_platform.pipeline.results import Inputs, make_results
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.verdict import Verdict

_STALE = "{0}: results come from other parameters or code; `regime run {0} --force` recomputes them"
#: Of a recipe, beside the bars.
_PARTS = ("params_fingerprint", "compute_digest", "libraries", "result_schema_digest", "eras")


def compute(
    workspace: RunWorkspace,
    instrument: Instrument,
    paths: SymbolPaths | None = None,
    *,
    force: bool = False,
) -> ComputeOutcome:
    """Computes the results of ``instrument`` where its bars or its eras changed, or where forced.

    A series that the gate blocks keeps the results of its last good bars, and the mean escalation
    leaves it out.

    Results by other parameters or code stay and are reported as stale: to recompute the universe is
    a decision, not a side effect of an upgrade. Other eras are in force only after an adoption, so
    results follow them at once.

    Raises:
        NoBarsError: it has no bar.
        BarsError: the symbol was never validated, or its canonical bars are missing or damaged.
        BlockedError: the gate blocks the symbol as a whole.
        ConfigError: the results are ranked in eras whose adoption is gone.
    """
    symbol = instrument.symbol
    paths = paths or workspace.root.symbol(symbol)
    verdict = passed_verdict(paths, instrument)
    recipe = current_recipe(workspace, instrument, verdict)
    before = stored_lineage(paths)
    if before is not None:
        _require_adopted(workspace, instrument, before.recipe.eras)
        is_same = not before.recipe.differs_in(recipe)
        if not force and (is_same or before.recipe.is_stale(recipe)):
            done = ComputeOutcome(
                symbol, Status.UNCHANGED, before.series, before.tables, left_out=verdict.left_out
            )
            reason = "" if is_same else _STALE.format(symbol)
            return replace(done, is_stale_code=not is_same, reason=reason)
    is_unusable = before is None and paths.compute_db.exists()
    eras = workspace.eras.choose(era_class(symbol, instrument.asset_class)).eras
    inputs = Inputs(instrument, paths, verdict.promoted, eras, workspace.params)
    with writing(paths):
        made = ResultOrigin(recipe=recipe, code=workspace.code)
        stored = make_results(inputs, made, force=force)
        mark_proven(paths.compute_db)
        keep(paths, paths.compute_db, stored.lineage)
        # by the process that has just read and written all of it, beside those of others
        known = None if stored.shown is None else (stored.shown, stored.lineage)
        shown = shown_symbol(paths, instrument, known)
    reason = f"{symbol}: {stored.how}" if is_unusable else ""
    return ComputeOutcome(
        symbol,
        Status.DONE,
        stored.lineage.series,
        stored.lineage.tables,
        stored.how,
        stored.computed_rows,
        reason=reason,
        left_out=verdict.left_out,
        shown=shown,
    )


def current_recipe(workspace: RunWorkspace, instrument: Instrument, verdict: Verdict) -> Recipe:
    """What the results would be made from now."""
    wanted = era_class(instrument.symbol, instrument.asset_class)
    choice = workspace.eras.choose(wanted)
    return recipe_of(workspace, verdict.bars_digests, wanted, choice, verdict.left_out)


def recipe_of(
    workspace: RunWorkspace,
    bars: Mapping[str, str],
    wanted: EraClass,
    choice: EraChoice,
    left_out: Iterable[str],
) -> Recipe:
    """What results of these bars (timeframe -> digest) are made from, in the eras chosen.

    ``left_out``: the timeframes that the gate blocks while others passed.
    """
    return Recipe(
        bars=dict(sorted(bars.items())),
        compute_digest=workspace.code.compute_digest,
        eras=RankedEras(
            boundaries=tuple((era.start_us, era.end_us) for era in choice.eras),
            era_class=wanted.name,
            reason=choice.reason,
            version=choice.version,
        ),
        left_out=tuple(sorted(left_out)),
        libraries=dict(sorted(workspace.code.calculating.items())),
        params_fingerprint=workspace.params.fingerprint(),
        result_schema_digest=RESULT_SCHEMA_DIGEST,
    )


def stored_lineage(paths: SymbolPaths) -> Lineage | None:
    """What compute.db was made from; None where it is absent, damaged or of an earlier release.

    The compute manifest has it while the database is the very file that it was written for:
    opening 1,600 databases only to find nothing changed takes half a minute.

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


def _require_adopted(workspace: RunWorkspace, instrument: Instrument, ranked: RankedEras) -> None:
    """Refuses to compute in other eras only because the adoption of the present ones is lost."""
    wanted = era_class(instrument.symbol, instrument.asset_class)
    reason = why_not_adopted(workspace.root, workspace.eras, wanted, ranked)
    if reason:
        raise ConfigError(
            f"{instrument.symbol} has results already: {reason}; {adoption_remedy(ranked)}",
            code="adoption-lost",
        )


def adoption_remedy(ranked: RankedEras) -> str:
    """What to do where the adoption of the eras that results are ranked in is gone."""
    return (
        "restore the folder eras from a backup, or put the set in force again: "
        f"regime eras adopt {ranked.version} --reason TEXT"
    )


def installed_making(workspace: RunWorkspace) -> str:
    """The `making_digest` of results that are computed now."""
    code = workspace.code
    return making_digest(code.compute_digest, code.calculating, workspace.params.fingerprint())


def stale_results(workspace: RunWorkspace) -> Iterator[tuple[str, list[str]]]:
    """Symbols with results of other parameters, eras or code, and what differs in the recipe."""
    for instrument in workspace.universe.instruments:
        try:
            paths = workspace.root.symbol(instrument.symbol)
            verdict, lineage = read_verdict(paths), stored_lineage(paths)
            if verdict is None or lineage is None:
                continue
            recipe, wanted = lineage.recipe, current_recipe(workspace, instrument, verdict)
            if recipe.differs_in(wanted) <= INPUT:
                continue
        except Exception:  # noqa: BLE001, S112 - what is damaged, runs and verify report
            continue
        differs = [part for part in _PARTS if getattr(recipe, part) != getattr(wanted, part)]
        yield instrument.symbol, differs
