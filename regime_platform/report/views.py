"""Reads what pages and small charts show: promoted bars of one symbol joined with their results.

Forward labels are not read: a chart shows what was known at each bar.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from regime_platform.bar_store.canonical import read_in_force
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.compute.eras.eras import EraChoice, EraSet, era_class
from regime_platform.compute_db.reader import read_table, reading
from regime_platform.model.instruments import Instrument
from regime_platform.model.timeframes import TIMEFRAMES

_FIRST_SHOWN = ("1day", "1h", "4h", "15min", "1week")


@dataclass(frozen=True)
class SymbolView:
    """Everything on one symbol's page."""

    instrument: Instrument
    series: Mapping[str, pl.DataFrame]  # by timeframe, shortest first; see `read_series`
    latest: pl.DataFrame  # latest_state, one row per timeframe
    eras: EraChoice


def read_symbol(paths: SymbolPaths, instrument: Instrument, eras: EraSet) -> SymbolView | None:
    """The symbol's view, or None where it has no results at all."""
    latest = read_latest(paths)
    frames = {timeframe: read_series(paths, timeframe) for timeframe in latest["timeframe"]}
    series = {name: frame for name, frame in frames.items() if frame is not None}
    if not series:
        return None
    choice = eras.choose(era_class(instrument.symbol, instrument.asset_class))
    return SymbolView(instrument, series, latest, choice)


def read_latest(paths: SymbolPaths) -> pl.DataFrame:
    """latest_state, shortest timeframe first; no rows where nothing was computed."""
    if not paths.compute_db.exists():
        return pl.DataFrame(schema={"timeframe": pl.Enum(TIMEFRAMES)})
    return read_table(paths.compute_db, "latest_state").sort("timeframe")


def first_shown(timeframes: Iterable[str]) -> str:
    """The timeframe that is shown first."""
    return min(timeframes, key=_FIRST_SHOWN.index)


def read_series(
    paths: SymbolPaths, timeframe: str, state_columns: Sequence[str] | None = None
) -> pl.DataFrame | None:
    """Bars, state, escalation and drawdown of each open, null where a bar has none; None: no bars.

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
    return (
        in_force[1]
        .join(results, on="ts", how="left", maintain_order="left")
        .join(escalation, on="ts", how="left", maintain_order="left")
        .with_columns(drawdown=pl.col("close") / pl.col("close").cum_max() - 1)
    )
