"""Stage 2: from the raw log through the gate to canonical bars.

The result depends on the raw log, the rules with their severities, the overrides, the corporate
actions and the listing dates, not on a clock or a source. The verdict is written last and names the
files of the canonical bars, so they change at one moment.
"""

from collections.abc import Mapping
from dataclasses import replace

from regime_platform.bar_store import canonical
from regime_platform.bar_store.basis_files import pending_record, write_factors
from regime_platform.bar_store.canonical import write_rejected
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.no_bars import has_no_raw_bars, no_bars_reason, reason_of_none
from regime_platform.bar_store.raw.fetch_failures import note_no_bars
from regime_platform.bar_store.session import raw_listing, stored_finer
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.errors import BarsError, BlockedError, NoBarsError
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import TIMEFRAMES, is_intraday
from regime_platform.pipeline.gate.derived import sources_of
from regime_platform.pipeline.gate.files_in_force import (
    InForce,
    compare_files,
    describe_missing,
    files_in_force,
    require_restored,
)
from regime_platform.pipeline.gate.intact import require_raw_files, require_records
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
from regime_platform.validation.finding_counts import (
    counts_of,
    findings_of,
    questions_of,
    standing_findings,
)
from regime_platform.validation.gate import BLOCKED, NO_BARS, PASSED
from regime_platform.validation.policy import Policy
from regime_platform.validation.rules.rereading import REREADING
from regime_platform.validation.verdict import SeriesVerdict, Verdict, input_digest


def promote(
    workspace: RunWorkspace, instrument: Instrument, paths: SymbolPaths | None = None
) -> PromoteOutcome:
    """Validates every series whose raw log changed, and promotes those that pass.

    A blocked series keeps the bars that were in force. Where logs and rules are those of the
    verdict in force, no bars are read and nothing is written, unless files that it names are
    missing: those are made again from the raw log. A symbol that never had a row gets no verdict.

    Raises:
        OtherInstrumentError: the stored bars are of another instrument.
        BarsError: files that the verdict in force was based on are gone or damaged, or canonical
            bars are missing that the raw log does not give any more.
    """
    paths = paths or workspace.root.symbol(instrument.symbol)
    require_same_instrument(paths, instrument)
    return _noted(paths, _gated(paths, instrument, read_policy(workspace.root)))


def _gated(paths: SymbolPaths, instrument: Instrument, policy: Policy) -> PromoteOutcome:
    stored = read_verdict(paths)
    if (stored is None or stored.has_no_rows) and has_no_raw_bars(paths, instrument):
        require_records(paths)
        require_raw_files(paths, stored, instrument.timeframes)
        return _without_bars(paths, instrument, stored)
    if stored is not None and _is_current(stored, paths, instrument, policy):
        files = compare_files(paths, stored)
        if not files.missing:
            if files.has_leftovers:
                _sweep_leftovers(paths, stored)
            return _outcome(paths, instrument, stored, Status.UNCHANGED, stored)
    with writing(paths):
        require_records(paths)
        stored = read_verdict(paths)
        require_raw_files(paths, stored, instrument.timeframes)
        return _promoted(paths, instrument, policy, stored)


def passed_verdict(paths: SymbolPaths, instrument: Instrument) -> Verdict:
    """The verdict of a symbol with a series that passed.

    Raises:
        NoBarsError: it has no bar.
        BarsError: the symbol was never validated, or verdict.json is damaged.
        BlockedError: the gate blocks it as a whole.
    """
    verdict = read_verdict(paths)
    if reason := no_bars_reason(paths, instrument):
        raise NoBarsError(reason)
    if verdict is None:
        raise BarsError(
            f"{paths.symbol} has no validated bars; run `regime run {paths.symbol}`",
            code="not-validated",
        )
    if verdict.is_blocked_whole:
        raise BlockedError(f"{paths.symbol} is blocked by the gate: {verdict.message}")
    return verdict


def promote_again(
    workspace: RunWorkspace, instrument: Instrument, before: Mapping[str, InForce]
) -> PromoteOutcome:
    """The same whatever the stored verdict is: it may be damaged or name lost raw files.

    ``before`` is what was in force, as far as it is known; what is not as written is written again.
    """
    paths = workspace.root.symbol(instrument.symbol)
    with writing(paths):
        verdict = _validated(paths, instrument, read_policy(workspace.root), before)
        outcome = _put_in_force(paths, instrument, verdict, None)
    return _noted(paths, outcome)


def is_promotion_due(
    workspace: RunWorkspace,
    instrument: Instrument,
    stored: Verdict,
    paths: SymbolPaths | None = None,
) -> bool:
    """True where a run would validate the symbol again, whatever lies in its folder.

    ``paths``: its session, where there is one.
    """
    paths = paths or workspace.root.symbol(instrument.symbol)
    return not _is_current(stored, paths, instrument, read_policy(workspace.root))


def _promoted(
    paths: SymbolPaths, instrument: Instrument, policy: Policy, stored: Verdict | None
) -> PromoteOutcome:
    missing = [] if stored is None else compare_files(paths, stored).missing
    is_current = stored is not None and _is_current(stored, paths, instrument, policy)
    verdict = _validated(paths, instrument, policy, files_in_force(paths, stored))
    require_restored(paths, verdict, stored if is_current else None)
    if verdict == stored and not missing:
        return _outcome(paths, instrument, verdict, Status.UNCHANGED, verdict)
    done = _put_in_force(paths, instrument, verdict, stored)
    return replace(done, reason=done.reason or describe_missing(missing)) if missing else done


