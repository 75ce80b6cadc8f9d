"""From the raw log through the gate to canonical bars.

Promotion is a pure function of the raw log, the rules with their severities, what persons decided
and between which dates a series can have bars: no clock, no source. The verdict is written last and
holds the pointer to the canonical bars, so it is the one moment at which they change.
"""

from regime_platform.bars import canonical, raw_log, verdicts
from regime_platform.bars.factor_file import keep_factors
from regime_platform.bars.layout import DataRoot, SymbolPaths
from regime_platform.bars.locks import writing
from regime_platform.bars.parquet import encode
from regime_platform.files import write_bytes
from regime_platform.model.instruments import Instrument
from regime_platform.model.series import Promoted
from regime_platform.model.timeframes import is_intraday
from regime_platform.pipeline.identity import require_same_instrument
from regime_platform.pipeline.judging import (
    JudgedSeries,
    calendar_version,
    judged_log,
    standard_of,
)
from regime_platform.pipeline.outcomes import PromoteOutcome, Status
from regime_platform.pipeline.platform import Platform
from regime_platform.validation.gate import BLOCKED, PASSED, RULES_VERSION, GateResult
from regime_platform.validation.verdict import SeriesVerdict, Verdict, input_digest, judge


def promote(platform: Platform, instrument: Instrument) -> PromoteOutcome:
    """Judges every series of ``instrument`` whose raw log changed, and promotes what passes.

    A blocked series keeps the bars that were in force. Where the logs and the rules are those of
    the verdict in force, nothing is read and nothing is written.

    Raises:
        OtherInstrumentError: the stored bars are of another instrument.
    """
    require_same_instrument(platform.root, instrument)
    paths = platform.root.symbol(instrument.symbol)
    held = read_verdict(platform, instrument.symbol)
    if held is not None and _is_current(held, platform.root, instrument):
        return _outcome(held, Status.UNCHANGED)
    with writing(paths):
        held = read_verdict(platform, instrument.symbol)
        verdict = _judged(platform.root, instrument, held)
        if verdict == held:
            return _outcome(verdict, Status.UNCHANGED)
        verdicts.write_verdict(paths, verdict)
        for one in verdict.series:
            canonical.sweep(paths.bars(one.timeframe), one.promoted)
    return _outcome(verdict, Status.DONE)


def read_verdict(platform: Platform, symbol: str) -> Verdict | None:
    """The verdict in force; None where the symbol was never judged.

    Raises:
        BarsError: verdict.json is damaged.
    """
    return verdicts.read_verdict(platform.root.symbol(symbol))


def _is_current(held: Verdict, root: DataRoot, instrument: Instrument) -> bool:
    if (held.rules_version, held.calendar_version) != (RULES_VERSION, calendar_version()):
        return False
    paths, standard = root.symbol(instrument.symbol), standard_of(root, instrument)
    if (held.policy_digest, held.decisions) != (standard.policy.digest, standard.decisions):
        return False
    if any(one.listed != standard.listed(one.timeframe) for one in held.series):
        return False
    logs = {
        timeframe: raw_log.log_digest(paths.raw(timeframe)) for timeframe in instrument.timeframes
    }
    return logs == {one.timeframe: one.log_digest for one in held.series}


def _judged(root: DataRoot, instrument: Instrument, held: Verdict | None) -> Verdict:
    paths, standard = root.symbol(instrument.symbol), standard_of(root, instrument)
    judged = judged_log(paths, instrument, standard)
    return Verdict(
        instrument.symbol,
        tuple(
            _series(paths, instrument.symbol, timeframe, one, held)
            for timeframe, one in judged.items()
        ),
        policy_digest=standard.policy.digest,
        calendar_version=calendar_version(),
        decisions=standard.decisions,
    )


def _series(
    paths: SymbolPaths, symbol: str, timeframe: str, judged: JudgedSeries, held: Verdict | None
) -> SeriesVerdict:
    result = judged.result
    if is_intraday(timeframe):
        _keep_factors(paths, timeframe, judged)
    _keep_rejected(paths, timeframe, result)
    before = held.at(timeframe) if held is not None else None
    in_force = before.promoted if before is not None else None
    return judge(
        result,
        timeframe=timeframe,
        input_digest=input_digest(judged.rows),
        promoted=_promoted(paths, symbol, timeframe, result, in_force),
        log_digest=judged.log_digest,
        raw_files=judged.raw_files,
        listed=judged.listed,
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


def _keep_factors(paths: SymbolPaths, timeframe: str, judged: JudgedSeries) -> None:
    found_in = {name: raw_log.log_digest(paths.raw(name)) for name in ("1day", timeframe)}
    keep_factors(paths, timeframe, judged.factors, found_in)


def _keep_rejected(paths: SymbolPaths, timeframe: str, result: GateResult) -> None:
    target = paths.rejected(timeframe)
    if result.rejected.is_empty():
        target.unlink(missing_ok=True)
    else:
        write_bytes(target, encode(result.rejected, {"timeframe": timeframe}))


def _outcome(verdict: Verdict, status: Status) -> PromoteOutcome:
    blocked = verdict.status == BLOCKED
    return PromoteOutcome(
        verdict.symbol,
        Status.BLOCKED if blocked else status,
        verdict.promoted,
        verdict.reason if blocked else "",
    )
