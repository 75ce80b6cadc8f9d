"""One series as frames: its canonical bars, and its states with their escalation."""

import datetime as dt
import warnings

import polars as pl

from regime_platform.bar_store.canonical import scan_in_force
from regime_platform.errors import OlderVersionWarning, ResultsError
from regime_platform.legacy.readers.series import legacy_folders, read_legacy_series
from regime_platform.legacy.results.reader import reading_any
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.stored_results import find_results
from regime_platform.workspace import Where, Workspace

_KEY = ["symbol", "timeframe", "ts"]


def bars(symbol: str, timeframe: str, *, where: Where = None) -> pl.LazyFrame:
    """The canonical bars in force, oldest first: ts (open, UTC), open, high, low, close, volume.

    Every byte is verified before the frame is returned, and the frame holds these bytes: later
    changes of the files do not show in it.

    Bars of version 1 are read where nothing was promoted, with an `OlderVersionWarning`.

    Raises:
        UsageError: the symbol or timeframe is unknown.
        ResultsError: no bars of this series were promoted.
        BarsError: the bars or the verdict that names them are damaged, or of an unknown version.
    """
    wanted = canonical_timeframe(timeframe)
    instrument, paths = Workspace.open(where).find(symbol)
    rows = scan_in_force(paths, wanted)
    if rows is not None:
        return rows
    if old := legacy_folders(paths.folder / "bars", wanted):
        series = read_legacy_series(old, instrument.symbol, wanted, instrument.asset_class)
        warnings.warn(series.read_as, OlderVersionWarning, stacklevel=2)
        return series.bars.lazy()
    raise ResultsError(
        f"{instrument.symbol} has no {wanted} bars; "
        f"`regime run {instrument.symbol}` fetches what its source offers",
        code="no-bars",
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
        start: first open included (aware).
        end: the open before which the answer ends (aware).
        last: number of rows from the end; None for all.
        labels: adds the forward labels, which look ahead: for evaluation only, never for a signal.
        where: settings or a data root; default: the environment.

    Results of version 1 are read with an `OlderVersionWarning`; columns they lack are null.

    Raises:
        UsageError: the symbol or timeframe is unknown.
        ResultsError: nothing was computed for the symbol.
    """
    wanted = canonical_timeframe(timeframe)
    instrument, paths = find_results(Workspace.open(where), symbol)
    with reading_any(paths.compute_db, instrument, wanted) as reader:
        if reader.read_as:
            warnings.warn(reader.read_as, OlderVersionWarning, stacklevel=2)

        def table(name: str) -> pl.DataFrame:
            return reader.table(name, timeframe=wanted, start=start, end=end, last=last)

        # every escalation row from bar 20 on has a state; the rows before it hold only zeros
        joined = _beside(table("state_history"), table("escalation_history_v3"))
        return _beside(joined, table("forward_labels")) if labels else joined


def _beside(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    return left.join(right, on=_KEY, how="left", maintain_order="left")
