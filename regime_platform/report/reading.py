"""Reads the data of a chart: promoted bars of one symbol joined with their results.

Forward labels are not read: a chart shows what was known at each bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import DataRoot, SymbolPaths
from regime_platform.compute.eras.eras import EraChoice, EraSet, era_class
from regime_platform.compute_db.reader import read_table, reading
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import TIMEFRAMES
from regime_platform.model.universe.universe import Universe

_FIRST_SHOWN = ("1day", "1h", "4h", "15min", "1week")


class ChartWorkspace(Protocol):
    """The part of a workspace that pages read."""

    @property
    def root(self) -> DataRoot: ...
    @property
    def universe(self) -> Universe: ...
    @property
    def eras(self) -> EraSet: ...


@dataclass(frozen=True)
class SeriesView:
    """One timeframe: bars, state, escalation and drawdown, one row per bar in order."""

    timeframe: str
    frame: pl.DataFrame


@dataclass(frozen=True)
class SymbolView:
    """Everything on one symbol's page."""

    instrument: Instrument
    series: tuple[SeriesView, ...]  # shortest timeframe first; those without results left out
    latest: pl.DataFrame  # latest_state, one row per timeframe
    eras: EraChoice


def read_symbol(workspace: ChartWorkspace, symbol: str) -> SymbolView | None:
    """The symbol's view, or None where it has no results at all."""
    instrument = workspace.universe.instrument(symbol)
    paths = workspace.root.symbol(instrument.symbol)
    latest = read_latest(paths)
    series = tuple(
        view
        for timeframe in timeframes_with_state(latest)
        if (view := read_series(paths, timeframe)) is not None
    )
    if not series:
        return None
    choice = workspace.eras.choose(era_class(instrument.symbol, instrument.asset_class))
    return SymbolView(instrument, series, latest, choice)


def read_latest(paths: SymbolPaths) -> pl.DataFrame:
    """latest_state, shortest timeframe first; no rows where nothing was computed."""
    if not paths.compute_db.exists():
        return pl.DataFrame(schema={"timeframe": pl.Enum(TIMEFRAMES)})
    return read_table(paths.compute_db, "latest_state").sort("timeframe")


def timeframes_with_state(latest: pl.DataFrame) -> list[str]:
    """The timeframes with a state."""
    return latest["timeframe"].cast(pl.String).to_list()


def preferred_timeframe(timeframes: Sequence[str]) -> str:
    """The timeframe that is shown first."""
    return next(name for name in _FIRST_SHOWN if name in timeframes)


def read_series(
    paths: SymbolPaths, timeframe: str, state_columns: Sequence[str] | None = None
) -> SeriesView | None:
    """Bars with the results of the same opens, null where a bar has none; None without bars.

    ``state_columns`` names the state columns to read; None reads all.
    """
    in_force = read_in_force(paths, timeframe)
    if in_force is None:
        return None
    wanted = None if state_columns is None else ["ts", *state_columns]
    shown = ["ts", "esc_pctl", "esc_bucket"]
    with reading(paths.compute_db) as reader:  # both tables from the same version of the file
        state = reader.table("state_history", timeframe=timeframe, columns=wanted)
        escalation = reader.table("escalation_history_v3", timeframe=timeframe, columns=shown)
    results = state.drop("symbol", "timeframe", strict=False)
    frame = (
        in_force[1]
        .join(results, on="ts", how="left", maintain_order="left")
        .join(escalation, on="ts", how="left", maintain_order="left")
        .with_columns(drawdown=pl.col("close") / pl.col("close").cum_max() - 1)
    )
    return SeriesView(timeframe, frame)
