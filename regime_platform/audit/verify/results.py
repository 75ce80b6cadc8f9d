"""Compares compute.db with its manifest, with the bars that it names, and with a recomputation."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import duckdb
import polars as pl

from regime_platform.audit.verify.recorded_state import RecordedState
from regime_platform.audit.verify.records import before_waiting_decisions
from regime_platform.audit.verify.verification import (
    AuditFinding,
    FindingKind,
    Subject,
    Verification,
    fault_of,
)
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute.results import SeriesResult
from regime_platform.compute_db.connection import FileInUseError
from regime_platform.compute_db.content import (
    BARS,
    schema_differences,
    table_digest,
)
from regime_platform.compute_db.reader import reading
from regime_platform.compute_db.row_hashes import RowHashes, content_differences, hash_rows
from regime_platform.errors import NewerResultsError, OlderResultsError, RegimeError, ResultsError
from regime_platform.manifests.compute_manifest import ComputeManifest, Lineage, Recipe
from regime_platform.manifests.manifest import SealedManifest, is_same
from regime_platform.manifests.pending import InputInForce
from regime_platform.manifests.standing import RESULTS_PENDING
from regime_platform.model.bar_schema import BAR_COLUMNS, BAR_SCHEMA, PromotedBars
from regime_platform.model.digests import Blocks, frame_digest
from regime_platform.model.instruments import Instrument
from regime_platform.model.result_schema import TABLES
from regime_platform.pipeline.gate.validate_log import (
    ValidatedSeries,
    read_policy,
    validate_log,
    validation_context,
)
from regime_platform.pipeline.results import Inputs, tables_of
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.explain import eras_of
from regime_platform.validation.gate import PASSED


@dataclass(frozen=True)
class StoredResults:
    """What compute.db states and holds, as far as it can be read."""

    lineage: Lineage | None = None
    tables: Mapping[str, str] = field(default_factory=dict)  # digests of the rows as they are

    @property
    def recipe(self) -> Recipe | None:
        """What they were made from, as the file states."""
        return None if self.lineage is None else self.lineage.recipe


def verify_results(
    proof: Verification,
    paths: SymbolPaths,
    bars: Mapping[str, Blocks],
    document: SealedManifest[ComputeManifest] | None,
    in_force: InputInForce | None,
) -> StoredResults:
    """Compares every row of compute.db with its lineage and the bars, and those with the manifest.

    ``bars`` are the blocks of those that are whole, by timeframe; ``in_force`` is None where no
    document names the canonical bars.
    """
    stored, reasons = StoredResults(), []
    if not (paths.compute_db.exists() or paths.compute_manifest.exists()):
        proof.findings.append(pending_results("nothing was computed yet"))
        return stored
    try:
        with reading(paths.compute_db, prove=False) as reader:
            stored = StoredResults(reader.lineage())
            reasons += schema_differences(reader.connection)
            if not reasons:  # else what the rows of such tables are is no question any more
                hashed = hash_rows(reader.connection)
                proof.rows = sum(block.rows for block in hashed.blocks.values())
                reasons += _row_differences(hashed, reader.lineage(), bars)
                stored = StoredResults(stored.lineage, hashed.tables)
        findings = [Subject.RESULTS.finding(FindingKind.CHANGED, reason) for reason in reasons]
    except (ResultsError, duckdb.Error, ValueError, KeyError, TypeError, IndexError) as error:
        reason = fault_of(error, paths.symbol)
        findings = [Subject.RESULTS.finding(_kind_of(error, paths), reason)]
    if document is not None:
        is_sound = not findings
        findings += _manifest_findings(proof.symbol, stored, document, in_force, is_sound=is_sound)
    proof.findings += findings
    return stored


def _kind_of(error: Exception, paths: SymbolPaths) -> FindingKind:
    if not paths.compute_db.exists():
        return FindingKind.MISSING
    if isinstance(error, NewerResultsError):
        return FindingKind.NEWER
    if isinstance(error, OlderResultsError):
        return FindingKind.UNFINISHED
    is_busy = isinstance(error.__cause__, FileInUseError)
    return FindingKind.BUSY if is_busy else FindingKind.UNREADABLE


def _row_differences(
    hashed: RowHashes, lineage: Lineage, bars: Mapping[str, Blocks]
) -> Iterator[str]:
    yield from content_differences(hashed, lineage)
    for timeframe, blocks in bars.items():
        is_of_them = lineage.recipe.bars.get(timeframe) == blocks.digest(BAR_SCHEMA)
        if is_of_them and hashed.stored.get((BARS, timeframe)) != blocks:
            yield f"the digests of the {timeframe} bars were changed"


def _manifest_findings(
    symbol: str,
    stored: StoredResults,
    document: SealedManifest[ComputeManifest],
    in_force: InputInForce | None,
    *,
    is_sound: bool,
) -> Iterator[AuditFinding]:
    """How compute.db differs from its manifest, and the manifest from the bars in force."""
    stated = document.manifest
    facts = None if stored.lineage is None else ComputeManifest.of(symbol, stored.lineage)
    if facts is not None and not is_same(document, facts):
        is_whole = is_sound and stored.tables == facts.tables
        is_other = (facts.recipe, facts.code) != (stated.recipe, stated.code)
        is_ahead = is_other and in_force is not None and not in_force.why_not_of(facts.recipe)
        if is_whole and is_ahead:
            reason = "it is ahead of its manifest: an unfinished append or run"
            yield Subject.RESULTS.finding(FindingKind.UNFINISHED, reason)
            return
        strange = ", ".join(_unequal(facts.as_json(), stated.as_json()))
        reason = f"not as its manifest states: {strange}"
        yield Subject.RESULTS.finding(FindingKind.CHANGED, reason)
    if in_force is not None and (reason := in_force.why_not_of(stated.recipe)):
        yield pending_results(reason)


def pending_results(reason: str) -> AuditFinding:
    """The finding that no results were computed from the bars in force yet."""
    return Subject.RESULTS.finding(FindingKind.PENDING, f"{RESULTS_PENDING}: {reason}")


def _unequal(ours: Mapping[str, object], theirs: Mapping[str, object]) -> list[str]:
    return sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))


def validated_series(
    workspace: RunWorkspace, instrument: Instrument, as_of: dt.datetime | None = None
) -> dict[str, ValidatedSeries]:
    """Every series as the gate validates it now, or from what was known at a moment (aware)."""
    paths = workspace.root.symbol(instrument.symbol)
    context = validation_context(paths, instrument, read_policy(workspace.root), as_of)
    return validate_log(paths, instrument, context, as_of)


def recheck_promotion(
    workspace: RunWorkspace, instrument: Instrument, state: RecordedState
) -> Iterator[AuditFinding]:
    """Findings about series with other bars in force than raw log and gate give now.

    Where decisions wait for a run, the bars in force may be those from before the first of them.
    """
    paths = workspace.root.symbol(instrument.symbol)
    try:
        validated = validated_series(workspace, instrument)
        before = before_waiting_decisions(paths, state.verdict)
        earlier = {} if before is None else validated_series(workspace, instrument, before)
    except (RegimeError, OSError) as error:
        reason = f"cannot be promoted again: {error}"
        yield Subject.RAW_LOG.finding(FindingKind.UNREADABLE, reason)
        return
    for timeframe, series in validated.items():
        pointer = state.promoted.get(timeframe)
        if series.result.status != PASSED or pointer is None:
            continue  # a blocked series keeps its last good bars
        possible = [each[timeframe].result for each in (validated, earlier) if timeframe in each]
        digests = [frame_digest(result.valid.select(BAR_COLUMNS)) for result in possible]
        if pointer.digest not in digests:
            instead = f"{digests[0][:12]} instead of {pointer.digest[:12]}"
            reason = f"raw log and gate give other bars: {instead}"
            yield Subject.BARS.finding(FindingKind.CHANGED, reason, f"bars/{timeframe}")


def recomputed(
    workspace: RunWorkspace,
    instrument: Instrument,
    promoted: Mapping[str, PromotedBars],
    stored: StoredResults,
    causes: tuple[str, ...],
) -> Iterator[AuditFinding]:
    """A finding about the tables that computing again gives other numbers for; writes nothing.

    The eras are those of the recipe, parameters and code those installed; ``causes`` names where
    these differ from the recipe's.
    """
    if stored.recipe is None:
        return
    paths, eras = workspace.root.symbol(instrument.symbol), eras_of(stored.recipe).eras
    inputs = Inputs(instrument, paths, promoted, eras, workspace.params)
    results = {
        timeframe: inputs.computed(timeframe, inputs.bars(timeframe)[0])
        for timeframe in instrument.timeframes
        if timeframe in promoted
    }
    tables = table_digests_of(results, stored.recipe.left_out)
    strange = [name for name, digest in tables.items() if stored.tables.get(name) != digest]
    if strange:
        why = "; ".join(causes) or "bars, parameters, eras and code are those of its recipe"
        reason = f"computed again, other numbers in {', '.join(strange)}: {why}"
        yield Subject.RESULTS.finding(FindingKind.CHANGED, reason)


def table_digests_of(
    results: Mapping[str, SeriesResult], left_out: Collection[str] = ()
) -> dict[str, str]:
    """The content digest of every table, as compute.db would name it.

    ``left_out``: the timeframes of ``results`` that the mean escalation leaves out.
    """
    return {
        name: table_digest(name, pl.concat([TABLES[name].to_frame(), *pieces]))
        for name, pieces in tables_of(results, left_out).items()
    }
