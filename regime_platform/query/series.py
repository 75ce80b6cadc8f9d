"""Series as frames: their canonical bars, and their states with the escalation."""

import datetime as dt
import warnings
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from regime_platform.bar_store.canonical import pointer, scan_in_force
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute.eras.eras import Era
from regime_platform.compute.maturity import with_basis
from regime_platform.compute_db.rank_basis import add_basis
from regime_platform.errors import OlderVersionWarning
from regime_platform.legacy.conversion import reading_any
from regime_platform.legacy.parquet import read_version_1, version_1_folders
from regime_platform.model.moments import When, period
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.stored_results import find_results, no_bars
from regime_platform.workspace import Where, Workspace

if TYPE_CHECKING:
    from regime_platform.compute.results import SeriesResult  # brings the kernels

_KEY = ["symbol", "timeframe", "ts"]


def bars(symbol: str | Iterable[str], timeframe: str, *, where: Where = None) -> pl.LazyFrame:
    """The canonical bars in force, oldest first: ts (open, UTC), open, high, low, close, volume.

    Several symbols give one long frame, symbol by symbol, with ``symbol`` as its first column.
    Every byte is verified before the frame is returned, and the frame holds these bytes: later
    changes of the files do not show in it.

    Bars of version 1 are read where nothing was promoted, with an `OlderVersionWarning`.

    Raises:
        UsageError: a symbol or the timeframe is unknown.
        ResultsError: no bars of a series were promoted.
        BarsError: the bars or the verdict that names them are damaged, or of an unknown version.
    """
    wanted, workspace = canonical_timeframe(timeframe), Workspace.open(where)
    if isinstance(symbol, str):
        return _bars(workspace, symbol, wanted)
    frames = [
        _bars(workspace, name, wanted).select(pl.lit(name).alias("symbol"), pl.all())
        for name in workspace.universe.symbols_of(symbol)
    ]
    return pl.concat(frames)


def built_from(symbol: str, timeframe: str, *, where: Where = None) -> str:
    """The finer series that the canonical bars of one are built from; empty where they are given.

    Raises as `bars`.
    """
    _instrument, paths = Workspace.open(where).find_readable(symbol)
    verdict = read_verdict(paths)
    derived = {} if verdict is None else verdict.derived_from
    return derived.get(canonical_timeframe(timeframe), "")


def last_opens(symbol: str, *, where: Where = None) -> dict[str, dt.datetime]:
    """The open of the last bar with a state, by timeframe; raises as `history`."""
    instrument, paths = find_results(Workspace.open(where), symbol)
    with reading_any(paths.compute_db, instrument) as reader:
        return dict(reader.table("latest_state", columns=["timeframe", "ts"]).iter_rows())


def history(  # noqa: PLR0913 - each argument narrows the same question
    symbol: str | Iterable[str],
    timeframe: str,
    *,
    start: When | None = None,
    end: When | None = None,
    last: int | None = None,
    labels: bool = False,
    where: Where = None,
) -> pl.DataFrame:
    """State and escalation of every bar, oldest first; no value at ``ts`` uses a later bar.

    With the columns of ``compute.maturity.BASIS_SCHEMA``: what each rank stands on.

    Args:
        symbol: in any case; several give one long frame, symbol by symbol.
        timeframe: or an alias of it.
        start: first open included.
        end: the open before which the answer ends.
        last: number of rows from the end of each symbol; None for all.
        labels: adds the forward labels, which look ahead: for evaluation only, never for a signal.
        where: settings or a data root; default: the environment.

    Results of version 1 are read with an `OlderVersionWarning`; columns they lack are null.

    Raises:
        UsageError: a symbol or the timeframe is unknown, or a time is none.
        ResultsError: nothing was computed for a symbol, or it has no such series.
    """
    if not isinstance(symbol, str):
        rows = partial(history, start=start, end=end, last=last, labels=labels, where=where)
        names = Workspace.open(where).universe.symbols_of(symbol)
        return pl.concat([rows(name, timeframe) for name in names])
    wanted = canonical_timeframe(timeframe)
    first, stop = period(start, end)
    instrument, paths = find_results(Workspace.open(where), symbol)
    with reading_any(paths.compute_db, instrument, wanted) as reader:
        if reader.read_as:
            warnings.warn(reader.read_as, OlderVersionWarning, stacklevel=2)
        tables = ("state_history", "escalation_history_v3", "forward_labels")[: 2 + labels]
        # every escalation row from bar 20 on has a state; the rows before it hold only zeros
        state, *others = (
            reader.table(name, timeframe=wanted, start=first, end=stop, last=last)
            for name in tables
        )
        others[0] = add_basis(reader, others[0], wanted)
    if state.is_empty() and not reader.read_as and pointer(paths, wanted) is None:
        raise no_bars(instrument, paths, wanted)
    return _joined(state, others)


