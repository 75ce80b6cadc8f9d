"""From canonical bars to compute.db.

Compute opens only what the verdict in force names, verifies every byte of it, and does nothing when
the recipe (bars, parameters, eras, code) makes the numbers that it already holds.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.manifest_file import read_manifest
from regime_platform.compute.eras.eras import EraChoice, EraClass, era_class
from regime_platform.compute.warming import warm_up
from regime_platform.compute_db.proof import is_known, mark_proven
from regime_platform.compute_db.reader import read_lineage
from regime_platform.errors import (
    BarsError,
    BlockedError,
    ConfigError,
    NewerResultsError,
    ResultsError,
)
from regime_platform.manifests.recipe import is_same_recipe, is_stale_code, recipe_facts
from regime_platform.model.instruments import Instrument
from regime_platform.pipeline.compute.inputs import Inputs
from regime_platform.pipeline.compute.results import make_results
from regime_platform.pipeline.eras import why_not_adopted
from regime_platform.pipeline.gate.promote import read_verdict
from regime_platform.pipeline.outcomes import ComputeOutcome, SeriesStatus, Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.validation.gate import BLOCKED
from regime_platform.validation.verdict import Verdict


def compute(
    workspace: RunWorkspace, instrument: Instrument, *, force: bool = False
) -> ComputeOutcome:
    """Computes the results of ``instrument`` where its bars or its eras changed, or where forced.

    Unchanged bars whose results come from other parameters or code are left as they are and
    reported as stale: recomputing the universe is a decision, not a side effect of an upgrade.
    Other eras are in force only after somebody has decided so, hence need no further word.

    Raises:
        BarsError: the symbol was never judged, or its canonical bars are missing or damaged.
        BlockedError: the gate holds the symbol back.
        ConfigError: the results are ranked in eras whose adoption is gone.
    """
    paths = workspace.root.symbol(instrument.symbol)
    verdict = _open_verdict(workspace, instrument.symbol)
    recipe = current_recipe(workspace, instrument, verdict)
    held = stored_lineage(paths)
    _require_adopted(workspace, instrument, held)
    is_unusable = held is None and paths.compute_db.exists()
    if held is not None and not force:
        if is_same_recipe(held["recipe"], recipe):
            return _outcome(instrument.symbol, Status.UNCHANGED, held)
        if is_stale_code(held["recipe"], recipe):
            return _outcome(instrument.symbol, Status.UNCHANGED, held, is_stale=True)
    choice = workspace.eras.choose(era_class(instrument.symbol, instrument.asset_class))
    inputs = Inputs(instrument, paths, verdict.promoted, choice.eras, workspace.params)
    with writing(paths):
        made = {"recipe": recipe, "code": workspace.code.facts()}
        stored, how = make_results(inputs, made, force=force)
        mark_proven(paths.compute_db)
    reason = f"{instrument.symbol}: {how}" if is_unusable else ""
    return replace(_outcome(instrument.symbol, Status.DONE, stored), how=how, reason=reason)


def current_recipe(
    workspace: RunWorkspace, instrument: Instrument, verdict: Verdict
) -> dict[str, Any]:
    """What the results would be made from now."""
    wanted = era_class(instrument.symbol, instrument.asset_class)
    bars = {timeframe: held.digest for timeframe, held in verdict.promoted.items()}
    return recipe_of(workspace, bars, wanted, workspace.eras.choose(wanted))


def recipe_of(
    workspace: RunWorkspace, bars: Mapping[str, str], wanted: EraClass, choice: EraChoice
) -> dict[str, Any]:
    """What results of these bars (timeframe -> digest) are made from, in the eras chosen."""
    return recipe_facts(
        bars=bars,
        params_fingerprint=workspace.params.fingerprint(),
        eras={
            "version": choice.version,
            "class": wanted.name,
            "reason": choice.reason,
            "boundaries": [[era.start_us, era.end_us] for era in choice.eras],
        },
        compute_digest=workspace.code.compute_digest,
        libraries=workspace.code.calculating,
    )


def stored_lineage(paths: SymbolPaths) -> Mapping[str, Any] | None:
    """What compute.db was made from; None where there is no usable one, so that it is built anew.

    A damaged file is none, and one of an earlier version neither: what is built takes its place at
    one moment.

    The manifest is read first, since opening 1,600 databases to learn that nothing changed would
    take half a minute. It counts while the database is the very file that it was written for, and
    that file was proven and is the same since.

    Raises:
        NewerResultsError: a later release wrote it, so it is left alone.
        RegimeError: compute_manifest.json is damaged.
    """
    if not paths.compute_db.exists():
        return None
    manifest = _whole_manifest(paths)
    if manifest is not None and manifest["run"].get("compute_db") == stat_facts(paths):
        facts = manifest["manifest"]
        return {**facts, "series": list(facts["series"].values())}
    try:
        return read_lineage(paths.compute_db)
    except NewerResultsError:
        raise
    except ResultsError:
        return None


def _whole_manifest(paths: SymbolPaths) -> Mapping[str, Any] | None:
    """The compute manifest of a file that was proven; None where one of the two is in doubt."""
    if not is_known(paths.compute_db):
        return None
    try:
        return read_manifest(paths.compute_manifest)
    except BarsError:  # whoever writes manifests names it
        return None


def warm_kernels() -> None:
    """Compiles the kernels, or loads them: half a minute once per machine and version of them."""
    warm_up()


def stat_facts(paths: SymbolPaths) -> dict[str, int]:
    """What tells one compute.db file from another without opening it."""
    found = paths.compute_db.stat()
    return {"bytes": found.st_size, "mtime_ns": found.st_mtime_ns}


def _open_verdict(workspace: RunWorkspace, symbol: str) -> Verdict:
    verdict = read_verdict(workspace, symbol)
    if verdict is None:
        raise BarsError(f"{symbol} has no validated bars; run `regime run {symbol}`")
    if verdict.status == BLOCKED:
        raise BlockedError(f"{symbol} is blocked by the gate: {verdict.reason}")
    return verdict


def _require_adopted(
    workspace: RunWorkspace, instrument: Instrument, held: Mapping[str, Any] | None
) -> None:
    """Refuses to make results in other eras only because the file that adopted theirs is gone."""
    if held is None:
        return
    symbol, ranked = instrument.symbol, held["recipe"]["eras"]
    wanted = era_class(symbol, instrument.asset_class)
    reason = why_not_adopted(workspace.root, workspace.eras, wanted, ranked)
    if reason:
        raise ConfigError(f"{symbol} has results already: {reason}; {adoption_remedy(ranked)}")


def adoption_remedy(ranked: Mapping[str, Any]) -> str:
    """What to do where the adoption of the eras that results are ranked in is gone."""
    return (
        "restore the folder eras from a backup, or put the set in force again: "
        f"regime eras adopt {ranked.get('version')} --reason TEXT"
    )


def _outcome(
    symbol: str, status: Status, lineage: Mapping[str, Any], *, is_stale: bool = False
) -> ComputeOutcome:
    reason = (
        f"{symbol}: results come from other parameters or code; "
        f"`regime run {symbol} --force` recomputes them"
    )
    return ComputeOutcome(
        symbol,
        status,
        series=tuple(_series_status(series) for series in lineage["series"]),
        tables=lineage["tables"],
        reason=reason if is_stale else "",
        is_stale_code=is_stale,
    )


def _series_status(facts: Mapping[str, Any]) -> SeriesStatus:
    return SeriesStatus(
        timeframe=facts["timeframe"],
        status=facts["status"],
        reason=facts["reason"],
        bars=facts["bars"],
        bars_digest=facts["bars_digest"],
        min_ts=facts["min_ts"],
        max_ts=facts["max_ts"],
        escalation_rows=facts["escalation_rows"],
        state_rows=facts["state_rows"],
    )
