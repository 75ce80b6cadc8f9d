"""Stage 2: from the raw log through the gate to canonical bars.

The result depends on the raw log, the rules with their severities, the overrides, the corporate
actions and the listing dates, not on a clock or a source. The verdict is written last and names the
files of the canonical bars, so they change at one moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from regime_platform.bar_store import canonical
from regime_platform.bar_store.basis_files import pending_record, write_factors
from regime_platform.bar_store.canonical import write_rejected
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.session import raw_listing
from regime_platform.bar_store.verdicts import read_verdict, write_verdict
from regime_platform.errors import BarsError, BlockedError
from regime_platform.model.bar_schema import PromotedBars, StoredFile
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import is_intraday
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
from regime_platform.validation.gate import BLOCKED, PASSED
from regime_platform.validation.policy import Policy
from regime_platform.validation.rules.rereading import REREADING
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

    A blocked series keeps the bars that were in force. Where logs and rules are those of the
    verdict in force, no bars are read and nothing is written.

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
        return _outcome(stored, Status.UNCHANGED, stored)
    with writing(paths):
        require_records(paths)
        stored = read_verdict(paths)
        require_raw_files(paths, stored, instrument.timeframes)
        series = () if stored is None else stored.series
        before = {each.timeframe: InForce(each.promoted, each.rejected_file) for each in series}
        verdict = _validated(paths, instrument, policy, before)
        if verdict == stored:
            return _outcome(verdict, Status.UNCHANGED, verdict)
        return _put_in_force(paths, verdict, stored)


def passed_verdict(paths: SymbolPaths) -> Verdict:
    """The verdict of a symbol with a series that passed, or without bars.

    Raises:
        BarsError: the symbol was never validated, or verdict.json is damaged.
        BlockedError: the gate blocks it as a whole.
    """
    verdict = read_verdict(paths)
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
        return _put_in_force(paths, verdict, None)


def is_promotion_due(workspace: RunWorkspace, instrument: Instrument, stored: Verdict) -> bool:
    """True where a run would validate the symbol again, whatever lies in its folder."""
    paths = workspace.root.symbol(instrument.symbol)
    return not _is_current(stored, paths, instrument, read_policy(workspace.root))


def _put_in_force(paths: SymbolPaths, verdict: Verdict, before: Verdict | None) -> PromoteOutcome:
    write_verdict(paths, verdict)
    for series in verdict.series:
        canonical.sweep(paths.bars(series.timeframe), series.promoted)
    return _outcome(verdict, Status.DONE, before)


def _is_current(
    stored: Verdict, paths: SymbolPaths, instrument: Instrument, policy: Policy
) -> bool:
    context = validation_context(paths, instrument, policy)
    now = Verdict.of(stored.symbol, stored.series, context, calendar_version())
    if stored != now:  # other rules, severities, decisions or holidays
        return False
    if any(_was_read_again(paths, each) for each in stored.series):
        return False
    logs = {timeframe: raw_listing(paths, timeframe).digest for timeframe in instrument.timeframes}
    return logs == {each.timeframe: each.log_digest for each in stored.series} and all(
        # a release that did not record the digest of rejected rows has no file of them
        each.listed == context.listed(each.timeframe)
        and (each.rows_in == each.valid or each.rejected_file is not None)
        for each in stored.series
    )


def _was_read_again(paths: SymbolPaths, series: SeriesVerdict) -> bool:
    """True where the series is blocked until it was read again, and that is done."""
    is_awaited = any(each.rule == REREADING.name and each.count for each in series.findings)
    return is_awaited and pending_record(paths, series.timeframe) is None


def _validated(
    paths: SymbolPaths, instrument: Instrument, policy: Policy, before: Mapping[str, InForce]
) -> Verdict:
    context = validation_context(paths, instrument, policy)
    series = [
        _series(paths, timeframe, validated, before.get(timeframe, InForce()))
        for timeframe, validated in validate_log(paths, instrument, context).items()
    ]
    return Verdict.of(instrument.symbol, series, context, calendar_version())


def _series(
    paths: SymbolPaths, timeframe: str, series: ValidatedSeries, before: InForce
) -> SeriesVerdict:
    result = series.result
    if is_intraday(timeframe):
        logs = {name: raw_listing(paths, name).digest for name in ("1day", timeframe)}
        write_factors(paths, timeframe, series.factors, logs)
    promoted = before.promoted if result.status == BLOCKED else None
    if result.status == PASSED:
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
    )


def _sweep_leftovers(paths: SymbolPaths, stored: Verdict) -> None:
    """Removes the parts that a promotion left when it was killed after its verdict."""
    pointers = {each.timeframe: each.promoted for each in stored.series}
    if any(canonical.unnamed(paths.bars(name), parts) for name, parts in pointers.items()):
        with writing(paths):
            for name in pointers:
                canonical.sweep(paths.bars(name), canonical.pointer(paths, name))


def _outcome(verdict: Verdict, status: Status, before: Verdict | None) -> PromoteOutcome:
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
        has_other_findings=before is not verdict and _standing(before) != _standing(verdict),
    )


def _standing(verdict: Verdict | None) -> object:
    # by other rules they are shown again, as all else of such a verdict
    return verdict and (verdict.rules_version, standing_findings(findings_of(verdict)))