def regimes(
    workspace: Workspace, symbol: str, timeframe: str | None
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Regime, close and rank of every bar with a state, by timeframe; None: of all that have some.

    Columns: the key, regime_label, price, esc_raw, esc_pctl, esc_bucket and ``BASIS_SCHEMA``.
    Raises as `history`.
    """
    instrument, paths = find_results(workspace, symbol)
    with reading_any(paths.compute_db, instrument, timeframe) as reader:
        if reader.read_as:
            warnings.warn(reader.read_as, OlderVersionWarning, stacklevel=4)
        wanted = instrument.timeframes if timeframe is None else (timeframe,)
        has_states = False
        for name in wanted:
            columns = (*_KEY, "regime_label", "price")
            states = reader.table("state_history", timeframe=name, columns=columns)
            if not states.is_empty():
                columns = (*_KEY, "esc_raw", "esc_pctl", "esc_bucket")
                ranks = reader.table("escalation_history_v3", timeframe=name, columns=columns)
                ranks = add_basis(reader, ranks, name)
                has_states = True
                yield name, states.join(ranks, on=_KEY, how="left", maintain_order="left")
        has_bars = has_states or any(pointer(paths, name) is not None for name in wanted)
        if not has_bars and not reader.read_as:
            raise no_bars(instrument, paths, wanted[0])


def history_of(
    result: "SeriesResult", eras: tuple[Era, ...], *, labels: bool = False
) -> pl.DataFrame:
    """The rows of `history` for results that are not stored, ranked in ``eras``."""
    ranks = with_basis(result.escalation, result.timeframe, eras)
    return _joined(result.state, [ranks, result.labels][: 1 + labels])


def narrowed(
    rows: pl.LazyFrame,
    start: dt.datetime | None,
    end: dt.datetime | None,
    last: int | None,
) -> pl.LazyFrame:
    """The rows of a series from ``start`` on and before ``end`` (aware), the last of them."""
    if start is not None:
        rows = rows.filter(pl.col("ts") >= start)
    if end is not None:
        rows = rows.filter(pl.col("ts") < end)
    return rows if last is None else rows.tail(last)


def _joined(state: pl.DataFrame, others: Iterable[pl.DataFrame]) -> pl.DataFrame:
    for table in others:
        state = state.join(table, on=_KEY, how="left", maintain_order="left")
    return state


def _bars(workspace: Workspace, symbol: str, timeframe: str) -> pl.LazyFrame:
    instrument, paths = workspace.find_readable(symbol)
    rows = scan_in_force(paths, timeframe)
    if rows is not None:
        return rows
    if old := version_1_folders(paths.folder / "bars", timeframe):
        older, read_as = read_version_1(old, instrument.symbol, timeframe, instrument.market)
        warnings.warn(read_as, OlderVersionWarning, stacklevel=3)
        return older.lazy()
    raise no_bars(instrument, paths, timeframe)
