"""The runs of a regime, and the time spent in each regime, of stored series.

They describe the past; columns and formulas are those of ``compute.regime_runs``.
"""

import datetime as dt
from collections.abc import Iterable, Iterator

import polars as pl

from regime_platform.compute.regime_runs import (
    RUN_SCHEMA,
    TIME_SCHEMA,
    measured_runs,
    regime_times,
    with_neighbours,
)
from regime_platform.model.moments import When, period
from regime_platform.model.result_schema import REGIME_LABELS, STATE_SCHEMA
from regime_platform.model.timeframes import canonical_timeframe
from regime_platform.query.codes import code_of
from regime_platform.query.series import regimes
from regime_platform.workspace import Where, Workspace

_SERIES = pl.Schema({name: STATE_SCHEMA[name] for name in ("symbol", "timeframe")})
#: Symbol and timeframe of a series, and its states as ``compute.regime_runs`` takes them.
SeriesStates = tuple[dict[str, str], pl.DataFrame]
_EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)
_LATEST = dt.datetime.max.replace(tzinfo=dt.UTC)


def runs(  # noqa: PLR0913 - each argument narrows the same question
    symbol: str | Iterable[str],
    timeframe: str | None = None,
    *,
    regime: str | None = None,
    start: When | None = None,
    end: When | None = None,
    last: int | None = None,
    where: Where = None,
) -> pl.DataFrame:
    """Every unbroken run of a regime and what the price did meanwhile, oldest first.

    Columns: symbol, timeframe, and those of ``compute.regime_runs.RUN_SCHEMA``. ``end`` is null
    where the run lasts.

    Args:
        symbol: in any case; several give one long frame, series by series.
        timeframe: or an alias of it; None for all that have states.
        regime: only its runs: ``PANIC_RISK`` or ``panic-risk``.
        start: only runs that had not ended by then; they are not cut.
        end: only runs that began before.
        last: number of runs from the end of each series; None for all.
        where: settings or a data root; default: the environment.

    Raises:
        UsageError: a symbol, timeframe or regime is unknown, or a time is none.
        ResultsError: nothing was computed for a symbol, or it has no such series.
    """
    stored = stored_series(symbol, timeframe, where=where)
    return runs_of(stored, regime=regime, start=start, end=end, last=last)


def runs_of(
    histories: Iterable[SeriesStates],
    *,
    regime: str | None = None,
    start: When | None = None,
    end: When | None = None,
    last: int | None = None,
) -> pl.DataFrame:
    """As `runs`, of given states."""
    label = None if regime is None else code_of("regime", regime, REGIME_LABELS)
    first, stop = _period(start, end)
    frames = [(_SERIES | RUN_SCHEMA).to_frame()]
    for series, states in histories:
        rows = measured_runs(states, series["timeframe"])
        if label is not None:
            rows = rows.filter(pl.col("regime_label") == label)
        shown = rows.filter(pl.coalesce("end", pl.lit(_LATEST)) > first, pl.col("start") < stop)
        frames.append(_of_series(series, shown if last is None else shown.tail(last)))
    return pl.concat(frames)


def time_in_regime(
    symbol: str | Iterable[str],
    timeframe: str | None = None,
    *,
    start: When | None = None,
    end: When | None = None,
    where: Where = None,
) -> pl.DataFrame:
    """How long each series was in each regime, and what the price did.

    Columns: symbol, timeframe, and those of ``compute.regime_runs.TIME_SCHEMA``. Only bars from
    ``start`` on and before ``end`` count; runs are cut there. Other arguments and errors as of
    `runs`.
    """
    return time_of(stored_series(symbol, timeframe, where=where), start=start, end=end)


def time_of(
    histories: Iterable[SeriesStates], *, start: When | None = None, end: When | None = None
) -> pl.DataFrame:
    """As `time_in_regime`, of given states."""
    first, stop = _period(start, end)
    frames = [(_SERIES | TIME_SCHEMA).to_frame()]
    for series, states in histories:
        within = with_neighbours(states).filter(pl.col("ts") >= first, pl.col("ts") < stop)
        frames.append(_of_series(series, regime_times(within)))
    return pl.concat(frames)


def stored_series(
    symbol: str | Iterable[str], timeframe: str | None = None, *, where: Where = None
) -> Iterator[SeriesStates]:
    """The states of stored series as ``compute.regime_runs`` takes them; errors as of `runs`."""
    wanted = None if timeframe is None else canonical_timeframe(timeframe)
    workspace = Workspace.open(where)
    for name in workspace.universe.symbols_of([symbol] if isinstance(symbol, str) else symbol):
        for frame, states in regimes(workspace, name, wanted):
            yield {"symbol": name, "timeframe": frame}, states


def _period(start: When | None, end: When | None) -> tuple[dt.datetime, dt.datetime]:
    first, stop = period(start, end)
    return first or _EARLIEST, stop or _LATEST


def _of_series(series: dict[str, str], rows: pl.DataFrame) -> pl.DataFrame:
    key = (pl.lit(text, _SERIES[name]).alias(name) for name, text in series.items())
    return rows.select(*key, pl.all())
