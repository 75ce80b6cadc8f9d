"""From the raw log through the gate to canonical bars.

Promotion is a pure function of the raw log, the rules with their severities, what persons decided
and between which dates a series can have bars: no clock, no source. The verdict is written last and
holds the pointer to the canonical bars, so it is the one moment at which they change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regime_platform.bar_store import canonical, verdicts
from regime_platform.bar_store.factor_file import write_factors
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.bar_store.locks import writing
from regime_platform.bar_store.raw import raw_log
from regime_platform.bar_store.rejected import write_rejected
from regime_platform.model.instruments import Instrument
from regime_platform.model.promoted_bars import FileFacts, Promoted
from regime_platform.model.timeframes import is_intraday
from regime_platform.pipeline.gate.raw_presence import require_raw_files
from regime_platform.pipeline.gate.sealed_records import require_records
from regime_platform.pipeline.gate.validate_log import (
    ValidatedSeries,
    calendar_version,
    standard_of,
    validate_log,
)
from regime_platform.pipeline.identity import require_same_instrument
from regime_platform.pipeline.outcomes import PromoteOutcome, Status
from regime_platform.pipeline.platform import RunWorkspace
from regime_platform.validation.gate import BLOCKED, PASSED, RULES_VERSION, GateResult
from regime_platform.validation.verdict import SeriesVerdict, Verdict, input_digest


@dataclass(frozen=True)
class InForce:
    """What is in force of one series before a promotion."""

    promoted: Promoted | None = None
    rejected_file: FileFacts | None = None

    @classmethod
    def by(cls, verdict: SeriesVerdict) -> "InForce":
        """As a verdict names it."""
        return cls(verdict.promoted, verdict.rejected_file)

    @classmethod
    def recorded(cls, promoted: Promoted | None, gate: Mapping[str, Any]) -> "InForce":
        """As a bar manifest names it."""
        file = gate.get("rejected_file")
        return cls(promoted, None if file is None else FileFacts.model_validate(file))


def promote(workspace: RunWorkspace, instrument: Instrument) -> PromoteOutcome:
    """Judges every series of ``instrument`` whose raw log changed, and promotes what passes.

    A blocked series keeps the bars that were in force. Where the logs and the rules are those of
    the verdict in force, nothing is read and nothing is written.

    Raises:
        OtherInstrumentError: the stored bars are of another instrument.
        BarsError: what the verdict in force was reached on is gone or damaged.
    """
    require_same_instrument(workspace.root, instrument)
    paths = workspace.root.symbol(instrument.symbol)
    held = read_verdict(workspace, instrument.symbol)
    if held is not None and _is_current(held, workspace.root, instrument):
        _sweep_leftovers(paths, held)
        return _outcome(held, Status.UNCHANGED)
    with writing(paths):
        require_records(paths)
        held = read_verdict(workspace, instrument.symbol)
        require_raw_files(paths, held, instrument.timeframes)
        series = () if held is None else held.series
        before = {one.timeframe: InForce.by(one) for one in series}
        verdict = _judged(workspace.root, instrument, before)
        if verdict == held:
            return _outcome(verdict, Status.UNCHANGED)
        _put_in_force(paths, verdict)
    return _outcome(verdict, Status.DONE)


def promote_again(
    workspace: RunWorkspace, instrument: Instrument, before: Mapping[str, InForce]
) -> PromoteOutcome:
    """The same whatever the verdict on disk says, which may be damaged or name lost raw files.

    Every part and every file of rejected rows that is not as it was written is written again, over
    the damaged one.

    Args:
        workspace: where the symbol lives.
        instrument: the symbol.
        before: timeframe -> what to go on from, as far as it is known.
    """
    paths = workspace.root.symbol(instrument.symbol)
    with writing(paths):
        verdict = _judged(workspace.root, instrument, before)
        _put_in_force(paths, verdict)
    return _outcome(verdict, Status.DONE)


def is_promotion_due(workspace: RunWorkspace, instrument: Instrument, held: Verdict) -> bool:
    """True where a run would validate the symbol again, whatever lies in its folder."""
    return not _is_current(held, workspace.root, instrument)


def _put_in_force(paths: SymbolPaths, verdict: Verdict) -> None:
    verdicts.write_verdict(paths, verdict)
    for series in verdict.series:
        canonical.sweep(paths.bars(series.timeframe), series.promoted)


def read_verdict(workspace: RunWorkspace, symbol: str) -> Verdict | None:
    """The verdict in force; None where the symbol was never judged.

    Raises:
        BarsError: verdict.json is damaged.
    """
    return verdicts.read_verdict(workspace.root.symbol(symbol))


def _is_current(held: Verdict, root: DataRoot, instrument: Instrument) -> bool:
    if (held.rules_version, held.calendar_version) != (RULES_VERSION, calendar_version()):
        return False
    paths, standard = root.symbol(instrument.symbol), standard_of(root, instrument)
    if (held.policy_digest, held.overrides) != (standard.policy.digest, standard.overrides):
        return False
    if held.withdrawn != standard.withdrawn:
        return False
    if any(
        series.rows_in > series.valid and series.rejected_file is None for series in held.series
    ):
        return False  # of an earlier release, which did not seal them
    if any(series.listed != standard.listed(series.timeframe) for series in held.series):
        return False
    logs = {
        timeframe: raw_log.log_digest(paths.raw(timeframe)) for timeframe in instrument.timeframes
    }
    return logs == {series.timeframe: series.log_digest for series in held.series}


def _judged(root: DataRoot, instrument: Instrument, before: Mapping[str, InForce]) -> Verdict:
    paths, standard = root.symbol(instrument.symbol), standard_of(root, instrument)
    judged = validate_log(paths, instrument, standard)
    series = [
        _series(paths, instrument.symbol, timeframe, one, before.get(timeframe, InForce()))
        for timeframe, one in judged.items()
    ]
    return Verdict.of(instrument.symbol, series, standard, calendar_version())


def _series(
    paths: SymbolPaths,
    symbol: str,
    timeframe: str,
    judged: ValidatedSeries,
    before: InForce,
) -> SeriesVerdict:
    result = judged.result
    if is_intraday(timeframe):
        _keep_factors(paths, timeframe, judged)
    return SeriesVerdict.of(
        result,
        timeframe=timeframe,
        input_digest=input_digest(judged.rows),
        promoted=_promoted(paths, symbol, timeframe, result, before.promoted),
        log_digest=judged.log_digest,
        raw_files=judged.raw_files,
        listed=judged.listed,
        rejected_file=write_rejected(paths, timeframe, result.rejected, before.rejected_file),
    )


def _promoted(
    paths: SymbolPaths, symbol: str, timeframe: str, result: GateResult, in_force: Promoted | None
) -> Promoted | None:
    if result.status == BLOCKED:
        return in_force
    if result.status != PASSED:
        return None
    folder = paths.bars(timeframe)
    return canonical.write_parts(folder, timeframe, result.valid, symbol, in_force)


def _keep_factors(paths: SymbolPaths, timeframe: str, judged: ValidatedSeries) -> None:
    found_in = {name: raw_log.log_digest(paths.raw(name)) for name in ("1day", timeframe)}
    write_factors(paths, timeframe, judged.factors, found_in)


def _sweep_leftovers(paths: SymbolPaths, held: Verdict) -> None:
    """Removes what a promotion that was killed after its verdict left; mostly there is nothing."""
    pointers = {series.timeframe: series.promoted for series in held.series}
    if any(canonical.unnamed(paths.bars(name), pointer) for name, pointer in pointers.items()):
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
