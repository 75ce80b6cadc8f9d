"""From the raw log through the gate to canonical bars.

The result depends on the raw log, the rules with their severities, the overrides and the dates
between which a series can have bars, not on a clock or a source. The verdict is written last and
names the files of the canonical bars, so they change at one moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from regime_platform.bar_store import canonical
from regime_platform.bar_store.factor_file import write_factors
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.rejected import write_rejected
from regime_platform.bar_store.session import raw_listing
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.errors import BarsError, BlockedError
from regime_platform.model.instruments import Instrument
from regime_platform.model.promoted_bars import PromotedBars, StoredFile
from regime_platform.model.timeframes import is_intraday
from regime_platform.pipeline.gate.raw_presence import require_raw_files
from regime_platform.pipeline.gate.records import require_records
from regime_platform.pipeline.gate.validate_log import (
    ValidatedSeries,
    calendar_version,
    read_policy,
    validate_log,
    validation_context,
)
from regime_platform.pipeline.identity import require_same_instrument
from regime_platform.pipeline.outcomes import PromoteOutcome, Status
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.validation.gate import BLOCKED, PASSED, RULES_VERSION, GateResult
from regime_platform.validation.policy import Policy
from regime_platform.validation.verdict import SeriesVerdict, Verdict, input_digest


@dataclass(frozen=True)
class InForce:
    """The files in force of one series before a promotion."""

    promoted: PromotedBars | None = None
    rejected_file: StoredFile | None = None


def promote(
    workspace: RunWorkspace, instrument: Instrument, paths: SymbolPaths | None = None
) -> PromoteOutcome:
    """Validates every series whose raw log changed, and promotes those that pass.

    A blocked series keeps the bars that were in force. Where the logs and the rules are those of
    the verdict in force, no bars are read and nothing is written.

    Args:
        workspace: where the symbol lives.
        instrument: the symbol.
        paths: its folder, where a run has opened it.

    Raises:
        OtherInstrumentError: the stored bars are of another instrument.
        BarsError: files that the verdict in force was based on are gone or damaged.
    """
    paths = paths or workspace.root.symbol(instrument.symbol)
    require_same_instrument(paths, instrument)
    policy = read_policy(workspace.root)
    stored = read_verdict(paths)
    if stored is not None and _is_current(stored, paths, instrument, policy):
        _sweep_leftovers(paths, stored)
        return _outcome(stored, Status.UNCHANGED)
    with writing(paths):
        require_records(paths)
        stored = read_verdict(paths)
        require_raw_files(paths, stored, instrument.timeframes)
        series = () if stored is None else stored.series
        before = {each.timeframe: InForce(each.promoted, each.rejected_file) for each in series}
        verdict = _validated(paths, instrument, policy, before)
        if verdict == stored:
            return _outcome(verdict, Status.UNCHANGED)
        _put_in_force(paths, verdict)
    return _outcome(verdict, Status.DONE)


def passed_verdict(paths: SymbolPaths) -> Verdict:
    """The verdict in force of a symbol that the gate does not block.

    Raises:
        BarsError: the symbol was never validated, or verdict.json is damaged.
        BlockedError: the gate blocks it.
    """
    verdict = read_verdict(paths)
    if verdict is None:
        raise BarsError(
            f"{paths.symbol} has no validated bars; run `regime run {paths.symbol}`",
            code="not-validated",
        )
    if verdict.status == BLOCKED:
        raise BlockedError(f"{paths.symbol} is blocked by the gate: {verdict.reason}")
    return verdict


def promote_again(
    workspace: RunWorkspace, instrument: Instrument, before: Mapping[str, InForce]
) -> PromoteOutcome:
    """The same whatever the stored verdict is: it may be damaged or name lost raw files.

    Every part and every file of rejected rows that is not as it was written is written again.

    Args:
        workspace: where the symbol lives.
        instrument: the symbol.
        before: timeframe -> what was in force, as far as it is known.
    """
    paths = workspace.root.symbol(instrument.symbol)
    with writing(paths):
        verdict = _validated(paths, instrument, read_policy(workspace.root), before)
        _put_in_force(paths, verdict)
    return _outcome(verdict, Status.DONE)


def is_promotion_due(workspace: RunWorkspace, instrument: Instrument, stored: Verdict) -> bool:
    """True where a run would validate the symbol again, whatever lies in its folder."""
    paths = workspace.root.symbol(instrument.symbol)
    return not _is_current(stored, paths, instrument, read_policy(workspace.root))


def _put_in_force(paths: SymbolPaths, verdict: Verdict) -> None:
    write_verdict(paths, verdict)
    for series in verdict.series:
        canonical.sweep(paths.bars(series.timeframe), series.promoted)


def _is_current(
    stored: Verdict, paths: SymbolPaths, instrument: Instrument, policy: Policy
) -> bool:
    if (stored.rules_version, stored.calendar_version) != (RULES_VERSION, calendar_version()):
        return False
    context = validation_context(paths, instrument, policy)
    if (stored.policy_digest, stored.overrides) != (policy.digest, context.overrides):
        return False
    if stored.withdrawn != context.withdrawn:
        return False
    if any(each.rows_in > each.valid and each.rejected_file is None for each in stored.series):
        return False  # written by a release that did not record the digest of rejected rows
    if any(each.listed != context.listed(each.timeframe) for each in stored.series):
        return False
    logs = {timeframe: raw_listing(paths, timeframe).digest for timeframe in instrument.timeframes}
    return logs == {each.timeframe: each.log_digest for each in stored.series}


def _validated(
    paths: SymbolPaths, instrument: Instrument, policy: Policy, before: Mapping[str, InForce]
) -> Verdict:
    context = validation_context(paths, instrument, policy)
    validated = validate_log(paths, instrument, context)
    series = [
        _series(paths, timeframe, series, before.get(timeframe, InForce()))
        for timeframe, series in validated.items()
    ]
    return Verdict.of(instrument.symbol, series, context, calendar_version())


def _series(
    paths: SymbolPaths, timeframe: str, series: ValidatedSeries, before: InForce
) -> SeriesVerdict:
    result = series.result
    if is_intraday(timeframe):
        logs = {name: raw_listing(paths, name).digest for name in ("1day", timeframe)}
        write_factors(paths, timeframe, series.factors, logs)
    return SeriesVerdict.of(
        result,
        timeframe=timeframe,
        input_digest=input_digest(series.rows),
        promoted=_promoted(paths, timeframe, result, before.promoted),
        log_digest=series.log.digest,
        raw_files=series.log.names,
        listed=series.listed,
        rejected_file=write_rejected(paths, timeframe, result.rejected, before.rejected_file),
    )


def _promoted(
    paths: SymbolPaths, timeframe: str, result: GateResult, in_force: PromotedBars | None
) -> PromotedBars | None:
    if result.status == BLOCKED:
        return in_force
    if result.status != PASSED:
        return None
    folder = paths.bars(timeframe)
    return canonical.write_parts(folder, timeframe, result.valid, paths.symbol, in_force)


def _sweep_leftovers(paths: SymbolPaths, stored: Verdict) -> None:
    """Removes the parts that a promotion left when it was killed after its verdict."""
    pointers = {each.timeframe: each.promoted for each in stored.series}
    if any(canonical.unnamed(paths.bars(name), parts) for name, parts in pointers.items()):
        with writing(paths):
            for name in pointers:
                canonical.sweep(paths.bars(name), canonical.pointer(paths, name))


def _outcome(verdict: Verdict, status: Status) -> PromoteOutcome:
    blocked = verdict.status == BLOCKED
    return PromoteOutcome(
        verdict.symbol,
        Status.BLOCKED if blocked else status,
        verdict.promoted,
        verdict.reason if blocked else "",
    )
