"""Whether a symbol or series has no bars, and why: what its last fetch brought."""

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.raw.fetch_failures import read_failures
from regime_platform.bar_store.session import raw_listing, stored_finer
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import FINER, TIMEFRAMES
from regime_platform.validation.gate import NO_BARS
from regime_platform.validation.verdict import Verdict


def no_bars_reason(paths: SymbolPaths, instrument: Instrument) -> str:
    """Why the symbol has no bar, with the remedy; empty where it has some.

    Bars that were fetched and not validated yet count as bars. `BarsError`: verdict.json is
    damaged.
    """
    verdict = read_verdict(paths)
    if verdict is None:
        return reason_of_none(paths, instrument) if has_no_raw_bars(paths, instrument) else ""
    return reason_of_none(paths, instrument, verdict) if verdict.status == NO_BARS else ""


def has_no_raw_bars(paths: SymbolPaths, instrument: Instrument) -> bool:
    """True where the raw log of none of its timeframes has a file, nor that of a finer series."""
    has_some = any(raw_listing(paths, timeframe).files for timeframe in instrument.timeframes)
    return not (has_some or stored_finer(paths))


def fetch_notes(paths: SymbolPaths, instrument: Instrument) -> tuple[str, ...]:
    """A line for every series that was never fetched, or whose last fetch brought no bars.

    Those that are built from finer bars need no fetch.
    """
    series, verdict = read_failures(paths).series, read_verdict(paths)
    derived = {} if verdict is None else verdict.derived_from
    return tuple(
        f"{timeframe} is not served since {series[timeframe].date}: {series[timeframe].reason}"
        if timeframe in series
        else f"{timeframe} was never fetched; `regime run {instrument.symbol}` fetches it"
        for timeframe in (*FINER, *instrument.timeframes)
        if timeframe not in derived
        and (timeframe in series or _was_never_fetched(paths, timeframe))
    )


def _was_never_fetched(paths: SymbolPaths, timeframe: str) -> bool:
    return timeframe in TIMEFRAMES and not raw_listing(paths, timeframe).files


def reason_of_none(
    paths: SymbolPaths, instrument: Instrument, verdict: Verdict | None = None
) -> str:
    """The reason for a symbol that has no bar; ``verdict`` is the one on it, if any."""
    symbol = instrument.symbol
    rows = 0 if verdict is None else sum(each.rows_in for each in verdict.validated)
    if rows:
        return (
            f"{symbol} has no bars: all {rows:,} rows are still forming or excluded; "
            f"`regime validate {symbol} --input raw` lists them"
        )
    if not instrument.is_polled:
        return (
            f"{symbol} has no bars and is delisted since {instrument.delisted}, so none are "
            f"fetched; `regime universe remove {symbol}` ends its tracking"
        )
    return _reason_of_fetches(paths, instrument)


def _reason_of_fetches(paths: SymbolPaths, instrument: Instrument) -> str:
    symbol, known = instrument.symbol, read_failures(paths).series
    series = {name: known[name] for name in (*FINER, *instrument.timeframes) if name in known}
    if not series:
        return f"{symbol} has no bars: never fetched; `regime run {symbol}` fetches them"
    reasons = dict.fromkeys(  # most are the same on every timeframe
        each.reason.removeprefix(f"{symbol} {name}: ").removeprefix(f"{symbol}: ")
        for name, each in series.items()
    )
    holds = any(each.is_of_days for each in series.values())
    command = "backfill" if holds else "run"
    return f"{symbol} has no bars: {' | '.join(reasons)}; `regime {command} {symbol}` asks again"
