"""What is held: the bars in force of every series and what the gate says of them."""

from collections.abc import Iterable

import polars as pl

from regime_platform.bars.verdicts import read_verdict
from regime_platform.model.series import instant
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.query.place import Where, place
from regime_platform.validation.verdict import SeriesVerdict, Verdict

_SCHEMA = pl.Schema(
    {
        "symbol": pl.String(),
        "timeframe": pl.Enum(TIMEFRAMES),
        "gate": pl.String(),  # passed, blocked, no_bars, not_judged
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
    looked_at = place(where)
    named = [symbols] if isinstance(symbols, str) else symbols
    rows = [
        _row(instrument.symbol, timeframe, verdict)
        for instrument in looked_at.universe.select(named)
        for verdict in [read_verdict(looked_at.root.symbol(instrument.symbol))]
        for timeframe in instrument.timeframes
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _row(symbol: str, timeframe: str, verdict: Verdict | None) -> tuple[object, ...]:
    judged: SeriesVerdict | None = None if verdict is None else verdict.at(timeframe)
    if judged is None:
        return symbol, timeframe, "not_judged", "", 0, None, None
    held = judged.promoted
    if held is None:
        return symbol, timeframe, judged.status, judged.reason, 0, None, None
    first, last = instant(held.min_ts), instant(held.max_ts)
    return symbol, timeframe, judged.status, judged.reason, held.rows, first, last
