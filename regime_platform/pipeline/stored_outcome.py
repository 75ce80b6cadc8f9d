"""The outcome that a run would have had which left what is stored now, for the report of a command.

Only what the files show is good: results of other bars than the promoted ones are still to come.
"""

from collections.abc import Iterator
from dataclasses import replace

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_files import read_bar_manifest, read_compute_manifest
from regime_platform.bar_store.raw.fetch_failures import read_failures
from regime_platform.bar_store.raw.raw_log import extent
from regime_platform.bar_store.raw.raw_names import list_raw
from regime_platform.bar_store.session import stored_finer
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import RegimeError, failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import FINER
from regime_platform.pipeline.board_reasons import fetch_failure
from regime_platform.pipeline.compute import current_recipe, stored_lineage
from regime_platform.pipeline.outbox_documents import OutboxEntry
from regime_platform.pipeline.outcomes import (
    STAGE_FIELDS,
    STAGES,
    ComputeOutcome,
    IngestOutcome,
    PromoteOutcome,
    PublishOutcome,
    SeriesIngest,
    Stage,
    StageOutcome,
    Status,
    SymbolOutcome,
)
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.gate import BLOCKED, NO_BARS


def stored_outcome(
    workspace: RunWorkspace, instrument: Instrument, entry: OutboxEntry
) -> SymbolOutcome:
    """The outcome of the stages of an entry; it fails as the entry says, or where files do."""
    symbol, failure = instrument.symbol, entry.failure
    outcome = SymbolOutcome(symbol, Status.DONE, STAGES[-1])
    for stage in entry.stages:
        try:
            done = _stored(workspace, instrument, entry, stage)
        except Exception as error:  # noqa: BLE001 - a damaged file is shown as the symbol's failure
            reason = failure_reason(error, symbol)
            return replace(outcome, status=Status.FAILED, stage=stage, reason=reason)
        if done is not None:
            outcome = replace(outcome, **{STAGE_FIELDS[stage]: done})  # type: ignore[arg-type]
    if failure is not None:
        return replace(
            outcome,
            status=failure.status,
            stage=failure.stage,
            reason=failure.reason,
            left_out=failure.left_out,
        )
    unserved = fetch_failure(workspace.root.symbol(symbol), instrument)
    if outcome.ingest is not None and unserved:
        outcome = replace(outcome, status=Status.FAILED, stage=STAGES[0], reason=unserved)
    promote = outcome.promote
    if promote is None or promote.status.is_good:
        return outcome
    if outcome.status is Status.FAILED:
        reason = f"{unserved} | {promote.reason}"
        return replace(outcome, reason=reason, left_out=promote.left_out)
    return replace(
        outcome,
        status=promote.status,
        stage=Stage.VALIDATED_BARS,
        reason=promote.reason,
        left_out=promote.left_out,
    )


def as_stored(workspace: RunWorkspace, instrument: Instrument) -> OutboxEntry:
    """The entry of a symbol of which nothing but its files is known."""
    paths = workspace.root.symbol(instrument.symbol)
    try:
        series = tuple(_not_validated(paths, instrument))
    except (RegimeError, OSError):  # the report shows what is damaged
        series = ()
    return OutboxEntry(symbol=instrument.symbol, series=series, is_processed=not series)


def _not_validated(paths: SymbolPaths, instrument: Instrument) -> Iterator[SeriesIngest]:
    """The series whose raw log is another one than the verdict is of, with all their rows."""
    verdict = read_verdict(paths)
    validated = (
        {} if verdict is None else {each.timeframe: each.log_digest for each in verdict.validated}
    )
    for timeframe in (*stored_finer(paths), *instrument.timeframes):
        listed = list_raw(paths.raw(timeframe))
        rows = None if listed.digest == validated.get(timeframe) else extent(listed)
        if rows is not None:
            yield SeriesIngest(timeframe, new=rows.rows)


def _stored(
    workspace: RunWorkspace, instrument: Instrument, entry: OutboxEntry, stage: Stage
) -> StageOutcome | None:
    """What a stage has stored; None where that is nothing, or outdated."""
    paths = workspace.root.symbol(instrument.symbol)
    if stage is Stage.RAW_BARS:
        return _fetched(paths, instrument, entry)
    if stage is Stage.VALIDATED_BARS:
        return _promoted(paths)
    if stage is Stage.COMPUTE_DB:
        return _computed(workspace, instrument, paths, entry.how)
    return _published(paths)


def _fetched(
    paths: SymbolPaths, instrument: Instrument, entry: OutboxEntry
) -> IngestOutcome | None:
    has_failed = entry.failure is not None and entry.failure.stage is Stage.RAW_BARS
    logs = (*FINER, *instrument.timeframes)
    if not entry.series and not any(paths.raw(timeframe).is_dir() for timeframe in logs):
        return None
    status = Status.FAILED if has_failed else Status.DONE
    return IngestOutcome(paths.symbol, status, entry.series)


def _promoted(paths: SymbolPaths) -> PromoteOutcome | None:
    verdict = read_verdict(paths)
    if verdict is None or verdict.status == NO_BARS:
        reason = read_failures(paths).no_bars
        return PromoteOutcome(paths.symbol, Status.NO_BARS, reason=reason) if reason else None
    return PromoteOutcome(
        paths.symbol,
        Status.BLOCKED if verdict.status == BLOCKED else Status.DONE,
        verdict.promoted,
        reason=verdict.message,
        left_out=verdict.left_out,
        derived_from=verdict.derived_from,
    )


def _computed(
    workspace: RunWorkspace, instrument: Instrument, paths: SymbolPaths, how: str
) -> ComputeOutcome | None:
    verdict, lineage = read_verdict(paths), stored_lineage(paths)
    if verdict is None or lineage is None:
        return None
    if lineage.recipe.bars != verdict.bars_digests:
        return None
    return ComputeOutcome(
        paths.symbol,
        Status.DONE,
        lineage.series,
        lineage.tables,
        how,
        is_stale_code=lineage.recipe.is_stale(current_recipe(workspace, instrument, verdict)),
        left_out=verdict.left_out,
    )


def _published(paths: SymbolPaths) -> PublishOutcome | None:
    bars, results = read_bar_manifest(paths), read_compute_manifest(paths)
    if bars is None or results is None:
        return None
    return PublishOutcome(
        paths.symbol,
        Status.DONE,
        manifest_digest=bars.manifest.json_digest(),
        compute_manifest_digest=results.manifest.json_digest(),
    )
