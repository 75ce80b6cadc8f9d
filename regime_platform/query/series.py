"""One series as frames: its canonical bars, and its states with their escalation."""

import datetime as dt
import warnings

import polars as pl

from regime_platform.bars.canonical import scan_in_force
from regime_platform.compute_db.previous import reading_any
from regime_platform.errors import OlderVersionWarning, ResultsError
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.place import Where, place
from regime_platform.sources.legacy_series import old_folders, read_old_series

_KEY = ["symbol", "timeframe", "ts"]


def bars(symbol: str, timeframe: str, *, where: Where = None) -> pl.LazyFrame:
    """The canonical bars in force, oldest first: ts (open, UTC), open, high, low, close, volume.

    Every byte is verified before the frame is returned, and the frame holds these bytes: what a
    promotion replaces or a disk changes later is not in it.

    Where nothing was promoted, the folder may hold bars of version 1: they answer with an
    `OlderVersionWarning`.

    Raises:
        UsageError: the symbol or timeframe is unknown.
        ResultsError: no bars of this series were promoted.
        BarsError: the bars or the verdict that names them are damaged, or of an unknown version.
    """
    wanted = canonical_timeframe(timeframe)
    instrument, paths = place(where).find(symbol)
    rows = scan_in_force(paths, wanted)
    if rows is not None:
        return rows
    if old := old_folders(paths.folder / "bars", wanted):
        told = read_old_series(old, instrument.symbol, wanted, instrument.asset_class)
        warnings.warn(told.read_as, OlderVersionWarning, stacklevel=2)
        return told.bars.lazy()
    raise ResultsError(
        f"{instrument.symbol} has no {wanted} bars; "
        f"`regime run {instrument.symbol}` fetches what its source offers"
    )


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

    Results of version 1 answer with an `OlderVersionWarning`; what they lack is null.

    Raises:
        UsageError: the symbol or timeframe is unknown.
        ResultsError: nothing was computed for the symbol.
    """
    wanted = canonical_timeframe(timeframe)
    instrument, paths = place(where).computed(symbol)
    with reading_any(paths.compute_db, instrument, wanted) as reader:
        if reader.read_as:
            warnings.warn(reader.read_as, OlderVersionWarning, stacklevel=2)

        def table(name: str) -> pl.DataFrame:
            return reader.table(name, timeframe=wanted, start=start, end=end, last=last)

        # every escalation row from bar 20 on has a state; the outer bars have only zeros to tell
        joined = _beside(table("state_history"), table("escalation_history_v3"))
        return _beside(joined, table("forward_labels")) if labels else joined


def _beside(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    return left.join(right, on=_KEY, how="left", maintain_order="left")
