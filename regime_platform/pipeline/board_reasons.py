"""Why a symbol is not well, as its rows of the board have it: "STATUS: REASON"."""

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.no_bars import no_bars_reason
from regime_platform.bar_store.raw.fetch_failures import read_failures
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.errors import failure_reason
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import FINER
from regime_platform.pipeline.outcomes import Stage, Status, SymbolOutcome


def reason_of_outcome(
    paths: SymbolPaths, instrument: Instrument, outcome: SymbolOutcome, shown: str | None
) -> str | None:
    """Of a run; what it found good may have a fetch that failed earlier.

    ``shown`` is the reason before it, which a run that did not come to the gate does not end: then
    the stored files decide.
    """
    is_good = outcome.status.is_good
    if is_good and (outcome.promote is not None or shown is None):
        return _failed(fetch_failure(paths, instrument))
    reason = None if is_good else f"{outcome.status}: {outcome.reason}"
    if outcome.status is Status.FAILED and outcome.stage is not Stage.RAW_BARS:
        return reason
    # the stored reason whichever stage was refused, so that both can be compared
    return standing_reason(paths, instrument) or reason


def standing_reason(paths: SymbolPaths, instrument: Instrument) -> str | None:
    """What the stored files say; None where all is well."""
    try:
        verdict = read_verdict(paths)
        no_bars = no_bars_reason(paths, instrument)
    except Exception as error:  # noqa: BLE001 - a damaged symbol must not cost the others their rows
        return f"{Status.FAILED}: {failure_reason(error, paths.symbol)}"
    if verdict is not None and verdict.reason:
        return f"{Status.BLOCKED}: {verdict.message}"
    if no_bars:
        return f"{Status.NO_BARS}: {no_bars}"
    return _failed(fetch_failure(paths, instrument))


def fetch_failure(paths: SymbolPaths, instrument: Instrument) -> str:
    """The failed fetches of its timeframes, which stand until the series are served again."""
    failed = read_failures(paths).failed
    names = (name for name in (*FINER, *instrument.timeframes) if name in failed)
    reasons = {failed[name].reason: name for name in names}
    if not instrument.is_polled:
        return ""
    return " | ".join(f"{name}: {text}" for text, name in reasons.items())


def _failed(reason: str) -> str | None:
    return f"{Status.FAILED}: {reason}" if reason else None
