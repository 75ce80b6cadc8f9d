"""The bars in force of every series, and the status that the gate gave it."""

from collections.abc import Iterable

import polars as pl

from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.model.instants import instant
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.validation.verdict import SeriesVerdict, Verdict
from regime_platform.workspace import Where, Workspace

_SCHEMA = pl.Schema(
    {
        "symbol": pl.String(),
        "timeframe": pl.Enum(TIMEFRAMES),
        "gate": pl.String(),  # passed, blocked, no_bars, not_validated
        "reason": pl.String(),
        "bars": pl.Int64(),
        "first": pl.Datetime("us", "UTC"),
        "last": pl.Datetime("us", "UTC"),
    }
)


def coverage(symbols: str | Iterable[str], *, where: Where = None) -> pl.DataFrame:
    """One row per symbol and timeframe of its tier, in partition order.

    Raises:
        UsageError: a symbol is not in the universe.
        BarsError: a verdict is damaged.
    """
    workspace = Workspace.open(where)
    named = [symbols] if isinstance(symbols, str) else symbols
    rows = [
        _row(instrument.symbol, timeframe, verdict)
        for instrument in workspace.universe.select(named)
        for verdict in [read_verdict(workspace.root.symbol(instrument.symbol))]
        for timeframe in instrument.timeframes
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _row(symbol: str, timeframe: str, verdict: Verdict | None) -> tuple[object, ...]:
    series: SeriesVerdict | None = None if verdict is None else verdict.at(timeframe)
    if series is None:
        return symbol, timeframe, "not_validated", "", 0, None, None
    promoted = series.promoted
    if promoted is None:
        return symbol, timeframe, series.status, series.reason, 0, None, None
    first, last = instant(promoted.min_ts), instant(promoted.max_ts)
    return symbol, timeframe, series.status, series.reason, promoted.rows, first, last