def _put_in_force(
    paths: SymbolPaths, instrument: Instrument, verdict: Verdict, before: Verdict | None
) -> PromoteOutcome:
    write_verdict(paths, verdict)
    for series in verdict.series:
        canonical.sweep(paths.bars(series.timeframe), series.promoted)
    return _outcome(paths, instrument, verdict, Status.DONE, before)


def _is_current(
    stored: Verdict, paths: SymbolPaths, instrument: Instrument, policy: Policy
) -> bool:
    context = validation_context(paths, instrument, policy)
    now = Verdict.of(stored.symbol, stored.series, context, calendar_version(), stored.finer)
    if stored != now:  # other rules, severities, decisions or holidays
        return False
    if any(_was_read_again(paths, each) for each in stored.validated):
        return False
    names = (*stored_finer(paths), *instrument.timeframes)
    logs = {timeframe: raw_listing(paths, timeframe).digest for timeframe in names}
    return (
        logs == {each.timeframe: each.log_digest for each in stored.validated}
        and not _lacks_derived(stored)
        and all(
            # a release that did not record the digest of rejected rows has no file of them
            each.listed == context.listed(each.timeframe)
            and (each.rows_in == each.valid or each.rejected_file is not None)
            for each in stored.validated
        )
    )


def _lacks_derived(stored: Verdict) -> bool:
    """True where a timeframe without bars can be built from others: no earlier release did."""
    given = {each.timeframe: 0 if each.derived_from else each.rows_in for each in stored.validated}
    return {**stored.derived_from} != sources_of(given)


def _was_read_again(paths: SymbolPaths, series: SeriesVerdict) -> bool:
    """True where the series is blocked until it was read again, and that is done."""
    is_awaited = any(each.rule == REREADING.name and each.count for each in series.findings)
    return is_awaited and pending_record(paths, series.timeframe) is None


def _validated(
    paths: SymbolPaths, instrument: Instrument, policy: Policy, before: Mapping[str, InForce]
) -> Verdict:
    context = validation_context(paths, instrument, policy)
    series = {
        timeframe: _series(paths, timeframe, validated, before.get(timeframe, InForce()))
        for timeframe, validated in validate_log(paths, instrument, context).items()
    }
    tracked = [series.pop(timeframe) for timeframe in instrument.timeframes]
    finer = tuple(series.values())
    return Verdict.of(instrument.symbol, tracked, context, calendar_version(), finer)


def _series(
    paths: SymbolPaths, timeframe: str, series: ValidatedSeries, before: InForce
) -> SeriesVerdict:
    result = series.result
    if is_intraday(timeframe):
        names = ("1day", series.derived_from or timeframe)
        logs = {name: raw_listing(paths, name).digest for name in names}
        write_factors(paths, timeframe, series.factors, logs)
    promoted = before.promoted if result.status == BLOCKED else None
    if result.status == PASSED and timeframe in TIMEFRAMES:
        folder = paths.bars(timeframe)
        promoted = canonical.write_parts(
            folder, timeframe, result.valid, paths.symbol, before.promoted
        )
    return SeriesVerdict.of(
        result,
        timeframe=timeframe,
        input_digest=input_digest(series.rows),
        promoted=promoted,
        log_digest=series.log.digest,
        raw_files=series.log.names,
        listed=series.listed,
        adjusted_for=series.actions,
        rejected_file=write_rejected(paths, timeframe, result.rejected, before.rejected_file),
        derived_from=series.derived_from,
    )


def _sweep_leftovers(paths: SymbolPaths, stored: Verdict) -> None:
    """Removes the parts that a promotion left when it was killed after its verdict."""
    with writing(paths):
        for series in stored.series:
            canonical.sweep(
                paths.bars(series.timeframe), canonical.pointer(paths, series.timeframe)
            )


def _without_bars(
    paths: SymbolPaths, instrument: Instrument, verdict: Verdict | None
) -> PromoteOutcome:
    reason = reason_of_none(paths, instrument, verdict)
    return PromoteOutcome(paths.symbol, Status.NO_BARS, reason=reason)


def _noted(paths: SymbolPaths, outcome: PromoteOutcome) -> PromoteOutcome:
    """Keeps why there is no bar, to report it once; call it without the lock."""
    is_without = outcome.status is Status.NO_BARS
    is_new = note_no_bars(paths, outcome.reason if is_without else "")
    return replace(outcome, has_other_findings=is_new) if is_without else outcome


def _outcome(
    paths: SymbolPaths,
    instrument: Instrument,
    verdict: Verdict,
    status: Status,
    before: Verdict | None,
) -> PromoteOutcome:
    if verdict.status == NO_BARS:
        return _without_bars(paths, instrument, verdict)
    status = Status.BLOCKED if verdict.status == BLOCKED else status
    findings = findings_of(verdict)
    return PromoteOutcome(
        verdict.symbol,
        status,
        verdict.promoted,
        reason=verdict.message,
        left_out=verdict.left_out,
        findings=counts_of(findings),
        questions=questions_of(verdict.symbol, findings),
        derived_from=verdict.derived_from,
        has_other_findings=before is not verdict and _standing(before) != _standing(verdict),
    )


def _standing(verdict: Verdict | None) -> object:
    # by other rules they are shown again, as all else of such a verdict
    return verdict and (verdict.rules_version, standing_findings(findings_of(verdict)))
