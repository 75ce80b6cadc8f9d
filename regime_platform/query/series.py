"""One series as frames: its canonical bars, and its states with their escalation."""

import datetime as dt

import polars as pl

from regime_platform.bars.canonical import pointer, scan_bars
from regime_platform.compute_db.reader import read_table
from regime_platform.errors import ResultsError
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.place import Where, place

_KEY = ["symbol", "timeframe", "ts"]


def bars(symbol: str, timeframe: str, *, where: Where = None) -> pl.LazyFrame:
    """The canonical bars in force, oldest first: ts (open, UTC), open, high, low, close, volume.

    Raises:
        UsageError: the symbol or timeframe is unknown.
        ResultsError: no bars of this series were promoted.
    """
    wanted = canonical_timeframe(timeframe)
    instrument, paths = place(where).find(symbol)
    promoted = pointer(paths, wanted)
    if promoted is None:
        raise ResultsError(
            f"{instrument.symbol} has no {wanted} bars; "
            f"`regime run {instrument.symbol}` fetches what its source offers"
        )
    return scan_bars(paths.bars(wanted), promoted)


def history(  # noqa: PLR0913 - each argument narrows the same question
    symbol: str,
    timeframe: str,
    *,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    last: int | None = None,
    labels: bool = False,
    where: Where = None,
) -> pl.DataFrame:
    """State and escalation of every bar, oldest first; no value at ``ts`` uses a later bar.

    Args:
        symbol: in any case.
        timeframe: or an alias of it.
        start: first open wanted (aware).
        end: the open before which to stop (aware).
        last: only so many rows from the end.
        labels: adds the forward labels, which look ahead: for evaluation only, never for a signal.
        where: settings or a data root.

    Raises:
        UsageError: the symbol or timeframe is unknown.
        ResultsError: nothing was computed for the symbol.
    """
    wanted = canonical_timeframe(timeframe)
    _, paths = place(where).computed(symbol)

    def table(name: str) -> pl.DataFrame:
        return read_table(paths.compute_db, name, timeframe=wanted, start=start, end=end, last=last)

    # every escalation row from bar 20 on has a state; the outer bars have only zeros to tell
    joined = _beside(table("state_history"), table("escalation_history_v3"))
    return _beside(joined, table("forward_labels")) if labels else joined


def _beside(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    return left.join(right, on=_KEY, how="left", maintain_order="left")
